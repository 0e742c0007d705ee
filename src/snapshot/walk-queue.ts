/**
 * One walk over one teammate's current queue: pages in order until there are no more, given up at the first page
 * that can't belong to the ones before.
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
      /** It came in this many answers, an empty last one included. */
      readonly pages: number
      /** Numbers read before the last page that held any: where a page boundary could hide one. */
      readonly lastPageStart: number
    }
  | { readonly kind: 'no_queue' }
  | { readonly kind: 'not_found' }
  /** The pages are not of one queue at one time. */
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
      return broken('the queue was gone on a later page')
    }
    assertOwner(answer.queue, userId)
    first ??= answer
    queue = answer.queue
    pages += 1
    if (queue.id !== first.queue.id) return broken('another queue answered on a later page')
    if (answer.totalCount !== first.totalCount) return broken('total_count changed between pages')
    if (numbers.length + answer.numbers.length > (first.totalCount ?? largestWalk.numbers)) {
      if (first.totalCount !== null) return broken('more rows came than total_count announced')
      throw new WrongAnswerError('queue_too_large', `its queue has more than ${largestWalk.numbers} numbers`)
    }
    if (allo.counts.bytes - bytesBefore > largestWalk.bytes) {
      throw new WrongAnswerError('queue_too_large', `its queue takes more than ${largestWalk.bytes} bytes`)
    }
    if (answer.numbers.length > 0) lastPageStart = numbers.length
    for (const number of answer.numbers) {
      if (positions.has(number.position)) return broken('a position came twice')
      positions.add(number.position)
      numbers.push(number)
    }
  }

  if (first === undefined || queue === undefined) return broken('no page answered')
  const announced = first.totalCount
  if (announced !== null && announced !== numbers.length) return broken('rows read differ from total_count')
  numbers.sort((a, b) => a.position - b.position)
  return { kind: 'walked', queue, numbers, announced, pages, lastPageStart }
}

/** Pages in order. Ends after an answer that is no page, an empty page, or one that says there are no more. */
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

/**
 * An answer that is well-formed and can't be true. Nothing is written on its word, for this teammate alone; `code`
 * is what the reading is recorded with.
 */
export class WrongAnswerError extends MirrorError {
  override readonly name = 'WrongAnswerError'
  readonly code: string
  readonly exitCode = exitCodes.tryAgain

  constructor(code: string, message: string) {
    super(printable(message))
    this.code = code
  }
}

/** Without a known `user_id` the API answers the key owner's queue: believed, it would be everybody's. */
function assertOwner(queue: Queue, userId: string): void {
  if (queue.assigneeId === null || comparableId(queue.assigneeId) === comparableId(userId)) return
  throw new WrongAnswerError(
    'wrong_owner',
    `the API answered queue ${queue.id} of ${queue.assigneeId} when asked for ${userId}; nothing was written for them`,
  )
}

/** The vendor's own pages write the same id as `usr-abc` and `usr_abc`. */
function comparableId(id: string): string {
  return id.replace(/^([a-z]+)[-_]/i, '$1-')
}
