/** Tells how soon dials of the simulated team are visible in schema `reporting`. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Dial } from '../../simulation/timeline.ts'
import type { World } from '../../simulation/world.ts'
import { openPool, type Pool, withDatabaseErrors } from '../../store/postgres/database.ts'

const POLL_EVERY_MS = 100

/**
 * Waits until `count` dials that are made from now on are visible, and tells of each as soon as it is. The time is from
 * the exact moment of the dial until another connection read it. Rejects with DatabaseError, or the reason of `signal`.
 */
export async function tellDials(options: {
  readonly url: string
  readonly world: World
  readonly count: number
  readonly tell: (line: string) => void
  readonly signal: AbortSignal
}): Promise<void> {
  const { url, world, count, tell, signal } = options
  const pool = openPool(url, { max: 1, name: 'demo' })
  const { truth } = world
  const made = truth.dials().length
  const told = new Set<Readonly<Dial>>()
  try {
    while (told.size < count) {
      const visible = await visibleDials(pool)
      const seenAt = truth.now()
      for (const dial of truth.dials().slice(made)) {
        if (told.size >= count || told.has(dial) || !visible.has(keyOf(dial.userId, dial.call_start_date)))
          continue
        told.add(dial)
        const name = world.teammates().find(({ id }) => id === dial.userId)?.name
        tell(`${name} dials: visible after ${((seenAt - dial.at) / 1000).toFixed(1)} s`)
      }
      await sleep(POLL_EVERY_MS, undefined, { signal })
    }
  } finally {
    await pool.end()
  }
}

/** Of the last minutes. A rep begins at most one call in a second. */
async function visibleDials(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await withDatabaseErrors('reading dials', () =>
    pool.query<{ user_id: string; started_at: string }>(
      `select user_id, to_char(dialled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') as started_at
       from reporting.dials where counted_at > now() - interval '5 minutes'`,
    ),
  )
  return new Set(rows.map(({ user_id, started_at }) => keyOf(user_id, started_at)))
}

function keyOf(userId: string, startedAt: string | null): string {
  return `${userId} ${startedAt}`
}
