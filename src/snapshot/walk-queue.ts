/**
 * One walk over a teammate's current queue: requests all pages in order. Stops at the first page that contradicts the
 * earlier ones.
 */

import { largestWalk } from '../allo/limits.ts'
import type { AlloClient, Queue, QueueAnswer, QueueNumber } from '../allo/types.ts'
import { exitCodes, MirrorError } from '../errors.ts'
import { printable } from '../text/printable.ts'

export type Walk =
  | {
      readonly kind: 'walked'
      readonly queue: Queue
      readonly numbers: readonly QueueNumber[]
      readonly announced: number | null
      /** Number of responses, including an empty last page. */
      readonly pages: number
      /** Numbers read before the last non-empty page: at that page boundary a number could be hidden. */
      readonly lastPageStart: number
    }
  | { readonly kind: 'no_queue' }
  | { readonly kind: 'not_found' }
  /** The pages contradict each other, so they do not show the queue at one time. */
  | { readonly kind: 'broken'; readonly why: string; readonly numbersRead: number }

export async function walkQueue(allo: AlloClient, userId: string, signal?: AbortSignal): Promise<Walk> {
  const numbers: QueueNumber[] = []
  const positions = new Set<number>()
  let first: Extract<QueueAnswer, { kind: 'page' }> | undefined
  let queue: Queue | undefined
  let pages = 0
  let lastPageStart = 0
  const bytesBefore = allo.counts.bytes
  const broken = (why: string): Walk => ({ kind: 'broken', why, numbersRead: numbers.length })

  for await (const answer of queuePages(allo, userId, signal)) {
    if (answer.kind !== 'page') {
      if (first === undefined)
        return answer.kind === 'no_queue' ? { kind: 'no_queue' } : { kind: 'not_found' }
      return broken('a later page had no queue')
    }
    assertOwner(answer.queue, userId)
    first ??= answer
    queue = answer.queue
    pages += 1
    if (queue.id !== first.queue.id) return broken('a later page was of another queue')
    if (answer.totalCount !== first.totalCount) return broken('total_count changed between pages')
    if (numbers.length + answer.numbers.length > (first.totalCount ?? largestWalk.numbers)) {
      if (first.totalCount !== null) return broken('there were more rows than total_count announced')
      throw new WrongAnswerError('queue_too_large', `its queue has more than ${largestWalk.numbers} numbers`)
    }
    if (allo.counts.bytes - bytesBefore > largestWalk.bytes) {
      throw new WrongAnswerError('queue_too_large', `its queue takes more than ${largestWalk.bytes} bytes`)
    }
    if (answer.numbers.length > 0) lastPageStart = numbers.length
    for (const number of answer.numbers) {
      if (positions.has(number.position)) return broken('a position occurred twice')
      positions.add(number.position)
      numbers.push(number)
    }
  }

  if (first === undefined || queue === undefined) return broken('there was no page')
  const announced = first.totalCount
  if (announced !== null && announced !== numbers.length) return broken('rows read differ from total_count')
  numbers.sort((a, b) => a.position - b.position)
  return { kind: 'walked', queue, numbers, announced, pages, lastPageStart }
}

/** Pages in order. Ends after a response that is no page, after an empty page, or when `has_more` is false. */
async function* queuePages(
  allo: AlloClient,
  userId: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<QueueAnswer> {
  for (let page = 1; page <= largestWalk.pages; page += 1) {
    const answer = await allo.readQueuePage(userId, page, signal)
    yield answer
    if (answer.kind !== 'page' || !answer.hasMore || answer.numbers.length === 0) return
  }
  throw new WrongAnswerError('endless_queue', `has_more was still true after ${largestWalk.pages} pages`)
}

/** A well-formed response that can't be true. Only this teammate's reading fails, and `code` is recorded with it. */
export class WrongAnswerError extends MirrorError {
  readonly code: string
  readonly exitCode = exitCodes.tryAgain

  constructor(code: string, message: string) {
    super(printable(message))
    this.code = code
  }
}

/** For an unknown `user_id` the API may return the key owner's queue, which must not be stored for others. */
export function assertOwner(queue: Queue, userId: string): void {
  if (queue.assigneeId === null || comparableId(queue.assigneeId) === comparableId(userId)) return
  throw new WrongAnswerError(
    'wrong_owner',
    `the API returned queue ${queue.id} of ${queue.assigneeId} when asked for ${userId}; nothing was written for them`,
  )
}

/** Allo's documentation writes the same id as `usr-abc` and `usr_abc`. */
function comparableId(id: string): string {
  return id.replace(/^([a-z]+)[-_]/i, '$1-')
}
