/**
 * Readings and passes that overlap: saved in any order, no state is recorded twice, and an abandoned pass confirms
 * nothing.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import type { QueueNumber } from '../src/allo/types.ts'
import { membershipDigest } from '../src/snapshot/membership.ts'
import type { Snapshot } from '../src/snapshot/snapshot.ts'
import { finishPass } from '../src/store/pass/finish-pass.ts'
import {
  PassAlreadyRunningError,
  recordSideEffects,
  renewLease,
  startPass,
} from '../src/store/pass/passes.ts'
import { recordTeam, recordTeammates } from '../src/store/pass/teammates.ts'
import { inTransaction, type Pool } from '../src/store/postgres/database.ts'
import { PassClosedError, type Reading } from '../src/store/reading/reading.ts'
import { applyReading, saveReading } from '../src/store/reading/save-reading.ts'
import { findInconsistencies } from './support/bookkeeping.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()
const teamId = 'team-1'
const effort = { requests: 1, throttled: 0, durationMs: 1 }
let stage: Stage
let pool: Pool

/** Instants of a day long before any pass of this test began; seconds after its noon. */
const at = (second: number) => new Date(Date.UTC(2020, 0, 1, 12, 0, second)).toISOString()

beforeEach(async () => {
  stage = await openStage()
  stage.letTheApiLie()
  pool = stage.database.pool
  await recordTeam(pool, { teamId, name: null }, 'a key')
  await list('usr-A', 'usr-B')
})

async function list(...userIds: string[]): Promise<void> {
  const rest = { name: null, email: null, role: null, status: 'ACTIVE', imageUrl: null, extra: null }
  await recordTeammates(
    pool,
    teamId,
    userIds.map((userId) => ({ userId, ...rest })),
  )
}

function begin(): Promise<string> {
  return startPass(pool, { teamId, trigger: 'manual', isWholeTeam: true, version: 'test' })
}

function finish(passId: string, of = pool) {
  const nothing = { errorCode: null, errorMessage: null, errorRequestId: null }
  const counts = { teammates: 2, requests: 2, throttled: 0 }
  return finishPass(of, { passId, teamId, status: 'ok', ...counts, ...nothing })
}

function number(position: number, fields: Partial<QueueNumber> = {}): QueueNumber {
  return {
    position,
    numberTo: `+1212555010${position}`,
    createdAt: '2020-01-01T10:00:00Z',
    updatedAt: null,
    callStartDate: null,
    callId: null,
    routingResult: null,
    syncStatus: null,
    detectedOutboundVoicemail: null,
    notReachedDestinationReason: null,
    voicemailLeft: null,
    extra: null,
    ...fields,
  }
}

const save = (one: Reading) => saveReading(pool, one, null)

/** A reading from one second to another: of a queue, or of none. */
function reading(
  passId: string,
  userId: string,
  [from, to]: readonly [number, number],
  queueId: string | null,
  numbers = [number(0), number(1)],
): Reading {
  const interval = { readStartedAt: at(from), observedAt: at(to), walks: 1 }
  const rest = { name: null, creatorId: null, voicemailHandling: null, doNotDisturb: null }
  const queue = {
    id: queueId ?? '',
    assigneeId: userId,
    createdAt: null,
    updatedAt: null,
    extra: null,
    ...rest,
  }
  const result: Snapshot =
    queueId === null
      ? { kind: 'no_queue', ...interval }
      : {
          kind: 'queue',
          queue,
          numbers,
          announced: numbers.length,
          membershipDigest: membershipDigest(numbers),
          ...interval,
        }
  return { passId, teamId, userId, result, effort }
}

async function assignmentsOf(): Promise<string[]> {
  const seconds = (us: number | null) => (us === null ? '' : (us / 1e6 - Date.parse(at(0)) / 1000).toString())
  const { assignments } = await stage.recorded()
  return assignments.map(
    ({ user_id, queue_id, valid_from, valid_to, missing_since }) =>
      `${user_id} ${queue_id} ${seconds(valid_from)}-${seconds(valid_to)}${valid_to === null && missing_since !== null ? ` unconfirmed ${seconds(missing_since)}` : ''}`,
  )
}

async function expectConsistency(): Promise<void> {
  expect(findInconsistencies(await stage.recorded())).toEqual([])
}

