/**
 * The read budget of an API key, shared by every process on this database: one row that says when the next request
 * may go, and until when everyone pauses. On the database's clock, over a connection of its own, one statement at a
 * time (the pacer asks for one slot after the other).
 *
 * A slot costs the database one small update in an unlogged table: no WAL but the commit, which nobody waits for.
 */
import { createHash } from 'node:crypto'
import type { SlotBook } from '../../allo/pacer.ts'
import { openPool, withDatabaseErrors } from '../postgres/database.ts'

/** Names a key in the database without holding it: keys are long and random, so a digest tells nothing. */
export function keyFingerprint(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex').slice(0, 16)
}

export interface ReadBudget extends SlotBook {
  close(): Promise<void>
}

/**
 * What is further ahead was written before the database's clock was set back. A pause is a day at most; a slot is as
 * far ahead as there are processes, since each holds one.
 */
const LONGEST_PAUSE = `interval '1 day'`
const MANY_PROCESSES = 60
const LEAST_ROOM_SECONDS = 60

export async function openReadBudget(databaseUrl: string, fingerprint: string): Promise<ReadBudget> {
  const pool = openPool(databaseUrl, { max: 1, name: 'read budget' })
  const query = <Row extends object>(sql: string, values: unknown[]) =>
    withDatabaseErrors('reserving a read', () => pool.query<Row>(sql, values))

  /** Without its slots row (first use, or an unlogged table emptied by a crash) the last second is unknown: wait it out. */
  const ensureRows = () =>
    query(
      `with key as (
         insert into allo.api_keys (key_fingerprint) values ($1) on conflict do nothing
       )
       insert into allo.read_slots (key_fingerprint, next_slot_at)
       values ($1, clock_timestamp() + interval '1 second') on conflict do nothing`,
      [fingerprint],
    )

  const pausedMs = async () => {
    const { rows } = await query<{ ms: number }>(
      `select greatest(extract(epoch from paused_until - clock_timestamp()) * 1000, 0)::float8 as ms
       from allo.api_keys where key_fingerprint = $1 and paused_until > clock_timestamp()
         and paused_until <= clock_timestamp() + ${LONGEST_PAUSE}`,
      [fingerprint],
    )
    return rows[0]?.ms ?? 0
  }

  await ensureRows()
  return {
    pausedMs,
    async reserve(intervalMs) {
      for (;;) {
        const { rows } = await query<{ ms: number }>(
          `update allo.read_slots s
           set next_slot_at = make_interval(secs => $2) + case
             when s.next_slot_at > clock_timestamp()
               + make_interval(secs => greatest($2 * ${MANY_PROCESSES}, ${LEAST_ROOM_SECONDS}))
             then clock_timestamp() + interval '1 second' else greatest(s.next_slot_at, clock_timestamp()) end
           from allo.api_keys k
           where s.key_fingerprint = $1 and k.key_fingerprint = $1
             and (k.paused_until is null or k.paused_until <= clock_timestamp()
               or k.paused_until > clock_timestamp() + ${LONGEST_PAUSE})
           returning (extract(epoch from s.next_slot_at - clock_timestamp()) - $2)::float8 * 1000 as ms`,
          [fingerprint, intervalMs / 1000],
        )
        if (rows[0] !== undefined) return { inMs: rows[0].ms }
        const ms = await pausedMs()
        if (ms > 0) return { pausedMs: ms }
        await ensureRows()
      }
    },
    async pause(forMs) {
      await query(
        `update allo.api_keys set paused_until =
           greatest(case when paused_until <= clock_timestamp() + ${LONGEST_PAUSE} then paused_until end,
             clock_timestamp() + make_interval(secs => $2)) where key_fingerprint = $1`,
        [fingerprint, forMs / 1000],
      )
    },
    close: () => pool.end(),
  }
}
