/** How soon a dial is here, and when a teammate was looked at: data_freshness, live_freshness, queue_burndown. */
import { describe, expect, test } from 'vitest'
import { readView } from './support/reporting-views.ts'
import { currentQueue, type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

async function open(): Promise<Stage> {
  const stage = await openStage()
  // Times on record are changed below.
  stage.letTheApiLie()
  await stage.pass()
  return stage
}

/** As if looks of this teammate had counted, the last one this long ago. */
function lookedAt(stage: Stage, userId: string, ago: string, intervalSeconds: number) {
  return stage.sql(
    `insert into allo.looks (user_id, team_id, queue_id, planned_at, looked_at, interval_seconds)
     values ($1, $2, $3, now(), clock_timestamp() - $4::interval, $5)`,
    [userId, stage.world.team.id, currentQueue(stage, userId), ago, intervalSeconds],
  )
}

/** Dials the next number, and mirrors it by a pass; then it was dialled this long before it was seen. */
async function dialled(stage: Stage, { position = 0, secondsBefore = 0 }): Promise<void> {
  const [userId = ''] = stage.ids
  stage.apply({ type: 'dial', userId, position })
  await stage.pass()
  await stage.sql(
    `update allo.dials set dialled_at = first_seen_at - make_interval(secs => $1)
     where dial_id = (select max(dial_id) from allo.dials)`,
    [secondsBefore],
  )
}

async function live({ database, world }: Stage) {
  const [row, ...more] = await readView<Record<string, number | null>>(
    database.pool,
    'reporting.live_freshness',
    world.team.id,
  )
  expect(more).toEqual([])
  return row
}

describe('data_freshness', () => {
  type Freshness = Record<'user_id', string> & Record<'look_age_seconds' | 'looked_at', number | null>

  test('has when a teammate was last looked at, and a look does not make stale data fresh', async () => {
    const stage = await open()
    const [first = '', second = ''] = stage.ids
    await lookedAt(stage, first, '4 seconds', 10.3)
    await stage.sql(`update allo.teammates set last_observed_at = last_observed_at - interval '1 d'`)
    const rows = await readView<Freshness>(
      stage.database.pool,
      'reporting.data_freshness',
      stage.world.team.id,
    )
    const of = (id: string) => rows.find(({ user_id }) => user_id === id)
    expect(of(first)).toMatchObject({ is_stale: true, look_interval_seconds: 10.3 })
    expect(Math.floor(of(first)?.look_age_seconds ?? 0)).toBeGreaterThanOrEqual(4)
    expect(of(first)?.look_age_seconds).toBeLessThan(3600)
    expect(of(second)).toMatchObject({ looked_at: null, look_age_seconds: null, look_interval_seconds: null })
  })
})

describe('live_freshness', () => {
  test('has the median and the 95th percentile of the lag of dials first seen in the last hour', async () => {
    const stage = await open()
    expect(await live(stage)).toMatchObject({ dials: 0, lag_p50_seconds: null, lag_p95_seconds: null })
    await dialled(stage, { position: 0, secondsBefore: 4 })
    await dialled(stage, { position: 1, secondsBefore: 5 })
    await dialled(stage, { position: 2, secondsBefore: 25 })
    expect(await live(stage)).toMatchObject({
      dials: 3,
      dials_seen_by_look: 0,
      lag_p50_seconds: 5,
      lag_p95_seconds: 23,
    })
    // The source's clock is ahead.
    await dialled(stage, { position: 3, secondsBefore: -3 })
    expect(await live(stage)).toMatchObject({ dials: 4, lag_p50_seconds: 4.5 })
  })

  test('leaves out dials that the first reading of a queue found, dials of unknown start, and older ones', async () => {
    const stage = await openStage()
    stage.letTheApiLie()
    const [userId = ''] = stage.ids
    stage.apply({ type: 'dial', userId, position: 0 })
    await stage.pass()
    expect(await live(stage)).toMatchObject({ dials: 0 })
    await dialled(stage, { position: 1 })
    await dialled(stage, { position: 2 })
    expect(await live(stage)).toMatchObject({ dials: 2 })
    await stage.sql('update allo.dials set dialled_at = null where position = 1')
    expect(await live(stage)).toMatchObject({ dials: 1 })
    for (const column of ['allo.dials set first_seen_at =', 'allo.queue_number_versions set valid_from ='])
      await stage.sql(`update ${column} ${column.split(' ')[2]} - interval '61 min' where position = 2`)
    expect(await live(stage)).toMatchObject({ dials: 0 })
  })

  test('counts as seen by a look what no reading saw at that moment', async () => {
    const stage = await open()
    await dialled(stage, { position: 0, secondsBefore: 5 })
    await dialled(stage, { position: 1, secondsBefore: 5 })
    await stage.sql(
      `update allo.sync_reads set observed_at = observed_at + interval '1 microsecond'
       where observed_at = (select max(first_seen_at) from allo.dials)`,
    )
    expect(await live(stage)).toMatchObject({ dials: 2, dials_seen_by_look: 1 })
  })

  test('has how often teammates who dial are looked at: those whose counts changed within five minutes', async () => {
    const stage = await open()
    const [first = '', second = '', third = ''] = stage.ids
    expect(await live(stage)).toMatchObject({ teammates_looked_at: 0, look_interval_p50_seconds: null })
    await lookedAt(stage, first, '4 s', 10)
    await lookedAt(stage, second, '8 s', 20)
    await lookedAt(stage, third, '61 min', 120)
    expect(await live(stage)).toMatchObject({
      teammates_looked_at: 2,
      teammates_dialling: 2,
      look_interval_p50_seconds: 15,
      look_interval_p95_seconds: 19.5,
    })
    await stage.sql(
      `update allo.queue_snapshots set observed_at = observed_at - interval '5 min' where user_id = $1`,
      [second],
    )
    expect(await live(stage)).toMatchObject({
      teammates_looked_at: 2,
      teammates_dialling: 1,
      look_interval_p50_seconds: 10,
    })
    await stage.sql('update allo.queues set is_current = null')
    expect(await live(stage)).toMatchObject({ teammates_looked_at: 0, teammates_dialling: 0 })
  })
})

test('the last counts of a burn-down are valid until the last look that changed something', async () => {
  const stage = await open()
  const [userId = ''] = stage.ids
  await stage.sql(
    `update allo.queues set last_look_applied_at = last_observed_at + interval '1 min' where user_id = $1`,
    [userId],
  )
  const rows = await stage.sql(
    `select q.user_id = $1 as is_looked_at, b.valid_until - q.data_as_of = interval '1 min' as is_later
     from reporting.queue_burndown b join reporting.queues q using (queue_id) where b.is_last order by 1`,
    [userId],
  )
  expect(rows).toEqual([
    { is_looked_at: false, is_later: false },
    { is_looked_at: false, is_later: false },
    { is_looked_at: true, is_later: true },
  ])
})

test('the time before the end of a queue in which no dial was seen begins with the last look that changed something', async () => {
  const stage = await open()
  const [userId = ''] = stage.ids
  const queueId = currentQueue(stage, userId)
  stage.apply({ type: 'reset', userId, fill: 2 })
  await stage.pass()
  await stage.pass()
  const exposure = () =>
    stage.sql(
      `select unseen_seconds_before_end as unseen, unlooked_seconds_before_end as unlooked
       from reporting.queues where queue_id = $1`,
      [queueId],
    )
  await stage.sql(
    `update allo.queues set last_observed_at = ended_at - interval '150 s' where queue_id = $1`,
    [queueId],
  )
  expect(await exposure()).toEqual([{ unseen: 150, unlooked: 150 }])
  await stage.sql(
    `update allo.queues set last_look_applied_at = ended_at - interval '8 s' where queue_id = $1`,
    [queueId],
  )
  expect(await exposure()).toEqual([{ unseen: 150, unlooked: 8 }])
})

test('no view depends on an unlogged table, because a replica refuses every query that names one', async () => {
  const stage = await openStage()
  const unlogged = await stage.sql<{ name: string }>(
    `select oid::regclass::text as name from pg_class
     where relpersistence = 'u' and relkind = 'r' and relnamespace = 'allo'::regnamespace`,
  )
  expect(unlogged.map(({ name }) => name)).toContain('allo.looks')
  const views = await stage.sql(
    `select distinct r.ev_class::regclass::text as view, t.oid::regclass::text as "table"
     from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
     join pg_class t on d.refclassid = 'pg_class'::regclass and t.oid = d.refobjid and t.relpersistence = 'u'`,
  )
  expect(views).toEqual([])
})
