/**
 * Runs workers on a changing team while everything around them fails. Then compares the database with the truth of the
 * simulation: at every recorded reading, and at the end, when all faults are over.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../src/errors.ts'
import { type FaultKind, TRANSIENT_FAULTS } from '../src/simulation/faults.ts'
import { createRandom } from '../src/simulation/random.ts'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { migrateDatabase } from '../src/store/migrate/migrate.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import { type EndingsWatch, watchEndings } from '../test/support/endings.ts'
import { startPrivatePostgres } from '../test/support/private-postgres.ts'
import { startTestRedis } from '../test/support/redis.ts'
import { compareMirrorWithSource, findUnsettled } from '../test/support/source.ts'
import { compareWithTruth } from '../test/support/truth.ts'
import { until } from '../test/support/worker.ts'
import { makeTrouble } from './troubles.ts'
import { superviseWorkers } from './workers.ts'

export interface ChaosOptions {
  readonly seconds: number
  readonly seed: string
  readonly backend: 'redis' | 'postgres'
  /** As SYNC_EVERY. Looks are made between passes: with passes every two seconds there are few. */
  /** Seconds between two scheduled passes. */
  readonly syncEvery: number
  readonly say?: (line: string) => void
}

export interface ChaosReport {
  readonly troubles: Readonly<Record<string, number>>
  readonly apiFaults: Readonly<Partial<Record<FaultKind, number>>>
  readonly moves: number
  readonly workersStarted: number
  readonly passes: Readonly<Record<string, number>>
  readonly readings: number
  /** Looks that changed something, and passes that looks requested. */
  readonly looks: Readonly<Record<string, number>>
  readonly endings: number
  /** Recorded ends that were wrong, but that no reader could have detected. */
  readonly excusedEndings: number
  readonly falseStates: readonly string[]
  readonly falseEndings: readonly string[]
  readonly duplicates: readonly string[]
  /** Workers that ended unexpectedly, too late or with the wrong code, or wrote to stderr. */
  readonly complaints: readonly string[]
  /** Time between the ends of two passes that read any teammate. */
  readonly longestGapMs: number
  /** Time from the last fault to the end of the first later pass that read everyone. */
  readonly recoveredAfterMs: number
}

/** Null: no Redis is available. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport | null> {
  const { backend } = options
  const redis = backend === 'redis' ? await startTestRedis() : null
  if (backend === 'redis' && redis === null) return null
  const postgres = await startPrivatePostgres()
  try {
    return await run(options, { postgres, redis })
  } finally {
    await redis?.stop()
    await postgres.stop()
  }
}

type Servers = Pick<Parameters<typeof makeTrouble>[0], 'postgres' | 'redis'>

const QUIET_PASSES = 4
/** Beside the time between the passes. */
const RECOVERS_WITHIN_MS = 120_000
/** A short run on a slow machine continues until it has had this many faults. */
const MIN_TROUBLES = 5

/** Retryable faults, and responses that are completely wrong: the reading must fail or be retried. */
const FAULTS: readonly FaultKind[] = [
  ...TRANSIENT_FAULTS,
  'invalid_json',
  'no_answer',
  'lost_row',
  'duplicated_row',
  'repeated_page',
  'total_count_wrong',
  'not_found_html',
]

async function run(
  { seconds, seed, syncEvery, say }: ChaosOptions,
  { postgres, redis }: Servers,
): Promise<ChaosReport> {
  const random = createRandom(`troubles ${seed}`)
  const world = createWorld({
    seed,
    teammates: 9,
    blocked: 1,
    withoutQueue: 2,
    numbersPerQueue: [40, 260],
    calledBefore: 0.3,
    renumberOnRemoval: 'mixed',
    pace: {
      reset: 1.5,
      reassign: 1,
      swap: 0.8,
      leave: 0.4,
      return: 0.6,
      remove_queue: 0.4,
      restore_queue: 0.4,
    },
  })
  const apiKey = 'ak_live_of_chaos'
  const api = await startSimulatedAllo({ world, apiKey, readsPerSecond: null, latencyMs: [0, 20], seed })
  await migrateDatabase(postgres.url)
  const pool = openPool(postgres.url, { max: 4, name: 'chaos' })
  const endings = await watchEndings(pool, world.truth)
  const workers = superviseWorkers(
    {
      apiKey,
      apiUrl: api.url,
      databaseUrl: postgres.url,
      redisUrl: redis?.url ?? null,
      env: {
        SYNC_EVERY: `${syncEvery}s`,
        ALLO_REQUEST_TIMEOUT_MS: '2000',
        LIVE_BUDGET_SHARE: '100%',
        NUMBER_KEY: 'c4a05c4a05c4a05c'.repeat(4),
      },
    },
    createRandom(`restarts ${seed}`),
  )
  const watch = watchPasses(pool, endings)
  const troubles: Record<string, number> = {}
  try {
    api.change({ movesBetweenPages: 0.8, movesInThatQueue: 0.5 })
    api.faults.chaos({ seed, probability: 0.02, kinds: FAULTS })
    const moving = setInterval(() => world.act(3), 500)
    await watch.untilPassed(1, syncEvery)
    const deadline = performance.now() + seconds * 1000
    for (let made = 0; made < MIN_TROUBLES || performance.now() < deadline; made += 1) {
      await sleep(random.int(500, 5000))
      const name = await makeTrouble(
        { ...workers, postgres, redis, faults: api.faults, withoutPostgres: watch.pausedWhile },
        random,
      )
      troubles[name] = (troubles[name] ?? 0) + 1
      say?.(`${Math.round((deadline - performance.now()) / 1000)} s left: ${name}`)
    }
    clearInterval(moving)
    api.change({ movesBetweenPages: 0 })
    api.faults.clear()
    const quietSince = performance.now()
    // What was found until then is told all the same.
    const neverWell = await watch.untilPassed(QUIET_PASSES, syncEvery).then(
      () => [],
      (error: unknown) => [`not well again: ${messageOf(error)}`],
    )
    const recoveredAfterMs = watch.firstGoodAt() - quietSince
    await workers.stop()
    await watch.stop()
    watch.falseEndings.push(...(await endings.look()))

    const unsettled = [...(await findUnsettled(pool, world)), ...(await compareMirrorWithSource(pool, world))]
    const { readings, problems } = await compareWithTruth(pool, world.truth)
    return {
      troubles,
      apiFaults: api.faults.injected(),
      moves: world.truth.moves().length,
      workersStarted: workers.started,
      passes: await countPasses(pool),
      readings,
      looks: await countLooks(pool),
      endings: endings.endings,
      excusedEndings: endings.excused,
      falseStates: [...problems, ...unsettled],
      falseEndings: watch.falseEndings,
      duplicates: await findDuplicates(pool),
      complaints: [...workers.complaints, ...neverWell],
      longestGapMs: await longestGapMs(pool),
      recoveredAfterMs,
    }
  } finally {
    await workers.stop()
    await watch.stop()
    await api.close()
    await pool.end()
  }
}

