/** Each check finds its error, made here by hand, and describes it. Legal states fail no check. */
import { describe, expect, test } from 'vitest'
import { judge } from '../src/quality/check.ts'
import { checks } from '../src/quality/checks.ts'
import { runChecks } from '../src/quality/run-checks.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { livelyTeam, mirrorLivelyTeam } from './support/lively-team.ts'
import { type Stage, type StageOptions, useStages } from './support/stage.ts'

const openStage = useStages()

async function lively(options: StageOptions = {}): Promise<Stage> {
  const stage = await openStage({ ...options, world: { ...livelyTeam, ...options.world } })
  await mirrorLivelyTeam(stage)
  await stage.sql('insert into allo.settings default values on conflict do nothing')
  return stage
}

async function found(stage: Stage) {
  const { results } = await runChecks(stage.database.pool, stage.world.team.id)
  return new Map(results.map((result) => [result.name, result]))
}

async function failing(stage: Stage): Promise<string[]> {
  return [...(await found(stage)).values()]
    .filter(({ status }) => status === 'failed')
    .map(({ name }) => name)
}

const current = `queue_id in (select queue_id from allo.queues where is_current)`
const ended = `queue_id in (select queue_id from allo.queues where ended_at is not null)`
const some = (table: string, where = 'true') =>
  `ctid = (select ctid from allo.${table} where ${where} order by ctid limit 1)`

