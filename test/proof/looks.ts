/**
 * One or two looks of the real program at a teammate, in every order of their steps (read the mirror, get the answer,
 * save), with up to `maxMoves` moves between any two of them; then a pass. After each look and the pass, everything that
 * the database says is compared with what was, and whether the look counted with whether it had to.
 */
import type { LookResult } from '../../src/live/look-at-teammate.ts'
import type { runInProcess as RunInProcess } from '../../src/pass/run-in-process.ts'
import { loadRecorded } from '../support/recorded.ts'
import { namesNeverUsed } from './fresh-names.ts'
import { type HeldLook, holdLook } from './held-look.ts'
import { findFalsehoods, findUnsettled } from './history-truth.ts'
import type { Look } from './look.ts'
import { currentQueue, type Model, modelText, type UserId, viewOf, viewText } from './model.ts'
import type { Move, Step } from './moves.ts'
import { clockOf, dependencies, type Instant, modelAt, options } from './pass.ts'
import type { FailedSchedule } from './readings.ts'
import type { RewindablePool } from './rewindable-pool.ts'
import { canonical } from './same-history.ts'

export interface LooksScope {
  readonly start: Model
  readonly moves: readonly Move[]
  readonly maxMoves: number
  readonly looks: 1 | 2
  /** Of two looks; if it is not given, every order of their steps. */
  readonly order?: 'one after the other' | 'one within the other'
  readonly stopsAtFailure?: boolean
}

export interface LooksTried {
  schedules: number
  looks: Record<LookResult['kind'], number>
  failure: FailedSchedule | null
}

/** The teammate who is looked at. */
const user: UserId = 'usr-a'

type LookStep = 'begin' | 'answer' | 'save'
type Event =
  | { readonly kind: LookStep; readonly look: number }
  | { readonly kind: 'move'; readonly step: Step }

export async function tryAllLooks(
  lookAtTeammate: Look,
  runInProcess: typeof RunInProcess,
  rewindable: RewindablePool,
  scope: LooksScope,
): Promise<LooksTried> {
  const looks = { changed: 0, unchanged: 0, dropped: 0, unexpected: 0, none: 0 }
  const tried: LooksTried = { schedules: 0, looks, failure: null }
  const passed = new Set<string>()
  const { pool } = rewindable
  await rewindable.undoing(async () => {
    const opening = [{ at: await clockOf(rewindable), model: scope.start }]
    await runInProcess(
      dependencies(pool, async () => scope.start),
      options,
    )
    for (const events of schedulesOf(scope)) {
      if (scope.stopsAtFailure && tried.failure !== null) break
      tried.schedules += 1
      await rewindable.undoing(() => run(events, [...opening]))
    }
  })
  return tried

  async function run(events: readonly Event[], timeline: Instant[]): Promise<void> {
    const held = [0, 1].map(() => holdLook(lookAtTeammate, pool, user))
    const story: string[] = []
    const note = (problems: readonly string[]) => {
      const moves = events.filter(({ kind }) => kind === 'move').length
      if (problems.length === 0 || (tried.failure !== null && tried.failure.moves <= moves)) return
      const start = `at first: ${viewText(viewOf(scope.start, user))}`
      tried.failure = { moves, why: problems.join('; '), story: [start, ...story] }
    }
    const compare = async () => {
      const recorded = await loadRecorded(pool)
      note(await findFalsehoods(pool, recorded, timeline, { hasLooks: true }))
      return recorded
    }
    for (const event of events) {
      if (event.kind === 'move') {
        story.push(event.step.what)
        timeline.push({ at: await clockOf(rewindable), model: event.step.model })
        continue
      }
      const result = await goOn(held[event.look] as HeldLook, event.kind, modelAt(timeline))
      story.push(`look ${event.look}: ${event.kind}${result === null ? '' : `, ${result.kind}`}`)
      if (result === null) continue
      looks[result.kind] += 1
      await compare()
      note(falseJudgement(scope.start, modelAnswering(events, event.look, scope.start), result))
    }
    const key = `${modelText(modelAt(timeline))} ${canonical(await loadRecorded(pool))}`
    if (passed.has(key)) return
    passed.add(key)
    story.push('pass')
    await runInProcess(
      dependencies(pool, async () => modelAt(timeline)),
      options,
    )
    note(findMirrorFaults(await compare(), modelAt(timeline)))
  }
}

