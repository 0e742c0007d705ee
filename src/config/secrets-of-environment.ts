/** The secrets of the environment, which no message may show. Works with an invalid configuration too. Never throws. */
import { resolve } from 'node:path'
import { readEnvFile, readEnvText } from './env-file.ts'
import { formsOfSecret, partsOfUserinfo } from './known-secrets.ts'
import type { Secret } from './secret.ts'
import { readTextFile } from './text-file.ts'
import { ourNames, variables } from './variables.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Variables that hold secrets, and which parts of them are. pg reads PGPASSWORD where DATABASE_URL has no password. */
const secretVariables = new Map([
  ...variables.flatMap(({ name, secretParts }) => (secretParts ? [[name, secretParts] as const] : [])),
  ['PGPASSWORD', partsOfUserinfo] as const,
])

/**
 * Every secret of the environment and `.env`, understood or not, in every form: for messages about a configuration
 * that could not be loaded.
 */
export function secretsOfEnvironment(): readonly string[] {
  const envFile = attempt(() => readEnvText(readEnvFile() ?? '', ourNames).values) ?? {}
  return sorted([process.env, envFile].flatMap((env) => secretTexts(env).flatMap(formsOf)))
}

/**
 * Every form of the secrets that were given and, each time it is asked, of those in `read`. The texts grow with each
 * key that is read again: a message about the old one can still come.
 */
export function rememberSecrets(
  given: Env,
  read: ReadonlyMap<string, Secret | null>,
): () => readonly string[] {
  const seen = new Set<string>()
  let forms: readonly string[] = []
  const remember = ([name, text]: SecretText) => {
    if (seen.has(`${name} ${text}`)) return
    seen.add(`${name} ${text}`)
    forms = sorted([...forms, ...formsOf([name, text])])
  }
  for (const text of secretTexts(given)) remember(text)
  return () => {
    for (const [name, secret] of read) if (secret !== null) remember([name, secret.value()])
    return forms
  }
}

type SecretText = readonly [name: string, text: string]

/** As they were given, in the environment or in files. */
function secretTexts(env: Env): SecretText[] {
  return [...secretVariables.keys()].flatMap((name) => {
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
  return formsOfSecret(text, secretVariables.get(name)?.(text) ?? [])
}

/** The longest first, so that a password inside a URL does not leave the rest of the URL behind. */
function sorted(forms: readonly string[]): readonly string[] {
  return [...new Set(forms)].sort((a, b) => b.length - a.length)
}

function attempt<T>(work: () => T): T | null {
  try {
    return work()
  } catch {
    return null
  }
}
