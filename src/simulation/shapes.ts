/** What the API shows: the fields and the spelling are its own. */

export type RoutingResult =
  | 'FAILED'
  | 'RECEIVED'
  | 'BLOCKED'
  | 'ANSWERED'
  | 'TRANSFERRED_BLAND'
  | 'TRANSFERRED_ELEVEN_LABS'
  | 'TRANSFERRED_EXTERNAL'
  | 'FAILED_EXTERNAL'
  | 'VOICEMAIL'
  | 'CLOSED'

export type NotReachedReason =
  | 'BUSY'
  | 'CALLEE_TEMPORARILY_UNAVAILABLE'
  | 'RING_TIMEOUT'
  | 'NOT_IN_SERVICE'
  | 'DECLINED'
  | 'NETWORK_ERROR'

export type SyncStatus = 'NOT_SYNCED' | 'PROCESSING' | 'SYNCED'

/** Result fields of a call; null until it has a result. */
export interface CallResult {
  readonly routing_result: RoutingResult | null
  readonly detected_outbound_voicemail: boolean | null
  readonly not_reached_destination_reason: NotReachedReason | null
  readonly voicemail_left: boolean | null
}

/** Timestamps are naive UTC text, `2026-04-30T10:00:00`, with six more digits in a world of microseconds. */
export interface NumberRow extends CallResult {
  readonly number_to: string
  readonly position: number
  readonly created_at: string
  readonly updated_at: string
  readonly call_start_date: string | null
  readonly call_id: string | null
  readonly sync_status: SyncStatus
}

export interface QueueRow {
  readonly id: string
  readonly name: string | null
  readonly creator_id: string
  readonly assignee_id: string
  readonly voicemail_handling: 'SKIP' | 'NO_SKIP'
  readonly do_not_disturb: 'ENABLED' | 'DISABLED'
  readonly created_at: string
  readonly updated_at: string
}

export type Role = 'ADMIN' | 'MANAGER' | 'MEMBER'

export interface TeammateRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly status: 'ACTIVE' | 'BLOCKED'
  readonly image_url: string | null
}

export const NO_RESULT: CallResult = {
  routing_result: null,
  detected_outbound_voicemail: null,
  not_reached_destination_reason: null,
  voicemail_left: null,
}