/** Null: the look goes on. */
async function goOn(held: HeldLook, step: LookStep, model: Model): Promise<LookResult | null> {
  if (step === 'save') return held.save()
  if (step === 'begin') await held.begin()
  else held.answer(model)
  return null
}

/** After a pass without events: of what it settles at once. */
function findMirrorFaults(recorded: Awaited<ReturnType<typeof loadRecorded>>, model: Model): string[] {
  return findUnsettled(recorded, model).filter((problem) => problem.startsWith('the mirror of'))
}

/** A look must not count if the answer has another queue, or another number of rows, than the mirror; else it must. */
function falseJudgement(mirrored: Model, answering: Model, { kind }: LookResult): string[] {
  const [before, now] = [currentQueue(mirrored, user), currentQueue(answering, user)]
  const isOnTeam = answering.team.includes(user)
  const hasCounted = kind === 'changed' || kind === 'unchanged'
  const isOther = !isOnTeam || now?.id !== before?.id || now?.rows.length !== before?.rows.length
  if (isOther && hasCounted) return ['a look counted although the answer was not of the queue in the mirror']
  const members = (rows: Model['queues'][number]['rows'] = []) =>
    rows.map(({ number, created, position }) => `${number} ${created} ${position}`).join()
  const isSame = !isOther && members(now?.rows) === members(before?.rows)
  return isSame && (kind === 'unexpected' || kind === 'none')
    ? [`a look at the same numbers was ${kind}`]
    : []
}

function modelAnswering(events: readonly Event[], look: number, start: Model): Model {
  const answered = events.findIndex((event) => event.kind === 'answer' && event.look === look)
  const move = events.slice(0, answered).findLast((event) => event.kind === 'move')
  return move?.kind === 'move' ? move.step.model : start
}

/** Every order of the steps of the looks, with moves before any of them. */
function* schedulesOf({ start, moves, maxMoves, looks, order }: LooksScope): Generator<readonly Event[]> {
  yield* extended([], { left: Array.from({ length: looks }, () => 0), movesLeft: maxMoves, models: [start] })

  function* extended(
    events: readonly Event[],
    state: { left: readonly number[]; movesLeft: number; models: readonly Model[] },
  ): Generator<readonly Event[]> {
    const { left, movesLeft, models } = state
    if (left.every((made) => made === steps.length)) {
      yield events
      return
    }
    for (const [look, made] of left.entries()) {
      const kind = steps[made]
      if (kind === undefined || !isInOrder(left, { look, kind, order })) continue
      const after = left.map((count, index) => (index === look ? count + 1 : count))
      yield* extended([...events, { kind, look }], { ...state, left: after })
    }
    if (movesLeft === 0) return
    const model = models.at(-1) ?? start
    for (const move of moves) {
      for (const step of move.steps(model, namesNeverUsed(models))) {
        const next = { ...state, movesLeft: movesLeft - 1, models: [...models, step.model] }
        yield* extended([...events, { kind: 'move', step }], next)
      }
    }
  }
}

function isInOrder(
  [first = 0, second = steps.length]: readonly number[],
  {
    look,
    kind,
    order,
  }: { readonly look: number; readonly kind: LookStep; readonly order: LooksScope['order'] },
): boolean {
  if (order === 'one after the other') return look === 0 || first === steps.length
  // Looks are equal: the first one begins first.
  if (look === 1) return first > 0
  if (order === undefined) return true
  return kind === 'save' ? second === steps.length : second === 0 || second === steps.length
}

const steps: readonly LookStep[] = ['begin', 'answer', 'save']
