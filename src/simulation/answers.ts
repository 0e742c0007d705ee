import type { QueueRow } from './shapes.ts'
import { type TimestampStyle, writeTimestamps } from './timestamps.ts'
import type { World } from './world.ts'

/** Responses of the documented endpoints, as values. HTTP, rate limits and faults are elsewhere. */

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is, instead of the body. */
  readonly raw?: { readonly text: string; readonly contentType: string }
  /** A fault of the connection: no response, a reset, or a reset in the middle of the body. */
  readonly wire?: 'never' | 'reset' | 'cut_off'
}

/** The documented endpoints that a mirror uses, and the scope that each needs. */
export const ENDPOINTS = {
  me: { path: '/v2/api/me', description: 'What this key may do', scope: null },
  users: { path: '/v2/api/users', description: 'List teammates', scope: 'USERS_READ' },
  queue: {
    path: '/v2/api/dialing-queues/current',
    description: 'List current queue numbers',
    scope: 'DIALING_QUEUE_READ_WRITE',
  },
  call: {
    path: '/v2/api/conversations/items/{id}',
    description: 'Get conversation item',
    scope: 'CONVERSATIONS_READ',
  },
} as const

/** A GET of one of them. */
export interface AlloRequest {
  readonly endpoint: keyof typeof ENDPOINTS
  readonly query: URLSearchParams
  readonly pageQuery: QueuePageQuery
  /** In the path of a request for a call; null: it is another request. */
  readonly callId: string | null
}

interface Pagination {
  readonly page: number
  readonly size: number
  readonly total_count: number
  readonly total_pages: number
  readonly has_more: boolean
}

export interface QueuePageQuery {
  readonly userId: string | null
  readonly email: string | null
  readonly page: number
  readonly size: number
}

interface QueuePage {
  readonly data: readonly Readonly<Record<string, unknown>>[]
  readonly pagination: Pagination
  readonly queue?: QueueRow
}

export function answerQueuePage(world: World, query: QueuePageQuery, style: TimestampStyle): Answer {
  const { page, size } = query
  const userId = query.userId ?? idOfEmail(world, query.email) ?? world.keyOwner()
  const current = world.currentQueue(userId)
  if (current === undefined) return assigneeNotFound()
  if (current === null) return noQueue()
  const data = current.rows((page - 1) * size, size)
  const body: QueuePage = {
    data: data.map((row) => writeTimestamps({ ...row }, style)),
    pagination: paginate(current.size, page, size),
    queue: writeTimestamps(current.queue, style),
  }
  return { status: 200, body }
}

/** The whole queue in the format of the same path before it had pagination. */
export function olderForm(world: World, query: QueuePageQuery, style: TimestampStyle): Answer {
  const size = Number.MAX_SAFE_INTEGER
  const answer = answerQueuePage(world, { ...query, page: 1, size }, style)
  if (!isQueuePage(answer.body)) return answer
  const { queue, data } = answer.body
  return { status: 200, body: { data: queue ? { ...queue, numbers: data } : null } }
}

function isQueuePage(body: unknown): body is QueuePage {
  return typeof body === 'object' && body !== null && 'pagination' in body && 'data' in body
}

export function answerUsers(
  world: World,
  filter: { role: string | null; status: string | null },
  paging: { page: number; size: number } | null,
): Answer {
  const { role, status } = filter
  if (role !== null && !['ADMIN', 'MANAGER', 'MEMBER'].includes(role)) return invalidParameter('role')
  if (status !== null && !['ACTIVE', 'BLOCKED'].includes(status)) return invalidParameter('status')
  const found = world
    .teammates()
    .filter((user) => user.status === (status ?? 'ACTIVE') && (role === null || user.role === role))
  if (!paging) return { status: 200, body: { data: found } }
  const { page, size } = paging
  const data = found.slice((page - 1) * size, page * size)
  return { status: 200, body: { data, pagination: paginate(found.length, page, size) } }
}

export function answerMe(
  world: World,
  key: { id: string; scopes: readonly string[]; readsPerSecond: number },
): Answer {
  const data = {
    api_key_id: key.id,
    scopes: key.scopes,
    endpoints: Object.values(ENDPOINTS)
      .filter(({ scope }) => scope === null || key.scopes.includes(scope))
      .map((endpoint) => ({ method: 'GET', ...endpoint })),
    team: world.team,
    rate_limits: { read_per_second: key.readsPerSecond, write_per_second: 5 },
  }
  return { status: 200, body: { data } }
}

/** 404 until the call is over. */
export function answerCall(world: World, callId: string): Answer {
  if (!/^(?:cll|msg)[-_]/.test(callId)) return invalidParameter('id', 'INVALID_ITEM_ID')
  const call = world.call(callId)
  if (call !== null) return { status: 200, body: { data: call } }
  return refusal(404, 'not_found_error', 'CONVERSATION_ITEM_NOT_FOUND', 'There is no such conversation item')
}

/** The documented error format. The sender fills in the request id. */
export function refusal(
  status: number,
  type: string,
  code: string,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): Answer {
  const retryable = status === 409 || status === 429 || status >= 500
  return { status, body: { error: { type, code, message, retryable, ...more } } }
}

export function assigneeNotFound(): Answer {
  return refusal(404, 'not_found_error', 'ASSIGNEE_NOT_FOUND', 'There is no such assignee in this team')
}

export function invalidKey(): Answer {
  return refusal(401, 'authentication_error', 'API_KEY_INVALID', 'This API key is not valid')
}

export function missingScope(scope: string): Answer {
  const message = `This API key lacks the required scope: ${scope}`
  return refusal(403, 'permission_error', 'API_KEY_INSUFFICIENT_SCOPE', message)
}

export function tooManyRequests(message: string, retryAfterSeconds: number): Answer {
  const more = { retry_after_seconds: retryAfterSeconds }
  const answer = refusal(429, 'rate_limit_error', 'RATE_LIMIT_EXCEEDED', message, more)
  return { ...answer, headers: { 'Retry-After': String(retryAfterSeconds) } }
}

export function noQueue(): Answer {
  const pagination: Pagination = { page: 0, size: 0, total_count: 0, total_pages: 0, has_more: false }
  return { status: 200, body: { data: [], pagination } satisfies QueuePage }
}

export function invalidParameter(
  param: string,
  code = 'INVALID_PARAMETER',
  message = `${param} is invalid`,
): Answer {
  return refusal(400, 'validation_error', code, message, { param })
}

function idOfEmail(world: World, email: string | null): string | null {
  if (email === null) return null
  return world.teammates().find((user) => user.email === email)?.id ?? email
}

function paginate(total: number, page: number, size: number): Pagination {
  const pages = Math.ceil(total / size)
  return { page, size, total_count: total, total_pages: pages, has_more: page < pages }
}
