/** The details of calls: which are asked for, what is recorded, and what comes of answers that are late or wrong. */
import { describe, expect, test } from 'vitest'
import { claimCall } from '../src/store/call/claim-call.ts'
import { enrolCalls } from '../src/store/call/enrol-calls.ts'
import { saveDetails } from '../src/store/call/save-call.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { callStatus } from '../src/store/queries/call-status.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

interface CallRow {
  readonly call_id: string
  readonly attempts: number
  readonly reason: string | null
  readonly result: string | null
  readonly duration_seconds: number | null
  readonly tags: readonly string[] | null
  readonly allo_number: string | null
  readonly is_known: boolean
  readonly is_given_up: boolean
  readonly minutes_to_next: number | null
}

const recorded = (stage: Stage) =>
  stage.sql<CallRow>(
    `select call_id, attempts, reason, result, duration_seconds, tags, allo_number, known_at is not null as is_known,
       given_up_at is not null as is_given_up,
       round(extract(epoch from next_ask_at - clock_timestamp()) / 60)::int as minutes_to_next
     from allo.calls order by dialled_at, call_id`,
  )
const states = async (stage: Stage) =>
  (await recorded(stage)).map(({ is_known, is_given_up, attempts, reason }) =>
    is_known ? 'known' : is_given_up ? `given up: ${reason}` : `waiting: ${reason} (${attempts})`,
  )
const callsAsked = ({ simulated }: Stage) =>
  simulated.requests.list().filter(({ path }) => path.startsWith('/v2/api/conversations/')).length

/** A stage whose first teammate made a call that was answered, some minutes ago. Returns its id, too. */
async function withCall(options: { position?: number; stage?: Stage } = {}) {
  const { position = 0, stage = await openStage() } = options
  stage.letTheApiLie()
  const [userId = ''] = stage.ids
  const { callId } = stage.world.apply({ type: 'dial', userId, position })
  stage.apply({ type: 'result', userId, position, result: { routing_result: 'ANSWERED' } })
  await stage.pass()
  await letTimePass(stage.database.pool, '6 minutes')
  return { stage, userId, callId: callId ?? '' }
}

describe('a call', () => {
  test('is asked for when it has had a result for five minutes, and then its details are known', async () => {
    const { stage, callId } = await withCall()
    await stage.askCalls()
    const truth = stage.world.call(callId)
    expect(await recorded(stage)).toMatchObject([
      {
        call_id: callId,
        is_known: true,
        result: truth?.result,
        duration_seconds: truth?.duration,
        tags: truth?.tags,
        allo_number: truth?.allo_number,
        attempts: 0,
      },
    ])
    await stage.askCalls()
    expect(callsAsked(stage)).toBe(1)
  })

  test('is not asked for while it goes on, nor in the five minutes after its result', async () => {
    const stage = await openStage()
    stage.letTheApiLie()
    const [userId = ''] = stage.ids
    stage.apply({ type: 'dial', userId, position: 0 }, { type: 'dial', userId, position: 1 })
    stage.apply({ type: 'result', userId, position: 1, result: { routing_result: 'ANSWERED' } })
    await stage.pass()
    await letTimePass(stage.database.pool, '4 minutes')
    await stage.askCalls()
    expect(await recorded(stage)).toEqual([])
    await letTimePass(stage.database.pool, '2 minutes')
    await stage.askCalls()
    expect(await states(stage)).toEqual(['known'])
    // Two hours after its start a call is over, even if no result was seen.
    await letTimePass(stage.database.pool, '2 hours')
    await stage.askCalls()
    expect(await states(stage)).toHaveLength(2)
  })

  test('of more than four weeks ago, without an id, or with a concealed one is never asked for', async () => {
    const { stage, userId } = await withCall()
    stage.apply({ type: 'dial', userId, position: 1, callId: false })
    stage.apply({ type: 'result', userId, position: 1, result: { not_reached_destination_reason: 'BUSY' } })
    await stage.pass()
    await letTimePass(stage.database.pool, '28 days')
    for (const callId of ['concealed-0a1b', 'erased-0a1b', '..', 'cll-1/../me', 'cll 1'])
      await stage.sql(
        `insert into allo.dials (team_id, entry_id, queue_id, user_id, position, call_id, dialled_at, outcome,
           first_seen_at, last_changed_at)
         select team_id, entry_id, queue_id, user_id, position, $1, now() - interval '1 hour', outcome, first_seen_at,
           last_changed_at from allo.dials limit 1`,
        [callId],
      )
    await stage.askCalls()
    expect(await recorded(stage)).toEqual([])
    expect(callsAsked(stage)).toBe(0)
  })

  test('that was a conversation is asked for once more a day later, because tags are added after calls', async () => {
    const { stage, callId } = await withCall()
    await enrolCalls(stage.database.pool, stage.world.team.id)
    const [row] = await stage.sql<{ team_id: string }>('select team_id from allo.calls')
    const claim = { teamId: row?.team_id ?? '', callId, claimedUntil: 'now' }
    const details = {
      result: 'ANSWERED',
      durationSeconds: 61,
      direction: null,
      startedAt: null,
      alloNumber: null,
      tags: [],
      isPhoneMenu: null,
    }
    await saveDetails(stage.database.pool, claim, { ...details, durationSeconds: 60 })
    expect(await recorded(stage)).toMatchObject([{ minutes_to_next: null }])
    await stage.sql('update allo.calls set known_at = null, result = null, next_ask_at = now()')
    await saveDetails(stage.database.pool, claim, details)
    expect((await recorded(stage))[0]?.minutes_to_next).toBeGreaterThan(1400)
    await letTimePass(stage.database.pool, '1 day')
    await stage.askCalls()
    expect(callsAsked(stage)).toBe(1)
    expect(await recorded(stage)).toMatchObject([{ minutes_to_next: null, is_known: true }])
  })
})

