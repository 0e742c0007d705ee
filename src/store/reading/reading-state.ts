/** The locks of a reading, and what is known under them. */
import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { Client } from '../postgres/database.ts'
import { lock, queueLock, teammateLock } from '../postgres/locks.ts'
import { queueAssignments, queues } from '../schema.ts'
import type { OutcomeCounts } from './outcome-counts.ts'
import type { Reading } from './reading.ts'
import { remakeQueue } from './remake-queue.ts'

const q = alias(queues, 'q')
const a = alias(queueAssignments, 'a')

/** What a reading finds under its locks. */
export interface ReadingState {
  readonly passStatus: string | null
  /** This pass has an applied reading of this teammate: a retry after a crash must not become a second one. */
  readonly isAlreadyRead: boolean
  readonly overtakenBy: 'teammate' | 'queue' | null
  /** Start of the reading of this teammate applied before. */
  readonly lastReadStartedAt: string | null
  readonly queue: KnownQueueRow | null
  readonly counts: OutcomeCounts | null
  /** The queue seen, and those the teammate may have held. */
  readonly queuesTouched: number
  /** Fingerprint of the key that the number keys on record were made with; null: of none. */
  readonly numberKeyFingerprint: string | null
  /** Number keys. */
  readonly suppressedNumbers: readonly string[]
  /** The teammate is on record as holding the queue seen, and nobody doubts it. */
  readonly isAssigned: boolean
  /**
   * Another teammate is on record as holding the queue seen, and neither of the two has been seen without it since
   * they were both seen with it. One who hands a queue over is seen without it; one who can't be read does not keep it
   * for ever: not when this teammate has been seen with it twice since. A reading that began before the other one ended
   * proves nothing by itself, since the queue may have gone over in between: it counts when the one before was refused, too.
   */
  readonly isShared: boolean
}

export interface QueueSettings {
  readonly name: string | null
  readonly creator_id: string | null
  readonly assignee_id: string | null
  readonly voicemail_handling: string | null
  readonly do_not_disturb: string | null
}

export interface KnownQueueRow extends QueueSettings {
  readonly queue_id: string
  readonly user_id: string
  /** As history has them; null: no version is open. */
  readonly version: QueueSettings | null
  readonly is_current: boolean | null
  /** Whether its history is closed: it had ended, or could not be observed. */
  readonly is_closed: boolean
  /** Of the numbers in the last reading, and the mark of the rows it left. */
  readonly content_digest: string
  /** Of the rows as they are now: another one than in `content_digest` when something else touched them. */
  readonly rows_mark: string
  readonly last_read_started_at: string
  readonly last_observed_at: string
}

/** The readings of a teammate that showed a queue, believed or not, or that there is none. */
function sightings(userId: string): string {
  return `select r.queue_id, r.observed_at, r.error_code from allo.sync_reads r
    where r.user_id = ${userId}
      and (r.status in ('ok', 'no_queue', 'not_found') or r.error_code in ('queue_shared', 'queue_overtaken'))
    order by r.observed_at desc`
}

/** See ReadingState.isShared. Another query only where the holder on record is another teammate. */
async function isSharedQueue(
  client: Client,
  { userId }: Reading,
  queue: KnownQueueRow,
  readStartedAt: string,
): Promise<boolean> {
  if (queue.user_id === userId) return false
  const { rows } = await client.query<{ is_shared: boolean }>(
    `select (own.queue_id = q.queue_id and theirs.queue_id = q.queue_id
         and (q.last_observed_at <= $3 or own.error_code is not null)
         and before_own.observed_at > theirs.observed_at is not true) is true as is_shared
     from allo.queues q, (${sightings('$2')} limit 1) theirs, (${sightings('$1')} limit 1) own
     left join (${sightings('$1')} offset 1 limit 1) before_own on true
     where q.queue_id = $4`,
    [userId, queue.user_id, readStartedAt, queue.queue_id],
  )
  return rows[0]?.is_shared ?? false
}

