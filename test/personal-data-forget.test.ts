/** forget: what is erased, what stays, and what the next readings record. */

import { afterAll, describe, expect, test } from 'vitest'
import { createAlloClient } from '../src/allo/client.ts'
import { createPacer } from '../src/allo/pacer.ts'
import { openRecord } from '../src/pass/pass-record.ts'
import { readTeammate } from '../src/pass/read-teammate.ts'
import { type Forgotten, forgetNumber } from '../src/personal-data/forget.ts'
import { failsBadly, runChecks } from '../src/quality/run-checks.ts'
import type { World } from '../src/simulation/world.ts'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import { startPass } from '../src/store/pass/passes.ts'
import { keyFingerprint, openReadBudget } from '../src/store/pass/read-budget.ts'
import { inTransaction } from '../src/store/postgres/database.ts'
import type { Reading } from '../src/store/reading/reading.ts'
import { applyReading, saveReading } from '../src/store/reading/save-reading.ts'
import { findInconsistencies } from './support/bookkeeping.ts'
import { createTestDatabase } from './support/database.ts'
import { everythingButNumbers, findAnywhere, timesEachNumberIsThere } from './support/everything.ts'
import { openMirror } from './support/mirror.ts'
import { createWorkplace, everythingSaid, runCli } from './support/run-cli.ts'
import { currentQueue, type Stage, type StageOptions, useStages } from './support/stage.ts'
import { storyOf } from './support/story.ts'
import { until } from './support/worker.ts'

const secret = 'c0ffee00'.repeat(8)
const numberKeys = createNumberKeys(Buffer.from(secret, 'hex'))
const env = { NUMBER_KEY: secret }
const openStage = useStages()

/** The source's clock stands still: all numbers of a queue were added in the same second, as after an import. */
async function open(options: StageOptions = {}): Promise<Stage> {
  const noon = Date.UTC(2026, 3, 30, 12)
  const stage = await openStage({ env, ...options, world: { clock: () => noon, ...options.world } })
  // Erased numbers are not those of the world any more; what must hold all the same is looked at by each test.
  stage.letTheApiLie()
  return stage
}

/** Checks that say not to trust the data; of their times only the world would know, whose clock stands still. */
async function failingChecks({ world, database }: Stage): Promise<string[]> {
  const { results } = await runChecks(database.pool, world.team.id, { deep: () => {} })
  const structural = results.filter(({ name }) => name !== 'freshness' && !name.startsWith('times_'))
  return structural.filter(failsBadly).map(({ name, sentence }) => `${name}: ${sentence}`)
}

function numberAt(stage: Stage, userId: string, position: number): string {
  return stage.world.currentQueue(userId)?.rowAt(position)?.number_to ?? ''
}

function forget(stage: Stage, number: string, { suppress = false } = {}): Promise<Forgotten> {
  return forgetNumber(stage.database.pool, { number, numberKeys, suppress, dryRun: false })
}

/** In any notation, and everything that was made of it. */
function tracesOf(number: string): string[] {
  return [number.replace('+', ''), numberKeys.keyOf(number) ?? '']
}

const digestsOfNumber = (stage: Stage, number: string) =>
  stage.sql<{ digest: string }>(
    `select n.row_digest::text as digest from allo.queue_numbers n where number_to = $1
     union select unnest(array[membership_digest, content_digest]) from allo.queues
     where queue_id in (select queue_id from allo.queue_numbers where number_to = $1)`,
    [number],
  )

