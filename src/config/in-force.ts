/** Which value each variable has, and who set it: for people, so no value of a secret. */
import { type Env, merge } from './config.ts'
import { documented } from './documented.ts'
import { parseEnvFile } from './env-file.ts'
import { ourNames, variables } from './variables.ts'

export interface ValueInForce {
  readonly variable: string
  /** Null: there is none, or it is a secret. */
  readonly value: string | null
  /** What a default without a value means. */
  readonly meaning: string | null
  readonly isSecret: boolean
  readonly from: 'environment' | '.env' | 'default'
}

/**
 * One for each variable of the list, in its order. NAME_FILE is there only if it is set. Values are as they were given,
 * also invalid ones. Throws ConfigError if a line of `.env` can't be read.
 */
export function valuesInForce(env: Env, envFile: string | null): ValueInForce[] {
  const ofEnvironment = merge(env, {})
  const all = merge(env, envFile === null ? {} : parseEnvFile(envFile, ourNames))
  return documented.flatMap(({ name, usual, shown }): ValueInForce[] => {
    const given = all[name]
    const isSecret = secrets.has(name)
    if (given === undefined) {
      if (name.endsWith('_FILE')) return []
      const meaning = usual === '' && shown !== '' ? shown.replaceAll('`', '') : null
      return [{ variable: name, value: usual || null, meaning, isSecret, from: 'default' }]
    }
    const from = ofEnvironment[name] === undefined ? '.env' : 'environment'
    return [{ variable: name, value: isSecret ? null : given, meaning: null, isSecret, from }]
  })
}

/** Addresses of proxies too, because they may hold a password. */
const secrets: ReadonlySet<string> = new Set(
  variables.flatMap(({ name, secretParts }) => (secretParts === undefined ? [] : [name])),
)
