import { withoutNumbers } from '../../allo/text.ts'
import type { Client } from '../postgres/database.ts'
import type { Reading, ReadStatus, SavedReading } from './reading.ts'

interface ReadingRecord {
  readonly status: ReadStatus
  readonly queueId?: string
  readonly numbers?: number
  readonly announced?: number | null
  readonly added?: number
  readonly changed?: number
  readonly moved?: number
  readonly removed?: number
  readonly code?: string
  readonly message?: string
  readonly requestId?: string | null
}

/** Two of the usual intervals, for passes that did not say how often they were meant to run. */
const USUAL_GAP_SECONDS = 600

/**
 * The audit row and, for a reading that was applied, when the teammate was last read, and whether nothing is known of
 * the time before it, since it came late or after they were not on the team: in one statement.
 */
export async function recordReading(
  client: Client,
  reading: Reading,
  record: ReadingRecord,
): Promise<SavedReading> {
  const { result, effort } = reading
  // Ids from the API stand in messages, and an id could be a number.
  const message = record.message === undefined ? null : withoutNumbers(record.message)
  const isApplied = ['ok', 'no_queue', 'not_found'].includes(record.status)
  const wasFound = record.status === 'ok' || record.status === 'no_queue'
  const counts: Partial<ReadingRecord> = record.status === 'ok' ? record : {}
  await client.query(
    `with teammate as (
       update allo.teammates set last_read_started_at = $5, last_observed_at = $6,
         missing_since = case when $20 then null else missing_since end,
         missing_pass_id = case when $20 then null else missing_pass_id end,
         left_at = case when $20 then null else left_at end
       where user_id = $2 and $19
     ), gap as (
       insert into allo.reading_gaps (user_id, team_id, gap_from, gap_to, reason)
       select $2, $23, before.observed_at, $6, coalesce(
         (select failed.status from allo.sync_reads failed
          where failed.user_id = $2 and failed.observed_at > before.observed_at and failed.observed_at < $6
            and failed.status not in ('ok', 'no_queue')
          order by failed.observed_at desc limit 1), 'not_read')
       from (select r.observed_at, p.gap_after_seconds from allo.sync_reads r left join allo.sync_passes p using (pass_id)
             where r.user_id = $2 and r.status in ('ok', 'no_queue') order by r.observed_at desc limit 1) before
       where $20 and ($6 > before.observed_at + make_interval(secs => coalesce(before.gap_after_seconds, ${USUAL_GAP_SECONDS}))
         or exists (select from allo.sync_reads other where other.user_id = $2 and other.status = 'not_found'
                    and other.observed_at > before.observed_at and other.observed_at < $6))
       on conflict do nothing
     )
     insert into allo.sync_reads (pass_id, user_id, status, queue_id, read_started_at, observed_at, walks, requests,
       throttled, numbers_read, numbers_announced, numbers_stored, added, changed, moved, removed, duration_ms,
       error_code, error_message, error_request_id)
     values ($1, $2, $3, $4, $5, coalesce($6, clock_timestamp()), $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
       $18, $21, $22)
     on conflict (pass_id, user_id) do update set
       status = excluded.status, queue_id = excluded.queue_id, read_started_at = excluded.read_started_at,
       observed_at = excluded.observed_at, walks = excluded.walks, requests = excluded.requests,
       throttled = excluded.throttled, numbers_read = excluded.numbers_read,
       numbers_announced = excluded.numbers_announced, numbers_stored = excluded.numbers_stored,
       added = excluded.added, changed = excluded.changed, moved = excluded.moved, removed = excluded.removed,
       duration_ms = excluded.duration_ms, error_code = excluded.error_code,
       error_message = excluded.error_message, error_request_id = excluded.error_request_id
     where sync_reads.status not in ('ok', 'no_queue', 'not_found')`,
    [
      reading.passId,
      reading.userId,
      record.status,
      record.queueId ?? null,
      result.kind === 'failed' ? null : result.readStartedAt,
      result.kind === 'failed' ? null : result.observedAt,
      result.kind === 'failed' ? 0 : result.walks,
      effort.requests,
      effort.throttled,
      result.kind === 'torn' ? result.numbersRead : (record.numbers ?? null),
      record.announced ?? null,
      counts.numbers ?? null,
      counts.added ?? null,
      counts.changed ?? null,
      counts.moved ?? null,
      counts.removed ?? null,
      Math.round(effort.durationMs),
      record.code ?? null,
      isApplied,
      wasFound,
      message,
      record.requestId ?? null,
      reading.teamId,
    ],
  )
  return {
    userId: reading.userId,
    status: record.status,
    queueId: record.queueId ?? null,
    numbers: counts.numbers ?? null,
    added: counts.added ?? 0,
    changed: counts.changed ?? 0,
    moved: counts.moved ?? 0,
    removed: counts.removed ?? 0,
    errorCode: record.code ?? null,
    errorMessage: message,
    requestId: record.requestId ?? null,
  }
}