describe('a number of ended queues', () => {
  /** It was in two queues that ended, twice in one of them, and left a third that goes on; dialled here and there. */
  async function history(): Promise<{ stage: Stage; number: string }> {
    const stage = await open({ edit: ({ number_to }) => ({ contact: { phone: number_to, name: 'Kim' } }) })
    const [first = '', second = '', third = ''] = stage.ids
    const number = numberAt(stage, first, 2)
    stage.apply(
      { type: 'append', userId: second, numbers: [number, number] },
      { type: 'append', userId: third, numbers: [number] },
      { type: 'dial', userId: first, position: 2 },
      { type: 'dial', userId: second, position: 5 },
    )
    await stage.pass()
    stage.apply(
      { type: 'result', userId: first, position: 2, result: { routing_result: 'ANSWERED' } },
      { type: 'remove_number', userId: third, number, renumber: true },
    )
    await stage.pass()
    stage.apply({ type: 'reset', userId: first, fill: 3 }, { type: 'reset', userId: second, fill: 3 })
    for (let passes = 0; passes < 3; passes += 1) await stage.pass()
    return { stage, number }
  }

  test('leaves no trace and no digest made from it, and everything else is unchanged', async () => {
    const { stage, number } = await history()
    const { pool } = stage.database
    await pool.query('analyze')
    const digests = (await digestsOfNumber(stage, number)).map(({ digest }) => digest)
    expect(digests.length).toBe(3 + 2 * 2)
    const traces = [...tracesOf(number), ...digests, number.slice(-7)]
    const places = (await findAnywhere(pool, traces)).map((found) => found.split(':')[0])
    for (const place of [
      'allo.queue_entries',
      'allo.queue_numbers',
      'allo.queues',
      'reporting_pii.numbers',
      'pg_stats',
    ])
      expect(places).toContain(place)
    const [before, sizes] = [await everythingButNumbers(pool), await timesEachNumberIsThere(pool)]
    expect(before['reporting.requeued_numbers']).not.toBe('')
    expect(sizes.at(-1)).toBe(4)

    // Written in another way, as a person would.
    const written = `${number.slice(0, 2)} (${number.slice(2, 5)}) ${number.slice(5, 8)}-${number.slice(8)}`
    expect(await forget(stage, written)).toEqual({
      outcome: 'erased',
      stays: 4,
      queues: 3,
      otherRows: 0,
      places: [],
      shownAs: [],
      left: [],
      similar: [],
      isSuppressed: false,
    })

    expect(await findAnywhere(pool, traces)).toEqual([])
    expect(await everythingButNumbers(pool)).toEqual(before)
    expect(await timesEachNumberIsThere(pool)).toEqual(sizes)
    const keys = await stage.sql<{ number_key: string }>(
      'select distinct number_key from allo.queue_entries where number_to is null',
    )
    expect(keys).toEqual([{ number_key: expect.stringMatching(/^forgotten-[0-9a-f]{32}$/) }])
    expect(await forget(stage, number)).toMatchObject({ stays: 0, outcome: 'not_on_record' })

    const { readings } = await stage.pass()
    for (const reading of readings)
      expect(reading).toMatchObject({ status: 'ok', added: 0, changed: 0, moved: 0, removed: 0 })
    expect(findInconsistencies(await stage.recorded())).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
    expect(await findAnywhere(pool, traces)).toEqual([])
  })

  test('is found by its key if it was already erased by age', async () => {
    const { stage, number } = await history()
    await stage.sql('update allo.queue_entries set number_to = null where number_to = $1', [number])
    await stage.sql('update allo.queue_numbers set number_to = null, extra = null, row_digest = 0')
    await stage.sql(`update allo.queues set membership_digest = '', content_digest = ''`)
    const without = await forgetNumber(stage.database.pool, {
      number,
      numberKeys: null,
      suppress: false,
      dryRun: false,
    })
    expect(without.stays).toBe(0)
    expect(await findAnywhere(stage.database.pool, tracesOf(number))).not.toEqual([])
    expect(await forget(stage, number)).toMatchObject({ stays: 4, queues: 3 })
    expect(await findAnywhere(stage.database.pool, tracesOf(number))).toEqual([])
  })

  test('returns with its queue as a new entry, and its old entry does not count as removed', async () => {
    const stage = await open()
    const [first = ''] = stage.ids
    await stage.pass()
    const number = numberAt(stage, first, 1)
    const queueId = currentQueue(stage, first)
    stage.apply({ type: 'reset', userId: first, fill: 3 })
    for (let passes = 0; passes < 2; passes += 1) await stage.pass()
    const before = (await stage.recorded()).entries.filter(({ queue_id }) => queue_id === queueId)
    expect((await forget(stage, number)).stays).toBe(1)

    stage.apply({ type: 'remove_queue', userId: first, restoreOlder: true })
    const { readings } = await stage.pass()
    expect(readings.find(({ userId }) => userId === first)).toMatchObject({ queueId, added: 5, removed: 0 })
    const recorded = await stage.recorded()
    const entries = recorded.entries.filter(({ queue_id }) => queue_id === queueId)
    expect(entries.length).toBe(before.length + 1)
    expect(entries.filter(({ removed_at }) => removed_at !== null)).toMatchObject([
      { number_to: null, removal_reason: 'queue_replaced' },
    ])
    expect(recorded.numbers.filter(({ number_to }) => number_to === number)).toHaveLength(1)
    expect(findInconsistencies(recorded)).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })
})

