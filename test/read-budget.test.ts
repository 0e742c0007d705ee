import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  keyFingerprint,
  type OpenReadBudget,
  openReadBudget,
  pauseOnRecord,
} from '../src/store/pass/read-budget.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { holds } from './support/properties.ts'

/** Far more than any machine takes for a statement: what is compared can't be a matter of its speed. */
const MINUTE_MS = 60_000

let database: TestDatabase
const budgets: OpenReadBudget[] = []
let keys = 0

beforeAll(async () => {
  database = await createTestDatabase()
  await logSlots()
})

afterAll(async () => {
  await Promise.all(budgets.map((budget) => budget.close()))
  await database.drop()
})

describe('request slots', () => {
  test('with one key are one interval apart, in every way of requesting them', async () => {
    const key = newKey()
    const processes = [await open(key), await open(key), await open(key)]
    await Promise.all(processes.flatMap((budget) => Array.from({ length: 20 }, () => budget.reserve(55.6))))
    const slots = await slotsOf(key, 55.6)
    expect(slots).toHaveLength(60)
    for (const [index, slot] of slots.entries()) {
      if (index > 0) expect(slot - (slots[index - 1] ?? 0)).toBeGreaterThan(55.5)
      expect(slots.filter((other) => other >= slot && other < slot + 1000).length).toBeLessThanOrEqual(18)
    }
  })

  test('do not overlap and are not given in a pause, whatever room is reserved and whichever process reserves it', async () => {
    const process = fc.nat(2)
    const requests = fc.oneof(
      { weight: 5, arbitrary: fc.record({ process, roomMs: fc.integer({ min: 1, max: 900 }) }) },
      { weight: 1, arbitrary: fc.record({ process, pauseMs: fc.nat(20) }) },
    )
    await holds(4, fc.array(requests, { minLength: 2, maxLength: 30 }), async (sequence) => {
      const key = newKey()
      const processes = [await open(key), await open(key), await open(key)]
      const rooms: number[] = []
      let pausedUntil = 0
      for (const request of sequence) {
        const budget = processes[request.process]
        if ('pauseMs' in request) {
          pausedUntil = Math.max(pausedUntil, (await now()) + request.pauseMs)
          await budget?.pause(request.pauseMs)
        } else if ('inMs' in ((await budget?.reserve(request.roomMs)) ?? {})) {
          rooms.push(request.roomMs)
          expect(await now(), 'the time of a slot').toBeGreaterThanOrEqual(pausedUntil)
        }
      }
      const ends = await slotsOf(key, 0)
      const overlaps = rooms.filter(
        (room, index) => (ends[index] ?? 0) - room < (ends[index - 1] ?? 0) - 0.01,
      )
      expect(ends).toHaveLength(rooms.length)
      expect(overlaps).toEqual([])
    })
  })

  test('are recognised by their distance', async () => {
    const budget = await open(newKey())
    await budget.reserve(10 * MINUTE_MS)
    const slot = await budget.reserve(10 * MINUTE_MS)
    expect(slot).toEqual({ inMs: expect.any(Number) })
    expect('inMs' in slot && Math.round(slot.inMs / MINUTE_MS)).toBe(10)
  })

  test('that were not used are lost, not accumulated', async () => {
    const key = newKey()
    const budget = await open(key)
    await budget.reserve(1)
    await database.pool.query(
      `update allo.read_slots set next_slot_at = clock_timestamp() - interval '1 hour' where key_fingerprint = $1`,
      [key],
    )
    const before = await now()
    await budget.reserve(100)
    await budget.reserve(100)
    const [first = 0, second = 0] = (await slotsOf(key, 100)).slice(-2)
    expect(first).toBeGreaterThanOrEqual(before)
    expect(second - first).toBeGreaterThanOrEqual(100)
  })

  test('and pauses from before the clock was set back block nothing', async () => {
    const key = newKey()
    const budget = await open(key)
    await budget.reserve(50)
    await database.pool.query(
      `update allo.read_slots set next_slot_at = clock_timestamp() + interval '1 day' where key_fingerprint = $1`,
      [key],
    )
    await database.pool.query(
      `update allo.api_keys set paused_until = clock_timestamp() + interval '30 years' where key_fingerprint = $1`,
      [key],
    )
    expect(await budget.pausedMs()).toBe(0)
    const slot = await budget.reserve(50)
    expect('inMs' in slot && slot.inMs).toBeLessThan(MINUTE_MS)
    await budget.pause(1000)
    const { rows } = await database.pool.query(
      `select k.paused_until < clock_timestamp() + interval '1 hour' as pause,
         s.next_slot_at < clock_timestamp() + interval '1 hour' as slot
       from allo.api_keys k join allo.read_slots s using (key_fingerprint) where key_fingerprint = $1`,
      [key],
    )
    expect(rows).toEqual([{ pause: true, slot: true }])
  })

  test('of one key do not affect another key', async () => {
    const [one, other] = [await open(newKey()), await open(newKey())]
    await one.reserve(10 * MINUTE_MS)
    await one.pause(10 * MINUTE_MS)
    const slot = await other.reserve(1)
    expect('inMs' in slot && slot.inMs).toBeLessThan(MINUTE_MS)
  })

  test('of one key leave the rows of other keys as they are', async () => {
    const [key, unused, ahead] = [newKey(), newKey(), newKey()]
    const budget = await open(key)
    for (const other of [unused, ahead]) await open(other)
    await setSlotBack(unused, '1 hour')
    await setClockBack(ahead, '1 day')
    await database.pool.query(
      `update allo.api_keys set paused_until = clock_timestamp() + interval '30 years' where key_fingerprint = $1`,
      [ahead],
    )
    const before = await rowsOf(unused, ahead)
    await budget.reserve(50)
    await budget.pause(1)
    await setClockBack(key, '1 day')
    await budget.pause(10 * MINUTE_MS)
    await budget.pausedMs()
    expect(await rowsOf(unused, ahead)).toEqual(before)
  })

  test('from before the clock was set back do not delay the next one, also without a pause', async () => {
    const key = newKey()
    const budget = await open(key)
    await setClockBack(key, '1 day')
    const slot = await budget.reserve(50)
    expect('inMs' in slot && slot.inMs).toBeLessThan(MINUTE_MS)
  })

  test('of a new key begin after a second, because requests may have been sent before', async () => {
    const before = await now()
    const key = newKey()
    const budget = await open(key)
    await budget.reserve(1)
    expect((await slotsOf(key, 1))[0]).toBeGreaterThanOrEqual(before + 1000)
  })

  test('lost in a crash of the database cost one second and cause no burst', async () => {
    const key = newKey()
    const processes = [await open(key), await open(key)]
    await processes[0]?.reserve(50)
    await database.pool.query('truncate allo.read_slots')
    const emptiedAt = await now()
    await Promise.all(processes.flatMap((budget) => [budget.reserve(50), budget.reserve(50)]))
    const slots = (await slotsOf(key, 50)).slice(1)
    expect(slots).toHaveLength(4)
    expect(slots[0]).toBeGreaterThanOrEqual(emptiedAt + 1000)
    for (const [index, slot] of slots.slice(1).entries()) {
      expect(slot - (slots[index] ?? 0)).toBeGreaterThan(49.9)
    }
  })

  test('write only their commit to the WAL', async () => {
    const { rows } = await database.pool.query<{ persistence: string }>(
      `select relpersistence as persistence from pg_class where oid = 'allo.read_slots'::regclass`,
    )
    expect(rows).toEqual([{ persistence: 'u' }])
  })
})

