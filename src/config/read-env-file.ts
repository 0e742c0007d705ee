import { resolve } from 'node:path'
import { foreignCodeOf } from '../errors.ts'
import { unreadable } from './secret.ts'
import { readTextFile } from './text-file.ts'

/** The text of `.env` in the working directory; null: there is none. Throws ConfigError when it can't be read. */
export function readEnvFile(): string | null {
  const file = resolve('.env')
  try {
    return readTextFile(file)
  } catch (error) {
    if (foreignCodeOf(error) === 'ENOENT') return null
    throw unreadable('.env', file, error)
  }
}