describe('readings saved in another order than they were made', () => {
  async function firstPass(): Promise<string> {
    const first = await begin()
    await save(reading(first, 'usr-A', [0, 1], 'pdl_A'))
    await save(reading(first, 'usr-B', [0, 1], 'pdl_B'))
    await finish(first)
    return begin()
  }

  test('of two teammates who swapped queues never give a teammate both queues', async () => {
    const pass = await firstPass()
    await save(reading(pass, 'usr-A', [10, 13], 'pdl_B'))
    await save(reading(pass, 'usr-B', [9, 12], 'pdl_A'))
    await expectConsistency()
    expect(await assignmentsOf()).toEqual([
      'usr-A pdl_A 1-12',
      'usr-A pdl_B 13-',
      'usr-B pdl_B 1-12',
      'usr-B pdl_A 12-',
    ])
  })

  test('first that of the old holder without the queue, then an earlier one of the new holder with it', async () => {
    const pass = await firstPass()
    await save(reading(pass, 'usr-A', [10, 12], null))
    await save(reading(pass, 'usr-B', [8, 11], 'pdl_A'))
    await expectConsistency()
    expect(await assignmentsOf()).toEqual([
      'usr-A pdl_A 1-11',
      'usr-A null 12- unconfirmed 12',
      'usr-B pdl_B 1-11',
      'usr-B pdl_A 11-',
    ])
  })

  test('first that of the new holder with the queue, then an earlier one of the old holder without it', async () => {
    const pass = await firstPass()
    await save(reading(pass, 'usr-B', [11, 13], 'pdl_A'))
    await save(reading(pass, 'usr-A', [10, 12], null))
    await expectConsistency()
    expect(await assignmentsOf()).toEqual([
      'usr-A pdl_A 1-12',
      'usr-A null 12- unconfirmed 12',
      'usr-B pdl_B 1-13',
      'usr-B pdl_A 13-',
    ])
    expect((await finish(pass)).unknown).toEqual(['pdl_B'])
  })

  test('of one teammate: a reading that began before the last one ended is skipped', async () => {
    const pass = await firstPass()
    await save(reading(pass, 'usr-A', [10, 13], 'pdl_A', [number(0)]))
    const later = await begin()
    const late = await save(reading(later, 'usr-A', [12, 14], 'pdl_A'))
    expect(late).toMatchObject({ status: 'skipped', errorCode: 'overtaken' })
    expect((await stage.recorded()).numbers.filter(({ queue_id }) => queue_id === 'pdl_A')).toHaveLength(1)
  })

  test('of one queue: a reading that began before the queue was seen with another holder is skipped', async () => {
    const pass = await firstPass()
    await save(reading(pass, 'usr-B', [11, 13], 'pdl_A'))
    const late = await save(reading(pass, 'usr-A', [10, 12], 'pdl_A'))
    expect(late).toMatchObject({ status: 'skipped', errorCode: 'queue_overtaken' })
    const { queues } = await stage.recorded()
    expect(queues.find(({ queue_id }) => queue_id === 'pdl_A')).toMatchObject({ user_id: 'usr-B' })
    await expectConsistency()
  })
})

describe('a second reading of a teammate in the same pass', () => {
  test('is not applied', async () => {
    const pass = await begin()
    await save(reading(pass, 'usr-A', [0, 1], 'pdl_A'))
    const before = await stage.recorded()
    const again = await save(reading(pass, 'usr-A', [2, 3], 'pdl_A', [number(0)]))
    expect(again).toMatchObject({ status: 'skipped', errorCode: 'already_read' })
    expect(await stage.recorded()).toEqual(before)
  })

  test('that fails does not replace the first', async () => {
    const pass = await begin()
    await save(reading(pass, 'usr-A', [0, 1], 'pdl_A'))
    const failure = { kind: 'failed', status: 'error', code: 'x', message: '', requestId: null } as const
    await save({ passId: pass, teamId, userId: 'usr-A', effort, result: failure })
    expect((await stage.recorded()).readings).toMatchObject([{ status: 'ok', queue_id: 'pdl_A' }])
  })
})

