/**
 * The parsed answers of the Allo API.
 *
 * Timestamps are text that Postgres reads as `timestamptz` without knowing our settings: they carry `Z`, an
 * offset or a zone name, and at most six fractional digits. They are never JavaScript dates, which would drop
 * microseconds. Every text is storable in Postgres (no NUL, no lone surrogate).
 *
 * `extra` holds, under the API's own names, fields we have no column for and values whose type we did not
 * expect; null when there are none.
 */
import type { AlloErrorFacts } from './errors.ts'

export type Timestamp = string
export type Extra = Readonly<Record<string, unknown>> | null

/** GET /v2/api/me. Null where the API did not say. */
export interface Account {
  readonly apiKeyId: string | null
  readonly team: { readonly id: string; readonly name: string | null } | null
  readonly scopes: readonly string[] | null
  readonly readsPerSecond: number | null
}

/** One row of GET /v2/api/users. */
export interface Teammate {
  readonly userId: string
  readonly name: string | null
  readonly email: string | null
  readonly role: string | null
  readonly status: string | null
  readonly imageUrl: string | null
  readonly extra: Extra
}

export interface TeammateList {
  /** Each once. */
  readonly teammates: readonly Teammate[]
  readonly unusable: UnusableRows
}

/** Rows without a usable id, so that no queue can be requested for them. */
export interface UnusableRows {
  readonly count: number
  /** Of the first one: where and why, without a value. Null when there are none. */
  readonly first: string | null
}

/** `queue` of GET /v2/api/dialing-queues/current. */
export interface Queue {
  readonly id: string
  readonly name: string | null
  readonly creatorId: string | null
  readonly assigneeId: string | null
  readonly voicemailHandling: string | null
  readonly doNotDisturb: string | null
  readonly createdAt: Timestamp | null
  readonly updatedAt: Timestamp | null
  readonly extra: Extra
}

/** One row of `data` of GET /v2/api/dialing-queues/current: a number in a queue. */
export interface QueueNumber {
  readonly position: number
  readonly numberTo: string | null
  readonly createdAt: Timestamp | null
  readonly updatedAt: Timestamp | null
  readonly callStartDate: Timestamp | null
  readonly callId: string | null
  readonly routingResult: string | null
  readonly syncStatus: string | null
  readonly detectedOutboundVoicemail: boolean | null
  readonly notReachedDestinationReason: string | null
  readonly voicemailLeft: boolean | null
  readonly extra: Extra
}

/** One answer about one teammate's current queue. */
export type QueueAnswer =
  | {
      readonly kind: 'page'
      readonly queue: Queue
      readonly numbers: readonly QueueNumber[]
      /** `pagination.total_count`; null when the API did not announce one. */
      readonly totalCount: number | null
      readonly hasMore: boolean
      readonly requestId: string | null
    }
  /** 200 without a queue, or 404 DIALING_QUEUE_NOT_FOUND of older builds: the teammate has none. */
  | { readonly kind: 'no_queue'; readonly requestId: string | null }
  /** 404 ASSIGNEE_NOT_FOUND: not on this team, now or ever. */
  | { readonly kind: 'not_found'; readonly requestId: string | null }

/** Of one call, of `data` of GET /v2/api/conversations/items/{id}. Nothing that was said, and no number of a contact. */
export interface CallDetails {
  readonly result: string
  readonly durationSeconds: number
  readonly direction: string | null
  readonly startedAt: Timestamp | null
  /** The team's own number. */
  readonly alloNumber: string | null
  /** Null: the API did not say. */
  readonly tags: readonly string[] | null
  /** Whether a phone menu picked up. Null: the API did not say. */
  readonly isPhoneMenu: boolean | null
}

/** One answer about one call. */
export type CallAnswer =
  | { readonly kind: 'details'; readonly details: CallDetails }
  /** The call has no result yet. */
  | { readonly kind: 'not_ready' }
  /** 404: not yet there, or not there any more. */
  | { readonly kind: 'not_found' }

/** Something the API did that its documentation does not mention; harmless, but worth one line per pass. */
export interface Surprise {
  /** Where, as a path without values: `queue number.call_status`. */
  readonly where: string
  /** What, in words that hold no phone number: `unknown field`, `unknown value PARKED`. */
  readonly what: string
  /** Set only on the entry that stands for this many further kinds; see surprises.ts. */
  readonly leftOut?: number
}

/** Counted by the client since it was made. */
export interface RequestCounts {
  requests: number
  /** Number of 429 responses. */
  throttled: number
  /** Milliseconds from sending a request to the end of its answer, all requests together. */
  exchangeMs: number
  /** Of all bodies together. */
  bytes: number
}

/**
 * Spaces the requests of all processes that use the key. `turn` resolves when one request may be sent now, and rejects
 * with AlloThrottledError if waiting would exceed the limit of one pass. `pause` pauses all these processes; `refused`:
 * the request that got the 429.
 */
export interface Pacer {
  turn(signal?: AbortSignal): Promise<void>
  pause(forMs: number, refused?: AlloErrorFacts): Promise<void>
}

/** Requests to the Allo API. All of them are GET. */
export interface AlloClient {
  readonly counts: Readonly<RequestCounts>
  me(signal?: AbortSignal): Promise<Account>
  /** Follows pagination if the API announces one. */
  listTeammates(status: 'ACTIVE' | 'BLOCKED', signal?: AbortSignal): Promise<TeammateList>
  /** `page` counts from 1. `size`: numbers on each page, 1 to 100; without it 100. */
  readQueuePage(userId: string, page: number, signal?: AbortSignal, size?: number): Promise<QueueAnswer>
  /** Rejects with AlloSurprisedError if another call, or a field of another type, is the answer. */
  readCall(callId: string, signal?: AbortSignal): Promise<CallAnswer>
  /** The same client with its own counts, which start at zero. Its requests count in both. */
  counted(): AlloClient
  /** The same, but each request is sent once: it is not retried, and rejects if it gets a 429. */
  once(): AlloClient
  close(): Promise<void>
}
