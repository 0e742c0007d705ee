/** How many numbers of a queue have which outcome. */
import type { Client } from '../postgres/database.ts'

/** Of the rules in allo.number_outcome; counts of another one are not comparable. */
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

/** What the mirror holds of a queue, counted: of one that had ended, rows may have been deleted since. */
export async function countMirrored(client: Client, queueId: string): Promise<OutcomeCounts> {
  const { rows } = await client.query<{ outcome: Outcome; numbers: number }>(
    `select allo.number_outcome(detected_outbound_voicemail, voicemail_left, routing_result,
       not_reached_destination_reason, call_start_date, call_id) as outcome, count(*)::int as numbers
     from allo.queue_numbers where queue_id = $1 group by 1`,
    [queueId],
  )
  return { ...noOutcomes(), ...Object.fromEntries(rows.map(({ outcome, numbers }) => [outcome, numbers])) }
}