describe('a number in a current queue', () => {
  test('is refused unless it is suppressed; the message says where it is, and nothing is changed', async () => {
    const stage = await open()
    const { pool } = stage.database
    const [first = '', second = ''] = stage.ids
    const number = numberAt(stage, first, 2)
    stage.apply({ type: 'append', userId: second, numbers: [number] })
    await stage.pass()
    const before = await everythingButNumbers(pool)
    const { outcome, places } = await forget(stage, number)
    expect({ outcome, places: places.map(({ userId, position }) => [userId, position]).sort() }).toEqual({
      outcome: 'refused',
      places: [
        [first, 2],
        [second, 5],
      ].sort(),
    })
    expect(await everythingButNumbers(pool)).toEqual(before)
    expect(await findAnywhere(pool, tracesOf(number))).not.toEqual([])

    // Unknown: the queue may still exist.
    stage.apply({ type: 'remove_number', userId: second, number })
    stage.apply({ type: 'remove_queue', userId: first })
    await stage.pass()
    const [unknown] = await stage.sql('select is_current from allo.queues where queue_id = $1', [
      places[0]?.queueId,
    ])
    expect([unknown, (await forget(stage, number)).outcome]).toEqual([{ is_current: null }, 'refused'])
    await stage.pass()
    expect(await forget(stage, number)).toMatchObject({ outcome: 'erased', stays: 2 })
  })

  test('that is suppressed is mirrored without its phone number: the next reading finds no change and writes no history', async () => {
    const stage = await open({ world: { numbersPerQueue: 230 } })
    const { pool } = stage.database
    const [first = ''] = stage.ids
    const number = numberAt(stage, first, 150)
    await stage.pass()
    const story = await storyOf(pool)
    const [before, sizes] = [await everythingButNumbers(pool), await timesEachNumberIsThere(pool)]
    expect(await forget(stage, number, { suppress: true })).toMatchObject({ stays: 1, isSuppressed: true })
    expect(await everythingButNumbers(pool)).toEqual(before)
    expect(await timesEachNumberIsThere(pool)).toEqual(sizes)

    const one = await stage.pass()
    const two = await stage.pass()
    for (const reading of [...one.readings, ...two.readings])
      expect(reading).toMatchObject({
        status: 'ok',
        added: 0,
        changed: 0,
        moved: 0,
        removed: 0,
        numbers: 230,
      })
    const walks = await stage.sql('select walks from allo.sync_reads where user_id = $1 order by pass_id', [
      first,
    ])
    expect(walks).toEqual([{ walks: 2 }, { walks: 2 }, { walks: 1 }])
    expect((await storyOf(pool)).filter((line) => !line.startsWith('{"pass_id"'))).toEqual(
      story.filter((line) => !line.startsWith('{"pass_id"')),
    )
    expect(await findAnywhere(pool, tracesOf(number))).toEqual([
      `allo.suppressed_numbers: ${numberKeys.keyOf(number)}`,
    ])
  })

  test.each([1])(
    'is absent after forget on day %i, and history equals that of a mirror that keeps it',
    async (seed) => {
      const stage = await open({
        world: { seed: `suppressed_${seed}`, teammates: 4, numbersPerQueue: 12, pace },
      })
      const { world, simulated, apiKey } = stage
      const { pool } = stage.database
      const twin = await createTestDatabase()
      const keeping = await openMirror({
        simulated,
        databaseUrl: twin.url,
        apiKey,
        env: { ...env, ALLO_CONCURRENCY: '1' },
      })
      try {
        const number = numberAt(stage, world.keyOwner(), 4)
        const pass = async () => {
          await stage.pass()
          await keeping.pass()
        }
        world.act(20)
        await pass()
        await forget(stage, number, { suppress: true })
        await pass()
        for (let day = 0; day < 18; day += 1) {
          world.act(15)
          haveItsWay(world, number, day)
          await pass()
          expect(await findAnywhere(pool, tracesOf(number))).toEqual([
            `allo.suppressed_numbers: ${numberKeys.keyOf(number)}`,
          ])
          expect(await storyOf(pool)).toEqual(await storyOf(twin.pool))
        }
        expect(findInconsistencies(await stage.recorded())).toEqual([])
        expect(await failingChecks(stage)).toEqual([])
        expect(await findAnywhere(twin.pool, tracesOf(number))).not.toEqual([])
      } finally {
        await keeping.close()
        await twin.drop()
      }
    },
  )
})

