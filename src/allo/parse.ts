import { AlloSurprisedError } from './errors.ts'
import { largestInteger, largestTeam, largestWalk, textLimits } from './limits.ts'
import {
  isRecord,
  openRecord,
  type Reading,
  readBoolean,
  readExtra,
  readId,
  readText,
  readTimestamp,
  readWord,
  shownName,
  startReading,
  typeName,
} from './record.ts'
import type { Account, Queue, QueueAnswer, QueueNumber, Surprise, Teammate, UnusableRows } from './types.ts'
import {
  notReachedReasons,
  roles,
  routingResults,
  statuses,
  switches,
  syncStatuses,
  voicemailHandlings,
  words,
} from './words.ts'

/**
 * The three answers, from JSON to our values; pure but for `onSurprise`.
 *
 * Three things are indispensable, because without them a queue can't be told from another or a page from the whole:
 * `queue.id`, `position`, `pagination.has_more`. Without one of them the answer is an AlloSurprisedError; an answer
 * we don't understand must never look like an empty queue. Everything else bends (see record.ts), but for what is too
 * long or too much to be stored as it came (see limits.ts).
 */
export interface AnswerContext {
  readonly asked: string
  readonly requestId: string | null
  /** IANA name of the zone that timestamps without one belong to. */
  readonly naiveTimeZone: string
  readonly onSurprise: (surprise: Surprise) => void
}

/** A 200 of the queue endpoint. */
export function parseQueueAnswer(body: unknown, page: number, context: AnswerContext): QueueAnswer {
  const answer = record(body, '', context)
  const reading = startReadingOf(context)
  reportUnknown(answer, 'queue answer', answerFields, reading)

  const { data, queue, pagination } = answer
  if (isRecord(data) && 'numbers' in data) return parseOlderAnswer(data, pagination, page, reading, context)
  if (!Array.isArray(data)) throw surprised(context, 'data', `a list is documented, ${typeName(data)} came`)

  if (queue === undefined || queue === null) {
    refuseUnlessNothing(data, pagination, context)
    return { kind: 'no_queue', requestId: context.requestId }
  }
  return {
    kind: 'page',
    queue: parseQueue(record(queue, 'queue', context), 'queue', queueFields, reading, context),
    numbers: parseNumbers(data, 'data', page, reading, context),
    ...parsePagination(pagination, page, reading, context),
    requestId: context.requestId,
  }
}

/** One page of the user list. */
export interface TeammatesAnswer {
  readonly teammates: readonly Teammate[]
  readonly unusable: UnusableRows
  /** True only if the API says so: its reference documents no pages here. */
  readonly hasMore: boolean
}

/** A row that can't be used costs that teammate alone; a page without a single usable row is an error. */
export function parseTeammates(body: unknown, context: AnswerContext): TeammatesAnswer {
  const { data, pagination } = record(body, '', context)
  if (!Array.isArray(data)) throw surprised(context, 'data', `a list is documented, ${typeName(data)} came`)
  if (data.length > largestTeam.teammates) {
    throw surprised(context, 'data', `more than ${largestTeam.teammates} teammates`)
  }
  const reading = startReadingOf(context)
  const teammates = new Map<string, Teammate>()
  let count = 0
  let first: AlloSurprisedError | null = null
  for (const [index, row] of data.entries()) {
    try {
      const teammate = parseTeammate(row, `data[${index}]`, reading, context)
      if (teammates.has(teammate.userId)) reading.surprise('teammate.id', sameTeammateTwice)
      else teammates.set(teammate.userId, teammate)
    } catch (error) {
      if (!(error instanceof AlloSurprisedError)) throw error
      count += 1
      first ??= error
    }
  }
  if (first !== null && teammates.size === 0) throw first
  const more = isRecord(pagination) ? pagination.has_more : undefined
  if (more !== undefined && more !== null && typeof more !== 'boolean') {
    throw surprised(context, 'pagination.has_more', `true or false is documented, ${typeName(more)} came`)
  }
  return {
    teammates: [...teammates.values()],
    unusable: { count, first: first && `${first.path}: ${first.issue}` },
    hasMore: more === true,
  }
}

export const sameTeammateTwice = 'the same teammate twice, the first one was taken'

/** Nothing in it is indispensable: a key that can read queues is worth more than a whole account. */
export function parseAccount(body: unknown, context: AnswerContext): Account {
  const reading = startReadingOf(context)
  const account = openRecord(
    record(record(body, '', context).data, 'data', context),
    'account',
    reading,
    'data',
  )
  const { team, scopes, rate_limits: limits } = account.raw
  return {
    apiKeyId: readId(account, 'api_key_id'),
    team: parseTeam(team, reading),
    scopes: parseScopes(scopes, reading),
    readsPerSecond: readLimit(isRecord(limits) ? limits.read_per_second : undefined, reading),
  }
}

/** 20 are documented. A limit outside this range would make requests wait for hours, or not at all. */
const plausibleLimits = { least: 1, most: 1000 }

/** Null: the API does not say, or nothing that can be used. */
function readLimit(limit: unknown, reading: Reading): number | null {
  if (limit === undefined || limit === null) return null
  const { least, most } = plausibleLimits
  if (typeof limit !== 'number' || !(limit > 0)) {
    const came = typeof limit === 'number' ? `${limit}` : typeName(limit)
    reading.surprise('account.rate_limits', `a number above 0 is documented as read_per_second, ${came} came`)
    return null
  }
  const used = Math.min(Math.max(limit, least), most)
  if (used !== limit) {
    const wayOut = 'ALLO_READS_PER_SECOND sets another'
    reading.surprise('account.rate_limits', `read_per_second is ${limit}, ${used} is used: ${wayOut}`)
  }
  return used
}