describe('a pass', () => {
  test('left running by a dead process is closed by the next pass, and a slow one is not', async () => {
    const [dead, slow] = [await begin(), await begin()]
    await stage.sql(
      `update allo.sync_passes set lease_expires_at = clock_timestamp() - interval '1 s' where pass_id = $1`,
      [dead],
    )
    await begin()
    expect(
      await stage.sql('select pass_id, status, error_code from allo.sync_passes order by pass_id limit 2'),
    ).toEqual([
      { pass_id: dead, status: 'failed', error_code: 'abandoned' },
      { pass_id: slow, status: 'running', error_code: null },
    ])
    expect(await renewLease(pool, dead)).toBe(false)
    expect(await renewLease(pool, slow)).toBe(true)
  })

  test('that was closed as abandoned saves nothing more and ends nothing', async () => {
    const pass = await begin()
    await stage.sql(`update allo.sync_passes set lease_expires_at = clock_timestamp() - interval '1 s'`)
    await begin()
    await expect(save(reading(pass, 'usr-A', [0, 1], 'pdl_A'))).rejects.toThrow(PassClosedError)
    await expect(finish(pass)).rejects.toThrow(PassClosedError)
    const { queues, readings } = await stage.recorded()
    expect({ queues, readings }).toEqual({ queues: [], readings: [] })
  })

  test('that dies between its readings and its end confirms nothing', async () => {
    const passes = [await begin()]
    await save(reading(passes[0] ?? '', 'usr-A', [0, 1], 'pdl_A'))
    await finish(passes[0] ?? '')
    for (const second of [10, 20]) {
      const dead = await begin()
      await save(reading(dead, 'usr-A', [second, second + 1], null))
      await stage.sql(`update allo.sync_passes set lease_expires_at = clock_timestamp() where pass_id = $1`, [
        dead,
      ])
    }
    const last = await begin()
    await save(reading(last, 'usr-A', [30, 31], null))
    await save(reading(last, 'usr-B', [30, 31], null))
    expect(await finish(last)).toEqual({ ended: [], unknown: ['pdl_A'] })
  })

  test('that overlaps the pass that first missed a queue does not end it, whichever finishes last', async () => {
    const first = await begin()
    await save(reading(first, 'usr-A', [0, 1], 'pdl_A'))
    await finish(first)
    const [early, late] = [await begin(), await begin()]
    await save(reading(late, 'usr-A', [10, 11], null))
    await save(reading(late, 'usr-B', [10, 11], null))
    const beside = await begin()
    expect(await finish(late)).toEqual({ ended: [], unknown: ['pdl_A'] })
    for (const [passId, second] of [
      [early, 20],
      [beside, 30],
    ] as const) {
      await save(reading(passId, 'usr-A', [second, second + 1], null))
      await save(reading(passId, 'usr-B', [second, second + 1], null))
      expect(await finish(passId)).toEqual({ ended: [], unknown: [] })
    }
    const next = await begin()
    await save(reading(next, 'usr-A', [40, 41], null))
    await save(reading(next, 'usr-B', [40, 41], null))
    expect(await finish(next)).toEqual({ ended: ['pdl_A'], unknown: [] })
    const { queues } = await stage.recorded()
    expect(queues[0]?.ended_at).toBe(Date.parse(at(11)) * 1000)
    await expectConsistency()
  })

  test('that was abandoned after it missed a queue confirms nothing, even if the holder was not found before', async () => {
    const now = async () =>
      (await stage.sql<{ now: string }>('select clock_timestamp()::text as now'))[0]?.now ?? ''
    const seen = async (passId: string, kind: 'no_queue' | 'not_found'): Promise<Reading> => {
      const interval = { readStartedAt: await now(), observedAt: await now(), walks: 1 }
      return { passId, teamId, userId: 'usr-A', effort, result: { kind, ...interval } }
    }
    const first = await begin()
    await save(reading(first, 'usr-A', [0, 1], 'pdl_A'))
    await finish(first)
    const unfound = await begin()
    await save(await seen(unfound, 'not_found'))
    expect(await finish(unfound)).toEqual({ ended: [], unknown: ['pdl_A'] })

    const dead = await begin()
    await save(await seen(dead, 'no_queue'))
    await stage.sql(`update allo.sync_passes set lease_expires_at = clock_timestamp() where pass_id = $1`, [
      dead,
    ])
    const conclusions = []
    for (const passId of [await begin(), await begin()]) {
      await save(await seen(passId, 'no_queue'))
      await save(reading(passId, 'usr-B', [10 + Number(passId), 11 + Number(passId)], null))
      conclusions.push(await finish(passId))
    }
    // The second pass began before the first one recorded the queue as unknown.
    expect(conclusions).toEqual([
      { ended: [], unknown: ['pdl_A'] },
      { ended: [], unknown: [] },
    ])
    const last = await begin()
    await save(await seen(last, 'no_queue'))
    await save(reading(last, 'usr-B', [50, 51], null))
    expect((await finish(last)).ended).toEqual(['pdl_A'])
  })

  test('that did not read a teammate who was not found earlier ends no queue, because the teammate may be back and hold it', async () => {
    const first = await begin()
    await save(reading(first, 'usr-A', [0, 1], 'pdl_A'))
    const interval = { readStartedAt: at(0), observedAt: at(1), walks: 1 }
    await save({ passId: first, teamId, userId: 'usr-B', effort, result: { kind: 'not_found', ...interval } })
    await finish(first)
    const second = await begin()
    await save(reading(second, 'usr-A', [10, 11], null))
    expect(await finish(second)).toEqual({ ended: [], unknown: ['pdl_A'] })

    const unread = await begin()
    await save(reading(unread, 'usr-A', [20, 21], null))
    expect(await finish(unread)).toEqual({ ended: [], unknown: [] })
  })

  test('of a schedule is the only scheduled pass of its team at a time', async () => {
    const scheduled = { teamId, trigger: 'schedule', isWholeTeam: true, version: 'test' } as const
    await startPass(pool, scheduled)
    await expect(startPass(pool, scheduled)).rejects.toThrow(PassAlreadyRunningError)
    await begin()
  })

  test('whose id was given before does not look like one beside another', async () => {
    await begin()
    await pool.query(
      `select setval('allo.sync_passes_pass_id_seq', min(pass_id), false) from allo.sync_passes`,
    )
    await expect(begin()).rejects.toMatchObject({
      name: 'DatabaseError',
      message: expect.stringContaining('sync_passes_pkey'),
    })
    await pool.query(`select setval('allo.sync_passes_pass_id_seq', max(pass_id)) from allo.sync_passes`)
  })

  test.each([
    ['with a queue', 'Q', ['usr-B']],
    ['without one', null, ['usr-B']],
    ['who is listed', null, ['usr-A', 'usr-B']],
  ])(
    'waits for a reading in progress before it closes what a teammate %s held',
    async (_, queueId, listed) => {
      for (const second of [0, 2]) {
        const passId = await begin()
        await save(reading(passId, 'usr-A', [second, second + 1], queueId))
        await finish(passId)
      }
      const before = await assignmentsOf()
      await list(...listed)
      const first = await begin()
      await save(notFound(first, 4))
      await finish(first)
      const [second, beside] = [await begin(), await begin()]
      await save(notFound(second, 6))
      await finishDuring(second, reading(beside, 'usr-A', [8, 9], queueId))
      const { teammates, queues } = await stage.recorded()
      expect(teammates.find(({ user_id }) => user_id === 'usr-A')).toMatchObject({ left_at: null })
      expect(queues.map(({ is_current }) => is_current)).toEqual(queueId === null ? [] : [true])
      expect(await assignmentsOf()).toEqual(before)
    },
  )

  test('waits for a reading in progress, which may see the queue, before it ends the queue', async () => {
    const passes: string[] = []
    for (let pass = 0; pass < 4; pass += 1) passes.push(await begin())
    const [holding = '', missing = '', ending = '', beside = ''] = passes
    await save(reading(holding, 'usr-A', [0, 1], 'Q'))
    await save(reading(missing, 'usr-A', [2, 3], null))
    expect(await finish(missing)).toEqual({ ended: [], unknown: ['Q'] })
    const last = await begin()
    await save(reading(last, 'usr-A', [4, 5], null))
    await save(reading(last, 'usr-B', [4, 5], null))
    expect(await finishDuring(last, reading(beside, 'usr-B', [6, 7], 'Q'))).toEqual({
      ended: [],
      unknown: [],
    })
    const { queues } = await stage.recorded()
    expect(queues).toMatchObject([{ queue_id: 'Q', is_current: true, ended_at: null }])
    await finish(ending)
  })

  test('keeps the time that was waited while it was running', async () => {
    const [waited, unwaited] = [await begin(), await begin()]
    await recordSideEffects(pool, waited, { throttledMs: 1200, surprises: [] })
    for (const passId of [waited, unwaited]) await finish(passId)
    const rows = await stage.sql('select throttled_ms from allo.sync_passes order by pass_id')
    expect(rows).toEqual([{ throttled_ms: 1200 }, { throttled_ms: 0 }])
  })
})

function notFound(passId: string, second: number): Reading {
  const interval = { readStartedAt: at(second), observedAt: at(second + 1), walks: 1 }
  return { passId, teamId, userId: 'usr-A', effort, result: { kind: 'not_found', ...interval } }
}

/** The reading is applied, and its transaction ends once the pass waits for it. */
async function finishDuring(passId: string, one: Reading) {
  let finishing: ReturnType<typeof finish> | undefined
  await inTransaction(pool, 'reading beside the pass', async (client) => {
    await applyReading(client, one, null)
    finishing = finish(passId)
    await waitUntil(async () => {
      const waiting = await stage.sql(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return waiting.length > 0
    })
  })
  return finishing
}

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await isSo()); ) {
    if (performance.now() > end) throw new Error('it did not happen in time')
  }
}
