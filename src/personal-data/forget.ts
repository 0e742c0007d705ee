/**
 * Erases one number from the mirror and its history, in one transaction. No count changes: its entries, versions, dials
 * and the counts of its queues stay, without the number. Its entries share one random key, so they still belong
 * together. Digests computed from it are emptied, because digests of numbers can be reversed.
 *
 * Readings wait meanwhile. Afterwards they check which numbers are suppressed, so a reading that began before does not
 * bring the number back.
 */
import { randomBytes } from 'node:crypto'
import { suppressionKeys } from '../snapshot/conceal.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { hasCountryCode, readPhoneNumber } from '../snapshot/phone-number.ts'
import { createRedactor } from '../snapshot/redact-number.ts'
import { ask, type Client, type Pool } from '../store/postgres/database.ts'
import { lockAll } from '../store/postgres/locks.ts'
import { inYieldingTransaction } from '../store/postgres/yielding-transaction.ts'
import { eraseNumbers, type Stay } from '../store/reading/erase-numbers.ts'
import { concealedIdsOnRecord, replacementIds } from './call-ids.ts'
import { findNumber } from './find-number.ts'
import { sweep } from './sweep.ts'

export interface Forgetting {
  readonly number: string
  /** Needed to suppress, and to find numbers that were erased by age. */
  readonly numberKeys: NumberKeys | null
  /** From now on its rows are mirrored without the phone number. */
  readonly suppress: boolean
  /** Do everything, then roll back. */
  readonly dryRun: boolean
}

export interface Forgotten {
  /**
   * `refused`: Allo shows it in a name, or in a queue that has not ended and `suppress` is false. `unclear`: only similar
   * numbers are on record, or its country is unknown. In both cases nothing is changed. `not_on_record`: there was
   * nothing to erase; it may be suppressed nevertheless.
   */
  readonly outcome: 'erased' | 'refused' | 'unclear' | 'not_on_record'
  /** Number of its entries, and of their queues. */
  readonly stays: number
  readonly queues: number
  /** Number of other rows that contained it: names, messages, call ids. */
  readonly otherRows: number
  /** Its places in queues that have not ended. */
  readonly places: readonly Place[]
  /** Names in Allo that contain it. */
  readonly shownAs: readonly string[]
  /** Columns of ids that still contain it. */
  readonly left: readonly string[]
  /** Similar numbers on record, masked. */
  readonly similar: readonly string[]
  readonly isSuppressed: boolean
}

export interface Place {
  readonly queueId: string
  readonly queueName: string | null
  readonly position: number
  readonly userId: string
  readonly teammateName: string | null
}

/** Atomic and idempotent. */
export async function forgetNumber(pool: Pool, forgetting: Forgetting): Promise<Forgotten> {
  const { dryRun } = forgetting
  const tables = new Set(['allo.queues', 'allo.queue_entries', 'allo.queue_numbers'])
  const forgotten = await inYieldingTransaction(
    pool,
    'forgetting a number',
    async (client) => {
      await lockAll(client)
      await client.query('savepoint before_erasing')
      const { sweptTables, ...result } = await forget(client, forgetting)
      const isChange = result.outcome === 'erased' || result.outcome === 'not_on_record'
      if (!isChange) await client.query('rollback to savepoint before_erasing')
      for (const table of sweptTables) tables.add(table)
      return result
    },
    { rollback: dryRun },
  )
  // The planner statistics keep samples of the old values.
  if (forgotten.outcome === 'erased' && !dryRun) {
    await ask(pool, 'sampling anew', `analyze ${[...tables].join(', ')}`, [])
  }
  return forgotten
}

async function forget(
  client: Client,
  { number, numberKeys, suppress }: Forgetting,
): Promise<Forgotten & { readonly sweptTables: readonly string[] }> {
  const { stays, spellings, similar } = await findNumber(client, number, numberKeys)
  const places = await findPlaces(client, stays)
  const none = { otherRows: 0, shownAs: [], left: [], sweptTables: [], isSuppressed: false }
  const found = {
    stays: stays.length,
    queues: new Set(stays.map(({ queue_id }) => queue_id)).size,
    places,
    similar,
  }
  const phone = readPhoneNumber(number)
  const isWithoutCountry = stays.length === 0 && phone !== null && !hasCountryCode(phone)
  if (stays.length === 0 && (similar.length > 0 || (suppress && isWithoutCountry))) {
    return { ...found, ...none, outcome: 'unclear' }
  }
  if (places.length > 0 && !suppress) return { ...found, ...none, outcome: 'refused' }

  if (suppress) await recordSuppression(client, numberKeys, [number, ...spellings])
  await eraseNumbers(client, stays, `forgotten-${randomBytes(16).toString('hex')}`)
  const redactor = isWithoutCountry ? null : createRedactor([number, ...spellings])
  // A suppressed number is read again, and its calls must be recognised then.
  const callIdFor = replacementIds(suppress ? numberKeys : null, await concealedIdsOnRecord(client))
  const swept = redactor && (await sweep(client, redactor, callIdFor))
  const { changed = 0, tables = [], shownAs = [], left = [] } = swept ?? {}
  const isFound = stays.length + changed + left.length > 0
  return {
    ...found,
    outcome: shownAs.length > 0 ? 'refused' : isFound ? 'erased' : 'not_on_record',
    otherRows: changed,
    shownAs,
    left,
    isSuppressed: await isSuppressed(client, numberKeys, number),
    sweptTables: tables,
  }
}

async function findPlaces(client: Client, stays: readonly Stay[]): Promise<Place[]> {
  const { rows } = await client.query<Place>(
    `select q.queue_id as "queueId", q.name as "queueName", n.position, q.user_id as "userId", t.name as "teammateName"
     from allo.queue_entries e join allo.queue_numbers n using (queue_id, entry_id) join allo.queues q using (queue_id)
     left join allo.teammates t using (user_id)
     where e.entry_id = any ($1) and e.last_seen_at is null order by q.queue_id, n.position`,
    [stays.map(({ entry_id }) => entry_id)],
  )
  return rows
}

async function recordSuppression(
  client: Client,
  numberKeys: NumberKeys | null,
  spellings: readonly string[],
): Promise<void> {
  if (numberKeys === null) throw new Error('a number can’t be suppressed without a key')
  const keys = spellings.map((text) => suppressionKeys(text, numberKeys).at(-1))
  await client.query(
    `insert into allo.suppressed_numbers (number_key, suppressed_at)
     select distinct key, clock_timestamp() from unnest($1::text[]) key where key is not null
     on conflict do nothing`,
    [keys],
  )
}

async function isSuppressed(client: Client, numberKeys: NumberKeys | null, number: string): Promise<boolean> {
  const { rows } = await client.query(
    'select from allo.suppressed_numbers where number_key = any ($1) limit 1',
    [numberKeys === null ? [] : suppressionKeys(number, numberKeys)],
  )
  return rows.length > 0
}
