/**
 * The only reader of the environment. Every problem is reported at once, by variable name, in one ConfigError;
 * what comes out is frozen, whole and needs no further checking. No message holds the value of a secret.
 *
 * `readConfig` takes the environment and `.env` of the working directory, `loadConfig` what it is given and nothing
 * else: tests and demonstrations call it with a literal. An empty value means unset, and in the environment it also
 * hides what `.env` says; so does being named in `without`. Where a value can stand in NAME or NAME_FILE, either one
 * in the environment hides both of `.env`.
 */
import { z } from 'zod'
import { parseEnvFile, readEnvFile } from './env-file.ts'
import { isLoopback } from './loopback.ts'
import { misspelledVariables } from './misspelled.ts'
import { ConfigError, type Problem } from './problem.ts'
import { type Check, type Secret, secret } from './secret.ts'
import { rememberSecrets } from './secrets-of-environment.ts'
import {
  type FileVariable,
  isVariable,
  type PlainVariable,
  type Variable,
  type VariableTree,
} from './variable.ts'
import { fileVariables, ourNames, variables, variableTree } from './variables.ts'

export { ConfigError, type Problem } from './problem.ts'
export type { Secret } from './secret.ts'
export { secretsOfEnvironment } from './secrets-of-environment.ts'

/** The tree of variables with their values in place of them. */
type Values<Tree> = {
  readonly [Field in keyof Tree]: Tree[Field] extends { check: Check }
    ? Secret | null
    : Tree[Field] extends { parse: z.ZodType<infer Value> }
      ? Value
      : Values<Tree[Field]>
}

type Fields = Values<typeof variableTree>

export interface Config extends Omit<Fields, 'schedule' | 'proxy'> {
  readonly schedule: Schedule
  /** A function because the addresses may hold passwords. */
  readonly proxy: () => ProxySettings
  /** Every form in which a secret could appear in a message, those of earlier keys included. Never throws. */
  readonly secrets: () => readonly string[]
  /** One sentence each, for the log: nothing is wrong, but it may not be what was meant. */
  readonly warnings: readonly string[]
}

export type ProxySettings = Fields['proxy']

/** One of the two: a time between passes, or five fields of cron in an IANA zone. */
export type Schedule = { readonly everyMs: number } | { readonly cron: string; readonly timeZone: string }

export type ConfigWithKey = Config & { readonly apiKey: Secret }
export type HttpConfig = Config['http']
export type LogLevel = Config['logLevel']
export type Env = Readonly<Record<string, string | undefined>>

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
  const { fields, secrets, problems } = parse(given, { needsApiKey })
  const inQuotes = quoted(given)
  if (problems.length + inQuotes.length > 0) {
    // What else is wrong with a value in quotes follows from them.
    const others = problems.filter(({ variable }) => !inQuotes.some((one) => one.variable === variable))
    throw new ConfigError([...others, ...inQuotes])
  }
  const { schedule, proxy, ...rest } = fields
  const { everyMs, cron, timeZone } = schedule
  return Object.freeze({
    ...rest,
    schedule: cron === null ? { everyMs } : { cron, timeZone },
    proxy: () => proxy,
    secrets: rememberSecrets(given, secrets),
    warnings: Object.freeze([
      ...misspelledVariables(Object.keys(given), [...ourNames], lowerCaseToo),
      ...(fields.retention.numbersDays !== null && !fields.numberKey && fields.databaseUrl
        ? [erasedWithoutKey]
        : []),
      ...(fields.http.webhookSecret !== null && fields.liveBudgetShare === 0 ? [webhooksWithoutLooks] : []),
      ...(fields.conversionTags.length > 0 && !fields.callDetails ? [tagsWithoutDetails] : []),
    ]),
  })
}

/** Values and problems of every variable. With problems the values are not whole. */
function parse(
  given: Env,
  { needsApiKey }: { needsApiKey: boolean },
): { fields: Fields; secrets: ReadonlyMap<string, Secret | null>; problems: readonly Problem[] } {
  const plain = variables.filter((variable) => 'parse' in variable)
  const { values, problems } = parsePlain(plain, given)
  const secrets = new Map(
    fileVariables.map((one) => [one.name, readSecret(one, given, { needsApiKey, problems })]),
  )
  const fields = assemble(variableTree, ({ name }) => (secrets.has(name) ? secrets.get(name) : values[name]))
  problems.push(...contradictions(given, values))
  return { fields, secrets, problems }
}

