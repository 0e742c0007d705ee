/** Which value each variable has, and who set it: for people, so no value of a secret. */
import { z } from 'zod'
import type { Output } from '../json-output.ts'
import { type Env, merge } from './config.ts'
import { documented } from './documented.ts'
import { parseEnvFile } from './env-file.ts'
import { ourNames, variables } from './variables.ts'

export const valueInForceSchema = z.object({
  variable: z.string(),
  value: z.string().nullable().describe('Null: there is none, or it is a secret.'),
  meaning: z.string().nullable().describe('What a default without a value means. Null: there is a value.'),
  isSecret: z.boolean(),
  from: z.enum(['environment', '.env', 'default']),
})

export type ValueInForce = Output<typeof valueInForceSchema>

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