/** Locks the teammate, then every queue the reading can touch, in the order of their ids; then looks. */
export async function lockState(
  client: Client,
  reading: Reading,
  snapshot: Exclude<Snapshot, { kind: 'failed' }>,
): Promise<ReadingState> {
  const queueId = snapshot.kind === 'queue' ? snapshot.queue.id : null
  await lock(client, sql`select ${teammateLock(reading.userId)}`)
  // Under the teammate's lock: the queues this reading can touch are the one it saw and those the teammate held.
  const queuesTouched = await lock(
    client,
    sql`select ${queueLock(sql`queue_id`)} from (
          select ${queueId}::text as queue_id
          union select ${q.queueId} from ${queues} ${q} where ${q.userId} = ${reading.userId} and ${q.isCurrent} is distinct from false
          union select ${a.queueId} from ${queueAssignments} ${a} where ${a.userId} = ${reading.userId} and ${a.validTo} is null
        ) touched where queue_id is not null order by name`,
  )
  const state = await look(client, reading, snapshot, queueId)
  // Of a queue whose row was lost, history is still there.
  const isRemade = state.queue === null && queueId !== null && (await remakeQueue(client, reading, queueId))
  const found = isRemade ? await look(client, reading, snapshot, queueId) : state
  const isShared =
    found.queue !== null && (await isSharedQueue(client, reading, found.queue, snapshot.readStartedAt))
  return { ...found, queuesTouched, isShared }
}

async function look(
  client: Client,
  reading: Reading,
  snapshot: Exclude<Snapshot, { kind: 'failed' }>,
  queueId: string | null,
): Promise<Omit<ReadingState, 'queuesTouched' | 'isShared'>> {
  const { rows } = await client.query<{
    pass_status: string | null
    is_already_read: boolean
    overtaken_by: 'teammate' | 'queue' | null
    last_read_started_at: string | null
    is_assigned: boolean
    number_key_fingerprint: string | null
    suppressed_numbers: string[]
    queue: KnownQueueRow | null
    counts: OutcomeCounts | null
  }>(
    `select p.status as pass_status,
       exists (select from allo.sync_reads r where r.pass_id = $1 and r.user_id = $2
               and r.status in ('ok', 'no_queue', 'not_found')) as is_already_read,
       case when t.last_observed_at > $4 then 'teammate' when q.last_observed_at > $4 then 'queue' end as overtaken_by,
       t.last_read_started_at::text,
       exists (select from allo.queue_assignments a where a.user_id = $2 and a.queue_id = $3
               and a.valid_to is null and a.missing_since is null) as is_assigned,
       (select number_key_fingerprint from allo.settings) as number_key_fingerprint,
       array(select number_key from allo.suppressed_numbers) as suppressed_numbers,
       case when q.queue_id is not null then json_build_object(
         'queue_id', q.queue_id, 'user_id', q.user_id, 'name', q.name, 'creator_id', q.creator_id, 'assignee_id', q.assignee_id,
         'voicemail_handling', q.voicemail_handling, 'do_not_disturb', q.do_not_disturb,
         'is_current', q.is_current, 'version', to_jsonb(v),
         'is_closed', v.queue_id is null and not exists (
           select from allo.queue_number_versions n where n.queue_id = q.queue_id and n.valid_to is null),
         'content_digest', q.content_digest, 'rows_mark', allo.rows_mark(q.queue_id),
         'last_read_started_at', q.last_read_started_at::text,
         'last_observed_at', q.last_observed_at::text) end as queue,
       case when c.queue_id is not null then json_build_object(
         'remaining', c.remaining, 'in_progress', c.in_progress, 'connected', c.connected, 'voicemail', c.voicemail,
         'not_reached', c.not_reached, 'failed', c.failed, 'other', c.other) end as counts
     from (select) one
     left join allo.sync_passes p on p.pass_id = $1
     left join allo.teammates t on t.user_id = $2
     left join allo.queues q on q.queue_id = $3
     left join allo.queue_versions v on v.queue_id = q.queue_id and v.valid_to is null
     left join lateral (
       select * from allo.queue_snapshots s where s.queue_id = $3 order by s.observed_at desc limit 1
     ) c on true`,
    [reading.passId, reading.userId, queueId, snapshot.readStartedAt],
  )
  const row = rows[0]
  return {
    passStatus: row?.pass_status ?? null,
    isAlreadyRead: row?.is_already_read ?? false,
    overtakenBy: row?.overtaken_by ?? null,
    lastReadStartedAt: row?.last_read_started_at ?? null,
    queue: row?.queue ?? null,
    counts: row?.counts ?? null,
    isAssigned: row?.is_assigned ?? false,
    numberKeyFingerprint: row?.number_key_fingerprint ?? null,
    suppressedNumbers: row?.suppressed_numbers ?? [],
  }
}
