/**
 * A simulated team whose API is recorded: what it showed of each teammate at each successful reading, and the time of
 * that reading in the database. Reports are compared with these records, without any computation of the program
 * between.
 *
 * A queue must fit in one page: the last response of a reading is then the reading.
 */
import { pageSize } from '../../src/allo/client.ts'
import type { SyncResult } from '../../src/pass/run-in-process.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../../src/simulation/server.ts'
import type { NumberRow, QueueRow } from '../../src/simulation/shapes.ts'
import type { TimestampStyle } from '../../src/simulation/timestamps.ts'
import { createWorld, type World, type WorldOptions } from '../../src/simulation/world.ts'
import type { TestDatabase } from './database.ts'
import { openMirror } from './mirror.ts'

/** All instants are whole microseconds since 1970, by the database's clock. */
export interface Sighting {
  readonly passId: string
  readonly userId: string
  readonly status: 'ok' | 'no_queue' | 'not_found'
  readonly at: number
  /** Null unless the status is `ok`. */
  readonly queue: Seen | null
  /** The next reading leaves a gap, however soon it comes. */
  readonly isFollowedByGap: boolean
}

export interface Seen {
  readonly queueId: string
  readonly settings: QueueRow
  readonly rows: readonly NumberRow[]
}

/** A reading that gave nothing. */
export interface Failure {
  readonly userId: string
  readonly status: string
  readonly at: number
}

/** What the reports said of now, right after a pass. */
export interface Said {
  readonly at: number
  readonly teammates: readonly TeammateSaid[]
  readonly queues: readonly { readonly queue_id: string; readonly queue_state: string }[]
}

export interface TeammateSaid {
  readonly user_id: string
  readonly queue_state: string
  readonly queue_id: string | null
  readonly numbers: number | null
  readonly remaining: number | null
}

export interface Witness {
  readonly world: World
  readonly simulated: SimulatedAllo
  /** In the order of observation. */
  readonly sightings: readonly Sighting[]
  readonly failures: readonly Failure[]
  readonly passes: readonly SyncResult[]
  /** After each pass. */
  readonly said: readonly Said[]
  /** A pass over everyone; `isFollowedByGap`: whatever is read next comes late. */
  pass(options?: { readonly isFollowedByGap?: boolean }): Promise<SyncResult>
  close(): Promise<void>
}

export async function openWitness(
  { pool, url }: Pick<TestDatabase, 'pool' | 'url'>,
  options: {
    readonly world: WorldOptions
    readonly timestamps?: TimestampStyle
    readonly env?: Readonly<Record<string, string>>
  },
): Promise<Witness> {
  const world = createWorld({ timestampPrecision: 'microsecond', ...options.world })
  const apiKey = `ak_live_of_${options.world.seed}`
  const shown = new Map<string, Seen | null>()
  const simulated = await startSimulatedAllo({
    world: watched(world, shown),
    apiKey,
    readsPerSecond: null,
    timestamps: options.timestamps ?? 'naive',
    seed: options.world.seed,
  })
  const mirror = await openMirror({ simulated, databaseUrl: url, apiKey, env: options.env ?? {} })
  const sightings: Sighting[] = []
  const failures: Failure[] = []
  const passes: SyncResult[] = []
  const said: Said[] = []

  return {
    world,
    simulated,
    sightings,
    failures,
    passes,
    said,
    async pass({ isFollowedByGap = false } = {}) {
      const cadence = { gapAfterSeconds: isFollowedByGap ? 0 : 600, staleAfterSeconds: 900 }
      const result = await mirror.pass({ cadence })
      passes.push(result)
      const { rows } = await pool.query<{ user_id: string; status: string; queue_id: string; at: number }>(
        `select user_id, status, queue_id, (extract(epoch from observed_at) * 1000000)::float8 as at
         from allo.sync_reads where pass_id = $1 order by observed_at`,
        [result.passId],
      )
      for (const { user_id: userId, status, queue_id, at } of rows) {
        if (status !== 'ok' && status !== 'no_queue' && status !== 'not_found') {
          failures.push({ userId, status, at })
          continue
        }
        const queue = status === 'ok' ? (shown.get(userId) ?? null) : null
        if (status === 'ok' && queue?.queueId !== queue_id)
          throw new Error(`${userId} was not shown ${queue_id}`)
        sightings.push({ passId: result.passId ?? '', userId, status, at, queue, isFollowedByGap })
      }
      sightings.sort((a, b) => a.at - b.at)
      said.push(await askAboutNow(pool, world.team.id))
      return result
    },
    async close() {
      await mirror.close()
      await simulated.close()
    },
  }
}

async function askAboutNow(pool: TestDatabase['pool'], teamId: string): Promise<Said> {
  const { rows: clock } = await pool.query<{ at: number }>(
    `select (extract(epoch from clock_timestamp()) * 1000000)::float8 as at`,
  )
  const { rows: teammates } = await pool.query<TeammateSaid>(
    `select user_id, queue_state, queue_id, numbers, remaining from reporting.teammates where team_id = $1`,
    [teamId],
  )
  const { rows: queues } = await pool.query<{ queue_id: string; queue_state: string }>(
    'select queue_id, queue_state from reporting.queues where team_id = $1',
    [teamId],
  )
  return { at: clock[0]?.at ?? 0, teammates, queues }
}

/** Keeps what is answered about each teammate, latest. */
function watched(world: World, shown: Map<string, Seen | null>): World {
  return {
    ...world,
    currentQueue(userId) {
      const current = world.currentQueue(userId)
      if (current && current.size > pageSize) throw new Error('a queue must fit one page')
      shown.set(
        userId,
        current ? { queueId: current.queue.id, settings: current.queue, rows: current.rows() } : null,
      )
      return current
    },
  }
}
