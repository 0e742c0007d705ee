/** number_key: computed with one key, for every entry. */
import { createHmac } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backfillNumberKeys } from '../src/personal-data/backfill.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { concealedCallId } from '../src/snapshot/conceal.ts'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { contentsOf, createWorkplace, type Env, everythingSaid, runCli } from './support/run-cli.ts'
import { type Stage, useStages } from './support/stage.ts'

const secret = 'c0ffee00'.repeat(8)
const keys = createNumberKeys(Buffer.from(secret, 'hex'))
const env = { NUMBER_KEY: secret }
const openStage = useStages()

interface Entry {
  readonly number_to: string | null
  readonly number_key: string | null
}
const entries = (stage: Stage) =>
  stage.sql<Entry>('select number_to, number_key from allo.queue_entries order by entry_id')

describe('a number key', () => {
  test('is the first half of the HMAC of the number, of which only letters and digits count', () => {
    const hmac = createHmac('sha256', Buffer.from(secret, 'hex')).update('12125550010').digest('hex')
    expect(keys.keyOf('+12125550010')).toBe(hmac.slice(0, 32))
    expect(keys.keyOf(' 1 (212) 555-0010\u202c')).toBe(keys.keyOf('+12125550010'))
    expect(keys.keyOf('+12125550011')).not.toBe(keys.keyOf('+12125550010'))
    for (const none of [null, '', '+', ' – ']) expect(keys.keyOf(none)).toBeNull()
  })

  test('reveals nothing about NUMBER_KEY: the fingerprint of the key is not the key of any number', () => {
    expect(keys.fingerprint).toMatch(/^[0-9a-f]{16}$/)
    expect(createNumberKeys(Buffer.alloc(32)).fingerprint).not.toBe(keys.fingerprint)
    for (const text of ['fingerprint of this key', 'fingerprintofthiskey'])
      expect(keys.keyOf(text)?.startsWith(keys.fingerprint)).toBe(false)
  })
})

describe('a concealed id of a call', () => {
  test('differs if two ids differ only in punctuation', () => {
    const ids = ['12125550010-1-11', '12125550010-11-1', '12125550010_1_11', '+12125550010-1-11']
    const concealed = ids.map((id) => concealedCallId(id, keys))
    expect(new Set(concealed).size).toBe(ids.length)
    expect(concealed).toEqual(ids.map((id) => concealedCallId(id, keys)))
  })

  test('is random after the key was retired, and the same in every table', async () => {
    const stage = await openStage({ env, world: { calledBefore: 1 } })
    stage.letTheApiLie()
    await stage.pass()
    const tables = ['queue_numbers', 'queue_number_versions', 'dials']
    for (const table of tables)
      await stage.sql(`update allo.${table} set call_id = 'concealed-' || md5(call_id)`)
    const ids = async () =>
      Promise.all(
        tables.map(async (table) =>
          (
            await stage.sql<{ call_id: string }>(
              `select distinct call_id from allo.${table} where call_id is not null order by call_id`,
            )
          ).map(({ call_id }) => call_id),
        ),
      )
    const [before = []] = await ids()
    await stage.sql('select allo.retire_number_key()')
    const [numbers = [], versions, dials] = await ids()
    expect(numbers.length).toBe(before.length)
    expect(numbers.length).toBeGreaterThan(5)
    for (const id of numbers) expect(id).toMatch(/^erased-[0-9a-f]{32}$/)
    expect([versions, dials]).toEqual([numbers, numbers])
  })
})

describe('with NUMBER_KEY', () => {
  test('every new entry has its number key from its first reading on, and equal numbers have equal keys', async () => {
    const stage = await openStage({ env, world: { numbersPerQueue: 40, calledBefore: 0.3 } })
    const [first = '', second = ''] = stage.ids
    await stage.pass()
    const queued = stage.world.currentQueue(first)?.rowAt(0)?.number_to ?? ''
    stage.apply({ type: 'append', userId: second, numbers: [queued] })
    await stage.pass()
    const all = await entries(stage)
    expect(all.length).toBeGreaterThan(100)
    for (const { number_to, number_key } of all) expect(number_key).toBe(keys.keyOf(number_to))
    expect(all.filter(({ number_key }) => number_key === keys.keyOf(queued)).length).toBe(2)
  })

  test('an unchanged reading still writes only its audit row', async () => {
    const stage = await openStage({ env })
    await stage.pass()
    const before = await contentsOf(stage.database.pool)
    await stage.pass()
    const after = await contentsOf(stage.database.pool)
    const changed = Object.keys(after).filter((table) => after[table] !== before[table])
    expect(changed.sort()).toEqual(['queues', 'sync_passes', 'sync_reads', 'teammates', 'teams'])
  })

  test('entries from before the key get theirs in batches, also if several processes do it', async () => {
    const stage = await openStage({ world: { teammates: 1, numbersPerQueue: 12_000 } })
    await stage.pass()
    expect((await entries(stage)).every(({ number_key }) => number_key === null)).toBe(true)
    const { pool } = stage.database
    const filled = await Promise.all([1, 2].map(() => backfillNumberKeys(pool, keys)))
    const left = await backfillNumberKeys(pool, keys)
    expect(filled.reduce((sum, one) => sum + one, left)).toBe(12_000)
    for (const { number_to, number_key } of await entries(stage))
      expect(number_key).toBe(keys.keyOf(number_to))
    expect(await backfillNumberKeys(pool, keys)).toBe(0)
  })

  test("a process whose key was retired can't save its reading", async () => {
    const stage = await openStage({ env })
    await stage.pass()
    const before = (await entries(stage)).map((entry) => ({ ...entry, number_key: null }))
    await stage.sql('select allo.retire_number_key()')
    await expect(stage.pass()).rejects.toThrow('NUMBER_KEY was changed while this process ran')
    expect(await entries(stage)).toEqual(before)
  })
})

