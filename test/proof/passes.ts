/**
 * Runs whole passes of the real program on a real Postgres through every schedule: up to `maxEvents` events, each
 * between any two requests of any pass, or an end of the process after any of its writes. Then passes follow without
 * events, until nothing is open. After each pass, everything that the database says is compared with what was.
 *
 * A pass is undone before its alternative is tried, so passes that begin alike are run once (rewindable-pool.ts). What
 * follows a state of model and database is tried once: entries and passes are compared by their order, not by their ids.
 */
import type { runInProcess as RunInProcess } from '../../src/pass/run-in-process.ts'
import { loadRecorded, type Recorded } from '../support/recorded.ts'
import { namesNeverUsed } from './fresh-names.ts'
import { findFalseEndings, findFalsehoods, findUnsettled } from './history-truth.ts'
import { type Model, modelText, users, viewOf, viewText } from './model.ts'
import type { Move } from './moves.ts'
import { type Change, clockOf, type Instant, modelAt, type PassRun, runOnePass } from './pass.ts'
import type { FailedSchedule } from './readings.ts'
import type { RewindablePool } from './rewindable-pool.ts'
import { canonical } from './same-history.ts'

export interface PassesScope {
  readonly start: Model
  /** What happens in the passes that come first. `[[]]`: there is one, and nothing happens. */
  readonly opening: readonly (readonly Change[])[]
  /** Passes in which events can happen. */
  readonly passes: number
  readonly maxEvents: number
  readonly moves: readonly Move[]
  /** Also: a request gets no answer; the process stops after a write. */
  readonly failures: readonly ('no answer' | 'stop')[]
  readonly stopsAtFailure?: boolean
}

export interface PassesTried {
  /** Ways in which the events can happen. Those that end in a state that was tried before are counted with it. */
  schedules: number
  /** Passes that were run. */
  passes: number
  /** Processes that were stopped in them. */
  stopped: number
  /** The one with the fewest events. */
  failure: FailedSchedule | null
}

/** Where a schedule is between two passes. */
interface Place {
  readonly timeline: readonly Instant[]
  readonly recorded: Recorded
  readonly passesLeft: number
  readonly eventsLeft: number
  readonly story: readonly string[]
}

/** The most passes that it takes until nothing is open. */
const QUIET_PASSES = 4

