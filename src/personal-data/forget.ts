/**
 * Erases one number from the mirror and its history, in one transaction. No count changes: its entries, versions, dials
 * and the counts of its queues stay, without the number. Its entries share one random key, so they still belong
 * together. Digests computed from it are emptied, because digests of numbers can be reversed.
 *
 * Readings wait meanwhile. Afterwards they check which numbers are suppressed, so a reading that began before does not
 * bring the number back.
 */
import { randomBytes } from 'node:crypto'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { suppressionKeys } from '../snapshot/conceal.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { hasCountryCode, readPhoneNumber } from '../snapshot/phone-number.ts'
import { createRedactor } from '../snapshot/redact-number.ts'
import type { Client, Pool } from '../store/postgres/database.ts'
import { lockAll } from '../store/postgres/locks.ts'
import { anyOf, orm } from '../store/postgres/query.ts'
import { inYieldingTransaction } from '../store/postgres/yielding-transaction.ts'
import { type Entry, eraseNumbers } from '../store/reading/erase-numbers.ts'
import { queueEntries, queueNumbers, queues, suppressedNumbers, teammates } from '../store/schema.ts'
import { concealedIdsOnRecord, replacementIds } from './call-ids.ts'
import { findNumber } from './find-number.ts'
import { renewStatistics } from './renew-statistics.ts'
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
  const forgotten = await inYieldingTransaction(
    pool,
    'forgetting a number',
    async (client) => {
      await lockAll(client)
      await client.query('savepoint before_erasing')
      const result = await forget(client, forgetting)
      const isChange = result.outcome === 'erased' || result.outcome === 'not_on_record'
      if (!isChange) await client.query('rollback to savepoint before_erasing')
      return result
    },
    { rollback: dryRun },
  )
  const { sweptTables, ...result } = forgotten
  if (result.outcome === 'erased' && !dryRun) {
    await renewStatistics(pool, [queues, queueEntries, queueNumbers, ...sweptTables])
  }
  return result
}

async function forget(
  client: Client,
  { number, numberKeys, suppress }: Forgetting,
): Promise<Forgotten & { readonly sweptTables: readonly string[] }> {
  const { entries, spellings, similar } = await findNumber(client, number, numberKeys)
  const places = await findPlaces(client, entries)
  const none = { otherRows: 0, shownAs: [], left: [], sweptTables: [], isSuppressed: false }
  const found = {
    stays: entries.length,
    queues: new Set(entries.map(({ queueId }) => queueId)).size,
    places,
    similar,
  }
  const phone = readPhoneNumber(number)
  const isWithoutCountry = entries.length === 0 && phone !== null && !hasCountryCode(phone)
  if (entries.length === 0 && (similar.length > 0 || (suppress && isWithoutCountry))) {
    return { ...found, ...none, outcome: 'unclear' }
  }
  if (places.length > 0 && !suppress) return { ...found, ...none, outcome: 'refused' }

  if (suppress) await recordSuppression(client, numberKeys, [number, ...spellings])
  await eraseNumbers(client, entries, `forgotten-${randomBytes(16).toString('hex')}`)
  const redactor = isWithoutCountry ? null : createRedactor([number, ...spellings])
  // A suppressed number is read again, and its calls must be recognised then.
  const callIdFor = replacementIds(suppress ? numberKeys : null, await concealedIdsOnRecord(client))
  const swept = redactor && (await sweep(client, redactor, callIdFor))
  const { changed = 0, tables = [], shownAs = [], left = [] } = swept ?? {}
  const isFound = entries.length + changed + left.length > 0
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

async function findPlaces(client: Client, entries: readonly Entry[]): Promise<Place[]> {
  const isOneOfThem = sql`${queueEntries.entryId} ${anyOf(entries.map(({ entryId }) => entryId))}`
  return orm(client)
    .select({
      queueId: queues.queueId,
      queueName: queues.name,
      position: queueNumbers.position,
      userId: queues.userId,
      teammateName: teammates.name,
    })
    .from(queueEntries)
    .innerJoin(
      queueNumbers,
      and(eq(queueNumbers.queueId, queueEntries.queueId), eq(queueNumbers.entryId, queueEntries.entryId)),
    )
    .innerJoin(queues, eq(queues.queueId, queueNumbers.queueId))
    .leftJoin(teammates, eq(teammates.userId, queues.userId))
    .where(and(isOneOfThem, isNull(queueEntries.lastSeenAt)))
    .orderBy(queues.queueId, queueNumbers.position)
}

async function recordSuppression(
  client: Client,
  numberKeys: NumberKeys | null,
  spellings: readonly string[],
): Promise<void> {
  if (numberKeys === null) throw new Error('a number can’t be suppressed without a key')
  const keys = new Set(spellings.flatMap((text) => suppressionKeys(text, numberKeys).at(-1) ?? []))
  if (keys.size === 0) return
  const suppressedAt = sql`clock_timestamp()`
  await orm(client)
    .insert(suppressedNumbers)
    .values([...keys].map((numberKey) => ({ numberKey, suppressedAt })))
    .onConflictDoNothing()
}

async function isSuppressed(client: Client, numberKeys: NumberKeys | null, number: string): Promise<boolean> {
  const keys = numberKeys === null ? [] : suppressionKeys(number, numberKeys)
  const found = await orm(client)
    .select({ numberKey: suppressedNumbers.numberKey })
    .from(suppressedNumbers)
    .where(sql`${suppressedNumbers.numberKey} ${anyOf(keys)}`)
    .limit(1)
  return found.length > 0
}