describe('a command', () => {
  const apiKey = 'ak_live_of_number_keys'
  const { folder: cwd, remove } = createWorkplace()
  let database: TestDatabase
  let allo: SimulatedAllo
  const sync = (more: Env) =>
    runCli(
      ['sync'],
      { ALLO_API_KEY: apiKey, ALLO_API_URL: allo.url, ALLO_READS_PER_SECOND: 'unlimited', ...more },
      { cwd },
    )
  beforeAll(async () => {
    database = await createTestDatabase()
    const world = createWorld({ seed: 'number keys', teammates: 2, numbersPerQueue: 5 })
    allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  })
  afterAll(async () => {
    await allo.close()
    await database.drop()
    remove()
  })

  test('binds its key to the database, and then refuses another key or none: exit 78 and the way out', async () => {
    const own = { DATABASE_URL: database.url }
    expect(await sync(own)).toMatchObject({ code: 0 })
    const another = 'dead'.repeat(16)
    expect(await sync({ ...own, NUMBER_KEY: secret })).toMatchObject({ code: 0 })
    const keyed = 'select count(*)::int as n from allo.queue_entries where number_key is null'
    expect((await database.pool.query(keyed)).rows).toEqual([{ n: 0 }])

    const before = await contentsOf(database.pool)
    const wrong = await sync({ ...own, NUMBER_KEY: another })
    expect(wrong.code).toBe(78)
    expect(wrong.stderr).toMatch(/NUMBER_KEY is not the key .* Restore it, or retire it.*docs\/privacy\.md/s)
    const none = await sync(own)
    expect(none.code).toBe(78)
    expect(none.stderr).toMatch(/NUMBER_KEY is not set, and .* Restore it, or retire it/s)
    expect(await contentsOf(database.pool)).toEqual(before)

    await database.pool.query('select allo.retire_number_key()')
    expect(await sync({ ...own, NUMBER_KEY: another })).toMatchObject({ code: 0 })
    expect((await database.pool.query(keyed)).rows).toEqual([{ n: 0 }])
    for (const text of [secret, another]) expect(everythingSaid()).not.toContain(text)
  })

  test('creates a key with the embedded Postgres, readable only by its owner, and says so if the file is missing', async () => {
    const file = join(cwd, '.data', 'number-key')
    expect(await sync({})).toMatchObject({ code: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const made = readFileSync(file, 'utf8')
    expect(made).toMatch(/^[0-9a-f]{64}\n$/)
    expect(await sync({})).toMatchObject({ code: 0 })
    expect(readFileSync(file, 'utf8')).toBe(made)

    rmSync(file)
    const gone = await sync({})
    expect(gone.code).toBe(78)
    expect(gone.stderr).toContain(`${file} is missing`)
    writeFileSync(file, 'not a key')
    const spoilt = await sync({})
    expect(spoilt.code).toBe(78)
    expect(spoilt.stderr).toContain('it does not contain 32 bytes')
    writeFileSync(file, made)
    expect(await sync({})).toMatchObject({ code: 0 })
    expect(everythingSaid()).not.toContain(made.trim())
  })
})

describe('retiring a key', () => {
  const keysOnRecord = (stage: Stage) =>
    stage.sql<{ number_key: string | null; is_erased: boolean }>(
      'select number_key, number_to is null as is_erased from allo.queue_entries order by entry_id',
    )

  test('removes number keys; those of erased numbers become random, and equal keys stay equal', async () => {
    const stage = await openStage({ env, world: { teammates: 2 } })
    const [first = '', second = ''] = stage.ids
    const number = stage.world.currentQueue(first)?.rowAt(0)?.number_to ?? ''
    stage.apply({ type: 'append', userId: second, numbers: [number] })
    await stage.pass()
    const erased = [number, stage.world.currentQueue(first)?.rowAt(1)?.number_to ?? '']
    await stage.sql('update allo.queue_entries set number_to = null where number_to = any ($1)', [erased])
    await stage.sql(`update allo.queue_entries set number_key = 'forgotten-x' where entry_id = 3`)
    await stage.sql('select allo.retire_number_key()')

    const after = await keysOnRecord(stage)
    const random = after.filter(({ is_erased }) => is_erased).map(({ number_key }) => number_key)
    expect(random).toEqual(Array(3).fill(expect.stringMatching(/^erased-[0-9a-f]{32}$/)))
    expect(new Set(random).size).toBe(2)
    expect(
      after.flatMap(({ is_erased, number_key }) => (is_erased ? [] : [number_key])).filter(Boolean),
    ).toEqual(['forgotten-x'])
    for (const text of erased) expect(random).not.toContain(keys.keyOf(text))
    expect(await stage.sql('select number_key_fingerprint as f from allo.settings')).toEqual([{ f: null }])
    stage.letTheApiLie()
  })

  test('is refused while numbers are suppressed, unless end_suppressions is true', async () => {
    const stage = await openStage({ env })
    await stage.pass()
    await stage.sql(`insert into allo.suppressed_numbers values ('some key', now())`)
    await expect(stage.sql('select allo.retire_number_key()')).rejects.toThrow('1 numbers are suppressed')
    expect((await keysOnRecord(stage)).every(({ number_key }) => number_key !== null)).toBe(true)
    await stage.sql('select allo.retire_number_key(end_suppressions => true)')
    expect(await stage.sql('select from allo.suppressed_numbers')).toEqual([])
    expect((await keysOnRecord(stage)).every(({ number_key }) => number_key === null)).toBe(true)
  })
})
