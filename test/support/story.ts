/**
 * A history without what differs between two mirrors of one team that were read one after the other: times become the
 * pass of their reading, entries have no ids, and numbers are left out.
 */
import type { Pool } from '../../src/store/postgres/database.ts'
import { outcomeOf } from './bookkeeping.ts'
import { groupBy, loadRecorded } from './recorded.ts'

export async function storyOf(pool: Pool): Promise<string[]> {
  const { entries, versions, dials, counts, queues, readings, assignments } = await loadRecorded(pool)
  const passAt = new Map(readings.map(({ observed_at, pass_id }) => [observed_at, pass_id]))
  const when = (at: number | null) => (at === null ? null : (passAt.get(at) ?? 'between'))
  const versionsOf = groupBy(versions, ({ entry_id }) => entry_id)
  const dialsOf = groupBy(dials, ({ entry_id }) => entry_id)
  return [
    ...entries.map((entry) =>
      JSON.stringify({
        queue: entry.queue_id,
        created: entry.created_at,
        seen: [
          when(entry.first_seen_at),
          when(entry.last_seen_at),
          when(entry.removed_at),
          entry.removal_reason,
        ],
        outcome: [entry.outcome, entry.dial_count],
        versions: (versionsOf.get(entry.entry_id) ?? []).map((version) => [
          version.position,
          version.call_id,
          version.sync_status,
          outcomeOf(version),
          when(version.valid_from),
          when(version.valid_to),
          version.end_reason,
        ]),
        dials: (dialsOf.get(entry.entry_id) ?? [])
          .map((dial) => [dial.call_id, dial.outcome, dial.user_id])
          .sort(),
      }),
    ),
    ...counts.map(({ observed_at, ...count }) => JSON.stringify({ ...count, at: when(observed_at) })),
    ...queues.map(({ queue_id, user_id, is_current, end_reason, ended_at }) =>
      JSON.stringify({ queue_id, user_id, is_current, end_reason, ended: when(ended_at) }),
    ),
    ...assignments.map(({ user_id, queue_id, valid_from, valid_to }) =>
      JSON.stringify({ user_id, queue_id, from: when(valid_from), to: when(valid_to) }),
    ),
    ...readings.map(({ pass_id, user_id, status, queue_id, numbers_stored }) =>
      JSON.stringify({ pass_id, user_id, status, queue_id, numbers_stored }),
    ),
  ].sort()
}