test('what a later answer about a call leaves out stays known, and what it says replaces what was known', async () => {
  const { stage, callId } = await withCall()
  const { pool } = stage.database
  await stage.askCalls()
  const [before] = await recorded(stage)
  expect(before).toMatchObject({ is_known: true, tags: expect.anything(), allo_number: expect.any(String) })
  const claim = { teamId: stage.world.team.id, callId, claimedUntil: 'now' }
  const later = {
    result: 'VOICEMAIL',
    durationSeconds: 7,
    direction: null,
    startedAt: null,
    isPhoneMenu: null,
  }
  await saveDetails(pool, claim, { ...later, alloNumber: null, tags: null })
  const { tags, allo_number } = before ?? {}
  expect(await recorded(stage)).toMatchObject([
    { result: 'VOICEMAIL', duration_seconds: 7, tags, allo_number },
  ])
  await saveDetails(pool, claim, { ...later, alloNumber: null, tags: ['won'] })
  expect(await recorded(stage)).toMatchObject([{ tags: ['won'], allo_number }])
})

describe('a call without details', () => {
  test('is asked for again after 10 minutes, 30, 2 hours, 8 hours and a day, and then given up', async () => {
    const { stage } = await withCall()
    const fault = stage.simulated.faults.add('call_not_found')
    const gaps: (number | null | undefined)[] = []
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      await stage.askCalls()
      const [call] = await recorded(stage)
      expect(call).toMatchObject({ attempts: attempt, reason: 'not_found', is_known: false })
      gaps.push(call?.minutes_to_next)
      await letTimePass(stage.database.pool, `${call?.minutes_to_next ?? 0} minutes 30 seconds`)
    }
    expect(gaps).toEqual([10, 30, 120, 480, 1440, null])
    expect(await states(stage)).toEqual(['given up: not_found'])
    fault.remove()
    await letTimePass(stage.database.pool, '2 days')
    await stage.askCalls()
    expect(callsAsked(stage)).toBe(6)
  })

  test('is known as soon as it is there', async () => {
    const { stage } = await withCall()
    stage.simulated.faults.add({ kind: 'call_not_ready', times: 1 })
    await stage.askCalls()
    expect(await states(stage)).toEqual(['waiting: not_ready (1)'])
    await letTimePass(stage.database.pool, '11 minutes')
    await stage.askCalls()
    expect(await states(stage)).toEqual(['known'])
  })

  test.each([
    ['wrong_call', 'surprised: data.id'],
    ['wrong_call_types', 'surprised: data.duration'],
    ['truncated_json', 'surprised'],
    ['server_error', 'INTERNAL_SERVER_ERROR'],
  ] as const)('because of %s stays unknown and is asked for again', async (kind, reason) => {
    const { stage } = await withCall()
    stage.simulated.faults.add({ kind, endpoint: 'call', times: 1 })
    await stage.askCalls()
    expect(await recorded(stage)).toMatchObject([
      { is_known: false, attempts: 1, reason, minutes_to_next: 10, result: null },
    ])
  })

  test('shows no number of the contact, whatever field of the answer has it', async () => {
    const { stage, userId } = await withCall()
    const number = stage.world.currentQueue(userId)?.rowAt(0)?.number_to ?? ''
    stage.simulated.faults.add({ kind: 'call_shows_contact' })
    await stage.askCalls()
    expect(await recorded(stage)).toMatchObject([
      { is_known: true, allo_number: null, tags: ['call [number]'] },
    ])
    const [row] = await stage.sql<{ text: string }>('select to_jsonb(c)::text as text from allo.calls c')
    expect(row?.text).not.toContain(number.slice(1))
  })
})

