import { resolve } from 'node:path'
import { foreignCodeOf } from '../errors.ts'
import { parseEnvFile, readEnvText } from './env-file.ts'
import { formsOfSecret } from './known-secrets.ts'
import { isLoopback } from './loopback.ts'
import { misspelledVariables } from './misspelled.ts'
import { ConfigError, type Problem } from './problem.ts'
import {
  checkApiKey,
  checkBasicAuth,
  checkDatabaseUrl,
  checkNumberKey,
  checkRedisUrl,
  checkWebhookUrl,
  type Secret,
  secret,
  unreadable,
} from './secret.ts'
import { readTextFile } from './text-file.ts'
import { settings } from './values.ts'
import { defaults, variables } from './variables.ts'

export { ConfigError, type Problem } from './problem.ts'
export type { Secret } from './secret.ts'
export { readmeConfigTable, type Variable, variables } from './variables.ts'

/**
 * The only reader of the environment. Every problem is reported at once, by variable name, in one ConfigError;
 * what comes out is frozen, whole and needs no further checking. No message holds the value of a secret.
 *
 * `readConfig` takes the environment and `.env` of the working directory, `loadConfig` what it is given and nothing
 * else: tests and demonstrations call it with a literal. An empty value means unset, and in the environment it also
 * hides what `.env` says; so does being named in `without`. Where a value can stand in NAME or NAME_FILE, either one in the environment hides both
 * of `.env`.
 */
export function readConfig(needs: { needsApiKey: true; without?: readonly string[] }): ConfigWithKey
export function readConfig(needs: { needsApiKey: boolean; without?: readonly string[] }): Config
export function readConfig({
  needsApiKey,
  without = [],
}: {
  needsApiKey: boolean
  without?: readonly string[]
}): Config {
  const unset = without.flatMap((name) => [name, name.toLowerCase()].map((either) => [either, '']))
  return loadConfig({ ...process.env, ...Object.fromEntries(unset) }, { needsApiKey, envFile: readEnvFile() })
}

export function loadConfig(env: Env, options?: { envFile?: string | null; needsApiKey?: true }): ConfigWithKey
export function loadConfig(env: Env, options: { envFile?: string | null; needsApiKey: boolean }): Config
export function loadConfig(
  env: Env,
  { envFile = null, needsApiKey = true }: { envFile?: string | null; needsApiKey?: boolean } = {},
): Config {
  const given = merge(env, envFile === null ? {} : parseEnvFile(envFile, ourNames))
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
  const redisUrl = secret('REDIS_URL', given, checkRedisUrl, problems)
  const basicAuth = secret('HTTP_BASIC_AUTH', given, checkBasicAuth, problems)
  const alertWebhookUrl = secret('ALERT_WEBHOOK_URL', given, checkWebhookUrl, problems)
  const numberKey = secret('NUMBER_KEY', given, checkNumberKey, problems)
  const isAuthGiven = Boolean(given.HTTP_BASIC_AUTH || given.HTTP_BASIC_AUTH_FILE)
  if (parsed.success && !isLoopback(parsed.data.HTTP_HOST) && !isAuthGiven) {
    problems.push({
      variable: 'HTTP_BASIC_AUTH',
      problem: `missing, and HTTP_HOST is ${parsed.data.HTTP_HOST}: the pages name teammates. Set user:password here or in a file, or listen on 127.0.0.1.`,
    })
  }
  if (given.SYNC_CRON && given.SYNC_EVERY) {
    problems.push({ variable: 'SYNC_CRON', problem: 'set, and SYNC_EVERY too. Keep one of them.' })
  }
  const inQuotes = quoted(given)
  if (!parsed.success || problems.length + inQuotes.length > 0) {
    // What else is wrong with a value in quotes follows from them.
    const others = problems.filter(({ variable }) => !inQuotes.some((one) => one.variable === variable))
    throw new ConfigError([...others, ...inQuotes])
  }

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
    numberKey,
    retention: Object.freeze({
      numbersDays: data.RETAIN_NUMBERS_DAYS ?? null,
      historyDays: data.RETAIN_HISTORY_DAYS ?? null,
      readsDays: data.RETAIN_READS_DAYS,
    }),
    rolePrefix: data.ROLE_PREFIX,
    logLevel: data.LOG_LEVEL,
    redisUrl,
    schedule: data.SYNC_CRON
      ? { cron: data.SYNC_CRON, timeZone: data.SYNC_TIME_ZONE }
      : { everyMs: data.SYNC_EVERY },
    freshnessSloMs: data.FRESHNESS_SLO ?? null,
    shutdownTimeoutMs: data.SHUTDOWN_TIMEOUT,
    http: Object.freeze({
      port: data.HTTP_PORT,
      host: data.HTTP_HOST,
      allowedHosts: Object.freeze(data.HTTP_ALLOWED_HOSTS),
      basicAuth,
      openProbes: data.HTTP_OPEN_PROBES,
    }),
    alertWebhookUrl,
    proxy: () => ({
      ...(data.HTTP_PROXY ? { httpProxy: data.HTTP_PROXY } : {}),
      ...(data.HTTPS_PROXY ? { httpsProxy: data.HTTPS_PROXY } : {}),
      ...(data.NO_PROXY ? { noProxy: data.NO_PROXY } : {}),
    }),
    secrets: rememberSecrets(given, {
      ALLO_API_KEY: apiKey,
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      HTTP_BASIC_AUTH: basicAuth,
      ALERT_WEBHOOK_URL: alertWebhookUrl,
      NUMBER_KEY: numberKey,
    }),
    warnings: Object.freeze([
      ...misspelledVariables(Object.keys(given), [...ourNames], lowerCaseToo),
      ...(data.RETAIN_NUMBERS_DAYS && !numberKey && databaseUrl ? [erasedWithoutKey] : []),
    ]),
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
  /** 32 bytes, see decodeNumberKey. Null: none, or that of the data folder. */
  readonly numberKey: Secret | null
  /** In days; null: for ever. */
  readonly retention: {
    readonly numbersDays: number | null
    readonly historyDays: number | null
    readonly readsDays: number
  }
  /** Null: no roles are made. */
  readonly rolePrefix: string | null
  readonly logLevel: LogLevel
  /** Null: the jobs of the worker are kept in Postgres. */
  readonly redisUrl: Secret | null
  readonly schedule: Schedule
  /** Null: three intervals. */
  readonly freshnessSloMs: number | null
  readonly shutdownTimeoutMs: number
  readonly http: HttpConfig
  /** Null: nobody is told. */
  readonly alertWebhookUrl: Secret | null
  /** A function because the addresses may hold passwords. */
  readonly proxy: () => {
    readonly httpProxy?: string
    readonly httpsProxy?: string
    readonly noProxy?: string
  }
  /** Every form in which a secret could appear in a message, those of earlier keys included. Never throws. */
  readonly secrets: () => readonly string[]
  /** One sentence each, for the log: nothing is wrong, but it may not be what was meant. */
  readonly warnings: readonly string[]
}

