/**
 * All recorded rows, read at once for comparisons. Observed times are whole microseconds since 1970. Source times are
 * UTC text without a zone and with six digits, in any time zone of the session.
 */
import type { Pool } from '../../src/store/postgres/database.ts'

export interface NumberFields {
  readonly position: number
  readonly number_to: string | null
  readonly created_at: string | null
  readonly call_start_date: string | null
  readonly call_id: string | null
  readonly routing_result: string | null
  readonly sync_status: string | null
  readonly detected_outbound_voicemail: boolean | null
  readonly not_reached_destination_reason: string | null
  readonly voicemail_left: boolean | null
}

export interface RecordedRow extends NumberFields {
  readonly queue_id: string
  readonly entry_id: string
  readonly updated_at: string | null
}

export interface RecordedEntry {
  readonly entry_id: string
  readonly queue_id: string
  readonly number_to: string | null
  readonly created_at: string | null
  readonly first_seen_at: number
  readonly last_seen_at: number | null
  readonly removed_at: number | null
  readonly removal_reason: string | null
  readonly first_dialled_at: number | null
  readonly last_dialled_at: number | null
  readonly dial_count: number
  readonly outcome: string
}

export interface RecordedVersion extends NumberFields {
  readonly entry_id: string
  readonly queue_id: string
  readonly valid_from: number
  readonly valid_to: number | null
  readonly changed_after: number | null
  readonly end_reason: string | null
}

export interface RecordedDial {
  readonly dial_id: string
  readonly entry_id: string
  readonly queue_id: string
  readonly user_id: string
  readonly call_id: string | null
  readonly call_start_date: string | null
  readonly dialled_at: number | null
  readonly routing_result: string | null
  readonly detected_outbound_voicemail: boolean | null
  readonly not_reached_destination_reason: string | null
  readonly voicemail_left: boolean | null
  readonly outcome: string
  readonly first_seen_at: number
  readonly changed_after: number | null
}

export interface RecordedQueue {
  readonly queue_id: string
  readonly team_id: string
  readonly user_id: string
  readonly name: string | null
  readonly creator_id: string | null
  readonly assignee_id: string | null
  readonly voicemail_handling: string | null
  readonly do_not_disturb: string | null
  readonly created_at: string | null
  readonly updated_at: string | null
  readonly is_current: boolean | null
  readonly ended_at: number | null
  readonly end_reason: string | null
  readonly replaced_by_queue_id: string | null
  readonly missing_since: number | null
  readonly unknown_since: number | null
  readonly unobservable_since: number | null
}

export interface RecordedSettings {
  readonly queue_id: string
  readonly name: string | null
  readonly creator_id: string | null
  readonly assignee_id: string | null
  readonly voicemail_handling: string | null
  readonly do_not_disturb: string | null
  readonly valid_from: number
  readonly valid_to: number | null
}

export interface RecordedAssignment {
  readonly user_id: string
  readonly queue_id: string | null
  readonly valid_from: number
  readonly valid_to: number | null
  readonly missing_since: number | null
  readonly end_reason: string | null
}

export interface RecordedCounts {
  readonly queue_id: string
  readonly user_id: string
  readonly observed_at: number
  readonly numbers: number
  readonly remaining: number
  readonly in_progress: number
  readonly connected: number
  readonly voicemail: number
  readonly not_reached: number
  readonly failed: number
  readonly other: number
}

export interface RecordedReading {
  readonly pass_id: string
  readonly user_id: string
  readonly status: string
  readonly queue_id: string | null
  readonly read_started_at: number
  readonly observed_at: number
  readonly numbers_stored: number | null
}

export interface RecordedPass {
  readonly pass_id: string
  readonly started_at: number
  readonly finished_at: number | null
  readonly status: string
}

export interface RecordedTeammate {
  readonly user_id: string
  readonly name: string | null
  readonly email: string | null
  readonly role: string | null
  readonly status: string | null
  readonly image_url: string | null
  readonly is_listed: boolean
  readonly left_at: number | null
}

export interface Recorded {
  readonly numbers: readonly RecordedRow[]
  readonly entries: readonly RecordedEntry[]
  readonly versions: readonly RecordedVersion[]
  readonly dials: readonly RecordedDial[]
  readonly queues: readonly RecordedQueue[]
  readonly settings: readonly RecordedSettings[]
  readonly assignments: readonly RecordedAssignment[]
  readonly counts: readonly RecordedCounts[]
  /** In the order of observation. */
  readonly readings: readonly RecordedReading[]
  readonly passes: readonly RecordedPass[]
  readonly teammates: readonly RecordedTeammate[]
}

