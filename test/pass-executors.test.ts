/**
 * A pass has two executors: the loop of `sync`, and the jobs of the worker. The same faults through both leave the same
 * rows. Both read one teammate at a time here, so that the order is the same too.
 */
import type { Job } from 'bullmq'
import { pino } from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { AlloUnreachableError } from '../src/allo/errors.ts'
import { type OpenAllo, withAllo } from '../src/commands/open/allo.ts'
import { loadConfig } from '../src/config/config.ts'
import { notAsked, readingOf } from '../src/pass/failure.ts'
import { createLeaseKeeper } from '../src/pass/leases.ts'
import { noEffort, openRecord } from '../src/pass/pass-record.ts'
import { runInProcess, type SyncResult } from '../src/pass/run-in-process.ts'
import { followSideEffects } from '../src/pass/side-effects.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld, type World } from '../src/simulation/world.ts'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import { abandonPass, startPass } from '../src/store/pass/passes.ts'
import { openReadBudget } from '../src/store/pass/read-budget.ts'
import { recordTeam } from '../src/store/pass/teammates.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import type { SavedReading } from '../src/store/reading/reading.ts'
import { trackCredentials } from '../src/worker/credentials.ts'
import { createFailureLog } from '../src/worker/failure-log.ts'
import { openJobBackend } from '../src/worker/job-backend.ts'
import type { JobData } from '../src/worker/jobs.ts'
import { createMetrics } from '../src/worker/metrics.ts'
import { runReading } from '../src/worker/reading-job.ts'
import { type RunningWorker, startWorker } from '../src/worker/worker.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { until } from './support/worker.ts'

type Row = Readonly<Record<string, unknown>>

interface Scene {
  readonly api: SimulatedAllo
  readonly world: World
  readonly database: TestDatabase
  /** Of the teammates, in the order in which a pass reads them. */
  readonly ids: readonly string[]
}

interface Scenario {
  readonly teammates?: number
  readonly except?: (ids: readonly string[]) => readonly string[]
  /** What the API lists instead of the team. */
  readonly list?: (teammates: ReturnType<World['teammates']>) => ReturnType<World['teammates']>
  /** One step per pass: what goes wrong from then on. */
  readonly steps: readonly ((scene: Scene) => unknown)[]
}