/** More of what makes numbers move, go and come back. */
const pace = {
  remove_number: 4,
  remove_positions: 4,
  refill: 3,
  duplicate: 3,
  reset: 1,
  reassign: 1,
  restore_queue: 1,
}

/** What happens to one number in turn: it comes, stands there twice, is dialled, moves, goes, and comes back. */
function haveItsWay(world: World, number: string, day: number): void {
  const userId = world.keyOwner()
  const queue = world.currentQueue(userId)
  if (!queue) {
    world.apply({ type: 'reset', userId, fill: 6 })
    return
  }
  const at = queue.rows().find(({ number_to }) => number_to === number)?.position
  const step = day % 6
  if (step === 0) world.apply({ type: 'append', userId, numbers: [number] })
  if (step === 1) world.apply({ type: 'append', userId, numbers: [number] })
  if (at === undefined) return
  if (step === 2) world.apply({ type: 'dial', userId, position: at })
  if (step === 3 && at > 0) {
    const [head] = queue.rows()
    world.apply({ type: 'remove_positions', userId, positions: [head?.position ?? 0], renumber: true })
  }
  if (step === 4) world.apply({ type: 'remove_number', userId, number, renumber: day % 4 === 0 })
}

describe('a number in any spelling', () => {
  const ways: [as: string, asked: readonly string[]][] = [
    [
      '+33612345678',
      [
        '+33 (0)6 12 34 56 78',
        '0033 6 12 34 56 78',
        '011 33 6 12 34 56 78',
        'tel:+33-6-12-34-56-78',
        '＋３３６１２３４５６７８',
        '+٣٣٦١٢٣٤٥٦٧٨',
        '+۳۳۶۱۲۳۴۵۶۷۸',
        '\u200e+33\u00a06.12.34.56.78\u202c',
        'sip:+33612345678@pbx.example;user=phone',
        '33612345678',
      ],
    ],
    ['0033 (0)6 12 34 56 78', ['+33612345678']],
    ['sip:+33612345678@pbx.example', ['+33612345678', 'SIP:+33612345678@PBX.example']],
    ['sip:alex@pbx.example', ['sip:Alex@PBX.example']],
    ['1-800-FLOWERS', ['+1 800 356 9377', '1 (800) flowers', '1800FLOWERS']],
    ['+18003569377', ['1-800-FLOWERS']],
    ['+٣٣٦١٢٣٤٥٦٧٨', ['+33612345678']],
    [
      '+12125550123x45',
      [
        '+1 212 555 0123 ext. 45',
        '+12125550123;ext=45',
        'tel:+1-212-555-0123;ext=45',
        '+1 (212) 555-0123 #45',
      ],
    ],
    ['+39 06 1234 5678', ['+390612345678', '+39 (0)6 1234 5678']],
  ]
  test.each(ways)('%s', async (number, asked) => {
    const stage = await open({ world: { teammates: 2, numbersPerQueue: 1 } })
    const { pool } = stage.database
    for (const one of asked) {
      const [userId = ''] = stage.ids
      stage.apply({ type: 'append', userId, numbers: [number] })
      await stage.pass()
      stage.apply({ type: 'remove_number', userId, number })
      await stage.pass()
      expect([one, await forget(stage, one)]).toMatchObject([one, { outcome: 'erased', similar: [] }])
      const [left] = await stage.sql(
        'select count(*)::int as n from allo.queue_entries where number_to = $1',
        [number],
      )
      expect([one, left]).toEqual([one, { n: 0 }])
      expect(await findAnywhere(pool, [number])).toEqual([])
    }
    // Erased by age, it is found by the key that was made of the way it was written.
    const [userId = ''] = stage.ids
    stage.apply({ type: 'append', userId, numbers: [number] })
    await stage.pass()
    await stage.sql('update allo.queue_entries set number_to = null where number_to = $1', [number])
    expect(await forget(stage, number)).toMatchObject({ stays: 1 })
    stage.apply({ type: 'remove_number', userId, number })
    await stage.pass()
  })

  test('does not match another number: similar numbers are named, masked, and kept', async () => {
    const stage = await open({ world: { teammates: 1, numbersPerQueue: 1 } })
    const [userId = ''] = stage.ids
    const others = ['+33612345678', '+12125550123x45', '+390699999999', '+442079460958']
    stage.apply({ type: 'append', userId, numbers: others })
    await stage.pass()
    for (const number of others) stage.apply({ type: 'remove_number', userId, number })
    await stage.pass()
    const before = await everythingButNumbers(stage.database.pool)
    for (const [asked, similar] of [
      ['06 12 34 56 78', '+33…78'],
      ['612345678', '+33…78'],
      ['+1 212 555 0123', '+1…'],
      ['+12125550123 ext 46', '+1…'],
      ['020 7946 0958', '+44…58'],
    ] as const) {
      const { outcome, similar: shown, stays } = await forget(stage, asked)
      expect([asked, outcome, stays, shown.length]).toEqual([asked, 'unclear', 0, 1])
      expect(shown[0]).toContain(similar)
      expect(await forget(stage, asked, { suppress: true })).toMatchObject({ outcome: 'unclear' })
    }
    for (const asked of ['+33 6 12 34 56 79', '+39 6 99999999', '+1 612 345 678', '+3361234567'])
      expect([asked, (await forget(stage, asked)).outcome]).toEqual([asked, 'not_on_record'])
    expect(await everythingButNumbers(stage.database.pool)).toEqual(before)
    for (const number of others)
      expect((await findAnywhere(stage.database.pool, [number])).length).toBeGreaterThan(0)
  })

  test('that is suppressed in one spelling is suppressed in every other', async () => {
    const stage = await open({ world: { teammates: 1, numbersPerQueue: 1 } })
    const [userId = ''] = stage.ids
    await stage.pass()
    expect(await forget(stage, '0033 6 12 34 56 78', { suppress: true })).toMatchObject({
      isSuppressed: true,
    })
    const written = [
      '+33612345678',
      '+33 (0)6 12 34 56 78',
      '+330612345678',
      '+٣٣٦١٢٣٤٥٦٧٨',
      'sip:+33612345678@pbx.example',
    ]
    stage.apply({ type: 'append', userId, numbers: written })
    await stage.pass()
    expect(await findAnywhere(stage.database.pool, written)).toEqual([])
    const [kept] = await stage.sql(
      'select count(*)::int as n from allo.queue_numbers where number_to is null',
    )
    expect(kept).toEqual({ n: written.length })
  })
})

