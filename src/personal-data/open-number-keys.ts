/**
 * Opens the secret of the number keys: NUMBER_KEY, or, with the embedded Postgres, a generated file in the data folder.
 * A database has one secret, from the first use on. With another one, a number would get a second number key, and
 * suppressed numbers would not be recognised.
 */

import { randomBytes, randomUUID } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import { decodeNumberKey } from '../config/secret.ts'
import { foreignCodeOf } from '../errors.ts'
import { createNumberKeys, NumberKeyError, type NumberKeys } from '../snapshot/number-key.ts'
import type { Pool } from '../store/postgres/database.ts'
import { numberKeyOnRecord, recordNumberKey } from '../store/queries/settings.ts'
import { reasonInWords } from '../text/system-error.ts'

const wayOut = 'Restore it, or retire it: see "Another NUMBER_KEY" in docs/privacy.md'

/**
 * Null: there is no secret, and none was ever used. Throws NumberKeyError if it is not the secret of this database. With
 * `mayWrite: false` nothing is created or recorded, and the result is null if no secret was used yet.
 */
export async function openNumberKeys(
  { numberKey, dataDir }: Pick<Config, 'numberKey' | 'dataDir'>,
  { pool, isEmbedded }: { readonly pool: Pool; readonly isEmbedded: boolean },
  { mayWrite = true }: { readonly mayWrite?: boolean } = {},
): Promise<NumberKeys | null> {
  const onRecord = await numberKeyOnRecord(pool)
  if (onRecord === null && !mayWrite) return null
  const file = join(dataDir, 'number-key')
  const isFromFile = numberKey === null && isEmbedded
  if (isFromFile && onRecord === null) await makeKeyFile(file)
  const secret = isFromFile ? await readKeyFile(file) : decodeNumberKey(numberKey?.value() ?? '')
  if (secret === null) {
    if (onRecord === null) return null
    const missing = isFromFile ? `${file} is missing` : 'NUMBER_KEY is not set'
    throw new NumberKeyError(
      `${missing}, and this database has number keys that were made with one. ${wayOut}`,
    )
  }
  const keys = createNumberKeys(secret)
  if (keys.fingerprint === (onRecord ?? (await recordNumberKey(pool, keys.fingerprint)))) return keys
  const name = isFromFile ? `the key in ${file}` : 'NUMBER_KEY'
  throw new NumberKeyError(
    `${name} is not the key that the number keys in this database were made with. ${wayOut}`,
  )
}

/** Atomic. If several processes try at once, one file wins. */
async function makeKeyFile(file: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`
  try {
    await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
    await link(draft, file)
  } catch (error) {
    if (foreignCodeOf(error) !== 'EEXIST') throw unusable(file, error)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Null: there is no such file. */
async function readKeyFile(file: string): Promise<Buffer | null> {
  try {
    const secret = decodeNumberKey((await readFile(file, 'utf8')).trim())
    if (secret === null) throw new Error('it does not contain 32 bytes as 64 hexadecimal digits')
    return secret
  } catch (error) {
    if (foreignCodeOf(error) === 'ENOENT') return null
    throw unusable(file, error)
  }
}

function unusable(file: string, error: unknown): NumberKeyError {
  return new NumberKeyError(
    `${file}, the file of the number key, can't be used: ${reasonInWords(error)}. Check path and rights`,
    {
      cause: error,
    },
  )
}