const us = (column: string, alias = column) => `(extract(epoch from ${column}) * 1000000)::float8 as ${alias}`
const source = (column: string, alias = column) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as ${alias}`

const results = `routing_result, detected_outbound_voicemail, not_reached_destination_reason, voicemail_left`
const settings = `name, creator_id, assignee_id, voicemail_handling, do_not_disturb`

const selectReadings = `select pass_id, user_id, status, queue_id, ${us('read_started_at')}, ${us('observed_at')},
  numbers_stored from allo.sync_reads`
const selectPasses = `select pass_id, ${us('started_at')}, ${us('finished_at')}, status from allo.sync_passes`

export async function loadReadings(pool: Pool, where: string, values: unknown[]): Promise<RecordedReading[]> {
  return (await pool.query<RecordedReading>(`${selectReadings} where ${where}`, values)).rows
}

export async function loadPasses(pool: Pool, ids: readonly string[]): Promise<Map<string, RecordedPass>> {
  const { rows } = await pool.query<RecordedPass>(`${selectPasses} where pass_id = any ($1)`, [ids])
  return new Map(rows.map((pass) => [pass.pass_id, pass]))
}

/** One consistent view: a single transaction. */
export async function loadRecorded(pool: Pool): Promise<Recorded> {
  const client = await pool.connect()
  const all = async <Row extends object>(sql: string) => (await client.query<Row>(sql)).rows
  try {
    await client.query('begin isolation level repeatable read read only')
    return {
      numbers: await all<RecordedRow>(
        `select queue_id, position, entry_id, number_to, ${source('created_at')}, ${source('updated_at')},
           ${source('call_start_date')}, call_id, sync_status, ${results}
         from allo.queue_numbers order by queue_id, position`,
      ),
      entries: await all<RecordedEntry>(
        `select entry_id, queue_id, number_to, ${source('source_created_at', 'created_at')}, ${us('first_seen_at')},
           ${us('last_seen_at')}, ${us('removed_at')}, removal_reason, ${us('first_dialled_at')},
           ${us('last_dialled_at')}, dial_count, outcome
         from allo.queue_entries order by entry_id`,
      ),
      versions: await all<RecordedVersion>(
        `select v.entry_id, v.queue_id, v.position, e.number_to, ${source('e.source_created_at', 'created_at')},
           ${source('v.call_start_date', 'call_start_date')}, v.call_id, v.sync_status, v.routing_result,
           v.detected_outbound_voicemail, v.not_reached_destination_reason, v.voicemail_left,
           ${us('v.valid_from', 'valid_from')}, ${us('v.valid_to', 'valid_to')},
           ${us('v.changed_after', 'changed_after')}, v.end_reason
         from allo.queue_number_versions v left join allo.queue_entries e using (entry_id)
         order by v.valid_from, v.queue_id, v.position`,
      ),
      dials: await all<RecordedDial>(
        `select dial_id, entry_id, queue_id, user_id, call_id, ${source('dialled_at', 'call_start_date')},
           ${us('dialled_at')}, ${results}, outcome, ${us('first_seen_at')}, ${us('changed_after')}
         from allo.dials order by dial_id`,
      ),
      queues: await all<RecordedQueue>(
        `select queue_id, team_id, user_id, ${settings}, ${source('created_at')}, ${source('updated_at')}, is_current,
           ${us('ended_at')}, end_reason, replaced_by_queue_id, ${us('missing_since')}, ${us('unknown_since')},
           ${us('unobservable_since')}
         from allo.queues order by queue_id`,
      ),
      settings: await all<RecordedSettings>(
        `select queue_id, ${settings}, ${us('valid_from')}, ${us('valid_to')}
         from allo.queue_versions order by queue_id, queue_versions.valid_from`,
      ),
      assignments: await all<RecordedAssignment>(
        `select user_id, queue_id, ${us('valid_from')}, ${us('valid_to')}, ${us('missing_since')}, end_reason
         from allo.queue_assignments order by user_id, queue_assignments.valid_from`,
      ),
      counts: await all<RecordedCounts>(
        `select queue_id, user_id, ${us('observed_at')}, numbers, remaining, in_progress, connected, voicemail,
           not_reached, failed, other
         from allo.queue_snapshots order by queue_id, queue_snapshots.observed_at`,
      ),
      readings: await all<RecordedReading>(`${selectReadings} order by sync_reads.observed_at`),
      passes: await all<RecordedPass>(`${selectPasses} order by pass_id`),
      teammates: await all<RecordedTeammate>(
        `select user_id, name, email, role, status, image_url, is_listed, ${us('left_at')}
         from allo.teammates order by user_id`,
      ),
    }
  } finally {
    await client.query('rollback')
    client.release()
  }
}

/** Rows by a key, in their order. */
export function groupBy<Row, Key>(rows: readonly Row[], key: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>()
  for (const row of rows) {
    const group = groups.get(key(row))
    if (group) group.push(row)
    else groups.set(key(row), [row])
  }
  return groups
}

/** Whether a half-open period covers the moment. */
export function covers(period: { valid_from: number; valid_to: number | null }, at: number): boolean {
  return period.valid_from <= at && (period.valid_to === null || period.valid_to > at)
}
