import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'

/**
 * The only reader of the environment. Every problem is reported at once, by variable name, in one ConfigError;
 * what comes out is frozen, whole and needs no further checking. No message holds the value of a secret.
 *
 * `readConfig` takes the environment and `.env` of the working directory, `loadConfig` what it is given and nothing
 * else: tests and demonstrations call it with a literal. An empty value means unset, and in the environment it also
 * hides what `.env` says. Where a value can stand in NAME or NAME_FILE, either one in the environment hides both
 * of `.env`.
 */
export function readConfig(needs: { needsApiKey: true }): ConfigWithKey
export function readConfig(needs: { needsApiKey: boolean }): Config
export function readConfig(needs: { needsApiKey: boolean }): Config {
  return loadConfig(process.env, { ...needs, envFile: readEnvFile() })
}

export function loadConfig(env: Env, options?: { envFile?: string | null; needsApiKey?: true }): ConfigWithKey
export function loadConfig(env: Env, options: { envFile?: string | null; needsApiKey: boolean }): Config
export function loadConfig(
  env: Env,
  { envFile = null, needsApiKey = true }: { envFile?: string | null; needsApiKey?: boolean } = {},
): Config {
  const given = merge(env, envFile === null ? {} : parseEnv(envFile))
  const problems: Problem[] = []
  const parsed = settings.safeParse({ ...defaults, ...given })
  for (const issue of parsed.error?.issues ?? []) {
    problems.push({ variable: String(issue.path[0]), problem: issue.message })
  }
  const keyProblems: Problem[] = []
  const apiKey = secret('ALLO_API_KEY', given, checkApiKey, keyProblems)
  if (!apiKey && keyProblems.length === 0) {
    keyProblems.push({
      variable: 'ALLO_API_KEY',
      problem:
        'missing. Make a key in Allo (scopes USERS_READ and DIALING_QUEUE_READ_WRITE) and set it here, or name a file that holds it in ALLO_API_KEY_FILE.',
    })
  }
  if (needsApiKey) problems.unshift(...keyProblems)
  const databaseUrl = secret('DATABASE_URL', given, checkDatabaseUrl, problems)
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)

  const { data } = parsed
  return Object.freeze({
    apiKey,
    apiUrl: data.ALLO_API_URL,
    authScheme: data.ALLO_AUTH_SCHEME,
    readsPerSecond: data.ALLO_READS_PER_SECOND ?? 'auto',
    requestTimeoutMs: data.ALLO_REQUEST_TIMEOUT_MS,
    concurrency: data.ALLO_CONCURRENCY ?? 'auto',
    naiveTimeZone: data.ALLO_TIME_ZONE,
    databaseUrl,
    dataDir: resolve(data.DATA_DIR),
    autoMigrate: data.AUTO_MIGRATE,
    includeBlocked: data.INCLUDE_BLOCKED,
    onlyTeammates: Object.freeze(data.ONLY_TEAMMATES ?? []),
    exceptTeammates: Object.freeze(data.EXCEPT_TEAMMATES ?? []),
    reportTimeZone: data.REPORT_TIME_ZONE,
    logLevel: data.LOG_LEVEL,
    proxy: () => ({
      ...(data.HTTP_PROXY ? { httpProxy: data.HTTP_PROXY } : {}),
      ...(data.HTTPS_PROXY ? { httpsProxy: data.HTTPS_PROXY } : {}),
      ...(data.NO_PROXY ? { noProxy: data.NO_PROXY } : {}),
    }),
    warnings: Object.freeze(unknownVariables(given)),
  })
}

export interface Config {
  /** Null only where it was not needed. */
  readonly apiKey: Secret | null
  /** Without a slash at its end. */
  readonly apiUrl: string
  /** `none`: the raw key. */
  readonly authScheme: string
  /** `auto`: 90 % of what the API says it allows. */
  readonly readsPerSecond: number | 'auto' | 'unlimited'
  readonly requestTimeoutMs: number
  readonly concurrency: number | 'auto'
  /** IANA name; the API's timestamps without a zone belong to it. */
  readonly naiveTimeZone: string
  /** Null: the embedded Postgres under `dataDir`. */
  readonly databaseUrl: Secret | null
  /** Absolute. */
  readonly dataDir: string
  readonly autoMigrate: boolean
  readonly includeBlocked: boolean
  /** Ids or e-mails; empty: all. */
  readonly onlyTeammates: readonly string[]
  readonly exceptTeammates: readonly string[]
  readonly reportTimeZone: string
  readonly logLevel: LogLevel
  /** A function because the addresses may hold passwords. */
  readonly proxy: () => {
    readonly httpProxy?: string
    readonly httpsProxy?: string
    readonly noProxy?: string
  }
  /** One sentence each, for the log: nothing is wrong, but it may not be what was meant. */
  readonly warnings: readonly string[]
}