const apiKey = 'ak_live_of_two_executors'
const numberKeys = createNumberKeys(Buffer.alloc(32, 7))
const cadence = { gapAfterSeconds: 600, staleAfterSeconds: 900 }
const everyone = { users: [], only: [], includeBlocked: true }
const scheduled = { teamId: 'team', trigger: 'schedule', version: 'test' } as const
const quick = { retries: 1, minMs: 1, maxMs: 2, throttled: { minMs: 1, maxMs: 100_000 } }
const open: { close(): Promise<unknown> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

const nothing = () => undefined

const scenarios: Readonly<Record<string, Scenario>> = {
  'passes without a fault': { steps: [nothing, nothing] },
  'a teammate with the queue of another': {
    steps: [({ api, ids }) => api.faults.add({ kind: 'wrong_owner', userId: ids[1] ?? '' })],
  },
  'HTTP 500 for one teammate': {
    steps: [({ api, ids }) => api.faults.add({ kind: 'server_error', userId: ids[1] ?? '' })],
  },
  'a teammate unknown to the API in two passes': {
    steps: [
      nothing,
      ({ api, ids }) => api.faults.add({ kind: 'assignee_not_found', userId: ids[1] ?? '' }),
      nothing,
    ],
  },
  'a key that is refused in the middle of a pass': {
    steps: [nothing, ({ api, ids }) => api.faults.add({ kind: 'key_invalid', userId: ids[1] ?? '' })],
  },
  'a key that is refused at once': {
    steps: [nothing, ({ api }) => api.faults.add({ kind: 'key_invalid', endpoint: 'me' })],
  },
  'a key that is refused at once, after a wait': {
    steps: [
      nothing,
      ({ api }) => {
        api.faults.add({ kind: 'rate_limited', endpoint: 'me', retryAfterSeconds: 1, times: 1 })
        api.faults.add({ kind: 'key_invalid', endpoint: 'me' })
      },
    ],
  },
  'no response for ten teammates in a row': {
    teammates: 13,
    steps: [({ api }) => api.faults.add({ kind: 'connection_reset', endpoint: 'queue' })],
  },
  'no response for nine teammates in a row': {
    teammates: 13,
    steps: [
      ({ api, ids }) => {
        const failing = ids.filter((_, index) => index !== 1 && index < 11)
        for (const userId of failing) api.faults.add({ kind: 'connection_reset', userId })
      },
    ],
  },
  'an API that is down': {
    steps: [nothing, ({ api }) => api.faults.add('connection_reset')],
  },
  'a 429 with a wait that is too long': {
    steps: [
      nothing,
      ({ api, ids }) =>
        api.faults.add({ kind: 'rate_limited', userId: ids[1] ?? '', retryAfterSeconds: 900, times: 1 }),
    ],
  },
  'a list with a row without an id': {
    list: (teammates) => teammates.map((one, index) => (index === 1 ? { ...one, id: '' } : one)),
    steps: [nothing, nothing],
  },
  "a list that can't be read": {
    steps: [nothing, ({ api }) => api.faults.add({ kind: 'server_error', endpoint: 'users' })],
  },
  'a list without an active teammate': { steps: [nothing, ({ api }) => api.faults.add('empty_users')] },
  'a teammate left out by configuration': {
    except: (ids) => ids.slice(2, 3),
    steps: [nothing, nothing],
  },
  'another team than the one on record': {
    steps: [nothing, ({ api }) => api.faults.add({ kind: 'no_team' })],
  },
  'a number key that was changed during the pass': {
    steps: [
      nothing,
      ({ database }) => database.pool.query(`update allo.settings set number_key_fingerprint = 'another'`),
    ],
  },
  'an internal error of Postgres for one teammate': {
    steps: [
      ({ database, ids }) =>
        database.pool.query(
          `create function break_down() returns trigger language plpgsql as
             $$ begin raise 'cache lookup failed' using errcode = 'XX000'; end $$;
           create trigger break_down before insert on allo.queues for each row
             when (new.user_id = '${ids[1]}') execute function break_down()`,
        ),
    ],
  },
  'surprises that Postgres refuses': {
    steps: [
      ({ api, database }) => {
        api.faults.add('unknown_values')
        return database.pool.query('alter table allo.sync_passes add check (surprises is null)')
      },
    ],
  },
  surprises: { steps: [({ api }) => api.faults.add('unknown_values'), nothing] },
}

describe('sync and the worker leave the same rows behind after', () => {
  test.for(Object.entries(scenarios))('%s', async ([, scenario]) => {
    const bySync = await rowsAfter(scenario, passesOfSync)
    const byWorker = await rowsAfter(scenario, passesOfWorker)
    expect(byWorker).toEqual(bySync)
    expect(bySync.sync_passes).toHaveLength(scenario.steps.length)
  })
})

test('ten teammates in a row without a response stop the pass, even if two workers read some of them each', async () => {
  const scenario = scenarios['no response for ten teammates in a row'] ?? { steps: [] }
  const { sync_passes, sync_reads = [] } = await rowsAfter(scenario, (scene) =>
    passesOfWorker(scene, scenario, { workers: 2 }),
  )
  expect(sync_passes).toMatchObject([{ status: 'failed', stop_status: 'error' }])
  expect(sync_reads).toHaveLength(13)
  const asked = sync_reads.filter(({ requests }) => requests !== 0)
  expect(asked.length).toBeGreaterThanOrEqual(10)
  // The other worker may have asked for one more by then.
  expect(asked.length).toBeLessThanOrEqual(11)
})

test('an internal error of Postgres fails one teammate and no other, and sync throws it at the end', async () => {
  const scenario = scenarios['an internal error of Postgres for one teammate'] ?? { steps: [] }
  const results: SyncResult[] = []
  const { sync_reads = [] } = await rowsAfter(scenario, (scene) =>
    passesOfSync(scene, scenario, nothing, (result) => results.push(result)),
  )
  expect(sync_reads.map(({ status }) => status).sort()).toEqual(['error', 'ok', 'ok', 'ok'])
  expect(results).toMatchObject([
    { status: 'partial', stoppedBy: null, bug: { code: 'database', exitCode: 70 } },
  ])
})

test.for([
  ['sync', passesOfSync],
  ['the worker', passesOfWorker],
] as const)('without the right to record readings, %s requests one queue and then stops', async ([, run]) => {
  let requests: SimulatedAllo['requests'] | null = null
  const scenario: Scenario = {
    steps: [
      async ({ api, database }) => {
        requests = api.requests
        // As Postgres says it.
        await database.pool.query(
          `create function refuse() returns trigger language plpgsql as
             $$ begin raise 'permission denied' using errcode = '42501'; end $$;
           create trigger refuse before insert on allo.sync_reads for each row execute function refuse()`,
        )
      },
    ],
  }
  const { sync_passes } = await rowsAfter(scenario, run)
  expect(sync_passes).toMatchObject([{ status: 'failed', error_code: 'database', stop_status: 'error' }])
  const paths = (requests as SimulatedAllo['requests'] | null)?.list().map(({ path }) => path) ?? []
  expect(paths.filter((path) => path.endsWith('/current'))).toHaveLength(1)
})

test('sync reports a refused key with the teammate where it was refused, and not again for each teammate not reached', async () => {
  const reported: SavedReading[] = []
  const scenario: Scenario = {
    steps: [({ api, ids }) => api.faults.add({ kind: 'key_invalid', userId: ids[1] ?? '' })],
  }
  const { sync_reads } = await rowsAfter(scenario, (scene) =>
    passesOfSync(scene, scenario, (reading) => reported.push(reading)),
  )
  expect(reported.map(({ status }) => status)).toEqual(['ok', 'forbidden'])
  expect(sync_reads).toHaveLength(4)
})

test('a response that came too late counts as a response, and ends a series of teammates without one', async () => {
  const database = await createTestDatabase()
  open.push({ close: () => database.drop() })
  const { pool } = database
  await recordTeam(pool, { teamId: 'team', name: null }, 'key')
  const passId = await startPass(pool, { ...scheduled, isWholeTeam: true })
  const record = openRecord(pool, numberKeys, { passId, teamId: 'team' })
  const failure = readingOf(new AlloUnreachableError({ asked: 'queue', issue: 'reset', wayOut: '' }))
  const late = { ...failure, status: 'skipped', code: 'overtaken', message: 'a newer reading' } as const
  for (const result of [failure, late, failure, failure, notAsked])
    await record.save(`usr-${Math.random()}`, result, noEffort)
  expect(await record.unreachableInARow(10)).toBe(2)
})

test('a pass that its job begins again is over the whole team if the team is known this time', async () => {
  const database = await createTestDatabase()
  open.push({ close: () => database.drop() })
  const { pool } = database
  await recordTeam(pool, { teamId: 'team', name: null }, 'key')
  const first = await startPass(pool, { ...scheduled, isWholeTeam: false, jobId: 'tick' })
  expect(await startPass(pool, { ...scheduled, isWholeTeam: true, jobId: 'tick' })).toBe(first)
  const { rows } = await pool.query('select is_whole_team from allo.sync_passes')
  expect(rows).toEqual([{ is_whole_team: true }])
})

test('a job left over from a closed pass does not take waits and surprises from the running pass', async () => {
  const database = await createTestDatabase()
  open.push({ close: () => database.drop() })
  const { pool } = database
  await recordTeam(pool, { teamId: 'team', name: null }, 'key')
  const closed = await startPass(pool, { ...scheduled, isWholeTeam: true })
  await abandonPass(pool, closed, 'its job is gone')
  const running = await startPass(pool, { ...scheduled, isWholeTeam: true })
  const scene = {
    api: await startSimulatedAllo({
      world: createWorld({ seed: 'left over', teammates: 1 }),
      apiKey,
      readsPerSecond: null,
    }),
    database,
  }
  open.push(scene.api)
  await withSimulated(scene, async (allo) => {
    const surprises = [{ where: 'queue', what: 'a new field' }]
    const pacer = { throttledMs: 900, forgetThrottling: () => (pacer.throttledMs = 0) }
    const log = { renew: nothing, take: () => surprises.splice(0) }
    const sideEffects = followSideEffects({ pacer, surprises: log })
    sideEffects.enter(running)
    pacer.throttledMs = 700
    const context = { ...contextOf(allo, pool), sideEffects, choice: { ...everyone, except: [] } }
    const data = { passId: closed, teamId: 'team', userId: 'usr-1' }
    await runReading(context, { data, opts: {} } as Job<JobData>, new AbortController().signal)
    await sideEffects.tell(openRecord(pool, null, { passId: running, teamId: 'team' }), nothing)
    const { rows } = await pool.query(
      'select throttled_ms, surprises from allo.sync_passes where pass_id = $1',
      [running],
    )
    expect(rows).toEqual([{ throttled_ms: 700, surprises: [{ where: 'queue', what: 'a new field' }] }])
  })
})

async function rowsAfter(
  scenario: Scenario,
  run: (scene: Scene, scenario: Scenario) => Promise<void>,
): Promise<Readonly<Record<string, readonly Row[]>>> {
  const { teammates = 4, list } = scenario
  const world = createWorld({ seed: 'executors', teammates, numbersPerQueue: 6 })
  const shown = list === undefined ? world : { ...world, teammates: () => list(world.teammates()) }
  const api = await startSimulatedAllo({ world: shown, apiKey, readsPerSecond: null })
  open.push(api)
  const database = await createTestDatabase()
  open.push({ close: () => database.drop() })
  await database.pool.query('update allo.settings set number_key_fingerprint = $1', [numberKeys.fingerprint])
  const ids = world.teammates().map(({ id }) => id)
  await run({ api, world, database, ids: ids.sort() }, scenario)
  return comparableRows(database)
}

function choiceOf({ ids }: Scene, { except }: Scenario) {
  return { ...everyone, except: except?.(ids) ?? [] }
}

function withSimulated<T>(
  { api, database }: Pick<Scene, 'api' | 'database'>,
  work: Parameters<typeof withAllo<T>>[2],
): Promise<T> {
  const config = loadConfig({
    ALLO_API_KEY: apiKey,
    ALLO_API_URL: api.url,
    ALLO_READS_PER_SECOND: 'unlimited',
    DATABASE_URL: database.url,
  })
  const openBook = (fingerprint: string) => openReadBudget(database.url, fingerprint)
  return withAllo(config, openBook, work, { maxThrottledMs: 2000, retry: quick })
}

function passesOfSync(
  scene: Scene,
  scenario: Scenario,
  teammateRead: (reading: SavedReading) => unknown = nothing,
  onResult: (result: SyncResult) => unknown = nothing,
): Promise<void> {
  const { pool } = scene.database
  const observer = { passStarted: nothing, teammateRead, warn: nothing }
  return withSimulated(scene, async (allo) => {
    for (const prepare of scenario.steps) {
      await prepare(scene)
      const deps = { ...allo, pool, numberKeys, observer, version: 'test', concurrency: () => 1 }
      const options = { ...choiceOf(scene, scenario), trigger: 'manual', dryRun: false, cadence } as const
      // What keeps a pass from beginning is thrown, and stands in its row.
      await runInProcess(deps, options).then(onResult, nothing)
    }
  })
}

function passesOfWorker(scene: Scene, scenario: Scenario, { workers = 1 } = {}): Promise<void> {
  const { pool, url } = scene.database
  return withSimulated(scene, async (allo) => {
    const jobs = await openJobBackend({ redisUrl: null, databaseUrl: url }, nothing)
    const context = { ...contextOf(allo, pool), choice: choiceOf(scene, scenario) }
    const schedule = { everyMs: 86_400_000 }
    const settings = { schedule, readingsAtOnce: 1, live: null, calls: null, shutdownTimeoutMs: 5000 }
    const started: RunningWorker[] = []
    try {
      for (const [index, prepare] of scenario.steps.entries()) {
        await prepare(scene)
        // The first pass begins by itself.
        if (index > 0) await started[0]?.passes.addBulk([{ name: 'pass', data: {}, opts: {} }])
        else while (started.length < workers) started.push(await startWorker(context, jobs, settings))
        await until('the pass is over', async () => {
          const { rows } = await pool.query(`select from allo.sync_passes where status <> 'running'`)
          return rows.length > index
        })
      }
    } finally {
      for (const worker of started) await worker.stop()
      await jobs.close()
    }
  })
}

function contextOf(allo: OpenAllo, pool: Pool) {
  return {
    ...allo,
    pool,
    numberKeys,
    leases: createLeaseKeeper(pool),
    sideEffects: followSideEffects(allo),
    cadence: () => cadence,
    // No time for a second try.
    secondsToNextRun: () => 0,
    failures: createFailureLog(pino({ level: 'silent' })),
    credentials: trackCredentials(nothing),
    metrics: createMetrics(),
    logger: pino({ level: 'silent' }),
    version: 'test',
  }
}

const tables = [
  ...['sync_passes', 'sync_reads', 'teammates', 'queues', 'queue_numbers', 'queue_entries', 'queue_versions'],
  ...['queue_number_versions', 'queue_assignments', 'queue_snapshots', 'dials', 'reading_gaps'],
]

/** Without ids of ours and without times: of those only whether there is one. */
async function comparableRows({ pool }: TestDatabase): Promise<Record<string, readonly Row[]>> {
  const found: Record<string, readonly Row[]> = {}
  for (const table of tables) {
    const { rows } = await pool.query<{ row: Row }>(`select to_jsonb(t) as row from allo.${table} t`)
    const comparable = rows.map(({ row }) => comparableRow(row))
    found[table] = comparable.sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)))
  }
  return found
}

/** Of the executor, or by chance: which job, how long, which id a request had. */
const incomparable =
  /^(pass_id|missing_pass_id|entry_id|dial_id|job_id|trigger|duration_ms|content_digest|membership_digest|rows_mark|row_digest)$/
const onlyWhether = /(_at|_since|_from|^valid_to|^gap_to|_after|_date|_ms|_request_id)$/

function comparableRow(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => !incomparable.test(name))
      .map(([name, value]) => [name, comparableValue(name, value)]),
  )
}

function comparableValue(name: string, value: unknown): unknown {
  if (onlyWhether.test(name)) return value !== null && value !== 0
  if (typeof value !== 'string') return value
  return value.replace(/\(request [^)]+\)/g, '(request)').replace(/UND_ERR_SOCKET|ECONNRESET/g, 'reset')
}
