/** Attempts to reach a number: what is counted over all its entries, and what can't be known. */
import { describe, expect, test } from 'vitest'
import { forgetNumber } from '../src/personal-data/forget.ts'
import { retain } from '../src/personal-data/retain.ts'
import type { CallResult } from '../src/simulation/shapes.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { readView } from './support/reporting-views.ts'
import { currentQueue, type Stage, type StageOptions, useStages } from './support/stage.ts'

const openStage = useStages()

interface Attempt {
  readonly user_id: string
  readonly attempt_of_stay: number
  readonly attempt_of_number: number | null
  readonly connected_before: boolean | null
  readonly not_in_service_before: boolean | null
  readonly hours_since_previous_attempt: number | null
  readonly seconds_since_first_queued: number | null
  readonly is_final: boolean
}

const read = <Row extends object>({ database, world }: Stage, view: string) =>
  readView<Row>(database.pool, `reporting.${view}`, world.team.id)

/** In the order of the calls. */
async function attempts(stage: Stage): Promise<Attempt[]> {
  const rows = await read<Attempt & { counted_at: number }>(stage, 'dials')
  return rows.sort((a, b) => a.counted_at - b.counted_at)
}

const unknown = {
  attempt_of_number: null,
  connected_before: null,
  not_in_service_before: null,
  hours_since_previous_attempt: null,
  seconds_since_first_queued: null,
}

function call(stage: Stage, userId: string, position: number, result: Partial<CallResult>): void {
  stage.apply({ type: 'dial', userId, position }, { type: 'result', userId, position, result })
}

/**
 * The first teammate calls a number that is not in service, again, and then resets the queue. The second one gets the
 * number and reaches it, calls once more, and removes it.
 */
async function callOneNumber(options: StageOptions = {}) {
  const stage = await openStage({ world: { teammates: 2, timestampPrecision: 'microsecond' }, ...options })
  const [first = '', second = ''] = stage.ids
  const number = stage.world.currentQueue(first)?.rowAt(0)?.number_to ?? ''
  for (const not_reached_destination_reason of ['NOT_IN_SERVICE', 'BUSY'] as const) {
    call(stage, first, 0, { not_reached_destination_reason })
    await stage.pass()
  }
  stage.apply(
    { type: 'reset', userId: first, fill: 1 },
    { type: 'append', userId: second, numbers: [number] },
  )
  await stage.pass()
  const { position = 0 } = stage.world.currentQueue(second)?.rows().at(-1) ?? {}
  call(stage, second, position, { routing_result: 'ANSWERED' })
  await stage.pass()
  call(stage, second, position, { not_reached_destination_reason: 'BUSY', routing_result: null })
  await stage.pass()
  return { stage, first, second, number, position }
}

const expected = (first: string, second: string) => [
  {
    user_id: first,
    attempt_of_stay: 1,
    attempt_of_number: 1,
    connected_before: false,
    not_in_service_before: false,
  },
  {
    user_id: first,
    attempt_of_stay: 2,
    attempt_of_number: 2,
    connected_before: false,
    not_in_service_before: true,
  },
  {
    user_id: second,
    attempt_of_stay: 1,
    attempt_of_number: 3,
    connected_before: false,
    not_in_service_before: true,
  },
  {
    user_id: second,
    attempt_of_stay: 2,
    attempt_of_number: 4,
    connected_before: true,
    not_in_service_before: true,
  },
]