export type ConfigWithKey = Config & { readonly apiKey: Secret }
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'
export type Env = Readonly<Record<string, string | undefined>>

/** Behind functions, so that printing a configuration doesn't print it. */
export interface Secret {
  /** The file it came from; null when it stood in the environment. */
  readonly path: string | null
  value(): string
  /** Reads the file again. True if the value changed; rejects with a ConfigError, and keeps the old one, if it can't. */
  reread(): Promise<boolean>
}

export interface Problem {
  readonly variable: string
  readonly problem: string
}

/** Permanent: the same start fails again until somebody changes something (exit 78). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const title =
      problems.length === 1
        ? 'The configuration has a problem:'
        : `The configuration has ${problems.length} problems:`
    super([title, ...problems.map(({ variable, problem }) => `  ${variable}: ${problem}`)].join('\n'))
    this.problems = problems
  }
}

/** What there is to set. README and .env.example are checked against it; defaults are filled in from it. */
export const variables: readonly Variable[] = [
  {
    name: 'ALLO_API_KEY',
    secret: true,
    meaning: 'API key of the team, with the scopes `USERS_READ` and `DIALING_QUEUE_READ_WRITE`',
  },
  {
    name: 'ALLO_API_KEY_FILE',
    meaning:
      'a file that holds the key instead; read again when Allo answers 401, so keys rotate without a restart',
  },
  { name: 'ALLO_API_URL', default: 'https://api.withallo.com', meaning: 'where the API is' },
  {
    name: 'ALLO_AUTH_SCHEME',
    default: 'Api-Key',
    meaning: 'the word before the key in the Authorization header; `none` sends the key alone',
  },
  {
    name: 'ALLO_READS_PER_SECOND',
    shown: '90 % of what Allo allows',
    meaning:
      'requests per second, 0.1 to 1000, over all processes that share the key and the database; `unlimited` for benchmarks and simulations',
  },
  {
    name: 'ALLO_REQUEST_TIMEOUT_MS',
    default: '15000',
    meaning: 'how long one request may take, body included',
  },
  {
    name: 'ALLO_CONCURRENCY',
    shown: 'from budget and latency',
    meaning:
      'how many queues are read at the same time, 1 to 100; many at once make each reading slow and torn',
  },
  { name: 'ALLO_TIME_ZONE', default: 'UTC', meaning: 'zone of the timestamps that Allo sends without one' },
  {
    name: 'DATABASE_URL',
    secret: true,
    shown: 'embedded Postgres',
    meaning: 'your own Postgres: `postgresql://user:password@host:5432/database`; TLS by `?sslmode=`',
  },
  { name: 'DATABASE_URL_FILE', meaning: 'a file that holds the URL instead' },
  { name: 'DATA_DIR', default: './.data', meaning: 'folder of the embedded Postgres' },
  {
    name: 'AUTO_MIGRATE',
    default: 'true',
    meaning: 'bring the database to this version before a pass; `false`: only `migrate` does',
  },
  { name: 'INCLUDE_BLOCKED', default: 'true', meaning: 'read the queues of blocked teammates too' },
  {
    name: 'ONLY_TEAMMATES',
    shown: 'all',
    meaning: 'ids or e-mails, separated by commas: read the queues of these only',
  },
  {
    name: 'EXCEPT_TEAMMATES',
    shown: 'nobody',
    meaning: 'ids or e-mails, separated by commas: leave these out',
  },
  {
    name: 'REPORT_TIME_ZONE',
    default: 'UTC',
    meaning: 'zone of days and hours in reports, such as `Europe/Paris`',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: '`silent`, `error`, `warn`, `info` or `debug`' },
  {
    name: 'HTTPS_PROXY',
    secret: true,
    meaning: 'proxy for https addresses (the lower-case name works too, here and below)',
  },
  {
    name: 'HTTP_PROXY',
    secret: true,
    meaning: 'proxy for http addresses, and for https ones if there is no other',
  },
  { name: 'NO_PROXY', meaning: 'hosts that are reached without the proxy, separated by commas' },
]

