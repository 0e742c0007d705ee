/** Retention: what is erased by age, what stays for ever, and what later readings record. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pino } from 'pino'
import { afterAll, describe, expect, test } from 'vitest'
import { forgetNumber } from '../src/personal-data/forget.ts'
import { type Retention, retain } from '../src/personal-data/retain.ts'
import { retainNumbers } from '../src/personal-data/retain-numbers.ts'
import { failsBadly, runChecks } from '../src/quality/run-checks.ts'
import { createNumberKeys, type NumberKeys } from '../src/snapshot/number-key.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { openPool } from '../src/store/postgres/database.ts'
import { createRetention } from '../src/worker/retention.ts'
import { findInconsistencies } from './support/bookkeeping.ts'
import { createTestDatabase } from './support/database.ts'
import { everythingButNumbers, findAnywhere, timesEachNumberIsThere } from './support/everything.ts'
import { executable } from './support/executable.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { openMirror } from './support/mirror.ts'
import { createWorkplace, runCli } from './support/run-cli.ts'
import { currentQueue, type Stage, type StageOptions, useStages } from './support/stage.ts'
import { storyOf } from './support/story.ts'
import { until } from './support/worker.ts'

const secret = 'c0ffee00'.repeat(8)
const keys = createNumberKeys(Buffer.from(secret, 'hex'))
const env = { NUMBER_KEY: secret }
const openStage = useStages()

const forEver: Retention = { numbersDays: null, historyDays: null, readsDays: 36_500 }

/** The source's clock stands still, so that what comes back was added in the same second. */
async function open(options: StageOptions = {}): Promise<Stage> {
  const noon = Date.UTC(2026, 3, 30, 12)
  const stage = await openStage({ env, ...options, world: { clock: () => noon, ...options.world } })
  stage.letTheApiLie()
  return stage
}

function keep(stage: Stage, retention: Partial<Retention>, numberKeys: NumberKeys | null = keys) {
  const { pool } = stage.database
  return retain({ pool, teamId: stage.world.team.id, numberKeys }, { ...forEver, ...retention })
}

const letPass = ({ database }: Stage, interval: string) =>
  letTimePass(database.pool, interval, { sourceStays: true })

/** Checks that say not to trust the data; of their times only the world would know, whose clock stands still. */
async function failingChecks({ world, database }: Stage): Promise<string[]> {
  const { results } = await runChecks(database.pool, world.team.id, { deep: () => {} })
  const structural = results.filter(({ name }) => name !== 'freshness' && !name.startsWith('times_'))
  return structural.filter(failsBadly).map(({ name, sentence }) => `${name}: ${sentence}`)
}

function numberAt(stage: Stage, userId: string, position: number): string {
  return stage.world.currentQueue(userId)?.rowAt(position)?.number_to ?? ''
}

const numbersOn = async (stage: Stage, table: 'queue_entries' | 'queue_numbers') =>
  (
    await stage.sql<{ number_to: string }>(
      `select number_to from allo.${table} where number_to is not null order by entry_id`,
    )
  ).map(({ number_to }) => number_to)

/** One number left a queue that goes on, one queue ended, all of it just now; the others stay. */
async function someGoes(options: StageOptions = {}) {
  const stage = await open(options)
  const [first = '', second = ''] = stage.ids
  await stage.pass()
  const left = numberAt(stage, first, 2)
  const ended = currentQueue(stage, second)
  const inEnded =
    stage.world
      .currentQueue(second)
      ?.rows()
      .map(({ number_to }) => number_to ?? '') ?? []
  stage.apply(
    { type: 'remove_positions', userId: first, positions: [2], renumber: true },
    { type: 'reset', userId: second, fill: 2 },
  )
  await stage.pass()
  await stage.pass()
  return { stage, first, second, left, ended, inEnded, gone: [left, ...inEnded] }
}

