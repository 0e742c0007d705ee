/** Impossible times, numbers that are too long, ends that the database refuses, and teams that are moved on purpose. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { runChecks } from '../src/quality/run-checks.ts'
import { openMirror } from './support/mirror.ts'
import { type ScriptedAllo, startScriptedAllo } from './support/scripted-allo.ts'
import { currentQueue, type Stage, useStages } from './support/stage.ts'

const openStage = useStages()
const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

test('a dial in the year 1 and a number in the year 9999 do not extend the calendar, and are reported as impossible times, not as a wrong time zone', async () => {
  const stage = await openStage({
    edit: ({ position }) =>
      position === 0
        ? { call_start_date: '0001-01-01T00:00:00', call_id: null, created_at: '9999-12-31T23:59:59' }
        : {},
  })
  await stage.pass()
  const [{ days } = { days: 0 }] = await stage.sql<{ days: number }>(
    `select count(*)::int as days from reporting.daily_activity`,
  )
  expect(days).toBeGreaterThan(0)
  expect(days).toBeLessThan(3 * 3000)
  const [{ dials } = { dials: 0 }] = await stage.sql<{ dials: number }>(
    `select count(*)::int as dials from reporting.dials where dialled_at = '0001-01-01T00:00:00Z'`,
  )
  expect(dials).toBe(3)
  const { results } = await runChecks(stage.database.pool, stage.world.team.id, { deep: () => {} })
  const failed = results.filter(({ status }) => status === 'failed')
  expect(failed.map(({ name }) => name)).toEqual(['times_possible'])
  expect(failed[0]?.sentence).toMatch(/call_start_date of dial|created_at of entry/)
  expect(failed[0]?.sentence).not.toContain('ALLO_TIME_ZONE')
})

test('a number that an earlier version stored and that is too long for an index can be removed', async () => {
  const stage = await openStage()
  await stage.pass()
  stage.letTheApiLie()
  const [userId = ''] = stage.ids
  const queueId = currentQueue(stage, userId)
  const number = randomBytes(6000).toString('hex')
  for (const table of ['queue_numbers', 'queue_entries']) {
    await stage.sql(
      `update allo.${table} set number_to = $1 where entry_id =
         (select entry_id from allo.queue_numbers where queue_id = $2 and position = 0)`,
      [number, queueId],
    )
  }
  stage.apply({ type: 'remove_positions', userId, positions: [0], renumber: false })
  expect((await stage.pass()).status).toBe('ok')
  const left = await stage.sql(
    `select removal_reason from allo.queue_entries where length(number_to) > 1000 and removed_at is not null`,
  )
  expect(left).toEqual([{ removal_reason: 'deleted' }])
})

test('a pass whose end the database refuses is closed, not left running, and the next pass ends the queues', async () => {
  const stage = await openStage()
  const [userId = ''] = stage.ids
  await stage.pass()
  stage.apply({ type: 'reset', userId, fill: 2 })
  await stage.pass()
  await stage.sql(`alter table allo.queues add constraint theirs check (ended_at is null)`)
  try {
    await expect(stage.pass()).rejects.toMatchObject({ sqlState: '23514' })
    expect(
      await stage.sql(`select status, error_code from allo.sync_passes order by pass_id desc limit 1`),
    ).toEqual([{ status: 'partial', error_code: 'database_refused' }])
  } finally {
    await stage.sql(`alter table allo.queues drop constraint theirs`)
  }
  await stage.pass()
  expect(
    await stage.sql(`select count(*)::int as ended from allo.queues where ended_at is not null`),
  ).toEqual([{ ended: 1 }])
})

const people = ['usr-a', 'usr-b', 'usr-c']

async function openTeam(stage: Stage) {
  stage.letTheApiLie()
  const allo = await startScriptedAllo()
  cleanUps.push(() => allo.close())
  allo.users = people.map((id) => ({ id, status: 'ACTIVE' }))
  for (const [index, id] of people.entries()) {
    const number = { number_to: `+1212555001${index}`, call_id: `cll-${id}` }
    allo.queues.set(id, { id: `pdl-${id}`, numbers: [number] })
  }
  return allo
}

async function openWith(allo: ScriptedAllo, stage: Stage, apiKey: string) {
  const mirror = await openMirror({ simulated: allo, databaseUrl: stage.database.url, apiKey })
  cleanUps.push(() => mirror.close())
  return mirror
}

describe('a teammate who can’t be read delays ends for a limited number of passes', () => {
  test('a row without a usable id delays an end for three passes', async () => {
    const stage = await openStage()
    const allo = await openTeam(stage)
    const mirror = await openWith(allo, stage, 'ak_live_sixth')
    await mirror.pass()
    allo.users.push({ id: 'x'.repeat(300) })
    allo.queues.set('usr-c', null)
    const endings: (readonly string[])[] = []
    for (let round = 0; round < 5; round += 1) {
      const { status, conclusions } = await mirror.pass()
      expect(status).toBe('partial')
      endings.push(conclusions.ended)
    }
    // After the first pass it is unknown; three passes delay its end.
    expect(endings).toEqual([[], [], [], [], ['pdl-usr-c']])
    expect(
      await stage.sql(`select q.end_reason, q.ended_at = (select min(r.observed_at) from allo.sync_reads r
        where r.user_id = 'usr-c' and r.status = 'no_queue') as is_dated_back from allo.queues q where ended_at is not null`),
    ).toEqual([{ end_reason: 'queue_gone', is_dated_back: true }])
  })

  test('a shared queue goes to the teammate who can be read, and a queue that is returned costs one reading', async () => {
    const stage = await openStage()
    const allo = await openTeam(stage)
    const mirror = await openWith(allo, stage, 'ak_live_seventh')
    const read = async (userId: string) => {
      const { readings } = await mirror.pass({ users: [userId] })
      return readings[0]?.errorCode ?? readings[0]?.status
    }
    const shared = allo.queues.get('usr-a') ?? null
    await mirror.pass()
    allo.queues.set('usr-b', shared)
    expect([await read('usr-b'), await read('usr-a')]).toEqual(['ok', 'queue_shared'])
    allo.queues.set('usr-b', null)
    expect([await read('usr-b'), await read('usr-a')]).toEqual(['no_queue', 'ok'])

    allo.queues.set('usr-b', shared)
    expect([await read('usr-b'), await read('usr-a')]).toEqual(['ok', 'queue_shared'])
    allo.queues.set('usr-b', { id: 'pdl-usr-a', numbers: [{ call_id: 'x'.repeat(300) }] })
    expect(await read('usr-b')).toBe('surprised')
    expect([await read('usr-a'), await read('usr-a')]).toEqual(['queue_shared', 'ok'])
    const held = await stage.sql<{ user_id: string }>(
      `select user_id from allo.queue_assignments where queue_id = 'pdl-usr-a' order by valid_from`,
    )
    expect(held.map(({ user_id }) => user_id)).toEqual(['usr-a', 'usr-b', 'usr-a', 'usr-b', 'usr-a'])
  })
})

describe('the team of a key', () => {
  async function home(stage: Stage) {
    const tables = await stage.sql<{ name: string }>(
      `select table_name as name from information_schema.columns c join information_schema.tables t
         using (table_schema, table_name)
       where table_schema = 'allo' and column_name = 'team_id' and table_type = 'BASE TABLE'`,
    )
    const teams = new Set<string>()
    for (const { name } of tables) {
      const rows = await stage.sql<{ team_id: string }>(
        `select distinct team_id from allo.${name} where team_id is not null`,
      )
      for (const { team_id } of rows) teams.add(team_id)
    }
    return [...teams]
  }

  test('may continue with a new key, but a key that names another team for the same teammates is refused', async () => {
    const stage = await openStage()
    const allo = await openTeam(stage)
    expect((await (await openWith(allo, stage, 'ak_live_first')).pass()).status).toBe('ok')
    const rotated = await (await openWith(allo, stage, 'ak_live_second')).pass()
    expect(rotated).toMatchObject({ status: 'ok', team: { teamId: 'team-1' } })
    expect(rotated.readings.every(({ added }) => added === 0)).toBe(true)

    const third = await openWith(allo, stage, 'ak_live_third')
    for (const team of [{ id: 'team-2' }, null]) {
      allo.me = { api_key_id: 'key-3', team }
      await expect(third.pass()).rejects.toThrow(/on record as team team-1.*move_team\('team-1'/)
      await expect(third.pass({ dryRun: true })).rejects.toThrow(/on record as team team-1/)
    }
    expect(await home(stage)).toEqual(['team-1'])
    allo.me = { team: { id: 'team-1' } }
    expect((await third.pass()).status).toBe('ok')
  })

  test('changes by allo.move_team with all its data, and no call counts twice', async () => {
    const stage = await openStage()
    const allo = await openTeam(stage)
    const mirror = await openWith(allo, stage, 'ak_live_fourth')
    await mirror.pass()
    const other = await openTeam(stage)
    other.me = { team: { id: 'team-9' } }
    other.users = [{ id: 'usr-x', status: 'ACTIVE' }]
    await (await openWith(other, stage, 'ak_live_of_others')).pass()

    await expect(stage.sql(`select allo.move_team('team-1', 'team-9')`)).rejects.toThrow(/cannot be merged/)
    await expect(stage.sql(`select allo.move_team('team-0', 'team-7')`)).rejects.toThrow(/no team team-0/)
    await stage.sql(`select allo.move_team('team-1', 'team-2')`)
    expect((await home(stage)).sort()).toEqual(['team-2', 'team-9'])
    await expect(mirror.pass()).rejects.toThrow(/on record as team team-2/)
    allo.me = { team: { id: 'team-2', name: 'Acme' } }
    expect((await mirror.pass()).status).toBe('ok')
    expect(await stage.sql('select count(*)::int as dials from allo.dials')).toEqual([{ dials: 3 }])
  })

  test('is a team of its own, and stays so, if the API names none', async () => {
    const stage = await openStage()
    const allo = await openTeam(stage)
    allo.me = { api_key_id: 'key-1', team: null }
    const mirror = await openWith(allo, stage, 'ak_live_fifth')
    for (let round = 0; round < 2; round += 1) {
      expect(await mirror.pass()).toMatchObject({ status: 'ok', team: { teamId: 'key-key-1' } })
    }
    expect(await home(stage)).toEqual(['key-key-1'])
  })
})