const breakages: readonly [what: string, edits: string, ...caughtBy: string[]][] = [
  [
    'a teammate who was not read for an hour',
    `update allo.teammates set last_observed_at = last_observed_at - interval '1 hour' where ${some('teammates')}`,
    'freshness',
  ],
  [
    'another count than was announced',
    `update allo.sync_reads set numbers_announced = numbers_announced + 1 where status = 'ok'`,
    'count_matches_api',
  ],
  [
    'a number that is missing',
    `delete from allo.queue_numbers where ${some('queue_numbers', current)}`,
    'count_matches_api',
    'mirror_equals_history',
    'snapshot_equals_mirror',
    'positions_contiguous',
  ],
  [
    'a field that was edited',
    `update allo.queue_numbers set sync_status = 'PROCESSING' where ${some('queue_numbers', current)}`,
    'mirror_equals_history',
  ],
  [
    'a field of a queue that ended',
    `update allo.queue_numbers set sync_status = 'PROCESSING' where ${some('queue_numbers', ended)}`,
    'mirror_equals_history',
  ],
  [
    'a phone number that is not the one of its entry',
    `update allo.queue_numbers set number_to = '+12125550199' where ${some('queue_numbers', current)}`,
    'mirror_equals_history',
  ],
  [
    'a setting that differs from history',
    `update allo.queues set name = 'x' where ${some('queues', 'is_current')}`,
    'mirror_equals_history',
  ],
  [
    'a version that is missing',
    `delete from allo.queue_number_versions where ${some('queue_number_versions', `valid_to is null and call_id is null and ${current}`)}`,
    'mirror_equals_history',
    'lifecycle_equals_history',
  ],
  [
    'a version that was left open',
    `update allo.queue_number_versions set valid_to = null, end_reason = null where ${some('queue_number_versions', `end_reason = 'queue_replaced'`)}`,
    'mirror_equals_history',
    'lifecycle_equals_history',
  ],
  [
    'an entry with another outcome',
    `update allo.queue_entries set outcome = 'failed' where ${some('queue_entries')}`,
    'lifecycle_equals_history',
  ],
  [
    'an entry that was seen later than its first version',
    `update allo.queue_entries set first_seen_at = first_seen_at + interval '1 ms' where ${some('queue_entries')}`,
    'lifecycle_equals_history',
  ],
  [
    'an entry that left for another reason',
    `update allo.queue_entries set removal_reason = 'queue_gone' where removal_reason = 'deleted'`,
    'lifecycle_equals_history',
  ],
  ['a dial that is missing', `delete from allo.dials where ${some('dials')}`, 'lifecycle_equals_history'],
  [
    'a queue without an assignment',
    `update allo.queue_assignments set valid_to = clock_timestamp() where ${some('queue_assignments', `valid_to is null and ${current}`)}`,
    'lifecycle_equals_history',
  ],
  [
    'a queue that ended, with an open version of its settings',
    `update allo.queue_versions set valid_to = null, end_reason = null where ${some('queue_versions', ended)}`,
    'lifecycle_equals_history',
  ],
  [
    'a version that overlaps the next',
    `update allo.queue_number_versions set valid_to = valid_to + interval '1 ms' where ${some('queue_number_versions', 'valid_to is not null and end_reason is null')}`,
    'versions_do_not_overlap',
  ],
  [
    'two numbers at one position at the same time',
    `insert into allo.queue_entries (entry_id, queue_id, first_seen_at, last_seen_at, removed_at, removal_reason, outcome)
       select 9999, queue_id, valid_from, valid_from, valid_from + interval '1 us', 'deleted', 'remaining'
       from allo.queue_number_versions where call_id is null and valid_to is null and ${current} limit 1;
     insert into allo.queue_number_versions (entry_id, queue_id, position, valid_from, valid_to, end_reason)
       select 9999, v.queue_id, v.position, e.first_seen_at - interval '1 us', e.first_seen_at + interval '1 us', 'deleted'
       from allo.queue_number_versions v join allo.queue_entries e on e.entry_id = 9999 and e.queue_id = v.queue_id
       where v.valid_from = e.first_seen_at and v.valid_to is null limit 1;
     update allo.queue_entries set first_seen_at = first_seen_at - interval '1 us' where entry_id = 9999`,
    'versions_do_not_overlap',
  ],
  [
    'two holders of one queue',
    `update allo.queue_assignments set valid_to = clock_timestamp(),
       queue_id = (select queue_id from allo.queues where is_current order by queue_id limit 1)
     where queue_id is null`,
    'versions_do_not_overlap',
  ],
  [
    'counts that are not those of the numbers',
    `update allo.queue_snapshots set remaining = remaining - 1, other = other + 1 where remaining > 0`,
    'snapshot_equals_mirror',
  ],
  [
    'a dial without an entry',
    `insert into allo.dials (team_id, entry_id, queue_id, user_id, position, dialled_at, outcome, first_seen_at, last_changed_at)
     select team_id, 9999, queue_id, user_id, position, dialled_at, 'in_progress', first_seen_at, last_changed_at from allo.dials limit 1`,
    'orphans',
  ],
  [
    'a queue that was deleted alone',
    `delete from allo.queues where ${some('queues', 'ended_at is not null')}`,
    'orphans',
  ],
  [
    'a queue that was made in the future',
    `update allo.queues set created_at = clock_timestamp() + interval '1 hour' where ${some('queues')}`,
    'times_plausible',
  ],
  [
    'a report time zone that Postgres does not know',
    `update allo.settings set report_time_zone = 'No/Where'`,
    'report_time_zone_known',
  ],
  [
    'a queue that was made in the year 9999',
    `update allo.queues set created_at = '9999-12-31' where ${some('queues')}`,
    'times_possible',
  ],
  [
    'a dial of the year 1',
    `update allo.dials set dialled_at = '0001-01-01' where ${some('dials')};
     update allo.queue_entries e set first_dialled_at = d.at, last_dialled_at = d.last
       from (select entry_id, min(dialled_at) as at, max(dialled_at) as last from allo.dials group by 1) d
       where d.entry_id = e.entry_id`,
    'times_possible',
  ],
  [
    'dials that were seen before they were made',
    `update allo.dials set dialled_at = dialled_at + interval '2 hours';
     update allo.queue_entries set first_dialled_at = first_dialled_at + interval '2 hours', last_dialled_at = last_dialled_at + interval '2 hours'`,
    'times_plausible',
    'times_not_shifted',
  ],
  [
    'dials that are all off by the same time',
    `update allo.dials set dialled_at = dialled_at - interval '330 minutes' where changed_after is not null;
     update allo.queue_entries e set first_dialled_at = dialled_at, last_dialled_at = dialled_at
       from allo.dials d where d.entry_id = e.entry_id and d.changed_after is not null`,
    'times_not_shifted',
    // Eight of them have no result yet, and seem to have begun long ago.
    'unresolved_dials',
  ],
  [
    'an outcome that differs from its fields',
    `update allo.dials set outcome = 'failed' where ${some('dials', `outcome = 'in_progress'`)}`,
    'outcome_consistent',
  ],
  [
    'a person who answered and could not be reached',
    `update allo.queue_numbers set routing_result = 'ANSWERED', not_reached_destination_reason = 'BUSY', voicemail_left = false
     where ${some('queue_numbers', `not_reached_destination_reason is not null and ${current}`)}`,
    'outcome_consistent',
    'mirror_equals_history',
  ],
  [
    'a call that two numbers show',
    `update allo.queue_numbers set call_id = (select min(call_id) from allo.queue_numbers n where n.${current})
     where ${some('queue_numbers', `call_id > (select min(call_id) from allo.queue_numbers n where n.${current}) and ${current}`)}`,
    'call_id_unique',
    'mirror_equals_history',
  ],
  [
    'a queue that is assigned to another teammate',
    `update allo.queues set assignee_id = 'usr-x' where is_current;
     update allo.queue_versions set assignee_id = 'usr-x' where valid_to is null`,
    'assignee_is_owner',
  ],
  [
    'an undocumented word',
    `update allo.teammates set role = 'OBSERVER' where ${some('teammates')}`,
    'known_values',
  ],
  [
    'a teammate who can never be read',
    `update allo.sync_reads set status = 'error', error_code = 'x' where user_id = (select min(user_id) from allo.sync_reads)`,
    'teammates_read',
  ],
  [
    'a gap between two positions',
    `update allo.queue_numbers set position = position + 100 where position = 5 and ${current};
     update allo.queue_number_versions set position = position + 100 where position = 5 and valid_to is null`,
    'positions_contiguous',
  ],
  [
    'a number that stands there twice',
    `update allo.queue_numbers set number_to = '+12125550199' where position < 2;
     update allo.queue_entries e set number_to = n.number_to from allo.queue_numbers n where n.entry_id = e.entry_id`,
    'duplicate_numbers',
  ],
]

