/**
 * A small team, its simulated Allo, an empty database and a mirror between them, for tests that make single changes and
 * check the tables. Teammates are read one after the other, in the order of `readingOrder`.
 *
 * At the end of each test the history is compared with the truth of the simulation, unless the test lets the API lie.
 */
import { afterAll, afterEach, beforeAll } from 'vitest'
import { pageSize } from '../../src/allo/client.ts'
import type { LookResult } from '../../src/live/look-at-teammate.ts'
import type { SyncResult } from '../../src/pass/run-in-process.ts'
import type { Move } from '../../src/simulation/moves.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../../src/simulation/server.ts'
import type { NumberRow } from '../../src/simulation/shapes.ts'
import { createWorld, type World, type WorldOptions } from '../../src/simulation/world.ts'
import { createTestDatabase, emptyTables, type TestDatabase } from './database.ts'
import { openMirror } from './mirror.ts'
import { loadRecorded, type Recorded } from './recorded.ts'
import { compareWithTruth } from './truth.ts'

export interface Stage {
  readonly world: World
  readonly simulated: SimulatedAllo
  readonly database: TestDatabase
  readonly apiKey: string
  /** A pass over everyone, or over these. Throws what stopped it. */
  pass(users?: readonly string[]): Promise<SyncResult>
  /** One look at the teammate, now. */
  look(userId: string, rank?: number): Promise<LookResult>
  /** Asks for the details of calls until none is due. */
  askCalls(): Promise<void>
  /** Makes these moves, in order. */
  apply(...moves: readonly Move[]): void
  /** The ids of those on record, in the order a pass reads them. */
  readingOrder(): Promise<string[]>
  recorded(): Promise<Recorded>
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>
  /** The team's ids, the owner of the key first. */
  readonly ids: readonly string[]
  /** From now on the API may show what is not so; history then can't be compared with the world. */
  letTheApiLie(): void
}

export interface StageOptions {
  readonly world?: Partial<WorldOptions>
  readonly env?: Readonly<Record<string, string>>
  /** Called just before a page of this teammate's queue is answered. */
  readonly beforePage?: (userId: string, world: World) => void
  /** Called as soon as a page of this teammate's queue has been made, from 1: before the next one is asked for. */
  readonly afterPage?: (page: number, userId: string, world: World) => void
  /** What the API shows instead of a row. A lie, if it differs. */
  readonly edit?: (row: NumberRow) => object
}

export async function queueOf(stage: Stage, queueId: string) {
  return (await stage.recorded()).queues.find(({ queue_id }) => queue_id === queueId)
}

export function currentQueue({ world }: Stage, userId: string): string {
  return world.currentQueue(userId)?.queue.id ?? ''
}

/** Who was on record with what, oldest first; `unconfirmed` where a second answer is still to come. */
export async function assignmentsOf(stage: Stage, userId: string): Promise<(string | null)[]> {
  const { assignments } = await stage.recorded()
  return assignments
    .filter(({ user_id }) => user_id === userId)
    .map(({ queue_id, valid_to, missing_since }) =>
      valid_to === null && missing_since !== null ? `${queue_id} unconfirmed` : queue_id,
    )
}

/** At the top of a test file: one database for all of it, emptied when a test opens its first stage. */
export function useStages(): (options?: StageOptions) => Promise<Stage> {
  const open: { close(): Promise<void> }[] = []
  let database: TestDatabase | undefined
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterEach(async () => {
    const closed = await Promise.allSettled(open.splice(0).map((stage) => stage.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  })
  afterAll(() => database?.drop())
  return async (options = {}) => {
    if (database === undefined) throw new Error('a stage is opened within a test')
    if (open.length === 0) await emptyTables(database.pool)
    const stage = await openStage(database, options)
    open.push(stage)
    return stage
  }
}

async function openStage(
  database: TestDatabase,
  options: StageOptions,
): Promise<Stage & { close(): Promise<void> }> {
  const { seed = 'stage' } = options.world ?? {}
  const apiKey = `ak_live_of_${seed}`
  const world = createWorld({ seed, teammates: 3, numbersPerQueue: 5, ...options.world })
  const simulated = await startSimulatedAllo({
    world: staged(world, options),
    apiKey,
    readsPerSecond: null,
    scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE', 'CONVERSATIONS_READ'],
  })
  const env = { ALLO_CONCURRENCY: '1', ...options.env }
  const mirror = await openMirror({ simulated, databaseUrl: database.url, apiKey, env })
  let isHonest = options.edit === undefined

  return {
    world,
    simulated,
    database,
    apiKey,
    ids: world.teammates().map(({ id }) => id),
    async pass(users = []) {
      const result = await mirror.pass({ users })
      if (result.stoppedBy !== null) throw result.stoppedBy
      return result
    },
    askCalls: () => mirror.askCalls(),
    look: (userId, rank) => mirror.look(world.team.id, userId, rank),
    apply(...moves) {
      for (const move of moves) world.apply(move)
    },
    async readingOrder() {
      const { rows } = await database.pool.query<{ user_id: string }>(
        'select user_id from allo.teammates order by user_id',
      )
      return rows.map(({ user_id }) => user_id)
    },
    recorded: () => loadRecorded(database.pool),
    sql: async <Row extends object>(text: string, values: unknown[] = []) =>
      (await database.pool.query<Row>(text, values)).rows,
    letTheApiLie() {
      isHonest = false
    },
    async close() {
      try {
        const { problems } = isHonest ? await compareWithTruth(database.pool, world.truth) : { problems: [] }
        if (problems.length > 0) throw new Error(`history is not true:\n${problems.join('\n')}`)
      } finally {
        await mirror.close()
        await simulated.close()
      }
    },
  }
}

function staged(world: World, { beforePage, afterPage, edit }: StageOptions): World {
  return {
    ...world,
    currentQueue(userId) {
      beforePage?.(userId, world)
      const current = world.currentQueue(userId)
      if (!current || (!edit && !afterPage)) return current
      const rows = (from = 0, count?: number) => {
        const page = current.rows(from, count)
        afterPage?.(from / pageSize + 1, userId, world)
        return edit ? page.map((row): NumberRow => Object.assign({ ...row }, edit(row))) : page
      }
      return { ...current, rows }
    },
  }
}
