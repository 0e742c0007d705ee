/**
 * Three weeks of a small sales team, mirrored, with the expected results: the queries for analysts and the dashboard
 * are tested with it.
 *
 * The source's clock runs through the weeks until now. The mirror reads at four moments, and then after each of these:
 * a reset, a number that is queued again, a teammate who leaves, and a gap.
 */
import { startSimulatedAllo } from '../../src/simulation/server.ts'
import type { CallResult } from '../../src/simulation/shapes.ts'
import { createWorld, type World } from '../../src/simulation/world.ts'
import { recordReportTimeZone } from '../../src/store/queries/settings.ts'
import type { TestDatabase } from './database.ts'
import { apiKey, runPass } from './pass.ts'

export type CallOutcome = 'connected' | 'voicemail' | 'not_reached' | 'failed' | 'other' | 'in_progress'

export interface Call {
  readonly userId: string
  readonly number: string
  /** To the second, as the source writes it. */
  readonly at: Date
  readonly outcome: CallOutcome
}

export interface ThreeWeeks {
  readonly world: World
  /** `seller` calls and calls on; `resetter` had to begin anew; `idle` never has a queue; `leaver` left the team. */
  readonly cast: Readonly<Record<'seller' | 'resetter' | 'leaver' | 'idle', string>>
  nameOf(userId: string): string
  readonly timeZone: string
  readonly calls: readonly Call[]
  /** The queue that was reset. */
  readonly replacedQueueId: string
  /** Reached by the seller, and standing uncalled in the resetter's new queue. */
  readonly queuedAgain: string
  /** Text of instants, each right after a pass over a team that stood still. */
  readonly moments: Readonly<Record<'beforeCalls' | 'beforeReset' | 'inTheGap' | 'end', string>>
  close(): Promise<void>
}

const timeZone = 'America/New_York'
const DAYS = 20
const HOUR_MS = 3_600_000
const NUMBERS = 160
const GONE_BACK_TO_QUEUE = 3

const results: Readonly<Record<CallOutcome, Partial<CallResult> | null>> = {
  connected: { routing_result: 'ANSWERED' },
  voicemail: { detected_outbound_voicemail: true },
  not_reached: { not_reached_destination_reason: 'RING_TIMEOUT' },
  failed: { routing_result: 'FAILED' },
  other: { routing_result: 'CLOSED' },
  in_progress: null,
}
/** What comes of a day's calls. */
const luck: readonly (readonly CallOutcome[])[] = [
  ['connected', 'connected', 'voicemail', 'not_reached', 'failed', 'in_progress'],
  ['connected', 'voicemail', 'not_reached', 'not_reached', 'other', 'not_reached'],
  ['voicemail', 'not_reached', 'failed', 'connected', 'not_reached', 'voicemail'],
]

export async function mirrorThreeWeeks(database: TestDatabase): Promise<ThreeWeeks> {
  // So that no day's calls lie in two hours.
  const now = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const ago = (days: number, minutes = 0) => now - days * 24 * HOUR_MS - 3 * HOUR_MS + minutes * 60_000
  let sourceTime = ago(DAYS)
  const world = createWorld({
    seed: 'three weeks',
    teammates: 4,
    withoutQueue: 1,
    numbersPerQueue: NUMBERS,
    clock: () => sourceTime,
  })
  const names = new Map(world.teammates().map(({ id, name }) => [id, name]))
  const [seller = '', resetter = '', leaver = '', idle = ''] = names.keys()
  const allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  await recordReportTimeZone(database.pool, timeZone)
  const calls: Call[] = []

  function workUntil(day: number, from: number): void {
    for (let days = from; days > day; days -= 1) {
      for (const [index, userId] of [seller, resetter, leaver].entries()) {
        for (const [turn, outcome] of (luck[index] ?? []).entries())
          callNext(userId, outcome, ago(days, turn))
      }
    }
    sourceTime = ago(day, 30)
  }

  function callNext(userId: string, outcome: CallOutcome, at: number): void {
    sourceTime = at
    const next = world
      .currentQueue(userId)
      ?.rows()
      .find(({ call_start_date }) => call_start_date === null)
    if (!next) throw new Error('nothing is left to call')
    world.apply({ type: 'dial', userId, position: next.position })
    const result = results[outcome]
    if (result) world.apply({ type: 'result', userId, position: next.position, result })
    calls.push({ userId, number: next.number_to, at: new Date(Math.floor(at / 1000) * 1000), outcome })
  }

  /** Right after a pass over a team that stands still. */
  async function pass(options: Parameters<typeof runPass>[2] = {}): Promise<string> {
    await runPass(allo, database.url, options)
    const { rows } = await database.pool.query<{ at: string }>('select clock_timestamp()::text as at')
    return rows[0]?.at ?? ''
  }

  const beforeCalls = await pass()
  workUntil(10, DAYS)
  await pass()
  workUntil(0, 10)
  const beforeReset = await pass()

  const replaced = world.currentQueue(resetter)
  const back = replaced?.rows(NUMBERS - GONE_BACK_TO_QUEUE).map(({ number_to }) => number_to) ?? []
  const queuedAgain = calls.find(
    ({ userId, outcome }) => userId === seller && outcome === 'connected',
  )?.number
  if (!replaced || queuedAgain === undefined) throw new Error('the story needs both')
  world.apply({ type: 'reset', userId: resetter, fill: 5 })
  world.apply({ type: 'append', userId: resetter, numbers: [...back, queuedAgain] })
  world.apply({ type: 'leave', userId: leaver })
  await pass()
  // Whatever comes later than at once is late.
  const inTheGap = await pass({ cadence: { gapAfterSeconds: 0, staleAfterSeconds: 900 } })
  const end = await pass()

  return {
    world,
    cast: { seller, resetter, leaver, idle },
    nameOf: (userId) => names.get(userId) ?? '',
    timeZone,
    calls,
    replacedQueueId: replaced.queue.id,
    queuedAgain,
    moments: { beforeCalls, beforeReset, inTheGap, end },
    close: () => allo.close(),
  }
}