describe('a reading in progress', () => {
  /** Reads this teammate with the real client, and does `before` when all is read and nothing saved. */
  async function readAndSave(
    stage: Stage,
    userId: string,
    save: (reading: Reading) => ReturnType<typeof saveReading>,
  ) {
    const { simulated, apiKey, database } = stage
    const budget = await openReadBudget(database.url, keyFingerprint(apiKey))
    const allo = createAlloClient({
      apiUrl: simulated.url,
      apiKey: () => apiKey,
      authScheme: 'Api-Key',
      timeoutMs: 10_000,
      naiveTimeZone: 'UTC',
      userAgent: 'allo-queue-mirror/test',
      pacer: createPacer({ budget, readsPerSecond: null, maxThrottledMs: 0 }),
      onSurprise: () => undefined,
    })
    try {
      const teamId = stage.world.team.id
      const pool = database.pool
      const passId = await startPass(pool, { teamId, trigger: 'manual', isWholeTeam: false, version: 'test' })
      const done = await readTeammate(
        {
          allo,
          pool,
          numberKeys,
          record: {
            ...openRecord(pool, numberKeys, { passId, teamId }),
            save: (_, result, effort) => save({ passId, teamId, userId, result, effort }),
          },
        },
        userId,
        { signal: new AbortController().signal },
      )
      if (done === null) throw new Error('the teammate was read before')
      return done
    } finally {
      await allo.close()
      await budget.close()
    }
  }

  test('that began before a number was suppressed does not bring it back', async () => {
    const stage = await open({ world: { teammates: 1 } })
    const { pool } = stage.database
    const userId = stage.world.keyOwner()
    const number = numberAt(stage, userId, 3)
    await stage.pass()
    stage.apply({ type: 'append', userId, numbers: [number] })
    const { reading } = await readAndSave(stage, userId, async (read) => {
      expect(JSON.stringify(read.result)).toContain(number)
      await forget(stage, number, { suppress: true })
      return saveReading(pool, read, numberKeys)
    })
    expect(reading).toMatchObject({ status: 'ok', added: 1, removed: 0, moved: 0, changed: 0 })
    expect(await findAnywhere(pool, tracesOf(number))).toEqual([
      `allo.suppressed_numbers: ${numberKeys.keyOf(number)}`,
    ])
    const { readings } = await stage.pass()
    expect(readings[0]).toMatchObject({ status: 'ok', added: 0, changed: 0, moved: 0, removed: 0 })
    expect(findInconsistencies(await stage.recorded())).toEqual([])
    expect(await failingChecks(stage)).toEqual([])
  })

  test('that is being saved is waited for, and what it wrote is erased too', async () => {
    const stage = await open({ world: { teammates: 1 } })
    const { pool } = stage.database
    const userId = stage.world.keyOwner()
    const number = '+15550001234'
    await stage.pass()
    stage.apply({ type: 'append', userId, numbers: [number] })
    let forgetting: Promise<Forgotten> | undefined
    await readAndSave(stage, userId, (read) =>
      inTransaction(pool, 'reading beside', async (client) => {
        const saved = await applyReading(client, read, numberKeys)
        forgetting = forget(stage, number, { suppress: true })
        await until('it waits', async () => {
          const waiting = await stage.sql(
            `select from pg_stat_activity where datname = current_database() and wait_event = 'relation'`,
          )
          return waiting.length > 0
        })
        return saved
      }),
    )
    expect(await forgetting).toMatchObject({ stays: 1, isSuppressed: true })
    expect(await findAnywhere(pool, tracesOf(number))).toEqual([
      `allo.suppressed_numbers: ${numberKeys.keyOf(number)}`,
    ])
  })

  test('of a process without a key is not saved while a number is suppressed', async () => {
    const stage = await open({ world: { teammates: 1 } })
    const userId = stage.world.keyOwner()
    const number = numberAt(stage, userId, 3)
    await stage.pass()
    await forget(stage, number, { suppress: true })
    const save = (read: Reading) => saveReading(stage.database.pool, read, null)
    expect(await readAndSave(stage, userId, save)).toMatchObject({
      reading: { status: 'error', errorCode: 'number_key' },
      error: { message: expect.stringContaining('only NUMBER_KEY can recognise them') },
      stopsPass: true,
    })
  })
})