describe('the attempts of a number', () => {
  test('are counted over all its entries, and stay the same when the number is forgotten', async () => {
    const { stage, first, second, number, position } = await callOneNumber()
    const before = await attempts(stage)
    expect(before).toMatchObject(expected(first, second))
    expect(before.map(({ is_final }) => is_final)).toEqual([true, true, true, false])
    stage.apply({ type: 'remove_positions', userId: second, positions: [position], renumber: true })
    for (let round = 0; round < 2; round += 1) await stage.pass()
    const removed = await attempts(stage)
    expect(removed.map(({ is_final }) => is_final)).toEqual([true, true, true, true])
    stage.letTheApiLie()
    const { pool } = stage.database
    const forgotten = await forgetNumber(pool, { number, numberKeys: null, suppress: false, dryRun: false })
    expect(forgotten).toMatchObject({ outcome: 'erased', stays: 2 })
    const after = await attempts(stage)
    const withoutNumber = (rows: readonly object[]) =>
      rows.map((row) => ({ ...row, number_masked: null, number_key: null }))
    expect(withoutNumber(after)).toEqual(withoutNumber(removed))
  })

  test('are unknown of a number that was erased by age without NUMBER_KEY, and of a dial before teams.history_from', async () => {
    const { stage, first, second } = await callOneNumber()
    stage.letTheApiLie()
    const { pool } = stage.database
    const retention = { numbersDays: null, historyDays: null, readsDays: 36_500 }
    const teamId = stage.world.team.id
    await pool.query(
      'update allo.teams set history_from = (select max(dialled_at) from allo.dials) where team_id = $1',
      [teamId],
    )
    const complete = expected(first, second)
    expect(await attempts(stage)).toMatchObject([
      { ...complete[0], ...unknown },
      { ...complete[1], ...unknown },
      { ...complete[2], ...unknown },
      { ...complete[3] },
    ])
    await pool.query('update allo.teams set history_from = null')
    await letTimePass(pool, '10 days', { sourceStays: true })
    await retain({ pool, teamId, numberKeys: null }, { ...retention, numbersDays: 5 })
    // The entries of the queue that was replaced have a random key each. The later entry can't know of them.
    expect(await attempts(stage)).toMatchObject([
      { ...complete[0], ...unknown },
      { ...complete[1], ...unknown },
      { user_id: second, attempt_of_stay: 1, attempt_of_number: 1, connected_before: false },
      { user_id: second, attempt_of_stay: 2, attempt_of_number: 2, connected_before: true },
    ])
  })

  test('are counted when Allo does not say when a call began, but the hours between are unknown', async () => {
    const stage = await openStage({
      world: { teammates: 1, timestampPrecision: 'microsecond' },
      edit: ({ routing_result }) => (routing_result === 'FAILED' ? { call_start_date: null } : {}),
    })
    const [userId = ''] = stage.ids
    for (const routing_result of ['VOICEMAIL', 'FAILED', 'ANSWERED'] as const) {
      call(stage, userId, 0, { routing_result })
      await stage.pass()
    }
    const [one, two, three] = await attempts(stage)
    expect([one, two, three].map((dial) => dial?.attempt_of_number)).toEqual([1, 2, 3])
    expect([one, two, three].map((dial) => dial?.hours_since_previous_attempt)).toEqual([null, null, null])
    expect(two?.seconds_since_first_queued).toBeNull()
    expect(three?.seconds_since_first_queued).toBeGreaterThan(0)
  })

  test('are in attempts until a person answers and in wasted_dials afterwards; cadence has the numbers that no person answered', async () => {
    const { stage, first, second, position } = await callOneNumber()
    expect(await read(stage, 'wasted_dials')).toHaveLength(3)
    const reasons = await stage.sql<{ reason: string }>(
      'select reason from reporting.wasted_dials order by attempt_of_number',
    )
    expect(reasons.map(({ reason }) => reason)).toEqual([
      'not_in_service',
      'not_in_service',
      'connected_before',
    ])
    expect(
      await stage.sql(
        `select attempt, sum(dials)::int as dials, sum(connected)::int as connected
         from reporting.attempts group by attempt order by attempt`,
      ),
    ).toEqual([
      { attempt: 1, dials: 1, connected: 0 },
      { attempt: 2, dials: 1, connected: 0 },
      { attempt: 3, dials: 1, connected: 1 },
    ])
    const tried = async () =>
      stage.sql(
        `select user_id, queue_id, attempts, attempts_of_stay, teammates from reporting.cadence where attempts > 0`,
      )
    // The number is in the queue of the second teammate, who reached it.
    expect(stage.world.currentQueue(second)?.rowAt(position)).not.toBeNull()
    expect(await tried()).toEqual([])
    call(stage, first, 0, { routing_result: 'FAILED' })
    const number = stage.world.currentQueue(first)?.rowAt(0)?.number_to ?? ''
    stage.apply({ type: 'append', userId: second, numbers: [number] })
    await stage.pass()
    const { position: last = 0 } = stage.world.currentQueue(second)?.rows().at(-1) ?? {}
    call(stage, second, last, { routing_result: 'VOICEMAIL' })
    await stage.pass()
    const queues = new Map([first, second].map((id) => [id, currentQueue(stage, id)]))
    const rows = await tried()
    expect(rows).toHaveLength(2)
    for (const id of [first, second])
      expect(rows).toContainEqual({
        user_id: id,
        queue_id: queues.get(id),
        attempts: 2,
        attempts_of_stay: 1,
        teammates: 2,
      })
  })
})
