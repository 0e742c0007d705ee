/**
 * Rows of the mirror that were lost or edited by hand: the next pass repairs them, and history shows no event for it.
 */
import { describe, expect, test } from 'vitest'
import { runChecks } from '../src/quality/run-checks.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

/** Three queues: one lost a number and is being dialled, one was reset, one is as it was. */
async function lively(): Promise<Stage> {
  const stage = await openStage({
    world: { calledBefore: 0.4, teammates: 3, withoutQueue: 0, numbersPerQueue: 12 },
  })
  const [first = '', second = ''] = stage.ids
  await stage.pass()
  stage.apply(
    { type: 'remove_positions', userId: first, positions: [5], renumber: true },
    { type: 'dial', userId: first, position: 8 },
    { type: 'reset', userId: second, fill: 6 },
  )
  await stage.pass()
  await stage.pass()
  expect(await failing(stage)).toEqual([])
  return stage
}

async function failing({ database, world }: Stage): Promise<string[]> {
  const { results } = await runChecks(database.pool, world.team.id, { deep: () => {} })
  return results
    .filter(({ status, severity }) => status === 'failed' && severity === 'error')
    .map(({ name }) => name)
}

/** Everything that says what happened, and when. */
async function history({ sql }: Stage): Promise<unknown> {
  const tables = [
    'queue_number_versions',
    'queue_versions',
    'queue_assignments',
    'queue_snapshots',
    'dials',
    'queue_entries',
  ]
  return Promise.all(tables.map((table) => sql(`select to_jsonb(t) as row from allo.${table} t order by 1`)))
}

/** The mirror without its bookkeeping. */
function mirror({ sql }: Stage): Promise<unknown> {
  return sql(`select to_jsonb(n) as row from allo.queue_numbers n join allo.queues q using (queue_id) where q.is_current
    union all
    select to_jsonb(q) - array['last_read_started_at', 'last_observed_at', 'content_digest'] from allo.queues q order by 1`)
}

const current = 'queue_id in (select queue_id from allo.queues where is_current)'
const some = (table: string, where = 'true') =>
  `ctid = (select ctid from allo.${table} where ${where} and ${current} order by queue_id, ctid limit 1)`
const number = (edit: string, where?: string) =>
  `update allo.queue_numbers set ${edit} where ${some('queue_numbers', where)}`
const entry = (edit: string, where?: string) =>
  `update allo.queue_entries set ${edit} where ${some('queue_entries', where)}`
const queue = (edit: string) => `update allo.queues set ${edit} where ${some('queues')}`

