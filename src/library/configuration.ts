/** The options of the library as a configuration of the program. */
import { type ConfigWithKey, loadConfig } from '../config/config.ts'
import { formsOfSecret } from '../config/known-secrets.ts'
import type { AlloAccess } from './access.ts'

/** `settings`: variables of the README with their values as text. Throws a ConfigError that names variables. */
export function configOf(
  { apiKey, baseUrl, readsPerSecond }: AlloAccess,
  settings: Readonly<Record<string, string | undefined>> = {},
): ConfigWithKey {
  return loadConfig({
    ...settings,
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: baseUrl,
    ALLO_READS_PER_SECOND: readsPerSecond === undefined ? undefined : String(readsPerSecond),
  })
}

/** The key in all its forms; none if it is no text, as in JavaScript it may be. */
export function secretsOf({ apiKey }: AlloAccess): readonly string[] {
  return typeof apiKey === 'string' ? formsOfSecret(apiKey, []) : []
}

/** The option of the library in which the value of a variable is given. */
export const optionOf = new Map([
  ['ALLO_API_KEY', 'apiKey'],
  ['ALLO_API_URL', 'baseUrl'],
  ['ALLO_READS_PER_SECOND', 'readsPerSecond'],
  ['DATABASE_URL', 'pool'],
])