test('correct data fail no check, and every check has items', async () => {
  const results = await found(await lively())
  const statuses = new Set([...results.values()].map(({ status }) => status))
  expect([...statuses]).toEqual(['passed'])
  expect([...results.keys()]).toEqual(checks.map(({ name }) => name))
})

test.each(breakages)('%s is found', async (_, edits, ...caughtBy) => {
  const stage = await lively()
  expect(await failing(stage)).toEqual([])
  for (const edit of edits.split(/;\s*/)) {
    const { rowCount } = await stage.database.pool.query(edit)
    expect(rowCount).toBeGreaterThan(0)
  }
  expect((await failing(stage)).sort()).toEqual(caughtBy.sort())
})

test('every check is made to fail here', () => {
  const caught = new Set(breakages.flatMap(([, , ...caughtBy]) => caughtBy))
  expect(checks.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([])
})

describe('no check fails', () => {
  test('before there is anything to check: the check is skipped, which is not a pass', async () => {
    const stage = await openStage()
    await stage.sql(`insert into allo.teams values ($1, 'New', now(), now())`, [stage.world.team.id])
    const { orphans, ...others } = Object.fromEntries(await found(stage))
    expect(orphans).toMatchObject({ status: 'passed' })
    expect(new Set(Object.values(others).map(({ status }) => status))).toEqual(new Set(['skipped']))
    expect(others.freshness?.sentence).toBe('There is nothing to check yet.')
  })

  test('over a weekend within FRESHNESS_SLO, and freshness fails when the data are older', async () => {
    const stage = await lively({ env: { FRESHNESS_SLO: '62h' } })
    await letTimePass(stage.database.pool, '61 hours')
    expect(await failing(stage)).toEqual([])
    await letTimePass(stage.database.pool, '2 hours')
    expect(await failing(stage)).toEqual(['freshness'])
    expect((await found(stage)).get('freshness')).toEqual({
      name: 'freshness',
      severity: 'error',
      checked: 4,
      failing: 4,
      status: 'failed',
      sentence: expect.stringMatching(
        /^4 of 4 teammates were not read in time: usr-\w+ by 6\d min, usr-\w+ by 6\d min and 2 more\. .* `allo-queue-mirror status` says why\.$/,
      ),
    })
  })

  test('in an outage, until the data are older than FRESHNESS_SLO; nor when it is over', async () => {
    const stage = await lively()
    stage.simulated.faults.add('unavailable_empty')
    for (let pass = 0; pass < 3; pass += 1) await expect(stage.pass()).rejects.toThrow()
    expect(await failing(stage)).toEqual([])
    await letTimePass(stage.database.pool, '20 minutes')
    expect(await failing(stage)).toEqual(['freshness'])
    stage.simulated.faults.clear()
    await stage.sql(`update allo.teammates set last_observed_at = clock_timestamp()`)
    expect(await failing(stage)).toEqual([])
  })

  test('for teammates who are left out on purpose, or who left', async () => {
    const stage = await openStage({ world: { seed: 'left_out' } })
    const [, second = '', third = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'leave', userId: third })
    for (let pass = 0; pass < 4; pass += 1) await stage.pass()
    stage.letTheApiLie()
    await stage.sql(
      `update allo.sync_reads set status = 'skipped', error_code = 'not_asked' where user_id = $1`,
      [second],
    )
    await stage.sql(
      `update allo.teammates set last_observed_at = last_observed_at - interval '1 day' where user_id in ($1, $2)`,
      [second, third],
    )
    expect(await failing(stage)).toEqual([])
  })

  test('for a teammate who just came back and is read next', async () => {
    const stage = await openStage({ world: { seed: 'back' } })
    const [first = '', second = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'leave', userId: second })
    for (let pass = 0; pass < 3; pass += 1) await stage.pass()
    stage.letTheApiLie()
    const longAgo = `update allo.teammates set last_observed_at = last_observed_at - interval '1 day' where user_id = $1`
    await stage.sql(longAgo, [second])
    stage.apply({ type: 'return', userId: second })
    await stage.pass([first])
    expect(await failing(stage)).toEqual([])
    await stage.pass()
    await stage.sql(longAgo, [second])
    expect(await failing(stage)).toEqual(['freshness'])
  })

  test('for suppressed numbers', async () => {
    const stage = await lively()
    await stage.sql(`update allo.queue_numbers set number_to = null`)
    await stage.sql(`update allo.queue_entries set number_to = null`)
    expect(await failing(stage)).toEqual([])
  })

  test('for one dial that was shown late, or for a few dials without a result', async () => {
    const stage = await lively()
    const { rows } = await stage.database.pool.query<{ entry_id: string }>(
      `update allo.dials set dialled_at = dialled_at - interval '3 hours'
       where dial_id = (select max(dial_id) from allo.dials) returning entry_id`,
    )
    await stage.sql(
      `update allo.queue_entries e set first_dialled_at = dialled_at, last_dialled_at = dialled_at
       from allo.dials d where d.entry_id = e.entry_id and e.entry_id = $1`,
      [rows[0]?.entry_id],
    )
    expect(await failing(stage)).toEqual([])
    expect((await found(stage)).get('unresolved_dials')).toMatchObject({ failing: 1, status: 'passed' })
  })

  test('for a call that a second number shows with more details, except call_id_unique', async () => {
    let isStarted = false
    const edit = ({ position, created_at }: { position: number; created_at: string }) => {
      if (position === 1) return { call_id: 'cll-x' }
      return position === 2 && isStarted ? { call_id: 'cll-x', call_start_date: created_at } : {}
    }
    const stage = await openStage({ world: { seed: 'shared_call' }, edit })
    await stage.pass()
    isStarted = true
    await stage.pass()
    expect(await failing(stage)).toEqual(['call_id_unique'])
  })

  test('for one team because of another, but rows without a team count for all teams', async () => {
    const stage = await lively()
    const other = await openStage({ world: { seed: 'other' } })
    await other.pass()
    other.letTheApiLie()
    await stage.sql(
      `update allo.queue_entries set dial_count = 7 where queue_id in (select queue_id from allo.queues where team_id = $1)`,
      [stage.world.team.id],
    )
    expect(await failing(stage)).toEqual(['lifecycle_equals_history'])
    expect(await failing(other)).toEqual([])
    await stage.sql(`delete from allo.queues where ended_at is not null`)
    expect(await failing(other)).toEqual(['orphans'])
  })
})

