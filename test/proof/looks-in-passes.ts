/**
 * A look of the real program while a pass begins, goes on and ends: it begins between any two requests of the pass, or
 * before or after it, and is saved between any two later ones. Its answer is from its beginning or its end. One move
 * happens between any two of all these requests. After each look and pass, everything that the database says is compared
 * with what was, and the pass must not have lost a reading to the look.
 */
import type { runInProcess as RunInProcess } from '../../src/pass/run-in-process.ts'
import { loadRecorded } from '../support/recorded.ts'
import { namesNeverUsed } from './fresh-names.ts'
import { type HeldLook, holdLook } from './held-look.ts'
import { findFalsehoods } from './history-truth.ts'
import type { Look } from './look.ts'
import { type Model, viewOf, viewText } from './model.ts'
import type { Move, Step } from './moves.ts'
import { clockOf, dependencies, type Instant, modelAt, options } from './pass.ts'
import type { FailedSchedule } from './readings.ts'
import type { RewindablePool } from './rewindable-pool.ts'

export interface LooksInPassesScope {
  /** What the mirror holds, and what it has become before anything else happens. */
  readonly mirrored: Model
  readonly start: Model
  readonly moves: readonly Move[]
  readonly stopsAtFailure?: boolean
}

export interface LooksInPassesTried {
  schedules: number
  looks: Record<string, number>
  failure: FailedSchedule | null
}

/** Points are before a request of the pass, from 1; 0: before the pass; one more than there are requests: after it. */
interface Schedule {
  readonly begins: number
  readonly saved: number
  readonly isAnsweredAtOnce: boolean
  /** `isFirst`: before the steps of the look at that point. */
  readonly move: (Step & { readonly at: number; readonly isFirst: boolean }) | null
}

const user = 'usr-a'

export async function tryLooksInPasses(
  lookAtTeammate: Look,
  runInProcess: typeof RunInProcess,
  rewindable: RewindablePool,
  { mirrored, start, moves, stopsAtFailure = false }: LooksInPassesScope,
): Promise<LooksInPassesTried> {
  const tried: LooksInPassesTried = { schedules: 0, looks: {}, failure: null }
  const { pool } = rewindable
  await rewindable.undoing(async () => {
    const opening = [{ at: await clockOf(rewindable), model: mirrored }]
    await runInProcess(
      dependencies(pool, async () => mirrored),
      options,
    )
    opening.push({ at: await clockOf(rewindable), model: start })
    const steps = moves.flatMap((move) => move.steps(start, namesNeverUsed([start])))
    const { requests } = await tryOne({ begins: 0, saved: 0, isAnsweredAtOnce: true, move: null }, opening)
    for (const schedule of schedules(requests + 1, steps)) {
      if (stopsAtFailure && tried.failure !== null) break
      await tryOne(schedule, opening)
    }
  })
  return tried

  async function tryOne(schedule: Schedule, opening: readonly Instant[]): Promise<{ requests: number }> {
    return rewindable.undoing(async () => {
      tried.schedules += 1
      const timeline = [...opening]
      const look = holdLook(lookAtTeammate, pool, user)
      let requests = 0
      const reach = (point: number) => goOn(look, schedule, { point, timeline })
      await reach(0)
      const next = async () => {
        requests += 1
        await reach(requests)
        return modelAt(timeline)
      }
      const { status } = await runInProcess(dependencies(pool, next), options)
      for (let point = requests + 1; point <= Math.max(requests + 1, schedule.saved); point += 1)
        await reach(point)
      const pass = status === 'ok' ? [] : [`the pass is ${status}`]
      const recorded = await loadRecorded(pool)
      note(schedule, [...pass, ...(await findFalsehoods(pool, recorded, timeline, { hasLooks: true }))])
      return { requests }
    })
  }

  async function goOn(
    look: HeldLook,
    schedule: Schedule,
    { point, timeline }: { readonly point: number; readonly timeline: Instant[] },
  ): Promise<void> {
    const { begins, saved, isAnsweredAtOnce, move } = schedule
    const moves = async (isFirst: boolean) => {
      if (move?.at !== point || move.isFirst !== isFirst) return
      timeline.push({ at: await clockOf(rewindable), model: move.model })
    }
    await moves(true)
    if (point === begins) await look.begin()
    if (point === begins && isAnsweredAtOnce) look.answer(modelAt(timeline))
    await moves(false)
    if (point !== saved) return
    look.answer(modelAt(timeline))
    const { kind } = await look.save()
    tried.looks[kind] = (tried.looks[kind] ?? 0) + 1
  }

  function note({ begins, saved, isAnsweredAtOnce, move }: Schedule, problems: readonly string[]): void {
    if (problems.length === 0 || tried.failure !== null) return
    const answer = isAnsweredAtOnce ? 'it began' : 'it was saved'
    const story = [
      `at first: ${viewText(viewOf(start, user))}`,
      `a look began before request ${begins} of a pass, and was saved before request ${saved}; the answer is from when ${answer}`,
      ...(move === null ? [] : [`before request ${move.at}: ${move.what}`]),
    ]
    tried.failure = { moves: move === null ? 0 : 1, why: problems.join('; '), story }
  }
}

/** `last`: the point after the last request. */
function* schedules(last: number, steps: readonly Step[]): Generator<Schedule> {
  for (let begins = 0; begins <= last; begins += 1) {
    for (let saved = begins; saved <= last; saved += 1) {
      for (const isAnsweredAtOnce of saved === begins ? [true] : [true, false]) {
        const look = { begins, saved, isAnsweredAtOnce }
        yield { ...look, move: null }
        for (let at = 0; at <= last; at += 1) {
          for (const isFirst of at === begins || at === saved ? [true, false] : [true]) {
            for (const step of steps) yield { ...look, move: { ...step, at, isFirst } }
          }
        }
      }
    }
  }
}