describe('a pause', () => {
  test('applies to all processes with the key, and no slot is given during it', async () => {
    const key = newKey()
    const [told, other] = [await open(key), await open(key)]
    await told.pause(10 * MINUTE_MS)
    const slotsBefore = await slotsOf(key, 50)
    for (const budget of [told, other]) {
      expect(Math.round((await budget.pausedMs()) / MINUTE_MS)).toBe(10)
      const slot = await budget.reserve(50)
      expect('pausedMs' in slot && Math.round(slot.pausedMs / MINUTE_MS)).toBe(10)
    }
    expect(await slotsOf(key, 50)).toEqual(slotsBefore)
  })

  test('stays when the process that recorded it ends', async () => {
    const key = newKey()
    const told = await openReadBudget(database.url, key)
    await told.pause(10 * MINUTE_MS)
    await told.close()
    expect(Math.round((await (await open(key)).pausedMs()) / MINUTE_MS)).toBe(10)
  })

  test('is never shortened, only extended', async () => {
    const budget = await open(newKey())
    await budget.pause(10 * MINUTE_MS)
    await budget.pause(MINUTE_MS)
    expect(Math.round((await budget.pausedMs()) / MINUTE_MS)).toBe(10)
    await budget.pause(20 * MINUTE_MS)
    expect(Math.round((await budget.pausedMs()) / MINUTE_MS)).toBe(20)
  })

  test('of a day is believed, also if slots are far apart', async () => {
    const budget = await open(newKey())
    for (let slots = 0; slots < 20; slots++) await budget.reserve(10_000)
    await budget.pause(24 * 60 * MINUTE_MS)
    expect(Math.round((await budget.pausedMs()) / MINUTE_MS)).toBe(24 * 60)
  })

  test.each([
    ['with spacing', 50],
    ['without spacing', null],
  ])('recorded before the clock was set back by two hours is dropped, %s', async (_, intervalMs) => {
    const key = newKey()
    const budget = await open(key)
    if (intervalMs !== null) await budget.reserve(intervalMs)
    await setSlotBack(key, '2 hours')
    await budget.pause(10 * MINUTE_MS)
    await setClockBack(key, '2 hours')
    expect(await budget.pausedMs()).toBe(0)
    expect(await budget.reserve(50)).toHaveProperty('inMs')
    const { rows } = await database.pool.query(
      'select paused_until from allo.api_keys where key_fingerprint = $1',
      [key],
    )
    expect(rows).toEqual([{ paused_until: null }])
  })

  test('recorded after the clock was set back is believed', async () => {
    const key = newKey()
    const budget = await open(key)
    await setClockBack(key, '1 day')
    await budget.pause(10 * MINUTE_MS)
    expect(Math.round((await budget.pausedMs()) / MINUTE_MS)).toBe(10)
  })

  test('is on record also if the slots were lost', async () => {
    const key = newKey()
    await (await open(key)).pause(10 * MINUTE_MS)
    await database.pool.query('delete from allo.read_slots where key_fingerprint = $1', [key])
    expect(await pauseOnRecord(database.pool, key)).toEqual({ ms: expect.any(Number), isTooFarAhead: false })
  })

  test('that is over has no effect', async () => {
    const key = newKey()
    const budget = await open(key)
    await budget.pause(10 * MINUTE_MS)
    await database.pool.query(
      `update allo.api_keys set paused_until = clock_timestamp() - interval '1 ms' where key_fingerprint = $1`,
      [key],
    )
    expect(await budget.pausedMs()).toBe(0)
    expect(await budget.reserve(50)).toHaveProperty('inMs')
  })
})