describe('a sentence', () => {
  const [check] = checks.filter(({ name }) => name === 'count_matches_api')
  const says = (checked: number, failing: number, first: string | null = null, last = first) =>
    check && judge(check, { checked, failing, first, last }).sentence.split('. A reading')[0]

  test('counts the failing items, names the first and the last, and gives the number of the rest', () => {
    expect(says(0, 0)).toBe('There is nothing to check yet.')
    expect(says(1, 0)).toBe('The one queue has as many numbers as Allo announced.')
    expect(says(1200, 0)).toBe('All 1,200 queues have as many numbers as Allo announced.')
    expect(says(1, 1, 'pdl_1')).toBe('1 of 1 queue does not have as many numbers as Allo announced: pdl_1')
    expect(says(3, 2, 'pdl_1', 'pdl_2')).toMatch(/^2 of 3 queues do not have .*: pdl_1 and pdl_2$/)
    expect(says(9, 4, 'pdl_1', 'pdl_7')).toMatch(/^4 of 9 queues do not have .*: pdl_1, pdl_7 and 2 more$/)
  })

  test('contains no phone number, whichever check failed', async () => {
    const stage = await lively()
    await stage.sql(
      `update allo.queue_numbers set number_to = '+12125550199', routing_result = '+12125550199'`,
    )
    await stage.sql(`update allo.teammates set role = '+12125550199'`)
    const sentences = [...(await found(stage)).values()].map(({ sentence }) => sentence)
    expect(sentences.filter((sentence) => sentence.includes('2125550199'))).toEqual([])
    expect((await found(stage)).get('known_values')?.sentence).toContain('role (no word)')
  })
})
