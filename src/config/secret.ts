/** A secret from a variable, or from the file that NAME_FILE names, which can be read again. */
import { resolve } from 'node:path'
import { foreignCodeOf } from '../errors.ts'
import { faultOfDatabaseUrl, faultOfRedisUrl, faultOfWebhookUrl } from './connection-url.ts'
import { ConfigError, type Problem } from './problem.ts'
import { readTextFile, TextFileError } from './text-file.ts'

/** Behind functions, so that printing a configuration doesn't print it. */
export interface Secret {
  /** The file it came from; null when it stood in the environment. */
  readonly path: string | null
  value(): string
  /** Reads the file again. True if the value changed; rejects with a ConfigError, and keeps the old one, if it can't. */
  reread(): Promise<boolean>
}

/** What is wrong with the text, as the end of a sentence; null: nothing. */
export type Check = (value: string) => string | null

export const checkApiKey: Check = (key) =>
  /^[\x21-\x7e]+$/.test(key)
    ? null
    : 'holds spaces or characters no key has. Give the key alone, without the word Api-Key.'

export const checkDatabaseUrl: Check = (url) =>
  withWayOut(
    faultOfDatabaseUrl(url),
    `Write postgresql://user:password@host:5432/database, ${escaping}; postgresql://user:password@%2Ffolder/database for a Unix socket (: is %3A).`,
  )

export const checkRedisUrl: Check = (url) =>
  withWayOut(
    faultOfRedisUrl(url),
    `Write redis://user:password@host:6379/0, or rediss:// for TLS, ${escaping}.`,
  )

export const checkBasicAuth: Check = (text) =>
  /^[^\s:]+:\S{8,}$/.test(text)
    ? null
    : 'not a user and a password. Write user:password, with at least 8 characters after the colon and no spaces.'

export const checkWebhookUrl: Check = (url) =>
  withWayOut(
    faultOfWebhookUrl(url),
    'Write https:// and what follows, as Slack or your alerting tool shows it.',
  )

/** Ends the sentence of a URL that was refused for what stands before its host. */
export const escaping =
  'with special characters of user and password percent-encoded (@ is %40, / is %2F, % is %25)'

function withWayOut(fault: string | null, wayOut: string): string | null {
  return fault === null ? null : `${fault}. ${wayOut}`
}

export const checkNumberKey: Check = (text) =>
  decodeNumberKey(text) === null
    ? 'not 32 bytes. Write 64 hexadecimal digits, as `openssl rand -hex 32` makes them, or base64.'
    : null

/** 32 bytes, written as hexadecimal digits or as base64; null: it is something else. */
export function decodeNumberKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[\w+/-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null
}

export const checkWebhookSecret: Check = (text) =>
  decodeWebhookSecret(text) === null
    ? 'not a signing secret. Copy it from the webhook in Allo: whsec_ and at least 24 bytes in base64.'
    : null

/** The key of the signatures, at least 24 bytes; null: it is something else. */
export function decodeWebhookSecret(text: string): Buffer | null {
  const [, base64 = ''] = /^whsec_([\w+/-]+)={0,2}$/.exec(text) ?? []
  const key = Buffer.from(base64, 'base64')
  return key.length >= 24 && base64.length % 4 !== 1 ? key : null
}

/** NAME, or the contents of the file NAME_FILE names; null when neither is set or there is a problem. */
export function secret(
  name: string,
  given: Readonly<Record<string, string | undefined>>,
  check: Check,
  problems: Problem[],
): Secret | null {
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
    const next = contents.trim()
    const problem = next === '' ? 'is empty.' : check(next)
    if (problem) throw new ConfigError([{ variable, problem: `${shownPath(path)}: ${problem}` }])
    const changed = next !== value
    value = next
    return changed
  }
  try {
    take(readOr(variable, path))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    problems.push(...error.problems)
    return null
  }
  return Object.freeze({
    path: file,
    value: () => value,
    reread: async () => take(readOr(variable, path)),
  })
}

function readOr(variable: string, path: string): string {
  try {
    return readTextFile(resolve(path))
  } catch (error) {
    throw unreadable(variable, shownPath(path), error)
  }
}

/** What does not look like a path may be the secret itself, set under the name with _FILE by mistake. */
function shownPath(path: string): string {
  return /^(?:\.{0,2}[/\\]|[a-z]:[/\\])[^@]*$/i.test(path) ? resolve(path) : 'the file it names'
}

export function unreadable(variable: string, file: string, error: unknown): ConfigError {
  if (error instanceof TextFileError)
    return new ConfigError([{ variable, problem: `${file} ${error.message}.` }])
  const code = foreignCodeOf(error)
  const problem = `${file} cannot be read${code === null ? '' : ` (${code})`}. Check path and rights.`
  return new ConfigError([{ variable, problem }])
}
