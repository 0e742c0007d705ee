/**
 * The key of the number keys: from NUMBER_KEY, or, with the embedded Postgres, from a file of the data folder that is
 * made when there is none. A database has one key, from the first use on: another one would give the same number two
 * names, and recognise no number that is suppressed.
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

const wayOut =
  'Bring it back, or retire it: "Another NUMBER_KEY" in docs/privacy.md says how, and what that costs'

/**
 * Null: there is no key, and none was ever used. Throws NumberKeyError when it is not the key of this database. With
 * `mayWrite: false` nothing is made or recorded, and a key not used yet is none.
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
    throw new NumberKeyError(`${missing}, and the number keys in this database were made with one. ${wayOut}`)
  }
  const keys = createNumberKeys(secret)
  if (keys.fingerprint === (onRecord ?? (await recordNumberKey(pool, keys.fingerprint)))) return keys
  const name = isFromFile ? `the key in ${file}` : 'NUMBER_KEY'
  throw new NumberKeyError(
    `${name} is not the key that the number keys in this database were made with. ${wayOut}`,
  )
}

/** Several may try at once; one of them wins, whole. */
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
    if (secret === null) throw new Error('it does not hold 32 bytes, written as 64 hexadecimal digits')
    return secret
  } catch (error) {
    if (foreignCodeOf(error) === 'ENOENT') return null
    throw unusable(file, error)
  }
}

function unusable(file: string, error: unknown): NumberKeyError {
  return new NumberKeyError(
    `${file}, which holds the number key, can't be used: ${reasonInWords(error)}. Check path and rights`,
    {
      cause: error,
    },
  )
}
