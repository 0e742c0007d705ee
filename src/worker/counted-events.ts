/** What happens in a worker and is counted: the counters of metric-list.ts increase by it. */
import type { callOutcomes } from '../live/ask-call.ts'
import type { SavedReading } from '../store/reading/reading.ts'

/**
 * What came of a look, one of these per look.
 * - unchanged, changed: it counted, and was saved.
 * - unexpected: the page is not what the mirror holds. Nothing was saved, and a reading was requested.
 * - dropped: the mirror moved on since it began, or a reading of the teammate was in progress.
 * - given_up: it had no turn or no answer in time.
 * - failed: Allo answered with an error.
 */
export const lookResults = ['unchanged', 'changed', 'unexpected', 'dropped', 'given_up', 'failed'] as const
export type LookResult = (typeof lookResults)[number]

/** Where the source says when it happened: a dial that is seen first, or a change of a number's fields. */
export const sourceTimes = ['call_start_date', 'updated_at'] as const
export type SourceTime = (typeof sourceTimes)[number]

/** An event that increases counters. */
export type CountedEvent =
  | { readonly type: 'reading'; readonly reading: CountedReading }
  /** Null: Allo did not answer. */
  | { readonly type: 'answered'; readonly status: number | null }
  | { readonly type: 'waited'; readonly throttledMs: number }
  | { readonly type: 'incident_opened'; readonly kind: string }
  | { readonly type: 'posted'; readonly result: 'delivered' | 'failed' }
  | { readonly type: 'webhook'; readonly outcome: WebhookOutcome }
  | { readonly type: 'look'; readonly result: LookResult }
  /** A request for the details of a call. */
  | { readonly type: 'call'; readonly outcome: (typeof callOutcomes)[number] }

/**
 * What came of a request to /hooks/allo. `ignored`: nothing to do (another topic, an inbound call, a teammate without a
 * queue, looks are off). `unavailable`: Allo is to send it again.
 */
export const webhookOutcomes = [
  'accepted',
  'ignored',
  'repeated',
  'unknown_teammate',
  'refused_signature',
  'refused_size',
  'malformed',
  'too_many',
  'unavailable',
] as const

export type WebhookOutcome = (typeof webhookOutcomes)[number]

type CountedReading = Pick<SavedReading, 'status' | 'added' | 'changed' | 'moved' | 'removed'>
