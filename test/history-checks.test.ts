/** The comparisons of the other history tests find errors: each false row, made by hand, is found. */
import { expect, test } from 'vitest'
import { watchEndings } from './support/endings.ts'
import { compareMirrorWithSource } from './support/source.ts'
import { type Stage, useStages } from './support/stage.ts'
import { compareWithTruth } from './support/truth.ts'

const openStage = useStages()

async function lively(): Promise<Stage> {
  const stage = await openStage({ world: { calledBefore: 0.5, teammates: 4, withoutQueue: 1 } })
  const userId = stage.world.keyOwner()
  await stage.pass()
  stage.apply(
    { type: 'remove_positions', userId, positions: [1], renumber: true },
    { type: 'dial', userId, position: 2 },
    { type: 'settings', userId, settings: { name: 'Renewals' } },
  )
  await stage.pass()
  await stage.pass()
  stage.letTheApiLie()
  expect((await compareWithTruth(stage.database.pool, stage.world.truth)).problems).toEqual([])
  return stage
}

const some = (table: string, where = 'true') =>
  `ctid = (select ctid from allo.${table} where ${where} order by ctid limit 1)`

test.each([
  [
    'a version of another outcome',
    `update allo.queue_number_versions set routing_result = 'CLOSED' where ${some('queue_number_versions')}`,
  ],
  [
    'a version that never was',
    `insert into allo.queue_number_versions (entry_id, queue_id, position, valid_from) select 9999, queue_id, 99, valid_from from allo.queue_number_versions limit 1`,
  ],
  [
    'a version that is missing',
    `delete from allo.queue_number_versions where ${some('queue_number_versions')}`,
  ],
  [
    'a version that began later',
    `update allo.queue_number_versions set valid_from = valid_from + interval '1 ms' where ${some('queue_number_versions')}`,
  ],
  [
    'a version that ended too late',
    `update allo.queue_number_versions set valid_to = valid_to + interval '1 ms' where ${some('queue_number_versions', 'valid_to is not null')}`,
  ],
  [
    'a version that changed after another reading',
    `update allo.queue_number_versions set changed_after = changed_after + interval '1 us' where ${some('queue_number_versions', 'changed_after is not null')}`,
  ],
  [
    'another order',
    `update allo.queue_number_versions set position = position + 100 where ${some('queue_number_versions')}`,
  ],
  [
    'an entry under another number',
    `update allo.queue_entries set number_to = '+1' where ${some('queue_entries')}`,
  ],
  [
    'an entry removed for another reason',
    `update allo.queue_entries set removal_reason = 'queue_gone' where removal_reason = 'deleted'`,
  ],
  [
    'an entry left that is still there',
    `update allo.queue_entries set last_seen_at = first_seen_at, removal_reason = 'deleted' where ${some('queue_entries', 'last_seen_at is null')}`,
  ],
  [
    'a miscounted entry',
    `update allo.queue_entries set dial_count = dial_count + 1 where ${some('queue_entries')}`,
  ],
  ['a lost dial', `delete from allo.dials where ${some('dials')}`],
  [
    'a made-up dial',
    `insert into allo.dials (team_id, entry_id, queue_id, user_id, position, dialled_at, outcome, first_seen_at, last_changed_at) select team_id, entry_id, queue_id, user_id, position, '2001-01-01Z', 'in_progress', first_seen_at, last_changed_at from allo.dials limit 1`,
  ],
  ['a dial of another teammate', `update allo.dials set user_id = 'usr-x' where ${some('dials')}`],
  [
    'a miscount',
    `update allo.queue_snapshots set remaining = remaining - 1, other = other + 1 where ${some('queue_snapshots', 'remaining > 0')}`,
  ],
  [
    'counts of another teammate',
    `update allo.queue_snapshots set user_id = 'usr-x' where ${some('queue_snapshots')}`,
  ],
  ['other settings', `update allo.queue_versions set name = 'x' where ${some('queue_versions')}`],
  [
    'another holder',
    `update allo.queue_assignments set queue_id = 'pdl_x' where ${some('queue_assignments', 'queue_id is not null')}`,
  ],
  [
    'no holder',
    `delete from allo.queue_assignments where ${some('queue_assignments', 'queue_id is not null')}`,
  ],
  ['a holder who had none', `update allo.queue_assignments set queue_id = 'pdl_x' where queue_id is null`],
  [
    'a mirror row of another entry',
    `update allo.queue_numbers set entry_id = 9999 where ${some('queue_numbers')}`,
  ],
])('%s is found', async (_, lie) => {
  const stage = await lively()
  const { rowCount } = await stage.database.pool.query(lie)
  expect(rowCount).toBe(1)
  const { problems } = await compareWithTruth(stage.database.pool, stage.world.truth)
  expect(problems).not.toEqual([])
})