function parseTeam(team: unknown, reading: Reading): Account['team'] {
  if (team === undefined || team === null) return null
  const fields = isRecord(team) ? openRecord(team, 'account.team', reading, 'data.team') : null
  const id = fields && readId(fields, 'id')
  if (!fields || !id) {
    reading.surprise('account.team', 'no usable id')
    return null
  }
  return { id, name: readText(fields, 'name', textLimits.name) }
}

function parseScopes(scopes: unknown, reading: Reading): readonly string[] | null {
  if (scopes === undefined || scopes === null) return null
  if (Array.isArray(scopes)) return scopes.filter((scope): scope is string => typeof scope === 'string')
  reading.surprise('account.scopes', `a list is documented, ${typeName(scopes)} came`)
  return null
}

function parseTeammate(row: unknown, path: string, reading: Reading, context: AnswerContext): Teammate {
  const teammate = openRecord(record(row, path, context), 'teammate', reading, path)
  const userId = readId(teammate, 'id')
  if (!userId) throw surprised(context, `${path}.id`, 'a teammate without a usable id')
  return {
    userId,
    name: readText(teammate, 'name', textLimits.name),
    email: readText(teammate, 'email', textLimits.name),
    role: readWord(teammate, 'role', roles),
    status: readWord(teammate, 'status', statuses),
    imageUrl: readText(teammate, 'image_url', textLimits.url),
    extra: readExtra(teammate, teammateFields),
  }
}

/** The form before pages: `{data: {id, …, numbers: […]}}`, always the whole queue. */
function parseOlderAnswer(
  data: Readonly<Record<string, unknown>>,
  pagination: unknown,
  page: number,
  reading: Reading,
  context: AnswerContext,
): QueueAnswer {
  if (!Array.isArray(data.numbers)) {
    throw surprised(context, 'data.numbers', `a list is expected, ${typeName(data.numbers)} came`)
  }
  const whole = pagination === undefined || pagination === null
  return {
    kind: 'page',
    queue: parseQueue(data, 'data', olderQueueFields, reading, context),
    numbers: parseNumbers(data.numbers, 'data.numbers', page, reading, context),
    ...(whole ? { totalCount: null, hasMore: false } : parsePagination(pagination, page, reading, context)),
    requestId: context.requestId,
  }
}

function parseQueue(
  raw: Readonly<Record<string, unknown>>,
  path: string,
  known: ReadonlySet<string>,
  reading: Reading,
  context: AnswerContext,
): Queue {
  const queue = openRecord(raw, 'queue', reading, path)
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
  reading: Reading,
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
    const number = openRecord(raw, 'queue number', reading, place)
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
  reading: Reading,
  context: AnswerContext,
): { totalCount: number | null; hasMore: boolean } {
  const pagination = record(raw, 'pagination', context)
  reportUnknown(pagination, 'pagination', paginationFields, reading)
  const { has_more: hasMore, total_count: total, page: answered } = pagination
  if (typeof hasMore !== 'boolean') {
    throw surprised(context, 'pagination.has_more', `true or false is documented, ${typeName(hasMore)} came`)
  }
  // Only a surprise: whether the walk is sound is judged by positions and counts, which can't be fooled by an echo.
  if (typeof answered === 'number' && answered !== page) {
    reading.surprise('pagination.page', 'not the page that was asked for')
  }
  if (typeof total === 'number' && total > largestWalk.numbers) {
    const issue = `more than ${largestWalk.numbers} numbers are announced`
    throw surprised(context, 'pagination.total_count', issue)
  }
  if (typeof total === 'number' && Number.isInteger(total) && total >= 0)
    return { totalCount: total, hasMore }
  if (total !== undefined && total !== null) reading.surprise('pagination.total_count', 'not a whole number')
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

function startReadingOf(context: AnswerContext): Reading {
  return startReading(context, (path, issue) => {
    throw surprised(context, path, issue)
  })
}

function record(
  value: unknown,
  path: string,
  context: AnswerContext,
  subject = '',
): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  const issue = subject
    ? `${subject} not an object but ${typeName(value)}`
    : `an object is documented, ${typeName(value)} came`
  throw surprised(context, path, issue)
}

function reportUnknown(
  raw: Readonly<Record<string, unknown>>,
  noun: string,
  known: ReadonlySet<string>,
  reading: Reading,
): void {
  for (const name of Object.keys(raw)) {
    if (!known.has(name)) reading.surprise(`${noun}.${shownName(name)}`, 'unknown field')
  }
}

function surprised(context: AnswerContext, path: string, issue: string): AlloSurprisedError {
  return new AlloSurprisedError({
    asked: context.asked,
    requestId: context.requestId,
    status: 200,
    path,
    issue,
  })
}

const answerFields = words('data pagination queue')
const paginationFields = words('page size total_count total_pages has_more')
const teammateFields = words('id name email role status image_url')
const queueFields = words(
  'id name creator_id assignee_id voicemail_handling do_not_disturb created_at updated_at',
)
const olderQueueFields = new Set([...queueFields, 'numbers'])
const numberFields = words(
  'position number_to created_at updated_at call_start_date call_id routing_result sync_status ' +
    'detected_outbound_voicemail not_reached_destination_reason voicemail_left',
)
