/** How many numbers of a queue have which outcome. */
import { eq, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { queueNumbers, queueSnapshots } from '../schema.ts'

/** Version of the rules in allo.number_outcome. Counts of different versions are not comparable. */
export const OUTCOME_DEFINITION_VERSION = 1

export const outcomes = [
  'remaining',
  'in_progress',
  'connected',
  'voicemail',
  'not_reached',
  'failed',
  'other',
] as const
export type Outcome = (typeof outcomes)[number]
export type OutcomeCounts = Record<Outcome, number>

export function noOutcomes(): OutcomeCounts {
  return { remaining: 0, in_progress: 0, connected: 0, voicemail: 0, not_reached: 0, failed: 0, other: 0 }
}

/** Where allo.queue_snapshots keeps each count. */
export const countColumns = {
  remaining: queueSnapshots.remaining,
  in_progress: queueSnapshots.inProgress,
  connected: queueSnapshots.connected,
  voicemail: queueSnapshots.voicemail,
  not_reached: queueSnapshots.notReached,
  failed: queueSnapshots.failed,
  other: queueSnapshots.other,
} satisfies Record<Outcome, PgColumn>

/** The counts as a row of allo.queue_snapshots has them. */
export function countsAsColumns({
  in_progress: inProgress,
  not_reached: notReached,
  ...counts
}: OutcomeCounts) {
  return { ...counts, inProgress, notReached }
}

/** The outcome of a row, by the rules of allo.number_outcome. */
export function outcomeOf(row: {
  readonly detectedOutboundVoicemail: PgColumn
  readonly voicemailLeft: PgColumn
  readonly routingResult: PgColumn
  readonly notReachedDestinationReason: PgColumn
  readonly callStartDate: PgColumn
  readonly callId: PgColumn
}): SQL<Outcome> {
  return sql`allo.number_outcome(${row.detectedOutboundVoicemail}, ${row.voicemailLeft}, ${row.routingResult},
    ${row.notReachedDestinationReason}, ${row.callStartDate}, ${row.callId})`
}

/** Counts the rows of the mirror. Rows of an ended queue may have been deleted since it ended. */
export async function countMirrored(client: Client, queueId: string): Promise<OutcomeCounts> {
  const outcome = outcomeOf(queueNumbers)
  const rows = await orm(client)
    .select({ outcome, numbers: sql<number>`count(*)::int` })
    .from(queueNumbers)
    .where(eq(queueNumbers.queueId, queueId))
    .groupBy(sql`1`)
  return { ...noOutcomes(), ...Object.fromEntries(rows.map(({ outcome, numbers }) => [outcome, numbers])) }
}
