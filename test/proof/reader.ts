/** The real reader, between answers of the model: what it asks for next after a sequence of answers, or its result. */
import { parseQueueAnswer } from '../../src/allo/parse-queue.ts'
import type { AlloClient, QueueAnswer, QueueNumber } from '../../src/allo/types.ts'
import { membershipDigest } from '../../src/snapshot/membership.ts'
import type { KnownQueue, Snapshot } from '../../src/snapshot/snapshot.ts'
import type { takeSnapshot as TakeSnapshot } from '../../src/snapshot/take-snapshot.ts'
import {
  answerOf,
  type ModelQueue,
  pageSize,
  queueIdOf,
  type Row,
  rowAsAnswered,
  rowText,
  type View,
  viewText,
} from './model.ts'
import type { ReadingScope } from './reading-scope.ts'

/** The teammate who is read. */
export const reader = 'usr-a'

export interface Answer {
  /** Tells all answers apart, and is the same object for the same text. */
  readonly text: string
  readonly page: number
  readonly parsed: QueueAnswer
  /** The part of the queue that the answer shows. */
  readonly shown: Pick<ModelQueue, 'id' | 'rows'> | null
}

export type Run =
  | {
      readonly kind: 'asks'
      readonly page: number
      /** The request fails for good. Returns what is wrong with the result; null: the reading rejects, as it must. */
      readonly fail: () => Promise<string | null>
    }
  | { readonly kind: 'done'; readonly snapshot: Snapshot }

export async function runReader(
  takeSnapshot: typeof TakeSnapshot,
  scope: ReadingScope,
  answers: readonly Answer[],
): Promise<Run> {
  let answered = 0
  return new Promise((resolve, reject) => {
    let goesOn: ((what: string) => void) | null = null
    const readQueuePage = (_: string, page: number): Promise<QueueAnswer> => {
      const answer = answers[answered]
      if (answer !== undefined) {
        answered += 1
        return Promise.resolve(answer.parsed)
      }
      goesOn?.('a request failed, and the reading went on')
      return new Promise((_, refuse) => {
        const fail = () => {
          refuse(requestFailed)
          const result = reading.then(
            ({ kind }) => `a request failed, and the reading returned ${kind}`,
            (error: unknown) => (error === requestFailed ? null : `a failed request became: ${error}`),
          )
          const another = new Promise<string>((asksAgain) => {
            goesOn = asksAgain
          })
          return Promise.race([result, another])
        }
        resolve({ kind: 'asks', page, fail })
      })
    }
    const counts = { requests: 0, throttled: 0, exchangeMs: 0, bytes: 0 }
    const allo: Pick<AlloClient, 'counts' | 'readQueuePage'> = { counts, readQueuePage }
    const reading = takeSnapshot(
      {
        allo: allo as AlloClient,
        // The time is the number of answers.
        clock: async () => String(answered),
        knownQueue: async (queueId) => knownQueue(scope, queueId),
        conceal: async (numbers) => numbers,
      },
      reader,
    )
    reading.then(
      (snapshot) => resolve({ kind: 'done', snapshot }),
      (error: unknown) => (error === requestFailed ? undefined : reject(error)),
    )
  })
}

const requestFailed = new Error('a request failed')

function knownQueue({ start, isMirrored }: ReadingScope, queueId: string): KnownQueue | null {
  const queue = start.queues.find(({ id }) => queueIdOf(id) === queueId)
  if (!isMirrored || queue === undefined) return null
  return { membershipDigest: membershipDigest(queue.rows.map(parsedRow)), numbers: queue.rows.length }
}

const answersMade = new Map<string, Answer>()

export function answerTo(view: View, page: number, options: ReadingScope): Answer {
  const shown = shownBy(view, page)
  const isLast = view.kind === 'queue' && view.queue.rows.length <= page * pageSize
  const total = view.kind === 'queue' && options.announcesTotal ? ` of ${view.queue.rows.length}` : ''
  const text =
    shown === null
      ? viewText(view)
      : `${viewText({ kind: 'queue', queue: { ...shown, holder: reader, left: null } })}${total}${isLast ? '' : ', more'}`
  const key = `${page} ${text}`
  const made = answersMade.get(key)
  if (made !== undefined) return made
  const answer = { text, page, parsed: parse(answerOf(view, reader, page, options), page), shown }
  answersMade.set(key, answer)
  return answer
}

function shownBy(view: View, page: number): Answer['shown'] {
  if (view.kind !== 'queue') return null
  const { id, rows } = view.queue
  return { id, rows: rows.slice((page - 1) * pageSize, page * pageSize) }
}

/** As the client does: allo/client.ts. */
function parse(body: object | null, page: number): QueueAnswer {
  if (body === null) return { kind: 'not_found', requestId: null }
  const context = { asked: 'queue', requestId: null, naiveTimeZone: 'UTC', onSurprise: () => undefined }
  return parseQueueAnswer(body, page, context)
}

const rowsParsed = new Map<string, QueueNumber>()

/** The row as a reading returns it. */
export function parsedRow(row: Row): QueueNumber {
  const made = rowsParsed.get(rowText(row))
  if (made !== undefined) return made
  const answer = parse({ data: [rowAsAnswered(row)], pagination: { has_more: false }, queue: { id: 'q' } }, 1)
  const parsed = answer.kind === 'page' ? answer.numbers[0] : undefined
  if (parsed === undefined) throw new Error('a row was not parsed')
  rowsParsed.set(rowText(row), parsed)
  return parsed
}
