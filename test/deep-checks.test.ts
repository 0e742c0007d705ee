/** Each deep check finds its error, made here by hand, and names its row without personal data. */
import { expect, test } from 'vitest'
import { deepChecks } from '../src/quality/deep/deep-checks.ts'
import { findDeepFaults, runDeepChecks } from './support/deep-checks.ts'
import { livelyTeam, mirrorLivelyTeam } from './support/lively-team.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

/** A team with a queue that was reset, one that lost a number and one in which calls go on: seen in three passes. */
async function lively(): Promise<Stage> {
  const stage = await openStage({ world: livelyTeam })
  await mirrorLivelyTeam(stage)
  // As if more than two intervals had passed between the first two passes.
  await stage.sql(
    `insert into allo.reading_gaps (user_id, gap_from, gap_to, team_id, reason)
     select user_id, min(observed_at), max(observed_at), $1, 'not_read' from allo.sync_reads
     where pass_id in (select pass_id from allo.sync_passes order by pass_id limit 2) group by user_id`,
    [stage.world.team.id],
  )
  return stage
}

const found = ({ database, world }: Stage) => runDeepChecks(database.pool, world.team.id)

const some = (table: string, where = 'true') =>
  `ctid = (select ctid from allo.${table} where ${where} order by ctid limit 1)`

const followed = `valid_to is not null and end_reason is null`

/** Each statement changes one row, or one view. */
const breakages: readonly [what: string, edits: string, ...caughtBy: string[]][] = [
  [
    'a version that ends before the next begins',
    `update allo.queue_number_versions set valid_to = valid_to - interval '1 us' where ${some('queue_number_versions', followed)}`,
    'counts_equal_versions',
    'readings_equal_changes',
    'versions_leave_no_hole',
  ],
  [
    'settings that end before the next begin',
    `update allo.queue_versions set valid_to = valid_to - interval '1 us' where ${some('queue_versions', followed)}`,
    'versions_leave_no_hole',
  ],
  [
    'a return of a number that is not marked',
    `update allo.queue_number_versions set end_reason = 'deleted' where ${some('queue_number_versions', followed)}`,
    'readings_equal_changes',
    'versions_leave_no_hole',
  ],
  [
    'a version that is missing',
    `delete from allo.queue_number_versions where ${some('queue_number_versions', followed)}`,
    'counts_equal_versions',
    'readings_equal_changes',
    'views_repeat_tables',
  ],
  [
    'an old count that is not the one of the versions',
    `update allo.queue_snapshots set remaining = remaining - 1, other = other + 1 where ${some('queue_snapshots', 'remaining > 0')}`,
    'counts_equal_versions',
  ],
  [
    'a reading that stored another number of numbers',
    `update allo.sync_reads set numbers_stored = numbers_stored + 1 where ${some('sync_reads', `status = 'ok'`)}`,
    'readings_equal_changes',
  ],
  [
    'a reading that removed another number of numbers',
    `update allo.sync_reads set removed = removed + 1 where ${some('sync_reads', 'removed > 0')}`,
    'readings_equal_changes',
  ],
  [
    'a dial that was seen before its version',
    `update allo.dials set first_seen_at = first_seen_at - interval '1 us' where ${some('dials', 'changed_after is not null')}`,
    'dials_equal_versions',
  ],
  [
    'a dial with another result than its version',
    `update allo.dials set routing_result = 'FAILED', outcome = 'failed' where ${some('dials', `outcome = 'in_progress'`)}`,
    'dials_equal_versions',
  ],
  [
    'a version that shows a call without a dial',
    `update allo.queue_number_versions set call_id = 'cll-x' where ${some('queue_number_versions', 'call_id is null and valid_to is null')}`,
    'counts_equal_versions',
    'dials_equal_versions',
    'teammates_equal_queues',
  ],
  [
    'a dial of a teammate who did not hold the queue',
    `update allo.dials set user_id = (select max(user_id) from allo.teammates x where x.user_id <> dials.user_id) where ${some('dials')}`,
    'holders_equal_assignments',
  ],
  [
    'an assignment that began after the first reading',
    `update allo.queue_assignments set valid_from = valid_from + interval '1 us' where ${some('queue_assignments', 'queue_id is not null')}`,
    'holders_equal_assignments',
  ],
  [
    'a gap with a reading in it',
    `update allo.reading_gaps set gap_to = gap_to + interval '1 us' where ${some('reading_gaps')}`,
    'gaps_hold_no_reading',
  ],
]