export interface HttpConfig {
  /** 0: any free one. */
  readonly port: number
  readonly host: string
  /** Beside IP addresses and the names of this machine. */
  readonly allowedHosts: readonly string[]
  /** `user:password`; never null when `host` can be reached from elsewhere. */
  readonly basicAuth: Secret | null
  readonly openProbes: boolean
}

export type Schedule =
  | { readonly everyMs: number }
  /** Five fields, in an IANA zone. */
  | { readonly cron: string; readonly timeZone: string }

export type ConfigWithKey = Config & { readonly apiKey: Secret }
export type Env = Readonly<Record<string, string | undefined>>
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug'

/**
 * What must not be shown whatever the configuration is worth: every secret of the environment and `.env`, understood
 * or not, in every form. For messages about a configuration that could not be loaded. Never throws.
 */
export function secretsOfEnvironment(): readonly string[] {
  const envFile = attempt(() => readEnvText(readEnvFile() ?? '', ourNames).values) ?? {}
  return [...new Set([process.env, envFile].flatMap((env) => secretTexts(env).flatMap(formsOf)))].sort(
    longestFirst,
  )
}

/** The texts grow with each key that is read again: a message about the old one can still come. */
function rememberSecrets(given: Env, read: Readonly<Record<string, Secret | null>>): () => readonly string[] {
  const seen = new Set<string>()
  let forms: readonly string[] = []
  const remember = ([name, text]: SecretText) => {
    if (seen.has(`${name} ${text}`)) return
    seen.add(`${name} ${text}`)
    forms = [...new Set([...forms, ...formsOfSecret(name, text)])].sort(longestFirst)
  }
  for (const text of secretTexts(given)) remember(text)
  return () => {
    for (const [name, secret] of Object.entries(read)) if (secret !== null) remember([name, secret.value()])
    return forms
  }
}

type SecretText = readonly [name: string, text: string]

/** As they were given, in the environment or in files. PGPASSWORD is read by pg where DATABASE_URL has no password. */
function secretTexts(env: Env): SecretText[] {
  const names = [...variables.filter(({ secret }) => secret).map(({ name }) => name), 'PGPASSWORD']
  return names.flatMap((name) => {
    const path = env[`${name}_FILE`]
    const texts = [
      env[name],
      env[name.toLowerCase()],
      path && attempt(() => readTextFile(resolve(path.trim()))),
    ]
    return texts.flatMap((text): SecretText[] => (text?.trim() ? [[name, text.trim()]] : []))
  })
}

function formsOf([name, text]: SecretText): string[] {
  return formsOfSecret(name, text)
}

/** So that a password inside a URL does not leave the rest of the URL behind. */
function longestFirst(a: string, b: string): number {
  return b.length - a.length
}

function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}

const ourNames: ReadonlySet<string> = new Set(variables.map(({ name }) => name))

/** `docker run --env-file` and systemd's shells keep the quotes that `.env` and a shell take away. */
function quoted(given: Env): Problem[] {
  return [...ourNames].flatMap((variable) =>
    /^(["'`]).*\1$/s.test(given[variable] ?? '')
      ? [{ variable, problem: 'stands in quotes that became part of it. Remove them.' }]
      : [],
  )
}

function readEnvFile(): string | null {
  const file = resolve('.env')
  try {
    return readTextFile(file)
  } catch (error) {
    if (foreignCodeOf(error) === 'ENOENT') return null
    throw unreadable('.env', file, error)
  }
}

const secretsWithFiles = [
  'ALLO_API_KEY',
  'DATABASE_URL',
  'REDIS_URL',
  'HTTP_BASIC_AUTH',
  'ALERT_WEBHOOK_URL',
  'NUMBER_KEY',
] as const

/** Proxies are read under their lower-case names too, as other programs do. */
const lowerCaseToo = ['https_proxy', 'http_proxy', 'no_proxy']

const erasedWithoutKey =
  'RETAIN_NUMBERS_DAYS is set without NUMBER_KEY: once erased, a number that comes back is taken for a new one.'

/** What is set, under the table's names; what is empty is left out. */
function merge(env: Env, envFile: Env): Env {
  const above = named(env)
  const below = named(envFile)
  for (const name of secretsWithFiles) {
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
  for (const lowerName of lowerCaseToo) {
    const lower = set[lowerName]
    if (lower) set[lowerName.toUpperCase()] = lower
  }
  return set
}