test.each([
  [
    'another field',
    `update allo.queue_numbers set updated_at = updated_at + interval '1 s' where ${some('queue_numbers')}`,
  ],
  ['a missing row', `delete from allo.queue_numbers where ${some('queue_numbers')}`],
  ['another holder', `update allo.queues set user_id = 'usr-x' where ${some('queues')}`],
  ['another setting', `update allo.queues set do_not_disturb = 'x' where ${some('queues')}`],
  [
    'a queue without a holder',
    `insert into allo.queues select (jsonb_populate_record(q, '{"queue_id": "pdl_x"}')).* from allo.queues q limit 1`,
  ],
  ['another teammate', `update allo.teammates set email = 'x' where ${some('teammates')}`],
  ['a teammate who left', `update allo.teammates set is_listed = false where ${some('teammates')}`],
])('in the mirror, %s is found', async (_, lie) => {
  const stage = await lively()
  expect(await compareMirrorWithSource(stage.database.pool, stage.world)).toEqual([])
  const { rowCount } = await stage.database.pool.query(lie)
  expect(rowCount).toBe(1)
  expect(await compareMirrorWithSource(stage.database.pool, stage.world)).not.toEqual([])
})

test('an end that never happened is found', async () => {
  const stage = await lively()
  const endings = await watchEndings(stage.database.pool, stage.world.truth)
  await stage.pass()
  expect(await endings.look()).toEqual([])
  const [{ observed_at } = { observed_at: '' }] = await stage.sql<{ observed_at: string }>(
    `select observed_at::text from allo.sync_reads where pass_id = 2 order by observed_at limit 1`,
  )
  await stage.sql(
    `update allo.queues set ended_at = $1, end_reason = 'queue_gone', is_current = false where user_id = $2`,
    [observed_at, stage.world.keyOwner()],
  )
  expect(await endings.look()).toHaveLength(1)
  expect({ endings: endings.endings, excused: endings.excused }).toEqual({ endings: 1, excused: 0 })
})

test('an end after one pass is found, and an end after two passes is accepted, even if the truth is compared late', async () => {
  const stage = await lively()
  const endings = await watchEndings(stage.database.pool, stage.world.truth)
  const userId = stage.world.keyOwner()
  stage.apply({ type: 'reset', userId })
  // The comparison runs only after both passes: the one that makes the queue unknown and the one that ends it.
  await stage.pass()
  await stage.pass()
  expect(await endings.look()).toEqual([])
  expect({ endings: endings.endings, excused: endings.excused }).toEqual({ endings: 1, excused: 0 })

  stage.apply({ type: 'reset', userId })
  await stage.pass()
  // The pass that made the queue unknown finishes again, and ends the queue in its last transaction.
  await stage.sql(`
    begin;
    update allo.sync_passes set status = 'running', finished_at = null where pass_id = (select max(pass_id) from allo.sync_passes);
    update allo.sync_passes set status = 'ok', finished_at = clock_timestamp() where status = 'running';
    update allo.queues set ended_at = missing_since, end_reason = 'queue_replaced', is_current = false
    where ended_at is null and missing_since is not null;
    commit`)
  expect(await endings.look()).toEqual([expect.stringContaining('by one pass alone')])
})