test('of correct data no check fails, and every check has items', async () => {
  const results = await found(await lively())
  expect(results.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(results.map(({ name }) => name)).toEqual(deepChecks.map(({ name }) => name))
})

test('no check fails during a pass, after a look, after a pass over some teammates, or beside another team', async () => {
  const during: Promise<string[]>[] = []
  const stage = await openStage({
    world: livelyTeam,
    beforePage: () => void during.push(findDeepFaults(stage.database.pool, stage.world.team.id)),
  })
  const [first = '', second = ''] = stage.ids
  await stage.pass()
  stage.apply({ type: 'dial', userId: first, position: 15 }, { type: 'reset', userId: second, fill: 3 })
  expect(await stage.look(first)).toMatchObject({ kind: 'changed' })
  await stage.pass([second])
  stage.apply({ type: 'result', userId: first, position: 15, result: { routing_result: 'ANSWERED' } })
  await stage.pass()
  const other = await openStage({ world: { ...livelyTeam, seed: 'another_team' } })
  await other.pass()
  for (const each of [stage, other]) each.letTheApiLie()
  const teams = await stage.sql<{ team_id: string }>('select team_id from allo.teams')
  expect(teams).toHaveLength(2)
  for (const { team_id } of teams) during.push(findDeepFaults(stage.database.pool, team_id))
  expect(during.length).toBeGreaterThan(8)
  expect((await Promise.all(during)).flat()).toEqual([])
})

test('of a database without data there is nothing to check, and no check fails', async () => {
  const { database } = await openStage()
  const results = await runDeepChecks(database.pool, 'no team')
  expect(new Set(results.map(({ status }) => status))).not.toContain('failed')
})

test.each(breakages)('%s is found', async (_, edit, ...caughtBy) => {
  const stage = await lively()
  const { rowCount } = await stage.database.pool.query(edit)
  expect(rowCount).toBe(1)
  const failed = (await found(stage)).filter(({ status }) => status === 'failed')
  expect(failed.map(({ name }) => name).sort()).toEqual(caughtBy.sort())
  expect(failed.filter(({ sentence }) => /\+?\d{7,}/.test(sentence))).toEqual([])
})

const twice = 'select * from VIEW union all select * from VIEW'
const oneMore = (column: string) =>
  `select (jsonb_populate_record(v, jsonb_build_object('${column}', ${column} + 1))).* from VIEW v`

/** Each view is replaced by a query of itself. */
const wrongViews: readonly [view: string, body: string, ...caughtBy: string[]][] = [
  ['number_entries', twice, 'queues_equal_sums', 'views_repeat_tables'],
  ['queue_history', 'select * from VIEW where is_open', 'views_repeat_tables'],
  ['queues', oneMore('dials'), 'queues_equal_sums'],
  ['daily_activity', 'select * from VIEW where dials = 0', 'activity_equals_dials'],
  ['daily_activity', oneMore('connected'), 'activity_equals_dials'],
  ['sessions', 'select * from VIEW where session > 1', 'activity_equals_dials'],
  ['sessions', oneMore('dialling_seconds'), 'activity_equals_dials'],
  ['activity_heatmap', 'select * from VIEW where dials = 0', 'activity_equals_dials'],
  ['activity_heatmap', oneMore('picked_up'), 'activity_equals_dials'],
  ['leaderboard_7d', 'select * from VIEW where dials = 0', 'activity_equals_dials'],
  ['leaderboard_7d', oneMore('numbers_dialled'), 'activity_equals_dials'],
  ['teammates', 'select * from VIEW where queue_id is null', 'teammates_equal_queues'],
  ['teammates', oneMore('remaining'), 'teammates_equal_queues'],
]

test.each(wrongViews)('a wrong view is found: %s as %s', async (view, body, ...caughtBy) => {
  const stage = await lively()
  await stage.sql(`alter view reporting.${view} rename to true_one`)
  try {
    await stage.sql(`create view reporting.${view} as ${body.replaceAll('VIEW', 'reporting.true_one')}`)
    const failed = (await found(stage)).filter(({ status }) => status === 'failed')
    expect(failed.map(({ name }) => name).sort()).toEqual(caughtBy.sort())
  } finally {
    await stage.sql(`drop view if exists reporting.${view}`)
    await stage.sql(`alter view reporting.true_one rename to ${view}`)
  }
})

test('every check is made to fail here', () => {
  const caught = new Set([...breakages, ...wrongViews].flatMap(([, , ...caughtBy]) => caughtBy))
  expect(deepChecks.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([])
})