/** Watches passes and ends while Postgres is up. */
function watchPasses(pool: Pool, endings: EndingsWatch) {
  const falseEndings: string[] = []
  let lastSeen = 0
  let busy: Promise<void> = Promise.resolve()
  let isStopped = false
  let firstGoodAt = 0
  let goodInARow = 0
  let notBefore = 0

  const exclusive = (work: () => Promise<void>): Promise<void> => {
    busy = busy.then(work, work)
    return busy
  }
  const look = async () => {
    falseEndings.push(...(await endings.look()))
    const { rows } = await pool.query<{ is_good: boolean; seen: number; started_at: number }>(
      `select status = 'ok' as is_good, (extract(epoch from finished_at) * 1000000)::float8 as seen,
         (extract(epoch from started_at) * 1000)::float8 as started_at
       from allo.sync_passes where trigger <> 'look' and finished_at > to_timestamp($1::float8 / 1000000) + interval '0.5 microsecond'
       order by finished_at`,
      [lastSeen],
    )
    for (const { is_good, seen, started_at } of rows) {
      lastSeen = seen
      if (!is_good || started_at < notBefore) continue
      if (goodInARow === 0) firstGoodAt = performance.now()
      goodInARow += 1
    }
  }
  const watching = (async () => {
    while (!isStopped) {
      await exclusive(() => look().catch(() => undefined))
      await sleep(200)
    }
  })()

  return {
    falseEndings,
    firstGoodAt: () => firstGoodAt,
    pausedWhile: exclusive,
    /** Resolves when this many passes that began later have read everyone. */
    async untilPassed(count: number, everySeconds: number) {
      notBefore = performance.timeOrigin + performance.now()
      goodInARow = 0
      await until(
        `${count} good passes`,
        () => goodInARow >= count,
        RECOVERS_WITHIN_MS + count * everySeconds * 1000,
      )
    },
    async stop() {
      isStopped = true
      await watching
    },
  }
}

async function countPasses(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ status: string; count: number }>(
    `select status || coalesce(' (' || error_code || ')', '') as status, count(*)::int from allo.sync_passes
     where trigger <> 'look' group by 1 order by 2 desc`,
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

async function longestGapMs(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ ms: number | null }>(
    `select (extract(epoch from max(gap)) * 1000)::float8 as ms from (
       select finished_at - lag(finished_at) over (order by finished_at) as gap from allo.sync_passes
       where trigger <> 'look' and status in ('ok', 'partial')) gaps`,
  )
  return rows[0]?.ms ?? Number.POSITIVE_INFINITY
}

/** By outcome. A version that no reading opened is of a look. */
async function countLooks(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ outcome: string; count: number }>(
    `select 'changed' as outcome, count(distinct (queue_id, valid_from))::int as count
     from allo.queue_number_versions v where not exists (
       select from allo.sync_reads r where r.queue_id = v.queue_id and r.observed_at = v.valid_from)
     union all
     select 'requested a pass: ' || coalesce(error_code, status), count(*)::int
     from allo.sync_passes where trigger = 'look' group by 1`,
  )
  return Object.fromEntries(rows.map(({ outcome, count }) => [outcome, count]))
}

/** Finds equal neighbouring versions, as a reading stored twice would leave. */
async function findDuplicates(pool: Pool): Promise<string[]> {
  const { rows } = await pool.query<{ what: string }>(
    `with contents as (
       select entry_id, valid_from, valid_to,
         to_jsonb(v) - array['valid_from', 'valid_to', 'changed_after', 'end_reason'] as content
       from allo.queue_number_versions v
     )
     select format('entry %s has the same version twice in a row, at %s', entry_id, valid_from) as what from (
       select *, lag(content) over entry as before, lag(valid_to) over entry as ended from contents
       window entry as (partition by entry_id order by valid_from)) w
     where content = before and valid_from = ended
     union all
     select format('passes %s and %s of the schedule ran at once', a.pass_id, b.pass_id)
     from allo.sync_passes a join allo.sync_passes b on a.trigger = 'schedule' and b.trigger = 'schedule'
       and a.team_id = b.team_id and a.pass_id < b.pass_id
       and b.started_at < coalesce(a.finished_at, 'infinity')`,
  )
  return rows.map(({ what }) => what)
}
