/** The details of calls, when a number is forgotten, when data get old, and when a team or a key changes. */
import { describe, expect, test } from 'vitest'
import { forgetNumber } from '../src/personal-data/forget.ts'
import { retain } from '../src/personal-data/retain.ts'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import { findAnywhere } from './support/everything.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { type Stage, type StageOptions, useStages } from './support/stage.ts'

const secret = 'c0ffee00'.repeat(8)
const keys = createNumberKeys(Buffer.from(secret, 'hex'))
const openStage = useStages()

/** The id of each call begins with its number, in digits. */
const numberInId: StageOptions['edit'] = (row) => ({
  ...row,
  call_id: row.call_id && `${row.number_to.slice(1)}-${row.call_id}`,
})

/** The second teammate made two calls, whose details are known. */
async function withKnownCalls(options: StageOptions = {}) {
  const stage = await openStage({
    env: { NUMBER_KEY: secret },
    ...options,
    // What comes back was added in the same second.
    world: { clock: () => Date.UTC(2026, 3, 30, 12) },
  })
  stage.letTheApiLie()
  const [, userId = ''] = stage.ids
  for (const position of [0, 1]) {
    stage.apply({ type: 'dial', userId, position })
    stage.apply({ type: 'result', userId, position, result: { routing_result: 'ANSWERED' } })
  }
  await stage.pass()
  const number = stage.world.currentQueue(userId)?.rowAt(0)?.number_to ?? ''
  await stage.sql(
    `insert into allo.calls (team_id, call_id, dialled_at, asked_at, known_at, result, duration_seconds, tags)
     select team_id, call_id, now(), now(), now(), 'ANSWERED', 61 + position, '["Demo"]' from allo.dials`,
  )
  return { stage, userId, number }
}

const keep = ({ database, world }: Stage, days: { numbersDays?: number; historyDays?: number }) =>
  retain(
    { pool: database.pool, teamId: world.team.id, numberKeys: keys },
    { numbersDays: null, historyDays: null, readsDays: 36_500, ...days },
  )

const talkSeconds = (stage: Stage) =>
  stage.sql('select position, talk_seconds, tags from reporting.dials order by position')
const bothTalked = [
  { position: 0, talk_seconds: 61, tags: 'Demo' },
  { position: 1, talk_seconds: 62, tags: 'Demo' },
]

describe('forget', () => {
  test('removes a number from the details of calls wherever it stands, and no call loses its dial', async () => {
    const { stage, userId, number } = await withKnownCalls({ edit: numberInId })
    await stage.sql(
      `update allo.calls set allo_number = $1, reason = $1, tags = jsonb_build_array('Demo', 'ask ' || $1)
       where duration_seconds = 61`,
      [number],
    )
    stage.apply({ type: 'remove_positions', userId, positions: [0], renumber: false })
    await stage.pass()
    const forgotten = await forgetNumber(stage.database.pool, {
      number,
      numberKeys: keys,
      suppress: false,
      dryRun: false,
    })
    expect(forgotten).toMatchObject({ outcome: 'erased', left: [] })
    const digits = number.slice(1)
    expect(await findAnywhere(stage.database.pool, [digits, digits.slice(1)])).toEqual([])
    const [first, second] = await talkSeconds(stage)
    expect([first, second]).toEqual([{ ...bothTalked[0], tags: null }, bothTalked[1]])
  })

  test('gives up a call whose id contained the number, because Allo knows no other id', async () => {
    const { stage, userId, number } = await withKnownCalls({ edit: numberInId })
    await stage.sql(
      'update allo.calls set known_at = null, result = null, next_ask_at = now() where duration_seconds = 61',
    )
    stage.apply({ type: 'remove_positions', userId, positions: [0], renumber: false })
    await stage.pass()
    await forgetNumber(stage.database.pool, { number, numberKeys: keys, suppress: false, dryRun: false })
    await stage.askCalls()
    expect(
      await stage.sql(
        `select given_up_at is not null as is_given_up, reason, next_ask_at from allo.calls where known_at is null`,
      ),
    ).toEqual([{ is_given_up: true, reason: 'id_erased', next_ask_at: null }])
  })
})

describe('retention', () => {
  test('of numbers keeps details with their dials, also if ids of calls contained the number, and when it returns', async () => {
    const { stage, userId } = await withKnownCalls({ edit: numberInId })
    stage.apply({ type: 'reset', userId, fill: 2 })
    await stage.pass()
    await stage.pass()
    await letTimePass(stage.database.pool, '31 days', { sourceStays: true })
    await keep(stage, { numbersDays: 30 })
    const ids = await stage.sql<{ call_id: string }>('select call_id from allo.calls')
    expect(ids).toHaveLength(2)
    for (const { call_id } of ids) expect(call_id).toMatch(/^concealed-/)
    expect(await talkSeconds(stage)).toEqual(bothTalked)
    stage.apply({ type: 'remove_queue', userId, restoreOlder: true })
    await stage.pass()
    for (const { call_id } of await stage.sql<{ call_id: string }>('select call_id from allo.calls'))
      expect(call_id).toContain('cll-')
    expect(await talkSeconds(stage)).toEqual(bothTalked)
  })

  test('of history deletes the details of calls with their dials, and no others', async () => {
    const { stage, userId } = await withKnownCalls()
    stage.apply({ type: 'remove_positions', userId, positions: [0], renumber: false })
    await stage.pass()
    await letTimePass(stage.database.pool, '31 days', { sourceStays: true })
    await keep(stage, { historyDays: 30 })
    expect(await stage.sql('select duration_seconds from allo.calls')).toEqual([{ duration_seconds: 62 }])
    expect(await talkSeconds(stage)).toEqual(bothTalked.slice(1))
  })
})

test('details of calls move with their team, and keep their dials when the number key is retired', async () => {
  const { stage } = await withKnownCalls()
  await stage.sql('select allo.move_team($1, $2)', [stage.world.team.id, 'team-9'])
  expect(await stage.sql('select distinct team_id from allo.calls')).toEqual([{ team_id: 'team-9' }])
  expect(await talkSeconds(stage)).toEqual(bothTalked)
  for (const table of ['dials', 'calls'])
    await stage.sql(`update allo.${table} set call_id = 'concealed-' || md5(call_id)`)
  await stage.sql('select allo.retire_number_key()')
  for (const { call_id } of await stage.sql<{ call_id: string }>('select call_id from allo.calls'))
    expect(call_id).toMatch(/^erased-/)
  expect(await talkSeconds(stage)).toEqual(bothTalked)
})