test('a key is stored as a fingerprint that does not contain it', async () => {
  const apiKey = 'ak_live_secret'
  const budget = await open(keyFingerprint(apiKey))
  await budget.reserve(1)
  const { rows } = await database.pool.query<{ text: string }>(
    `select string_agg(k::text || coalesce(s::text, ''), ' ') as text
     from allo.api_keys k left join allo.read_slots s using (key_fingerprint)`,
  )
  expect(rows[0]?.text).toContain(keyFingerprint(apiKey))
  expect(rows[0]?.text).not.toContain('secret')
})

async function open(key: string): Promise<OpenReadBudget> {
  const budget = await openReadBudget(database.url, key)
  budgets.push(budget)
  return budget
}

/** Nothing was sent since. */
async function setSlotBack(key: string, by: string): Promise<void> {
  await database.pool.query(
    'update allo.read_slots set next_slot_at = next_slot_at - $2::interval where key_fingerprint = $1',
    [key, by],
  )
}

/** What is on record is then further ahead. */
async function setClockBack(key: string, by: string): Promise<void> {
  await database.pool.query(
    'update allo.read_slots set next_slot_at = next_slot_at + $2::interval where key_fingerprint = $1',
    [key, by],
  )
  await database.pool.query(
    'update allo.api_keys set paused_until = paused_until + $2::interval where key_fingerprint = $1',
    [key, by],
  )
}

async function rowsOf(...fingerprints: string[]): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select k.key_fingerprint, k.paused_until::text, s.next_slot_at::text
     from allo.api_keys k join allo.read_slots s using (key_fingerprint)
     where key_fingerprint = any ($1) order by 1`,
    [fingerprints],
  )
  return rows
}

function newKey(): string {
  keys += 1
  return `key ${keys}`
}

/** A trigger in the database records every reservation of every process. */
async function logSlots(): Promise<void> {
  await database.pool.query(`
    create table public.slots_given (key_fingerprint text, next_slot_at timestamptz);
    create function public.log_slot() returns trigger language plpgsql as $$
      begin
        insert into public.slots_given values (new.key_fingerprint, new.next_slot_at);
        return null;
      end
    $$;
    create trigger log_slot after update on allo.read_slots for each row execute function public.log_slot();
  `)
}

/** In order, in milliseconds on the database's clock; all of them reserved with this interval. */
async function slotsOf(key: string, intervalMs: number): Promise<number[]> {
  const { rows } = await database.pool.query<{ at: number }>(
    `select (extract(epoch from next_slot_at) * 1000)::float8 - $2 as at
     from public.slots_given where key_fingerprint = $1 order by 1`,
    [key, intervalMs],
  )
  return rows.map(({ at }) => at)
}

async function now(): Promise<number> {
  const { rows } = await database.pool.query<{ at: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as at',
  )
  return rows[0]?.at ?? Number.NaN
}
