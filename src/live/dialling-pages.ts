/**
 * Which page of a queue a look requests. Pure. A rank is a place in the order of the queue, from 0; the API pages by
 * rank, and `size` may be any number to 100. So the size is chosen such that one page holds all that is of interest.
 */
import { pageSize } from '../allo/client.ts'

export interface QueuePage {
  /** From 1. */
  readonly page: number
  readonly size: number
}

/** Where dialling stands in a queue. */
export interface DiallingPlace {
  readonly numbers: number
  /** Rank of the first number that was not called; null: all were. */
  readonly firstRemaining: number | null
  /** Ranks of the calls without a result. */
  readonly inProgress: readonly number[]
}

/** Numbers that were just called may get more fields, and the next ones are called before the next look. */
const BEFORE = 5
const AFTER = 5

/**
 * The page with the calls in progress and the first number not yet called. Two pages, if they are too far apart for one:
 * the one with the first number not yet called comes first.
 */
export function diallingPages({ numbers, firstRemaining, inProgress }: DiallingPlace): QueuePage[] {
  const last = Math.max(numbers - 1, 0)
  const next = Math.min(firstRemaining ?? last, last)
  const around = { from: Math.max(next - BEFORE, 0), to: Math.min(next + AFTER, last) }
  const from = Math.min(around.from, ...inProgress)
  const to = Math.max(around.to, ...inProgress)
  const one = pageOver(from, to)
  if (one !== null) return [one]
  const main = pageOver(around.from, around.to) ?? pageAt(next)
  const outside = inProgress.find((rank) => !isOn(main, rank))
  return outside === undefined ? [main] : [main, pageAt(outside)]
}

/** The page of the usual size. */
export function pageAt(rank: number): QueuePage {
  return { page: Math.floor(rank / pageSize) + 1, size: pageSize }
}

/** The first rank of a page, and the rank after its last. */
export function ranksOf({ page, size }: QueuePage): { readonly from: number; readonly end: number } {
  return { from: (page - 1) * size, end: page * size }
}

/** The largest page that holds both ranks; null: there is none. */
function pageOver(from: number, to: number): QueuePage | null {
  for (let size = pageSize; size > to - from; size -= 1) {
    const page = Math.floor(from / size) + 1
    if (isOn({ page, size }, to)) return { page, size }
  }
  return null
}

function isOn(page: QueuePage, rank: number): boolean {
  const { from, end } = ranksOf(page)
  return rank >= from && rank < end
}
