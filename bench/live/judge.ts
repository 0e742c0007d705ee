/** Compares what a database holds with the truth of the simulation. */
import type { NumberRow } from '../../src/simulation/shapes.ts'
import type { Truth } from '../../src/simulation/timeline.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { loadRecorded, type RecordedVersion } from '../../test/support/recorded.ts'
import { compareWithTruth } from '../../test/support/truth.ts'
import type { Judgement } from './source.ts'

/** The truth and Postgres use the clock of this machine. */
const SLACK_MS = 2

/** `dialsBefore`: made before the reps began. */
export async function judge(
  pool: Pool,
  truth: Truth,
  dialsBefore: number,
): Promise<Omit<Judgement, 'webhooks'>> {
  const { versions } = await loadRecorded(pool)
  const { problems, readings } = await compareWithTruth(pool, truth)
  const neverTrue = versions
    .filter((version) => !wasTrue(truth, version))
    .map(({ queue_id, position, valid_from }) => `${queue_id}, position ${position}: seen at ${valid_from}`)
  const made = truth.dials().slice(dialsBefore)
  const onRecord = await dialsOnRecord(pool)
  return {
    falseStates: [...problems, ...neverTrue],
    versions: versions.length,
    readings,
    dials: made.length,
    dialsOnRecord: made.filter((dial) =>
      onRecord.has(keyOf(dial.queueId, dial.number_to, dial.call_start_date)),
    ).length,
  }
}

/** What a version says: its row became so after `changed_after`, and was so at `valid_from`. */
function wasTrue(truth: Truth, version: RecordedVersion): boolean {
  const { position, call_id, detected_outbound_voicemail, voicemail_left } = version
  const { queue_id, valid_from, changed_after } = version
  const row = {
    ...{ position, call_id, detected_outbound_voicemail, voicemail_left },
    number_to: version.number_to ?? '',
    created_at: inSeconds(version.created_at) ?? '',
    call_start_date: inSeconds(version.call_start_date),
    routing_result: version.routing_result as NumberRow['routing_result'],
    sync_status: version.sync_status as NumberRow['sync_status'],
    not_reached_destination_reason:
      version.not_reached_destination_reason as NumberRow['not_reached_destination_reason'],
  }
  const from = changed_after === null ? Number.NEGATIVE_INFINITY : changed_after / 1000 - SLACK_MS
  return truth.rowWasTrue(queue_id, row, from, valid_from / 1000 + SLACK_MS)
}

/** As the simulation writes it. */
function inSeconds(text: string | null): string | null {
  return text?.slice(0, 19) ?? null
}

/** By when they started, because a dial may have no id yet. No number of the bench is dialled twice in a second. */
async function dialsOnRecord(pool: Pool): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<{ queue_id: string; number_to: string; started_at: string | null }>(
    `select d.queue_id, e.number_to, to_char(d.dialled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') as started_at
     from reporting.dials d join allo.queue_entries e using (entry_id)`,
  )
  return new Set(rows.map(({ queue_id, number_to, started_at }) => keyOf(queue_id, number_to, started_at)))
}

function keyOf(queueId: string, numberTo: string, startedAt: string | null): string {
  return `${queueId} ${numberTo} ${startedAt}`
}