const edits: readonly [table: string, edits: Readonly<Record<string, string>>][] = [
  [
    'numbers',
    {
      'a number deleted': `delete from allo.queue_numbers where ${some('queue_numbers')}`,
      'a dialled number deleted': `delete from allo.queue_numbers where ${some('queue_numbers', 'call_id is not null')}`,
      'all numbers deleted': `delete from allo.queue_numbers where ${current}`,
      'a number added': `insert into allo.queue_numbers (queue_id, position, entry_id, number_to, row_digest)
    select queue_id, 999, 999999, '+12125550199', 0 from allo.queues where is_current limit 1`,
      'a phone number edited': number(`number_to = '+12125550199'`),
      'when a number came edited': number(`created_at = created_at - interval '1 day'`),
      'when a number was touched edited': number(`updated_at = updated_at - interval '1 day'`),
      'unknown fields edited': number(`extra = '{"x": 1}'`),
      'a call edited': number(
        `call_id = 'cll-made-up', call_start_date = '2026-01-01', routing_result = 'ANSWERED'`,
      ),
      'a call erased': number('call_id = null, call_start_date = null', 'call_id is not null'),
      'a status edited': number(
        `sync_status = 'x', voicemail_left = true, not_reached_destination_reason = 'BUSY'`,
      ),
      'a digest edited': number('row_digest = 7'),
      'a number of another entry': number('entry_id = 999999'),
      'a number in another place': number('position = position + 500'),
    },
  ],
  [
    'entries',
    {
      'entry deleted with its number': `with gone as (delete from allo.queue_numbers where ${some('queue_numbers')} returning entry_id)
    delete from allo.queue_entries where entry_id in (select entry_id from gone)`,
      'entries deleted': `delete from allo.queue_entries where last_seen_at is null and ${current}`,
      'an entry added': `insert into allo.queue_entries (entry_id, queue_id, first_seen_at, outcome)
    select 999999, queue_id, now(), 'remaining' from allo.queues where is_current limit 1`,
      'the outcome of an entry edited': entry(
        `outcome = 'connected', dial_count = 9, last_dialled_at = now()`,
      ),
      'the beginning of an entry edited': entry(`first_seen_at = first_seen_at - interval '1 day'`),
      'an entry said to have left': entry(
        `last_seen_at = now(), removed_at = now(), removal_reason = 'deleted'`,
        'last_seen_at is null',
      ),
      'an entry said to be there': entry(
        'last_seen_at = null, removed_at = null, removal_reason = null',
        'last_seen_at is not null',
      ),
      'the number of an entry edited': entry(`number_to = '+12125550199'`, 'last_seen_at is null'),
    },
  ],
  [
    'queues',
    {
      'the settings of a queue edited': queue(`name = 'Another', do_not_disturb = 'x', assignee_id = null`),
      'a queue said to have ended': queue(`ended_at = now(), end_reason = 'queue_gone', is_current = false`),
      'a queue said to be unknown': queue(
        `is_current = null, missing_since = now(), unknown_since = now(), unobservable_since = now()`,
      ),
      'the holder of a queue edited': queue(`user_id = 'usr-nobody'`),
      'the count and the digests of a queue edited': queue(
        `numbers = 1, content_digest = 'x', membership_digest = 'x'`,
      ),
      'a queue deleted': `delete from allo.queues where ${some('queues')}`,
      'a queue deleted with its numbers': `delete from allo.queue_numbers where ${current}; delete from allo.queues where is_current`,
    },
  ],
  [
    'history, where the mirror knows better',
    {
      'a version of the settings edited': `update allo.queue_versions set name = 'Another' where ${some('queue_versions', 'valid_to is null')}`,
      'an open version edited': `update allo.queue_number_versions set sync_status = 'x' where ${some('queue_number_versions', 'valid_to is null')}`,
      'the last counts edited': `update allo.queue_snapshots s set remaining = remaining + 1, numbers = numbers + 1
    where ${current} and observed_at = (select max(observed_at) from allo.queue_snapshots where queue_id = s.queue_id)`,
    },
  ],
]

describe('the next pass repairs', () => {
  test.for(edits)('%s', async ([, ofTable]) => {
    const stage = await lively()
    const before = [await history(stage), await mirror(stage)]
    for (const [what, sql] of Object.entries(ofTable)) {
      await stage.sql(sql)
      expect([await history(stage), await mirror(stage)], what).not.toEqual(before)
      await stage.pass()
      expect(await failing(stage), what).toEqual([])
      expect([await history(stage), await mirror(stage)], what).toEqual(before)
    }
  })

  test('a loss while the queue changed: history shows the change and nothing else', async () => {
    const stage = await lively()
    const [first = ''] = stage.ids
    await stage.sql(`delete from allo.queue_numbers where position in (0, 3) and ${current}`)
    await stage.sql(number(`sync_status = 'x'`, 'position = 2'))
    stage.apply(
      { type: 'remove_positions', userId: first, positions: [1], renumber: true },
      { type: 'dial', userId: first, position: 6 },
    )
    const { readings } = await stage.pass()
    expect(readings.find(({ userId }) => userId === first)).toMatchObject({
      added: 0,
      changed: 1,
      removed: 1,
    })
    expect(await failing(stage)).toEqual([])
  })
})

test('a queue whose rows were only moved on disk is compared once, and nothing is written', async () => {
  const stage = await lively()
  const before = [await history(stage), await mirror(stage)]
  await stage.sql('vacuum full allo.queue_numbers')
  await stage.pass()
  expect([await history(stage), await mirror(stage)]).toEqual(before)
  const rows = () => stage.sql(`select xmin, ctid from allo.queue_numbers order by ctid`)
  const written = await rows()
  await stage.pass()
  expect(await rows()).toEqual(written)
})