function parsePlain(plain: readonly PlainVariable[], given: Env) {
  const schema = z.object(Object.fromEntries(plain.map(({ name, parse }) => [name, parse])))
  const texts = plain.map(({ name, default: usual }) => [name, given[name] ?? usual])
  const { data = {}, error } = schema.safeParse(Object.fromEntries(texts))
  const problems: Problem[] = (error?.issues ?? []).map(({ path, message }) => ({
    variable: String(path[0]),
    problem: message,
  }))
  return { values: data as Readonly<Record<string, unknown>>, problems }
}

/** Problems with the API key come first; they are none where no key is needed. */
function readSecret(
  { name, check }: FileVariable,
  given: Env,
  { needsApiKey, problems }: { needsApiKey: boolean; problems: Problem[] },
): Secret | null {
  if (name !== 'ALLO_API_KEY') return secret(name, given, check, problems)
  const ofKey: Problem[] = []
  const key = secret(name, given, check, ofKey)
  if (key === null && ofKey.length === 0) ofKey.push({ variable: name, problem: keyMissing })
  if (needsApiKey) problems.unshift(...ofKey)
  return key
}

/** What is wrong with values that are right by themselves. */
function contradictions(given: Env, { HTTP_HOST: host }: Readonly<Record<string, unknown>>): Problem[] {
  const isAuthGiven = Boolean(given.HTTP_BASIC_AUTH || given.HTTP_BASIC_AUTH_FILE)
  const isOpen = typeof host === 'string' && !isLoopback(host) && !isAuthGiven
  return [
    ...(isOpen
      ? [
          {
            variable: 'HTTP_BASIC_AUTH',
            problem: `missing, and HTTP_HOST is ${host}: the pages show names of teammates. Set user:password here or in a file, or listen on 127.0.0.1.`,
          },
        ]
      : []),
    ...(given.SYNC_CRON && given.SYNC_EVERY
      ? [{ variable: 'SYNC_CRON', problem: 'set, and SYNC_EVERY too. Keep one of them.' }]
      : []),
  ]
}

/** Frozen, with what `read` finds in place of each variable. */
function assemble<Tree extends VariableTree>(
  tree: Tree,
  read: (variable: Variable) => unknown,
): Values<Tree> {
  const entries = Object.entries(tree).map(([field, node]) => [
    field,
    isVariable(node) ? read(node) : assemble(node, read),
  ])
  // The schema of each variable is what the type reads, too.
  return Object.freeze(Object.fromEntries(entries)) as Values<Tree>
}

const keyMissing =
  'missing. Make a key in Allo (scopes USERS_READ and DIALING_QUEUE_READ_WRITE) and set it here, or name a file that holds it in ALLO_API_KEY_FILE.'

const erasedWithoutKey =
  'RETAIN_NUMBERS_DAYS is set without NUMBER_KEY: once erased, a number that comes back is taken for a new one.'

const webhooksWithoutLooks =
  'ALLO_WEBHOOK_SECRET is set and LIVE_BUDGET_SHARE is 0: webhooks of Allo have no effect.'

const tagsWithoutDetails =
  'CONVERSION_TAGS is set without CALL_DETAILS=true: the tags of new calls are not read.'

/** `docker run --env-file` and systemd's shells keep the quotes that `.env` and a shell take away. */
function quoted(given: Env): Problem[] {
  return [...ourNames].flatMap((variable) =>
    /^(["'`]).*\1$/s.test(given[variable] ?? '')
      ? [{ variable, problem: 'is in quotes, which are part of the value. Remove them.' }]
      : [],
  )
}

/** Proxies are read under their lower-case names too, as other programs do. */
const lowerCaseToo = ['https_proxy', 'http_proxy', 'no_proxy']

/** What is set, under the names of the list; what is empty is left out. */
export function merge(env: Env, envFile: Env): Env {
  const above = named(env)
  const below = named(envFile)
  for (const { name } of fileVariables) {
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