export interface Variable {
  readonly name: string
  /** What an unset variable means, as one would write it. */
  readonly default?: string
  /** Words for the default where there is nothing to write. */
  readonly shown?: string
  readonly meaning: string
  readonly secret?: true
}

/** The lines of the table in the README. */
export function readmeConfigTable(): string[] {
  const row = (variable: Variable) => {
    const usual = variable.default ? `\`${variable.default}\`` : (variable.shown ?? '')
    return `| \`${variable.name}\` | ${usual} | ${variable.meaning} |`
  }
  return ['| Variable | Default | Meaning |', '|---|---|---|', ...variables.map(row)]
}

const defaults: Env = Object.fromEntries(
  variables.flatMap(({ name, default: value }) => (value ? [[name, value]] : [])),
)

const booleanText = z.string().transform((text, context) => {
  const word = text.toLowerCase()
  if (['true', '1', 'yes'].includes(word)) return true
  if (['false', '0', 'no'].includes(word)) return false
  return wrong(context, 'not a yes or no. Write true or false.')
})

const listText = z.string().transform((text, context) => {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  return items.length > 0
    ? items
    : wrong(context, 'names nobody. Write ids or e-mails separated by commas, or leave it out.')
})

/** Names only: `+02:00` means one thing to JavaScript and its opposite to Postgres's AT TIME ZONE. */
const zoneText = z.string().transform((text, context) => {
  try {
    if (!/^[A-Z]/i.test(text)) throw new RangeError()
    new Intl.DateTimeFormat('en', { timeZone: text })
    return text
  } catch {
    return wrong(context, 'not the name of a time zone. Write one such as UTC or Europe/Paris.')
  }
})

const proxyText = z.string().transform((text, context) => {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url && /^https?:$/.test(url.protocol) && url.hostname) return url.href
  return wrong(context, 'not the address of a proxy. Write http://host:port.')
})

const apiUrlText = z.string().transform((text, context) => {
  const url = URL.parse(text)
  if (!url?.hostname || !/^https?:$/.test(url.protocol))
    return wrong(context, 'not a URL. Write https://host.')
  if (url.username || url.password)
    return wrong(context, 'holds a user or password. Remove it; the key goes in ALLO_API_KEY.')
  if (url.search || url.hash) return wrong(context, 'has a query or fragment. Remove what follows the path.')
  if (url.protocol === 'http:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    return wrong(
      context,
      'the key would travel in clear text. Write https://, plain http is for this machine only.',
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
})

/** By variable. The two secrets are read by `secret` below, which also knows their files. */
const settings = z.object({
  ALLO_API_URL: apiUrlText,
  ALLO_AUTH_SCHEME: z.string().transform((text, context) => {
    if (text.toLowerCase() === 'none') return 'none'
    return /^[A-Z][A-Z0-9_-]*$/i.test(text)
      ? text
      : wrong(context, 'not one word. Write Api-Key, Bearer or none.')
  }),
  ALLO_READS_PER_SECOND: z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return text
      if (text.toLowerCase() === 'unlimited') return 'unlimited' as const
      return numberIn(text, 0.1, 1000) ?? wrong(context, 'not a number from 0.1 to 1000, nor unlimited.')
    }),
  ALLO_REQUEST_TIMEOUT_MS: z.string().transform((text, context) => integerIn(text, 1, 600_000, context)),
  ALLO_CONCURRENCY: z
    .string()
    .optional()
    .transform((text, context) => (text === undefined ? text : integerIn(text, 1, 100, context))),
  ALLO_TIME_ZONE: zoneText,
  DATA_DIR: z.string(),
  AUTO_MIGRATE: booleanText,
  INCLUDE_BLOCKED: booleanText,
  ONLY_TEAMMATES: listText.optional(),
  EXCEPT_TEAMMATES: listText.optional(),
  REPORT_TIME_ZONE: zoneText,
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(
      z.enum(['silent', 'error', 'warn', 'info', 'debug'], {
        error: 'unknown. Write silent, error, warn, info or debug.',
      }),
    ),
  HTTPS_PROXY: proxyText.optional(),
  HTTP_PROXY: proxyText.optional(),
  NO_PROXY: z.string().optional(),
})

