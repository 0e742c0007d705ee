/**
 * Compares what a reading returned with the states that were. It is false unless
 *   - the kind of the answer was true at some instant between the reading's first and last request, and
 *   - for a queue: the queue with this id had exactly these rows by position, number and `created_at` at one such
 *     instant, and each row had exactly the fields of its call at one such instant.
 * The instants of the rows may differ: a call goes on while the pages are read. `updated_at` is that of the row's call.
 */

import type { QueueNumber } from '../../src/allo/types.ts'
import type { QueueSnapshot, Snapshot } from '../../src/snapshot/snapshot.ts'
import { type ModelQueue, queueIdOf, viewText } from './model.ts'
import { type Answer, parsedRow } from './reader.ts'
import type { Visited } from './reading-scope.ts'

/** A sentence about what is false; null: nothing is. */
export function falsehoodOf(
  snapshot: Snapshot,
  { answers, visited }: { readonly answers: readonly Answer[]; readonly visited: Visited },
): string | null {
  if (snapshot.kind === 'torn') return null
  const from = walkAt(Number(snapshot.readStartedAt), answers)
  const views = [...visited.values()].filter(({ walk }) => walk >= from).map(({ view }) => view)
  const of = (what: string) => `returned ${what}, but it was ${views.map(viewText).join(', then ')}`
  if (snapshot.kind !== 'queue') {
    return views.some(({ kind }) => kind === snapshot.kind) ? null : of(snapshot.kind)
  }
  const queues = views.flatMap((view) =>
    view.kind === 'queue' && queueIdOf(view.queue.id) === snapshot.queue.id ? [view.queue] : [],
  )
  return queueFalsehood(snapshot, queues, of)
}

function queueFalsehood(
  { queue, numbers, announced }: QueueSnapshot,
  queues: readonly ModelQueue[],
  of: (what: string) => string,
): string | null {
  const members = textOf(numbers, memberText)
  if (!queues.some(({ rows }) => textOf(rows.map(parsedRow), memberText) === members)) {
    return of(`${queue.id} [${members}]`)
  }
  const rowsThatWere = new Set(queues.flatMap(({ rows }) => rows.map(parsedRow).map(rowFields)))
  const invented = numbers.find((number) => !rowsThatWere.has(rowFields(number)))
  if (invented !== undefined) return of(`the row ${rowFields(invented)}`)
  return announced === null || announced === numbers.length ? null : of(`${announced} numbers announced`)
}

/** The walk that begins with the next answer, or the first one after it. */
function walkAt(answered: number, answers: readonly Answer[]): number {
  return answers.slice(0, answered).filter(({ page }) => page === 1).length + 1
}

function textOf(numbers: readonly QueueNumber[], text: (number: QueueNumber) => string): string {
  return numbers.map(text).join(', ')
}

function memberText({ position, numberTo, createdAt }: QueueNumber): string {
  return `${numberTo} ${createdAt} at ${position}`
}

function rowFields(number: QueueNumber): string {
  return JSON.stringify(number)
}