export async function tryAllPasses(
  runInProcess: typeof RunInProcess,
  rewindable: RewindablePool,
  scope: PassesScope,
): Promise<PassesTried> {
  const tried: PassesTried = { schedules: 0, passes: 0, stopped: 0, failure: null }
  const schedulesFrom = new Map<string, number>()
  const { passes: passesLeft, maxEvents: eventsLeft } = scope
  await rewindable.undoing(async () => {
    const timeline = [{ at: await clockOf(rewindable), model: scope.start }]
    const recorded = await loadRecorded(rewindable.pool)
    const place: Place = { timeline, recorded, passesLeft, eventsLeft, story: [] }
    tried.schedules = await open(place, scope.opening)
  })
  return tried

  async function open(place: Place, [changes, ...others]: PassesScope['opening']): Promise<number> {
    if (changes === undefined) return from(place)
    let schedules = 0
    const before = { ...place, passesLeft: passesLeft + 1, eventsLeft: eventsLeft + changes.length }
    await during(before, { changes, stopsAfter: null }, async (after) => {
      schedules = await open(after, others)
    })
    return schedules
  }

  /** Returns the number of schedules. */
  async function from(place: Place): Promise<number> {
    if (scope.stopsAtFailure && tried.failure !== null) return 0
    const key = keyOf(place)
    const known = schedulesFrom.get(key)
    if (known !== undefined) return known
    const isQuiet = place.passesLeft === 0 || place.eventsLeft === 0
    const schedules = isQuiet ? await settle(place, QUIET_PASSES) : await passWith(place, [])
    schedulesFrom.set(key, schedules)
    return schedules
  }

  /** A pass with these changes; with each end of its process; and with one change more. */
  async function passWith(place: Place, changes: readonly Change[]): Promise<number> {
    let schedules = 0
    const run = await during(place, { changes, stopsAfter: null }, async (after) => {
      schedules += await from(after)
    })
    if (changes.length === place.eventsLeft) return schedules
    const lastWrite = scope.failures.includes('stop') ? run.writes - 1 : 0
    for (let stopsAfter = 1; stopsAfter <= lastWrite; stopsAfter += 1) {
      for (const isFoundDead of [true, false]) {
        await during(place, { changes, stopsAfter, isFoundDead }, async (after) => {
          schedules += await from(after)
        })
      }
    }
    for (const change of nextChanges(run, changes, place.passesLeft === 1))
      schedules += await passWith(place, [...changes, change])
    return schedules
  }

  async function during(
    place: Place,
    events: { changes: readonly Change[]; stopsAfter: number | null; isFoundDead?: boolean },
    goOn: (after: Place) => Promise<void>,
  ): Promise<PassRun> {
    const { changes, stopsAfter, isFoundDead = false } = events
    return rewindable.undoing(async () => {
      const run = await runOnePass(runInProcess, rewindable, place.timeline, { changes, stopsAfter })
      if (isFoundDead) await expireLeases(rewindable)
      tried.passes += 1
      if (stopsAfter !== null) tried.stopped += 1
      const stop =
        stopsAfter === null
          ? []
          : [`  the process stops after write ${stopsAfter}${isFoundDead ? ', its lease expires' : ''}`]
      const story = [
        ...place.story,
        `pass, ${run.requests} requests: ${run.status ?? 'not finished'}`,
        ...changes.map(({ before, what }) => `  before request ${before}: ${what}`),
        ...stop,
      ]
      const after: Place = {
        timeline: run.timeline,
        recorded: await loadRecorded(rewindable.pool),
        passesLeft: Math.max(0, place.passesLeft - 1),
        eventsLeft: place.eventsLeft - changes.length - stop.length,
        story,
      }
      const problems = [
        ...(await findFalsehoods(rewindable.pool, after.recorded, run.timeline)),
        ...findFalseEndings(place.recorded, after.recorded, run.timeline),
      ]
      if (problems.length > 0) note(after, problems)
      else await goOn(after)
      return run
    })
  }

  /** Passes without events. */
  async function settle(place: Place, passesLeft: number): Promise<number> {
    const unsettled = findUnsettled(place.recorded, modelAt(place.timeline))
    if (passesLeft === 0) {
      if (unsettled.length > 0) note(place, unsettled)
      return 1
    }
    if (passesLeft < QUIET_PASSES && unsettled.length === 0) return 1
    await during(place, { changes: [], stopsAfter: null }, async (after) => {
      await settle(after, passesLeft - 1)
    })
    return 1
  }

  /** Each thing that can happen after the changes of a run, before any of its requests that come after them. */
  function nextChanges(
    { requests, timeline }: PassRun,
    changes: readonly Change[],
    isLastPass: boolean,
  ): Change[] {
    const model = modelAt(timeline)
    const fresh = namesNeverUsed(timeline.map((instant) => instant.model))
    const steps = scope.moves.flatMap((move) => move.steps(model, fresh))
    const next: Change[] = []
    // After the last request of a pass is before the first one of the next.
    const last = isLastPass ? requests + 1 : requests
    for (let before = changes.at(-1)?.before ?? 1; before <= last; before += 1) {
      next.push(...steps.map((step) => ({ before, ...step })))
      if (scope.failures.includes('no answer') && before <= requests)
        next.push({ before, what: 'the request gets no answer', model, fails: true })
    }
    return next
  }

  function note({ eventsLeft, story }: Place, problems: readonly string[]): void {
    const moves = scope.maxEvents - eventsLeft
    if (tried.failure !== null && tried.failure.moves <= moves) return
    tried.failure = {
      moves,
      why: problems.join('; '),
      story: [...users.map((user) => `at first, ${user}: ${viewText(viewOf(scope.start, user))}`), ...story],
    }
  }
}

function keyOf({ timeline, recorded, passesLeft, eventsLeft }: Place): string {
  return `${passesLeft} ${eventsLeft} ${modelText(modelAt(timeline))} ${canonical(recorded)}`
}

async function expireLeases({ pool }: RewindablePool): Promise<void> {
  await pool.query(
    `update allo.sync_passes set lease_expires_at = clock_timestamp() where status = 'running'`,
  )
}
