/**
 * Runs the real `takeSnapshot` through every schedule: up to `maxMoves` moves of the model, between any two requests
 * of one reading. Reports a reading that returned as true what never was.
 *
 * How the number of schedules is kept small, without leaving one out:
 *   1. A reader is deterministic, so its state is the sequence of answers that it got. It runs once per sequence. Of
 *      walks that ended, the real reader remembers the last one, so the others make no difference.
 *   2. All histories of the model that give the same answers are followed together, in one group.
 *   3. In a group, histories that agree in the present model and in what the teammate's queue has been are one.
 *   4. The fewer states a queue has been in, the more of its readings are false. So a history stands for all others
 *      with the same present model in which the queue has been in the same states and in more.
 *   5. Numbers and queues that no answer has shown are interchangeable, so a new one gets the smallest free name.
 */
import type { takeSnapshot as TakeSnapshot } from '../../src/snapshot/take-snapshot.ts'
import { falsehoodOf } from './falsehood.ts'
import { freshNames, type NamesInUse, namesIn, showsOnly } from './fresh-names.ts'
import { type Model, modelText, viewOf, viewText } from './model.ts'
import { type Answer, answerTo, type Run, reader, runReader } from './reader.ts'
import type { ReadingScope, Visited } from './reading-scope.ts'

export interface ReadingsTried {
  schedules: number
  /** Sequences of answers. For each, the reader ran once. */
  sequences: number
  /** Schedules by what the reading returned; `failed`: a request failed for good, and the reading rejected. */
  readonly outcomes: Record<'queue' | 'no_queue' | 'not_found' | 'torn' | 'failed', number>
  /** The one with the fewest moves. */
  failure: FailedSchedule | null
}

export interface FailedSchedule {
  readonly moves: number
  readonly why: string
  /** What happened, one line per event. */
  readonly story: readonly string[]
}

/** One way in which the model came to where it is. */
interface History {
  readonly model: Model
  readonly movesLeft: number
  readonly visited: Visited
  /** How many schedules this one stands for. */
  readonly schedules: number
  readonly story: Story | null
}

interface Story {
  readonly before: Story | null
  readonly line: string
}

export async function tryAllReadings(
  takeSnapshot: typeof TakeSnapshot,
  scope: ReadingScope,
): Promise<ReadingsTried> {
  const outcomes = { queue: 0, no_queue: 0, not_found: 0, torn: 0, failed: 0 }
  const tried: ReadingsTried = { schedules: 0, sequences: 0, outcomes, failure: null }
  const { start: model, maxMoves } = scope
  const first: History = { model, movesLeft: maxMoves, visited: new Map(), schedules: 1, story: null }
  let walks = new Map<string, Walk>()
  await goOn([first], [])
  while (walks.size > 0) {
    const begun = walks
    walks = new Map()
    for (const { histories, answers, run } of begun.values()) await follow(merge(histories), answers, run)
  }
  return tried

  async function follow(histories: readonly History[], answers: readonly Answer[], run: Run): Promise<void> {
    if (run.kind === 'done') {
      for (const history of histories) {
        count(run.snapshot.kind, history)
        const why = falsehoodOf(run.snapshot, { answers, visited: history.visited })
        if (why !== null) note(history, why)
      }
      return
    }
    const next = histories.flatMap((history) => continuations(history, scope, answers, run.page))
    const failure = await run.fail()
    for (const { history } of next) {
      count('failed', history)
      if (failure !== null) note(history, failure)
    }
    for (const [answer, group] of byAnswer(next)) await goOn(merge(group), [...answers, answer])
  }

  /** Within a walk, at once. Where a walk begins, later: with all histories that differ only in what is forgotten. */
  async function goOn(histories: History[], answers: readonly Answer[]): Promise<void> {
    if (scope.stopsAtFailure && tried.failure !== null) return
    tried.sequences += 1
    const run = await runReader(takeSnapshot, scope, answers)
    if (run.kind === 'done' || run.page > 1) return follow(histories, answers, run)
    const key = lastWalks(answers, scope.walksRemembered ?? 1)
    const same = walks.get(key)
    if (same === undefined) walks.set(key, { answers, histories, run })
    else same.histories.push(...histories)
  }

  function count(outcome: keyof typeof outcomes, { schedules }: History): void {
    tried.schedules += schedules
    tried.outcomes[outcome] += schedules
  }

  function note({ movesLeft, story }: History, why: string): void {
    const moves = maxMoves - movesLeft
    if (tried.failure !== null && tried.failure.moves <= moves) return
    const lines: string[] = []
    for (let event = story; event !== null; event = event.before) lines.unshift(event.line)
    tried.failure = { moves, why, story: [`at first: ${viewText(viewOf(scope.start, reader))}`, ...lines] }
  }
}