describe('no call is asked for', () => {
  const heldBackBy = async ({ database, world, apiKey }: Stage) =>
    (await callStatus(database.pool, world.team.id, keyFingerprint(apiKey))).heldBackBy
  const heldMinutes = async (stage: Stage) =>
    (
      await stage.sql<{ minutes: number }>(
        'select round(extract(epoch from next_call_at - clock_timestamp()) / 60)::int as minutes from allo.read_slots',
      )
    )[0]?.minutes

  test('for 15 minutes after the scope was refused, and no attempt is used', async () => {
    const { stage } = await withCall()
    stage.simulated.change({ scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE'] })
    await stage.askCalls()
    await stage.askCalls()
    expect(callsAsked(stage)).toBe(1)
    expect(await states(stage)).toEqual(['waiting: API_KEY_INSUFFICIENT_SCOPE (0)'])
    expect(await heldMinutes(stage)).toBe(15)
    expect(await heldBackBy(stage)).toBe('API_KEY_INSUFFICIENT_SCOPE')
    stage.simulated.change({ scopes: ['CONVERSATIONS_READ'] })
    await letTimePass(stage.database.pool, '16 minutes')
    await stage.askCalls()
    expect(await states(stage)).toEqual(['known'])
    expect(await heldBackBy(stage)).toBeNull()
  })

  test('for a minute after a 429 or without a connection, and no attempt is used', async () => {
    const { stage } = await withCall()
    stage.simulated.faults.add({ kind: 'rate_limited', endpoint: 'call', retryAfterSeconds: 5, times: 1 })
    await stage.askCalls()
    expect(await states(stage)).toEqual(['waiting: rate_limited (0)'])
    expect(await heldMinutes(stage)).toBe(1)
    await letTimePass(stage.database.pool, '2 minutes')
    stage.simulated.faults.add({ kind: 'connection_reset', endpoint: 'call', times: 1 })
    await stage.askCalls()
    expect(await states(stage)).toEqual(['waiting: ECONNRESET (0)'])
    expect(await heldMinutes(stage)).toBe(1)
    expect(callsAsked(stage)).toBe(2)
  })

  test('while a pass runs, during a pause, or when the looks have spent their share', async () => {
    const { stage } = await withCall()
    const { pool } = stage.database
    await enrolCalls(pool, stage.world.team.id)
    const key = keyFingerprint(stage.apiKey)
    const claim = (intervalMs = 0, dailyRequests: number | null = null) =>
      claimCall(pool, { keyFingerprint: key, intervalMs, dailyRequests })
    const running = `status = 'running', finished_at = null, lease_expires_at = now() + interval '1 minute'`
    await stage.sql(`update allo.sync_passes set ${running}`)
    expect(await claim()).toEqual({ kind: 'none' })
    await stage.sql(`update allo.sync_passes set status = 'ok', finished_at = now()`)
    await stage.sql(`update allo.api_keys set paused_until = now() + interval '1 minute'`)
    expect(await claim()).toEqual({ kind: 'none' })
    await stage.sql(`update allo.api_keys set paused_until = null`)
    await stage.sql(`update allo.read_slots set next_look_at = now() + interval '1 minute'`)
    expect(await claim(200)).toEqual({ kind: 'wait', ms: 200 })
    await stage.sql(`update allo.read_slots set next_look_at = null`)
    expect(await claim(200, 1)).toEqual({ kind: 'none' })
    expect(await claim(200)).toMatchObject({ kind: 'call', ms: 200 })
  })
})

describe('a claim', () => {
  test('of a worker that was killed runs out, and no attempt is used', async () => {
    const { stage, callId } = await withCall()
    const { pool } = stage.database
    await enrolCalls(pool, stage.world.team.id)
    const budget = { keyFingerprint: keyFingerprint(stage.apiKey), intervalMs: 0, dailyRequests: null }
    expect(await claimCall(pool, budget)).toMatchObject({ kind: 'call', call: { callId } })
    expect(await claimCall(pool, budget)).toEqual({ kind: 'none' })
    await letTimePass(pool, '3 minutes')
    await stage.askCalls()
    expect(await states(stage)).toEqual(['known'])
  })

  test('is of one worker, and calls that were never asked for come first, the newest of them at once', async () => {
    const { stage, callId: first } = await withCall()
    const { callId: second } = await withCall({ stage, position: 1 })
    const { callId: third } = await withCall({ stage, position: 2 })
    const { pool } = stage.database
    await enrolCalls(pool, stage.world.team.id)
    await stage.sql(
      `update allo.calls set attempts = (call_id = $1)::int, dialled_at = now() - case when call_id = $2
         then interval '9 minutes' else interval '8 minutes' end`,
      [third, first],
    )
    const budget = { keyFingerprint: keyFingerprint(stage.apiKey), intervalMs: 0, dailyRequests: null }
    const claims = await Promise.all(Array.from({ length: 4 }, () => claimCall(pool, budget)))
    const claimed = claims.map((next) => (next.kind === 'call' ? next.call.callId : next.kind))
    expect(claimed.toSorted()).toEqual([first, second, third, 'none'].toSorted())
    await letTimePass(pool, '3 minutes')
    for (const callId of [second, first, third])
      expect(await claimCall(pool, budget)).toMatchObject({ call: { callId } })
  })
})
