/** One page of a queue. */

import {
  notReachedReasons,
  routingResults,
  switches,
  syncStatuses,
  voicemailHandlings,
  words,
} from './documented-words.ts'
import { largestInteger, largestWalk, textLimits } from './limits.ts'
import {
  type Answer,
  type AnswerContext,
  record,
  reportUnknown,
  startAnswer,
  surprised,
} from './parse-answer.ts'
import { openRecord, readBoolean, readExtra, readId, readText, readTimestamp, readWord } from './record.ts'
import type { Queue, QueueAnswer, QueueNumber } from './types.ts'
import { isRecord, typeName } from './value.ts'

/** A 200 of the queue endpoint. */
export function parseQueueAnswer(body: unknown, page: number, context: AnswerContext): QueueAnswer {
  const answer = startAnswer(context)
  const raw = record(body, '', answer)
  reportUnknown(raw, 'queue answer', answerFields, answer)

  const { data, queue, pagination } = raw
  if (isRecord(data) && 'numbers' in data) return parseOlderAnswer(data, pagination, page, answer)
  if (!Array.isArray(data)) throw surprised(answer, 'data', `a list is documented, ${typeName(data)} came`)

  if (queue === undefined || queue === null) {
    refuseUnlessNothing(data, pagination, answer)
    return { kind: 'no_queue', requestId: answer.requestId }
  }
  return {
    kind: 'page',
    queue: parseQueue(record(queue, 'queue', answer), 'queue', queueFields, answer),
    numbers: parseNumbers(data, 'data', page, answer),
    ...parsePagination(pagination, page, answer),
    requestId: answer.requestId,
  }
}

/** The form before pages: `{data: {id, …, numbers: […]}}`, always the whole queue. */
function parseOlderAnswer(
  data: Readonly<Record<string, unknown>>,
  pagination: unknown,
  page: number,
  answer: Answer,
): QueueAnswer {
  if (!Array.isArray(data.numbers)) {
    throw surprised(answer, 'data.numbers', `a list is expected, ${typeName(data.numbers)} came`)
  }
  const whole = pagination === undefined || pagination === null
  return {
    kind: 'page',
    queue: parseQueue(data, 'data', olderQueueFields, answer),
    numbers: parseNumbers(data.numbers, 'data.numbers', page, answer),
    ...(whole ? { totalCount: null, hasMore: false } : parsePagination(pagination, page, answer)),
    requestId: answer.requestId,
  }
}

function parseQueue(
  raw: Readonly<Record<string, unknown>>,
  path: string,
  known: ReadonlySet<string>,
  answer: Answer,
): Queue {
  const queue = openRecord(raw, 'queue', answer, path)
  const id = readId(queue, 'id')
  if (!id) throw surprised(answer, `${path}.id`, 'a queue without a usable id')
  return {
    id,
    name: readText(queue, 'name', textLimits.name),
    creatorId: readId(queue, 'creator_id'),
    assigneeId: readId(queue, 'assignee_id'),
    voicemailHandling: readWord(queue, 'voicemail_handling', voicemailHandlings),
    doNotDisturb: readWord(queue, 'do_not_disturb', switches),
    createdAt: readTimestamp(queue, 'created_at'),
    updatedAt: readTimestamp(queue, 'updated_at'),
    extra: readExtra(queue, known),
  }
}

function parseNumbers(rows: readonly unknown[], path: string, page: number, answer: Answer): QueueNumber[] {
  if (rows.length > largestWalk.numbers) {
    throw surprised(answer, path, `more than ${largestWalk.numbers} numbers in one answer`)
  }
  return rows.map((row, index) => {
    const place = `${path}[${index}]`
    const raw = record(row, place, answer, `row ${index} of page ${page} is`)
    const position = raw.position
    if (!isPosition(position)) {
      const issue = `row ${index} of page ${page} has no position from 0 to ${largestInteger}`
      throw surprised(answer, `${place}.position`, issue)
    }
    const number = openRecord(raw, 'queue number', answer, place)
    return {
      position: position === 0 ? 0 : position, // not -0, which compares and prints differently
      numberTo: readText(number, 'number_to', textLimits.number),
      createdAt: readTimestamp(number, 'created_at'),
      updatedAt: readTimestamp(number, 'updated_at'),
      callStartDate: readTimestamp(number, 'call_start_date'),
      callId: readId(number, 'call_id'),
      routingResult: readWord(number, 'routing_result', routingResults),
      syncStatus: readWord(number, 'sync_status', syncStatuses),
      detectedOutboundVoicemail: readBoolean(number, 'detected_outbound_voicemail'),
      notReachedDestinationReason: readWord(number, 'not_reached_destination_reason', notReachedReasons),
      voicemailLeft: readBoolean(number, 'voicemail_left'),
      extra: readExtra(number, numberFields),
    }
  })
}

function isPosition(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestInteger
}

function parsePagination(
  raw: unknown,
  page: number,
  answer: Answer,
): { totalCount: number | null; hasMore: boolean } {
  const pagination = record(raw, 'pagination', answer)
  reportUnknown(pagination, 'pagination', paginationFields, answer)
  const { has_more: hasMore, total_count: total, page: given } = pagination
  if (typeof hasMore !== 'boolean') {
    throw surprised(answer, 'pagination.has_more', `true or false is documented, ${typeName(hasMore)} came`)
  }
  // Only a surprise: whether the walk is sound is judged by positions and counts, which can't be fooled by an echo.
  if (typeof given === 'number' && given !== page) {
    answer.surprise('pagination.page', 'not the page that was asked for')
  }
  if (typeof total === 'number' && total > largestWalk.numbers) {
    const issue = `more than ${largestWalk.numbers} numbers are announced`
    throw surprised(answer, 'pagination.total_count', issue)
  }
  if (typeof total === 'number' && Number.isInteger(total) && total >= 0)
    return { totalCount: total, hasMore }
  if (total !== undefined && total !== null) answer.surprise('pagination.total_count', 'not a whole number')
  return { totalCount: null, hasMore }
}

/** "This teammate has no queue" is a fact that ends a queue in the mirror: every part of the answer must agree. */
function refuseUnlessNothing(data: readonly unknown[], pagination: unknown, answer: Answer): void {
  if (data.length > 0) throw surprised(answer, 'queue', 'numbers came without the queue they belong to')
  if (pagination === undefined || pagination === null) return
  const { has_more: hasMore, total_count: total } = record(pagination, 'pagination', answer)
  if (hasMore === true) {
    throw surprised(answer, 'pagination.has_more', 'no queue and no numbers, but more are announced')
  }
  if (total !== undefined && total !== null && total !== 0) {
    throw surprised(answer, 'pagination.total_count', 'no queue and no numbers, but numbers are counted')
  }
}

const answerFields = words('data pagination queue')
const paginationFields = words('page size total_count total_pages has_more')
const queueFields = words(
  'id name creator_id assignee_id voicemail_handling do_not_disturb created_at updated_at',
)
const olderQueueFields = new Set([...queueFields, 'numbers'])
const numberFields = words(
  'position number_to created_at updated_at call_start_date call_id routing_result sync_status ' +
    'detected_outbound_voicemail not_reached_destination_reason voicemail_left',
)
