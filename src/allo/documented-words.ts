/**
 * The values that the API documents, by field. Allo extends these lists without notice, so an unknown word is stored
 * and reported as a surprise.
 */
export const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))

/** Scopes of an API key. `calls` is needed for the details of calls only. */
export const scopes = {
  users: 'USERS_READ',
  queues: 'DIALING_QUEUE_READ_WRITE',
  calls: 'CONVERSATIONS_READ',
} as const

/** The scopes that the key needs. */
export function neededScopes({ callDetails }: { readonly callDetails: boolean }): readonly string[] {
  return callDetails ? Object.values(scopes) : [scopes.users, scopes.queues]
}

export const roles = words('ADMIN MANAGER MEMBER')
export const statuses = words('ACTIVE BLOCKED')
export const voicemailHandlings = words('SKIP NO_SKIP')
export const switches = words('ENABLED DISABLED')
export const syncStatuses = words('NOT_SYNCED PROCESSING SYNCED')
export const routingResults = words(
  'FAILED RECEIVED BLOCKED ANSWERED TRANSFERRED_BLAND TRANSFERRED_ELEVEN_LABS TRANSFERRED_EXTERNAL ' +
    'FAILED_EXTERNAL VOICEMAIL CLOSED',
)
export const notReachedReasons = words(
  'BUSY CALLEE_TEMPORARILY_UNAVAILABLE RING_TIMEOUT NOT_IN_SERVICE DECLINED NETWORK_ERROR',
)
export const callDirections = words('INBOUND OUTBOUND')
export const callResults = words('ANSWERED MISSED TRANSFERRED VOICEMAIL')