function numberIn(text: string, least: number, most: number): number | null {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : null
}

function integerIn(text: string, least: number, most: number, context: z.RefinementCtx): number {
  const value = numberIn(text, least, most)
  return value !== null && Number.isInteger(value)
    ? value
    : wrong(context, `not a whole number from ${least} to ${most}.`)
}

function wrong(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

type Check = (value: string) => string | null

const checkApiKey: Check = (key) =>
  /^[\x21-\x7e]+$/.test(key)
    ? null
    : 'holds spaces or characters no key has. Give the key alone, without the word Api-Key.'

const checkDatabaseUrl: Check = (url) =>
  /^postgres(?:ql)?:\/\/\S*$/.test(url) && URL.canParse(url)
    ? null
    : 'not a Postgres URL. Write postgresql://user:password@host:5432/database, with special characters of the password percent-encoded.'

/** NAME, or the contents of the file NAME_FILE names; null when neither is set or there is a problem. */
function secret(name: string, given: Env, check: Check, problems: Problem[]): Secret | null {
  const inline = given[name]
  const path = given[`${name}_FILE`]
  if (inline !== undefined && path !== undefined) {
    problems.push({ variable: name, problem: `set, and ${name}_FILE too. Keep one of them.` })
    return null
  }
  if (inline !== undefined) {
    const problem = check(inline)
    if (problem) problems.push({ variable: name, problem })
    return problem ? null : Object.freeze({ path: null, value: () => inline, reread: async () => false })
  }
  if (path === undefined) return null

  const file = resolve(path)
  const variable = `${name}_FILE`
  let value = ''
  const take = (contents: string) => {
    const next = contents.replace(/^\uFEFF/, '').trim()
    const problem = next === '' ? 'is empty.' : check(next)
    if (problem) throw new ConfigError([{ variable, problem: `${file}: ${problem}` }])
    const changed = next !== value
    value = next
    return changed
  }
  try {
    take(readOr(variable, file, () => readFileSync(file, 'utf8')))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return null
  }
  return Object.freeze({
    path: file,
    value: () => value,
    reread: async () => {
      try {
        return take(await readFile(file, 'utf8'))
      } catch (error) {
        throw error instanceof ConfigError ? error : unreadable(variable, file, error)
      }
    },
  })
}

function readOr(variable: string, file: string, read: () => string): string {
  try {
    return read()
  } catch (error) {
    throw unreadable(variable, file, error)
  }
}

function unreadable(variable: string, file: string, error: unknown): ConfigError {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  return new ConfigError([{ variable, problem: `${file} cannot be read${code}. Check path and rights.` }])
}

function readEnvFile(): string | null {
  const file = resolve('.env')
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw unreadable('.env', file, error)
  }
}

/** What is set, under the table's names; what is empty is left out. */
function merge(env: Env, envFile: Env): Env {
  const above = named(env)
  const below = named(envFile)
  for (const name of ['ALLO_API_KEY', 'DATABASE_URL']) {
    if (!above[name] && !above[`${name}_FILE`]) continue
    delete below[name]
    delete below[`${name}_FILE`]
  }
  return Object.fromEntries(Object.entries({ ...below, ...above }).filter(([, value]) => value !== ''))
}

/** The proxy variables by their upper-case names; where both are set the lower-case one holds, as in curl. */
function named(env: Env): Record<string, string> {
  const all = Object.entries(env).map(([name, value]) => [name, value?.trim()] as const)
  const set = Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined))
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']) {
    const lower = set[name.toLowerCase()]
    if (lower) set[name] = lower
  }
  return set
}

function unknownVariables(given: Env): string[] {
  const known = variables.map(({ name }) => name)
  return Object.keys(given)
    .filter((name) => name.startsWith('ALLO_') && !known.includes(name))
    .map((name) => {
      const near = known.find((candidate) => isNear(name, candidate))
      return `${name} is set, but there is no such setting${near ? `; did you mean ${near}?` : '.'}`
    })
}

/** At most two letters apart. */
function isNear(a: string, b: string): boolean {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1]
    for (const [j, other] of Array.from(b).entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return (row[b.length] ?? 3) <= 2
}
