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
import { type AnswerContext, record, reportUnknown, startParseRunOf, surprised } from './parse-answer.ts'
import {
  isRecord,
  openRecord,
  type ParseRun,
  readBoolean,
  readExtra,
  readId,
  readText,
  readTimestamp,
  readWord,
  typeName,
} from './record.ts'
import type { Queue, QueueAnswer, QueueNumber } from './types.ts'

/** A 200 of the queue endpoint. */
export function parseQueueAnswer(body: unknown, page: number, context: AnswerContext): QueueAnswer {
  const answer = record(body, '', context)
  const run = startParseRunOf(context)
  reportUnknown(answer, 'queue answer', answerFields, run)

  const { data, queue, pagination } = answer
  if (isRecord(data) && 'numbers' in data) return parseOlderAnswer(data, pagination, page, run, context)
  if (!Array.isArray(data)) throw surprised(context, 'data', `a list is documented, ${typeName(data)} came`)

  if (queue === undefined || queue === null) {
    refuseUnlessNothing(data, pagination, context)
    return { kind: 'no_queue', requestId: context.requestId }
  }
  return {
    kind: 'page',
    queue: parseQueue(record(queue, 'queue', context), 'queue', queueFields, run, context),
    numbers: parseNumbers(data, 'data', page, run, context),
    ...parsePagination(pagination, page, run, context),
    requestId: context.requestId,
  }
}

/** The form before pages: `{data: {id, …, numbers: […]}}`, always the whole queue. */
function parseOlderAnswer(
  data: Readonly<Record<string, unknown>>,
  pagination: unknown,
  page: number,
  run: ParseRun,
  context: AnswerContext,
): QueueAnswer {
  if (!Array.isArray(data.numbers)) {
    throw surprised(context, 'data.numbers', `a list is expected, ${typeName(data.numbers)} came`)
  }
  const whole = pagination === undefined || pagination === null
  return {
    kind: 'page',
    queue: parseQueue(data, 'data', olderQueueFields, run, context),
    numbers: parseNumbers(data.numbers, 'data.numbers', page, run, context),
    ...(whole ? { totalCount: null, hasMore: false } : parsePagination(pagination, page, run, context)),
    requestId: context.requestId,
  }
}

function parseQueue(
  raw: Readonly<Record<string, unknown>>,
  path: string,
  known: ReadonlySet<string>,
  run: ParseRun,
  context: AnswerContext,
): Queue {
  const queue = openRecord(raw, 'queue', run, path)
  const id = readId(queue, 'id')
  if (!id) throw surprised(context, `${path}.id`, 'a queue without a usable id')
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

function parseNumbers(
  rows: readonly unknown[],
  path: string,
  page: number,
  run: ParseRun,
  context: AnswerContext,
): QueueNumber[] {
  if (rows.length > largestWalk.numbers) {
    throw surprised(context, path, `more than ${largestWalk.numbers} numbers in one answer`)
  }
  return rows.map((row, index) => {
    const place = `${path}[${index}]`
    const raw = record(row, place, context, `row ${index} of page ${page} is`)
    const position = raw.position
    if (!isPosition(position)) {
      const issue = `row ${index} of page ${page} has no position from 0 to ${largestInteger}`
      throw surprised(context, `${place}.position`, issue)
    }
    const number = openRecord(raw, 'queue number', run, place)
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
  run: ParseRun,
  context: AnswerContext,
): { totalCount: number | null; hasMore: boolean } {
  const pagination = record(raw, 'pagination', context)
  reportUnknown(pagination, 'pagination', paginationFields, run)
  const { has_more: hasMore, total_count: total, page: answered } = pagination
  if (typeof hasMore !== 'boolean') {
    throw surprised(context, 'pagination.has_more', `true or false is documented, ${typeName(hasMore)} came`)
  }
  // Only a surprise: whether the walk is sound is judged by positions and counts, which can't be fooled by an echo.
  if (typeof answered === 'number' && answered !== page) {
    run.surprise('pagination.page', 'not the page that was asked for')
  }
  if (typeof total === 'number' && total > largestWalk.numbers) {
    const issue = `more than ${largestWalk.numbers} numbers are announced`
    throw surprised(context, 'pagination.total_count', issue)
  }
  if (typeof total === 'number' && Number.isInteger(total) && total >= 0)
    return { totalCount: total, hasMore }
  if (total !== undefined && total !== null) run.surprise('pagination.total_count', 'not a whole number')
  return { totalCount: null, hasMore }
}

/** "This teammate has no queue" is a fact that ends a queue in the mirror: every part of the answer must agree. */
function refuseUnlessNothing(data: readonly unknown[], pagination: unknown, context: AnswerContext): void {
  if (data.length > 0) throw surprised(context, 'queue', 'numbers came without the queue they belong to')
  if (pagination === undefined || pagination === null) return
  const { has_more: hasMore, total_count: total } = record(pagination, 'pagination', context)
  if (hasMore === true) {
    throw surprised(context, 'pagination.has_more', 'no queue and no numbers, but more are announced')
  }
  if (total !== undefined && total !== null && total !== 0) {
    throw surprised(context, 'pagination.total_count', 'no queue and no numbers, but numbers are counted')
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