describe('RETAIN_NUMBERS_DAYS', () => {
  test('erases a number that many days after it left or its queue ended, not earlier', async () => {
    const { stage, gone } = await someGoes()
    const { pool } = stage.database
    await letPass(stage, '29 days 23 hours 59 minutes')
    expect(await keep(stage, { numbersDays: 30 })).toMatchObject({ numbers: 0 })
    const all = await numbersOn(stage, 'queue_entries')
    const staying = all.filter((number) => !gone.includes(number))
    expect(all.length).toBe(gone.length + staying.length)
    const digests = await stage.sql<{ digest: string }>(
      `select row_digest::text as digest from allo.queue_numbers where number_to = any ($1)
       union select unnest(array[membership_digest, content_digest]) from allo.queues where is_current is false`,
      [gone],
    )
    expect(digests.length).toBe(gone.length - 1 + 2)
    await letPass(stage, '1 minute')
    const [before, sizes] = [await everythingButNumbers(pool), await timesEachNumberIsThere(pool)]

    expect(await keep(stage, { numbersDays: 30 })).toMatchObject({ numbers: gone.length, stays: 0 })

    await pool.query('analyze')
    const traces = [...gone.map((number) => number.slice(1)), ...digests.map(({ digest }) => digest)]
    expect(await findAnywhere(pool, traces)).toEqual([])
    expect(await numbersOn(stage, 'queue_entries')).toEqual(staying)
    expect(await everythingButNumbers(pool)).toEqual(before)
    expect(await timesEachNumberIsThere(pool)).toEqual(sizes)
    const pseudonyms = await stage.sql<{ number_key: string }>(
      'select number_key from allo.queue_entries where number_to is null',
    )
    expect(pseudonyms.map(({ number_key }) => number_key).sort()).toEqual(
      gone.map((number) => keys.keyOf(number)).sort(),
    )
    const { readings } = await stage.pass()
    for (const reading of readings)
      expect(reading).toMatchObject({ status: 'ok', added: 0, changed: 0, moved: 0, removed: 0 })
    expect(findInconsistencies(await stage.recorded())).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('without NUMBER_KEY gives an erased number a random key', async () => {
    const { stage, gone } = await someGoes({ env: {} })
    await letPass(stage, '31 days')
    expect(await keep(stage, { numbersDays: 30 }, null)).toMatchObject({ numbers: gone.length })
    const left = await stage.sql<{ number_key: string }>(
      'select distinct number_key from allo.queue_entries where number_to is null',
    )
    expect(left.length).toBe(gone.length)
    for (const { number_key } of left) expect(number_key).toMatch(/^erased-[0-9a-f]{32}$/)
  })

  test('gives entries without a key their key before it erases', async () => {
    const { stage, gone } = await someGoes({ env: {} })
    await stage.sql('update allo.settings set number_key_fingerprint = $1', [keys.fingerprint])
    await letPass(stage, '31 days')
    await keep(stage, { numbersDays: 30 })
    const left = await stage.sql<{ number_key: string }>(
      'select number_key from allo.queue_entries where number_to is null',
    )
    expect(left.map(({ number_key }) => number_key).sort()).toEqual(
      gone.map((number) => keys.keyOf(number)).sort(),
    )
  })

  test('a queue that returns is recognised by the keys of its numbers', async () => {
    const { stage, second, ended, inEnded, gone } = await someGoes()
    await letPass(stage, '31 days')
    await keep(stage, { numbersDays: 30 })
    const before = (await stage.recorded()).entries.length
    stage.apply({ type: 'remove_queue', userId: second, restoreOlder: true })
    const { readings } = await stage.pass()
    expect(readings.find(({ userId }) => userId === second)).toMatchObject({ queueId: ended, removed: 0 })
    const recorded = await stage.recorded()
    expect(recorded.entries.length).toBe(before)
    const back = recorded.numbers.filter(({ queue_id }) => queue_id === ended)
    expect(back.map(({ number_to }) => number_to)).toEqual(inEnded)
    expect(
      (await numbersOn(stage, 'queue_entries')).filter((number) => gone.includes(number)).sort(),
    ).toEqual([...inEnded].sort())
    expect(findInconsistencies(recorded)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('a call whose id contained the number is recognised too: it is no second dial', async () => {
    const stage = await open({
      edit: (row) => ({ ...row, call_id: row.call_id && `${row.number_to}-${row.call_id}` }),
    })
    const [, second = ''] = stage.ids
    stage.apply({ type: 'dial', userId: second, position: 1 })
    await stage.pass()
    stage.apply({ type: 'dial', userId: second, position: 1 })
    await stage.pass()
    const before = (await stage.recorded()).dials
    expect(before.length).toBe(2)
    stage.apply({ type: 'reset', userId: second, fill: 2 })
    await stage.pass()
    await stage.pass()
    await letPass(stage, '31 days')
    await keep(stage, { numbersDays: 30 })
    const ids = (await stage.recorded()).dials.map(({ call_id }) => call_id)
    expect(ids).toEqual(ids.map(() => expect.stringMatching(/^concealed-[0-9a-f]{32}$/)))
    expect(new Set(ids).size).toBe(2)

    stage.apply({ type: 'remove_queue', userId: second, restoreOlder: true })
    await stage.pass()
    const { dials, entries } = await stage.recorded()
    expect(dials.map(({ dial_id }) => dial_id)).toEqual(before.map(({ dial_id }) => dial_id))
    expect(dials.at(-1)?.call_id).toBe(before.at(-1)?.call_id)
    expect(entries.reduce((sum, { dial_count }) => sum + dial_count, 0)).toBe(2)
    expect(findInconsistencies(await stage.recorded())).toEqual([])
  })

  test('without NUMBER_KEY a returned number is new, and the erased one does not count as removed', async () => {
    const { stage, second, ended, inEnded } = await someGoes({ env: {} })
    await letPass(stage, '31 days')
    await keep(stage, { numbersDays: 30 }, null)
    const before = (await stage.recorded()).entries
    stage.apply({ type: 'remove_queue', userId: second, restoreOlder: true })
    const { readings } = await stage.pass()
    const count = inEnded.length
    expect(readings.find(({ userId }) => userId === second)).toMatchObject({
      queueId: ended,
      added: count,
      removed: 0,
    })
    const recorded = await stage.recorded()
    expect(recorded.entries.length).toBe(before.length + count)
    expect(recorded.entries.slice(0, before.length)).toEqual(before)
    expect(findInconsistencies(recorded)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('without NUMBER_KEY numbers of a teammate who returns are new, and the erased ones do not count as removed', async () => {
    const stage = await open({ env: {} })
    const [, second = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'leave', userId: second })
    for (let passes = 0; passes < 3; passes += 1) await stage.pass()
    await letPass(stage, '31 days')
    expect(await keep(stage, { numbersDays: 30 }, null)).toMatchObject({ numbers: 5 })
    const before = (await stage.recorded()).entries
    expect(before.filter(({ removal_reason }) => removal_reason === 'unobservable').length).toBe(5)
    stage.apply({ type: 'return', userId: second })
    const { readings } = await stage.pass()
    expect(readings.find(({ userId }) => userId === second)).toMatchObject({
      status: 'ok',
      added: 5,
      removed: 0,
    })
    const recorded = await stage.recorded()
    expect(recorded.entries.slice(0, before.length)).toEqual(before)
    expect(findInconsistencies(recorded)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('a suppressed number is not mistaken for an erased one that was added in the same second', async () => {
    const stage = await open()
    const [userId = ''] = stage.ids
    const [erased, suppressed] = ['+15550001234', '+15550001235']
    await stage.pass()
    stage.apply({ type: 'append', userId, numbers: [erased] })
    await stage.pass()
    stage.apply({ type: 'remove_number', userId, number: erased })
    await stage.pass()
    await letPass(stage, '31 days')
    expect(await keep(stage, { numbersDays: 30 })).toMatchObject({ numbers: 1 })
    const forgetting = { number: suppressed, numberKeys: keys, suppress: true, dryRun: false }
    await forgetNumber(stage.database.pool, forgetting)
    stage.apply({ type: 'append', userId, numbers: [suppressed] })
    const { readings } = await stage.pass()
    expect(readings.find((reading) => reading.userId === userId)).toMatchObject({ added: 1, removed: 0 })
    const old = 'select removal_reason from allo.queue_entries where number_key = $1'
    expect(await stage.sql(old, [keys.keyOf(erased)])).toEqual([{ removal_reason: 'deleted' }])
    expect(findInconsistencies(await stage.recorded())).toEqual([])
  })

  test.each([1])(
    'with everything erased at once, beside readings, on day %i, history equals that of a mirror that keeps everything',
    async (seed) => {
      const pace = {
        remove_number: 4,
        remove_positions: 5,
        refill: 4,
        duplicate: 3,
        reset: 2,
        reassign: 1,
        restore_queue: 2,
      }
      const stage = await open({
        world: { seed: `retained_${seed}`, teammates: 4, numbersPerQueue: 12, pace },
      })
      const { world, simulated, apiKey, database } = stage
      const twin = await createTestDatabase()
      const keeping = await openMirror({
        simulated,
        databaseUrl: twin.url,
        apiKey,
        env: { ...env, ALLO_CONCURRENCY: '1' },
      })
      const eraseAll = () =>
        retainNumbers({ pool: database.pool, teamId: world.team.id, numberKeys: keys }, '9999-01-01')
      try {
        let erased = 0
        for (let day = 0; day < 18; day += 1) {
          world.act(15)
          const [, one, two] = await Promise.all([stage.pass(), eraseAll(), eraseAll()])
          erased += one + two + (await eraseAll())
          await keeping.pass()
          expect(await storyOf(database.pool)).toEqual(await storyOf(twin.pool))
        }
        expect(erased).toBeGreaterThan(30)
        expect(findInconsistencies(await stage.recorded())).toEqual([])
        expect(await failingChecks(stage)).toEqual([])
        expect(
          await stage.sql(
            'select from allo.queue_entries where number_to is not null and last_seen_at is not null',
          ),
        ).toEqual([])
      } finally {
        await keeping.close()
        await twin.drop()
      }
    },
  )
})

describe('RETAIN_HISTORY_DAYS', () => {
  /** What must hold between the tables since history is whole. */
  async function findInconsistenciesSince(stage: Stage): Promise<string[]> {
    const [team] = await stage.sql<{ since: number | null }>(
      `select (extract(epoch from history_from) * 1000000)::float8 as since from allo.teams`,
    )
    return findInconsistencies(await stage.recorded()).filter((problem) => {
      const [, at] = /^counts of \S+ at (\d+)/.exec(problem) ?? []
      return at === undefined || Number(at) >= (team?.since ?? 0)
    })
  }

  const countOf = async (stage: Stage, table: string, where = 'true') =>
    (await stage.sql<{ n: number }>(`select count(*)::int as n from allo.${table} where ${where}`))[0]?.n ?? 0

  test('deletes complete entries of that age, and records since when history is complete', async () => {
    const { stage, first, second, ended, gone } = await someGoes()
    stage.apply(
      { type: 'dial', userId: first, position: 0 },
      { type: 'reassign', userId: second, to: stage.ids[2] ?? '' },
    )
    await stage.pass()
    await letPass(stage, '364 days 23 hours')
    const snapshots = await countOf(stage, 'queue_snapshots')
    expect(await keep(stage, { historyDays: 365 })).toMatchObject({ stays: 0 })
    expect(await stage.sql('select history_from from allo.teams')).toEqual([{ history_from: null }])
    const before = await stage.recorded()

    await letPass(stage, '1 hour')
    expect(await keep(stage, { historyDays: 365 })).toMatchObject({ numbers: 0, stays: gone.length })
    const after = await stage.recorded()
    const kept = new Set(after.entries.map(({ entry_id }) => entry_id))
    expect(after.entries.map(({ entry_id }) => entry_id)).toEqual(
      before.entries.filter(({ last_seen_at }) => last_seen_at === null).map(({ entry_id }) => entry_id),
    )
    for (const rows of ['versions', 'dials', 'numbers'] as const)
      expect(after[rows].length).toBe(before[rows].filter(({ entry_id }) => kept.has(entry_id)).length)
    expect(after.dials.length).toBe(1)
    expect(await countOf(stage, 'queue_versions', 'valid_to is not null')).toBe(0)
    expect(await countOf(stage, 'queue_snapshots')).toBe(snapshots)
    expect(
      await stage.sql('select numbers, content_digest from allo.queues where queue_id = $1', [ended]),
    ).toEqual([{ numbers: 0, content_digest: '' }])
    expect(await findInconsistenciesSince(stage)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])

    const asOf = (age: string) =>
      stage.sql<{ answer: string }>(
        `select distinct answer from allo.teammates t, reporting.queue_as_of($1, t.last_observed_at - $2::interval)
         where t.user_id = $1`,
        [first, age],
      )
    expect(await asOf('365 days 1 minute')).toEqual([{ answer: 'unknown' }])
    await stage.pass()
    expect(await asOf('0')).toEqual([{ answer: 'queue' }])
    expect(await findInconsistenciesSince(stage)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('a queue whose numbers were deleted returns completely, with its counts', async () => {
    const { stage, second, ended, inEnded } = await someGoes()
    await letPass(stage, '366 days')
    await keep(stage, { historyDays: 365 })
    stage.apply({ type: 'remove_queue', userId: second, restoreOlder: true })
    const { readings } = await stage.pass()
    const theirs = readings.find(({ userId }) => userId === second)
    expect(theirs).toMatchObject({ status: 'ok', queueId: ended, added: inEnded.length, removed: 0 })
    const [last] = await stage.sql(
      'select numbers, remaining from allo.queue_snapshots where queue_id = $1 order by observed_at desc limit 1',
      [ended],
    )
    expect(last).toEqual({ numbers: inEnded.length, remaining: inEnded.length })
    expect(await findInconsistenciesSince(stage)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('a queue whose numbers were deleted and that returns empty has no numbers', async () => {
    const { stage, second, ended } = await someGoes()
    await letPass(stage, '366 days')
    await keep(stage, { historyDays: 365 })
    stage.apply(
      { type: 'remove_queue', userId: second, restoreOlder: true },
      { type: 'clear_uncalled', userId: second },
    )
    await stage.pass()
    const [last] = await stage.sql(
      'select numbers from allo.queue_snapshots where queue_id = $1 order by observed_at desc limit 1',
      [ended],
    )
    expect(last).toEqual({ numbers: 0 })
    expect(await findInconsistenciesSince(stage)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('the holder at the start of a kept version is kept', async () => {
    const stage = await open()
    const [first = '', second = ''] = stage.ids
    await stage.pass()
    const queueId = currentQueue(stage, first)
    stage.apply({ type: 'swap', userId: first, with: second })
    await stage.pass()
    await letPass(stage, '400 days')
    await keep(stage, { historyDays: 365 })
    const entries = await stage.sql<{ user_id: string }>(
      'select distinct user_id from reporting.number_entries where queue_id = $1',
      [queueId],
    )
    expect(entries).toEqual([{ user_id: first }])
  })
})

describe('RETAIN_READS_DAYS', () => {
  test('deletes readings and passes of that age, except the last ones and those that other rows refer to', async () => {
    const stage = await open()
    const [, , third = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'leave', userId: third })
    for (let passes = 0; passes < 5; passes += 1) await stage.pass()
    const gaps = await stage.sql('select * from allo.reading_gaps')
    await letPass(stage, '89 days 23 hours')
    expect(await keep(stage, { readsDays: 90 })).toMatchObject({ readings: 0, passes: 0 })
    await letPass(stage, '2 hours')
    await keep(stage, { readsDays: 90 })

    const readings = await stage.sql<{ user_id: string; pass_id: number; status: string }>(
      'select user_id, pass_id::int, status from allo.sync_reads order by user_id, pass_id',
    )
    const expected = stage.ids.flatMap((user_id) =>
      user_id === third
        ? [
            { user_id, pass_id: 1, status: 'ok' },
            { user_id, pass_id: expect.any(Number), status: 'not_found' },
          ]
        : [{ user_id, pass_id: 6, status: 'ok' }],
    )
    expect(readings).toEqual(expected.sort((a, b) => (a.user_id < b.user_id ? -1 : 1)))
    const passes = await stage.sql<{ pass_id: number }>(
      'select pass_id::int from allo.sync_passes order by 1',
    )
    const referred = new Set([
      1,
      6,
      ...readings.map(({ pass_id }) => pass_id),
      ...(
        await stage.sql<{ pass_id: number }>(
          'select missing_pass_id::int as pass_id from allo.teammates where missing_pass_id is not null',
        )
      ).map(({ pass_id }) => pass_id),
    ])
    expect(passes.map(({ pass_id }) => pass_id)).toEqual([...referred].sort((a, b) => a - b))
    expect((await stage.sql('select * from allo.reading_gaps')).length).toBe(gaps.length)

    await stage.pass()
    const after = await stage.sql<{ days: number }>(
      `select extract(day from gap_to - gap_from)::int as days from allo.reading_gaps`,
    )
    expect(after.map(({ days }) => days)).toEqual(Array(stage.ids.length - 1).fill(90))
  })
})

describe('the daily task of the workers', () => {
  test('runs in one of them, once a day, and is recorded', async () => {
    const { stage, gone } = await someGoes()
    await letPass(stage, '31 days')
    const logged: string[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => logged.push(line) })
    const pools = [1, 2, 3].map(() => openPool(stage.database.url, { max: 2, name: 'retention' }))
    const workers = pools.map((pool) =>
      createRetention({
        pool,
        keyFingerprint: keyFingerprint(stage.apiKey),
        numberKeys: keys,
        retention: { ...forEver, numbersDays: 30 },
        logger,
      }),
    )
    try {
      await Promise.all(workers.map((worker) => worker.runNow()))
      await Promise.all(workers.map((worker) => worker.runNow()))
      const events = logged.map((line) => JSON.parse(line)).filter(({ event }) => event === 'retained')
      expect(events).toMatchObject([{ numbers: gone.length, stays: 0 }])
      expect(await stage.sql(`select task, summary, error_message from allo.maintenance`)).toEqual([
        {
          task: 'retain',
          summary: `erased ${gone.length} numbers; deleted 0 entries, 0 readings and 0 passes`,
          error_message: null,
        },
      ])
    } finally {
      await Promise.all(workers.map((worker) => worker.stop()))
      for (const pool of pools) await pool.end()
    }
  })

  test('that fails gives its reason and is retried within the hour', async () => {
    const { stage } = await someGoes()
    await letPass(stage, '31 days')
    const logged: string[] = []
    const worker = createRetention({
      pool: stage.database.pool,
      keyFingerprint: keyFingerprint(stage.apiKey),
      numberKeys: keys,
      retention: { ...forEver, numbersDays: 30 },
      logger: pino({ level: 'info' }, { write: (line: string) => logged.push(line) }),
    })
    await stage.sql(
      `alter table allo.queue_entries add constraint refused check (number_to like '+%') not valid`,
    )
    await stage.sql('alter table allo.queue_entries alter column number_to set not null')
    try {
      await worker.runNow()
      expect(logged.map((line) => JSON.parse(line).event)).toEqual(['retain_failed'])
      const [row] = await stage.sql<{ finished_at: null; error_message: string }>(
        'select * from allo.maintenance',
      )
      expect(row).toMatchObject({ finished_at: null, error_message: expect.stringContaining('data refused') })
    } finally {
      await stage.sql(
        'alter table allo.queue_entries drop constraint refused, alter column number_to drop not null',
      )
    }
    await stage.sql(`update allo.maintenance set started_at = started_at - interval '1 hour'`)
    await worker.runNow()
    expect(logged.map((line) => JSON.parse(line).event)).toEqual(['retain_failed', 'retained'])
    await worker.stop()
  })
})

describe('the command retain', () => {
  const { folder: cwd, remove } = createWorkplace()
  afterAll(remove)

  test('erases for every team, and says what is kept for ever', async () => {
    const { stage, gone } = await someGoes()
    await letPass(stage, '100 days')
    const settings = { DATABASE_URL: stage.database.url, ...env }
    const first = await runCli(['retain'], { ...settings, RETAIN_NUMBERS_DAYS: '30' }, { cwd })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(
      new RegExp(
        `^Acme Sales: erased ${gone.length} numbers; deleted 0 entries, 6 readings and 0 passes\\.\nHistory is kept for ever: RETAIN_HISTORY_DAYS is not set\\.\n$`,
      ),
    )
    const again = await runCli(['retain'], settings, { cwd })
    expect(again.stdout).toMatch(
      /erased 0 numbers; deleted 0 entries, 0 readings.*Numbers are kept for ever/s,
    )
  })

  test('killed in the middle has finished complete batches, and the next run does the rest', async () => {
    const stage = await open({ world: { teammates: 1, numbersPerQueue: 25_000 } })
    const userId = stage.world.keyOwner()
    await stage.pass()
    stage.apply({ type: 'reset', userId, fill: 3 })
    await stage.pass()
    await stage.pass()
    await letPass(stage, '400 days')
    const settings = {
      DATABASE_URL: stage.database.url,
      ...env,
      RETAIN_NUMBERS_DAYS: '30',
      RETAIN_HISTORY_DAYS: '365',
    }
    const left = async (what: string) =>
      (await stage.sql<{ n: number }>(`select count(*)::int as n from allo.queue_entries where ${what}`))[0]
        ?.n ?? 0

    for (const what of ['number_to is not null', 'true']) {
      const before = await left(what)
      const child = spawn(process.execPath, [executable, 'retain'], { cwd, env: settings, stdio: 'ignore' })
      await until('a part is done', async () => (await left(what)) < before)
      child.kill('SIGKILL')
      await once(child, 'close')
      const rest = await left(what)
      expect(rest).toBeGreaterThan(3)
      expect(rest).toBeLessThan(before)
      // Each batch was whole: nothing is half erased, and nothing passes for what it is not any more.
      expect(
        await stage.sql(`select from allo.queue_numbers n join allo.queue_entries e using (entry_id)
          where n.number_to is distinct from e.number_to or n.number_to is null and n.row_digest <> 0`),
      ).toEqual([])
      const [queue] = await stage.sql<{ is_right: boolean }>(
        `select content_digest = '' and numbers = (select count(*) from allo.queue_numbers n where n.queue_id = q.queue_id)
         as is_right from allo.queues q where ended_at is not null`,
      )
      expect(queue).toEqual({ is_right: true })
      if (what === 'true') {
        expect(await stage.sql('select from allo.teams where history_from is null')).toEqual([])
        expect(
          findInconsistencies(await stage.recorded()).filter((one) => !one.startsWith('counts of')),
        ).toEqual([])
      }
    }
    expect(await runCli(['retain'], settings, { cwd })).toMatchObject({ code: 0 })
    expect([await left('true'), await left('number_to is null')]).toEqual([3, 0])
  })
})