describe('the command', () => {
  const { folder: cwd, remove } = createWorkplace()
  afterAll(remove)
  const run = (stage: Stage, args: readonly string[], stdin: string, more = {}) =>
    runCli(['forget', ...args], { DATABASE_URL: stage.database.url, ...env, ...more }, { cwd, stdin })

  test('reads the number from stdin, says what it did, and never shows the number', async () => {
    const stage = await open()
    const userId = stage.world.keyOwner()
    const number = numberAt(stage, userId, 2)
    await stage.pass()
    const name = stage.world.teammates()[0]?.name ?? ''

    const refused = await run(stage, [], `${number}\n`)
    expect(refused).toMatchObject({ code: 65, stdout: '' })
    expect(refused.stderr).toContain('Nothing was erased')
    expect(refused.stderr).toContain(`position 2 of queue`)
    expect(refused.stderr).toContain(`(${currentQueue(stage, userId)}) of ${name} (${userId})`)

    const rehearsed = await run(stage, ['--suppress', '--dry-run'], number)
    expect(rehearsed).toMatchObject({ code: 0, stderr: '' })
    expect(rehearsed.stdout).toMatch(/Would erase it from 1 entry in 1 queue\..*Nothing was changed\./s)
    expect(await findAnywhere(stage.database.pool, tracesOf(number))).not.toEqual([])
    expect(await stage.sql('select from allo.suppressed_numbers')).toEqual([])

    const done = await run(stage, ['--suppress'], number)
    expect(done).toMatchObject({ code: 0, stderr: '' })
    expect(done.stdout).toMatch(/Erased it from 1 entry in 1 queue\. No count changes\..*It is suppressed/s)
    const again = await run(stage, [], number)
    expect(again).toMatchObject({ code: 65, stdout: '' })
    expect(again.stderr).toMatch(/not on record.*It is suppressed/s)
    for (const trace of [...tracesOf(number), secret]) expect(everythingSaid()).not.toContain(trace)
  })

  test.each([
    ['nothing', [], ''],
    ['two numbers on two lines', [], '+15550001234\n+15550001235\n'],
    ['two numbers on a line', [], '+15550001234 +15550001235'],
    ['two numbers with a comma between them', [], '15550001234, 15550001235'],
    ['two numbers with a tab between them', [], '15550001234\t15550001235'],
    ['two numbers with a blank between them', [], '15550001234 15550001235'],
    ['two numbers with a word between them', [], '5550001234 or 5550001235'],
    ['no number', [], 'Alex Kim'],
    ['one on the command line', ['+15550001234'], ''],
  ])('given %s is wrong usage and exits 64', async (_, args, stdin) => {
    const stage = await open()
    const { code, stdout, stderr } = await run(stage, args, stdin)
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
    expect(stderr).not.toContain('5550001')
  })

  test('suppresses only with a key, else exits 78, and binds the key to the database', async () => {
    const stage = await open({ env: {} })
    await stage.pass()
    const without = await run(stage, ['--suppress'], '+15550001234', { NUMBER_KEY: '' })
    expect(without).toMatchObject({ code: 78, stdout: '' })
    expect(without.stderr).toContain('--suppress needs a NUMBER_KEY that is in use')
    // It is suppressed from now on. That there was nothing to erase must not look like success all the same.
    const early = await run(stage, ['--suppress'], '+15550001234')
    expect(early).toMatchObject({ code: 65, stdout: '' })
    expect(early.stderr).toMatch(/not on record.*It is suppressed/s)
    expect(await stage.sql('select number_key_fingerprint as fingerprint from allo.settings')).toEqual([
      { fingerprint: numberKeys.fingerprint },
    ])
    await expect(stage.pass()).rejects.toThrow('only NUMBER_KEY can recognise them')
  })
})
