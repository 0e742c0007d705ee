/**
 * The read budget of an API key, shared by all processes on this database, on the database's clock. Two rows hold it:
 * `read_slots` has the time of the next free slot, `api_keys` the end of the pause after a 429.
 *
 * It has its own connection and runs one statement at a time, because the pacer asks for one slot after the other. A
 * slot costs one small update of an unlogged table: no WAL but the commit record, which is not waited for.
 *
 * If the database's clock is set back, recorded times are too far ahead. They are dropped: a pause of more than a day,
 * and a slot further ahead than the slots of all processes together. A shorter pause from before the change is
 * recognised by the slots, because a slot is never earlier than the time at which a pause was recorded.
 */
import { createHash } from 'node:crypto'
import { eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { ReadBudget } from '../../allo/pacer.ts'
import { LONGEST_PAUSE_MS } from '../../allo/pause.ts'
import { inTransaction, openPool, type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { assign, change, maybeOne, orm, run } from '../postgres/query.ts'
import { apiKeys, readSlots } from '../schema.ts'

/** Identifies a key in the database without storing it. Keys are long and random, so a digest can't be reversed. */
export function keyFingerprint(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex').slice(0, 16)
}

export interface OpenReadBudget extends ReadBudget {
  close(): Promise<void>
}

const MANY_PROCESSES = 60
const LEAST_ROOM_MS = 60_000

const k = alias(apiKeys, 'k')
const s = alias(readSlots, 's')
const now = sql`clock_timestamp()`
const today = sql`(${now} at time zone 'UTC')::date`
const afterASecond = sql`${now} + interval '1 second'`

export async function openReadBudget(databaseUrl: string, fingerprint: string): Promise<OpenReadBudget> {
  const pool = openPool(databaseUrl, { max: 1, name: 'read budget' })
  /** How far ahead slots may be; grows with the interval at which they are taken. */
  let roomMs = LEAST_ROOM_MS

  async function pausedMs(): Promise<number> {
    for (;;) {
      const pause = await pauseOnRecord(pool, fingerprint, roomMs)
      if (pause === null) return 0
      if (!pause.isTooFarAhead) return pause.ms
      await dropWhatIsTooFarAhead(pool, fingerprint, roomMs)
    }
  }

  const guarded = <T>(work: () => Promise<T>) => withDatabaseErrors('reserving a read', work)
  await guarded(() => addMissingRows(pool, fingerprint))
  return {
    pausedMs: () => guarded(pausedMs),
    reserve: (intervalMs) =>
      guarded(async () => {
        roomMs = Math.max(intervalMs * MANY_PROCESSES, LEAST_ROOM_MS)
        for (;;) {
          const inMs = await takeSlot(pool, fingerprint, { intervalMs, roomMs })
          if (inMs !== null) return { inMs }
          const ms = await pausedMs()
          if (ms > 0) return { pausedMs: ms }
          await dropWhatIsTooFarAhead(pool, fingerprint, roomMs)
          await addMissingRows(pool, fingerprint)
        }
      }),
    pause: (forMs) =>
      guarded(async () => {
        await dropWhatIsTooFarAhead(pool, fingerprint, roomMs)
        await noteTheClock(pool, fingerprint)
        await recordPause(pool, fingerprint, forMs)
      }),
    close: () => pool.end(),
  }
}

/**
 * The pause that is on record; null: none, or it is over. `isTooFarAhead`: it was recorded before the database's clock
 * was set back.
 */
export async function pauseOnRecord(
  pool: Pool,
  fingerprint: string,
  roomMs = LEAST_ROOM_MS,
): Promise<{ ms: number; isTooFarAhead: boolean } | null> {
  return maybeOne(
    pool,
    sql`select (extract(epoch from ${k.pausedUntil} - ${now}) * 1000)::float8 as ms,
          ${isTooLong(k.pausedUntil)} or coalesce(${isTooFar(s.nextSlotAt, roomMs)}, false) as "isTooFarAhead"
        from ${apiKeys} ${k} left join ${readSlots} ${s} on ${s.keyFingerprint} = ${k.keyFingerprint}
        where ${k.keyFingerprint} = ${fingerprint} and ${k.pausedUntil} > ${now}`,
  )
}

/** Milliseconds from now. Null: there is a pause, a row is missing, or the clock was set back. */
async function takeSlot(
  pool: Pool,
  fingerprint: string,
  { intervalMs, roomMs }: { readonly intervalMs: number; readonly roomMs: number },
): Promise<number | null> {
  const interval = milliseconds(intervalMs)
  const [slot] = await run<{ ms: number }>(
    pool,
    sql`update ${readSlots} ${s}
        set ${assign(readSlots, { nextSlotAt: sql`greatest(${s.nextSlotAt}, ${now}) + ${interval}`, ...oneMore })}
        from ${apiKeys} ${k}
        where ${s.keyFingerprint} = ${fingerprint} and ${k.keyFingerprint} = ${fingerprint}
          and (${k.pausedUntil} is null or ${k.pausedUntil} <= ${now}) and not ${isTooFar(s.nextSlotAt, roomMs)}
        returning (extract(epoch from ${s.nextSlotAt} - ${interval} - ${now}) * 1000)::float8 as ms`,
  )
  return slot?.ms ?? null
}

/** A slot that a busy process missed counts too. */
const oneMore = {
  countedDay: today,
  countedRequests: sql`case when ${s.countedDay} = ${today} then ${s.countedRequests} else 0 end + 1`,
}

async function recordPause(pool: Pool, fingerprint: string, forMs: number): Promise<void> {
  await orm(pool)
    .update(apiKeys)
    .set({ pausedUntil: sql`greatest(${apiKeys.pausedUntil}, ${now} + ${milliseconds(forMs)})` })
    .where(eq(apiKeys.keyFingerprint, fingerprint))
}

/** Without spacing no slots are taken, so record the time here: otherwise a clock set back later is not noticed. */
async function noteTheClock(pool: Pool, fingerprint: string): Promise<void> {
  await change(
    pool,
    sql`update ${readSlots} ${s} set ${assign(readSlots, { nextSlotAt: now })}
        where ${s.keyFingerprint} = ${fingerprint} and ${s.nextSlotAt} < ${now}`,
  )
}

async function dropWhatIsTooFarAhead(pool: Pool, fingerprint: string, roomMs: number): Promise<void> {
  await inTransaction(pool, 'looking whether the clock was set back', async (client) => {
    const slots = await change(
      client,
      sql`update ${readSlots} ${s} set ${assign(readSlots, { nextSlotAt: afterASecond })}
          where ${s.keyFingerprint} = ${fingerprint} and ${isTooFar(s.nextSlotAt, roomMs)}`,
    )
    await change(
      client,
      sql`update ${apiKeys} ${k} set ${assign(apiKeys, { pausedUntil: null })}
          where ${k.keyFingerprint} = ${fingerprint} and ${slots > 0 ? sql`true` : isTooLong(k.pausedUntil)}`,
    )
  })
}

/**
 * At the first use of a key, or after a crash of Postgres, which empties an unlogged table. What was sent in the last
 * second is not known then, so the first slot comes after it.
 */
async function addMissingRows(pool: Pool, fingerprint: string): Promise<void> {
  await orm(pool).insert(apiKeys).values({ keyFingerprint: fingerprint }).onConflictDoNothing()
  await orm(pool)
    .insert(readSlots)
    .values({ keyFingerprint: fingerprint, nextSlotAt: afterASecond })
    .onConflictDoNothing()
}

function isTooLong(pausedUntil: typeof k.pausedUntil): SQL {
  return sql`(${pausedUntil} > ${now} + ${milliseconds(LONGEST_PAUSE_MS)})`
}

function isTooFar(nextSlotAt: typeof s.nextSlotAt, roomMs: number): SQL {
  return sql`(${nextSlotAt} > ${now} + ${milliseconds(roomMs)})`
}

function milliseconds(ms: number): SQL {
  return sql`make_interval(secs => ${ms / 1000})`
}