function lastWalks(answers: readonly Answer[], count: number): string {
  const starts = answers.flatMap(({ page }, index) => (page === 1 ? [index] : []))
  const shown = answers.slice(starts.at(-count) ?? 0).map(({ page, text }) => `${page} ${text}`)
  return shown.join()
}

/** A walk that is about to begin, and one sequence of answers that leads to it. */
interface Walk {
  readonly answers: readonly Answer[]
  readonly histories: History[]
  readonly run: Run
}

interface Continuation {
  readonly answer: Answer
  readonly history: History
}

/** What can happen before the next request, and how the request is answered then. */
function continuations(
  history: History,
  scope: ReadingScope,
  answers: readonly Answer[],
  page: number,
): Continuation[] {
  const shown = namesIn(scope.start, answers)
  const walksBegun = answers.filter((answer) => answer.page === 1).length
  const walk = page === 1 ? walksBegun + 1 : walksBegun
  const relevant = { ...history, visited: forget(history, shown, walk) }
  return merge(withMoves(relevant, scope, shown, walksBegun)).map((moved) => {
    const view = viewOf(moved.model, reader)
    const answer = answerTo(view, page, scope)
    const visited = new Map(moved.visited).set(viewText(view), { view, walk })
    const line = `request ${answers.length + 1}, page ${page}: ${answer.text}`
    return { answer, history: { ...moved, visited, story: { before: moved.story, line } } }
  })
}

/** The history itself, and all that up to `movesLeft` moves make of it, before the next request. */
function withMoves(history: History, { moves }: ReadingScope, shown: NamesInUse, walk: number): History[] {
  const all = [history]
  for (const one of all) {
    if (one.movesLeft === 0) continue
    const view = viewOf(one.model, reader)
    const isBetweenMoves = one !== history && walk > 0
    const visited = isBetweenMoves ? new Map(one.visited).set(viewText(view), { view, walk }) : one.visited
    const fresh = freshNames(one.model, visited, shown)
    for (const move of moves) {
      for (const { what, model } of move.steps(one.model, fresh)) {
        if (!concernsReader(one.model, model)) continue
        const story = { before: one.story, line: `   ${what}` }
        all.push({ ...one, model, visited, movesLeft: one.movesLeft - 1, story })
      }
    }
  }
  return all
}

/** Numbers move in the queue of the teammate who is read only: the other queue is seen as a whole or not at all. */
function concernsReader(before: Model, after: Model): boolean {
  const shape = ({ queues, team }: Model) => `${team}|${queues.map(({ id, holder }) => id + holder)}`
  return (
    viewText(viewOf(before, reader)) !== viewText(viewOf(after, reader)) || shape(before) !== shape(after)
  )
}

/**
 * Without what no reading can return any more: a state of two walks ago, or one with a number that left unseen. If a
 * reader did return it, that would be reported as false.
 */
function forget({ model, visited }: History, shown: NamesInUse, walk: number): Visited {
  const possible = [...visited].filter(
    ([, { view, walk: last }]) => last >= walk - 1 && showsOnly(view, model, shown),
  )
  return new Map(possible)
}

function byAnswer(continuations: readonly Continuation[]): Map<Answer, History[]> {
  const groups = new Map<Answer, History[]>()
  for (const { answer, history } of continuations) {
    const group = groups.get(answer)
    if (group === undefined) groups.set(answer, [history])
    else group.push(history)
  }
  return groups
}

/** One history in place of those that are not distinguished: see 3 and 4 above. */
function merge(histories: readonly History[]): History[] {
  const groups = new Map<string, History[]>()
  for (const history of histories) {
    const key = `${history.movesLeft} ${modelText(history.model)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [history])
    else addTo(group, history)
  }
  return [...groups.values()].flat()
}

function addTo(group: History[], history: History): void {
  let { schedules } = history
  const stood = group.find(({ visited }) => isWithin(visited, history.visited))
  if (stood !== undefined) {
    group[group.indexOf(stood)] = { ...stood, schedules: stood.schedules + schedules }
    return
  }
  const kept = group.filter((other) => {
    const isCovered = isWithin(history.visited, other.visited)
    if (isCovered) schedules += other.schedules
    return !isCovered
  })
  group.splice(0, group.length, ...kept, { ...history, schedules })
}

function isWithin(fewer: Visited, more: Visited): boolean {
  if (fewer.size > more.size) return false
  for (const [text, { walk }] of fewer) if ((more.get(text)?.walk ?? 0) < walk) return false
  return true
}
