/** Which names of numbers and queues are in use, and the smallest that are not. */
import { type Model, type ModelQueue, type Name, nameText, type View } from './model.ts'
import type { FreshNames } from './moves.ts'
import type { Answer } from './reader.ts'
import type { Visited } from './reading-scope.ts'

export interface NamesInUse {
  /** By nameText. */
  readonly names: ReadonlySet<string>
  readonly numbers: ReadonlySet<number>
  readonly queues: ReadonlySet<number>
}

/** Of the model at first, and of all answers. */
export function namesIn(start: Model, answers: readonly Answer[]): NamesInUse {
  return collect([...start.queues, ...answers.flatMap(({ shown }) => shown ?? [])])
}

export function freshNames(model: Model, visited: Visited, shown: NamesInUse): FreshNames {
  let all: NamesInUse | undefined
  const inUse = () => {
    all ??= collect([...model.queues, ...[...visited.values()].flatMap(({ view }) => queueOf(view))], shown)
    return all
  }
  return {
    number: () => smallestFree((number) => inUse().numbers.has(number)),
    created: (number) => smallestFree((created) => inUse().names.has(nameText({ number, created }))),
    queue: () => smallestFree((id) => inUse().queues.has(id)),
  }
}

/** Names that none of these models had. */
export function namesNeverUsed(models: readonly Model[]): FreshNames {
  const all = collect(models.flatMap(({ queues }) => queues))
  return {
    number: () => smallestFree((number) => all.numbers.has(number)),
    created: (number) => smallestFree((created) => all.names.has(nameText({ number, created }))),
    queue: () => smallestFree((id) => all.queues.has(id)),
  }
}

/** Whether the view has only names that an answer showed or that the model still has. */
export function showsOnly(view: View, model: Model, shown: NamesInUse): boolean {
  if (view.kind !== 'queue') return true
  const { names, queues } = collect(model.queues, shown)
  return queues.has(view.queue.id) && view.queue.rows.every((row) => names.has(nameText(row)))
}

type Shown = Pick<ModelQueue, 'id' | 'rows'> & Partial<Pick<ModelQueue, 'left'>>

function collect(queues: readonly Shown[], besides?: NamesInUse): NamesInUse {
  const found = {
    names: new Set(besides?.names),
    numbers: new Set(besides?.numbers),
    queues: new Set(besides?.queues),
  }
  const add = (name: Name) => {
    found.names.add(nameText(name))
    found.numbers.add(name.number)
  }
  for (const { id, rows, left } of queues) {
    found.queues.add(id)
    for (const row of rows) add(row)
    if (left) add(left)
  }
  return found
}

function queueOf(view: View): Shown[] {
  return view.kind === 'queue' ? [view.queue] : []
}

function smallestFree(isTaken: (candidate: number) => boolean): number {
  let candidate = 0
  while (isTaken(candidate)) candidate += 1
  return candidate
}
