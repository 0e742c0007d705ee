/** Recreates the lost row of a queue from its history and its recorded readings. */
import { and, desc, eq, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { columns, one, orm, template } from '../postgres/query.ts'
import {
  queueAssignments,
  queueNumbers,
  queueNumberVersions,
  queues,
  queueVersions,
  syncReads,
} from '../schema.ts'
import { settingNames } from './queue-settings.ts'
import type { Reading } from './reading.ts'

/** Returns false when the queue has no history: then it is new. */
export async function recreateQueue(
  client: Client,
  { teamId, userId }: Reading,
  queueId: string,
): Promise<boolean> {
  const past = await one<Past>(client, pastOf({ queueId }))
  if (past.firstSeenAt === null || past.lastChangedAt === null) return false
  const reading = await lastReading(client, queueId)
  const holder = await lastHolder(client, queueId)
  const numbers = sql`(select count(*) from ${queueNumbers} where ${queueNumbers.queueId} = ${queueId})`
  await orm(client)
    .insert(queues)
    .values({
      queueId,
      teamId,
      userId: holder ?? userId,
      ...(await lastSettings(client, queueId)),
      firstSeenAt: past.firstSeenAt,
      ...stateOf(past),
      numbers,
      lastReadStartedAt: reading?.readStartedAt ?? past.lastChangedAt,
      lastObservedAt: reading?.observedAt ?? past.lastChangedAt,
      membershipDigest: '',
      contentDigest: '',
    })
  return true
}

interface Past {
  /** Null, here and in the next: there is no history. */
  readonly firstSeenAt: string | null
  readonly lastChangedAt: string | null
  /** When the last version was closed; null: one is open. */
  readonly closedAt: string | null
  /** Why the queue itself ended; null: only numbers left, or nothing ended. */
  readonly endReason: string | null
}

const pastOf = template<{ queueId: string }>(({ queueId }) => {
  const periods = (versions: typeof queueVersions | typeof queueNumberVersions) =>
    sql`select ${versions.validFrom}, ${versions.validTo}, ${versions.endReason} from ${versions}
      where ${versions.queueId} = ${queueId}`
  return sql`with periods (valid_from, valid_to, end_reason) as (
        ${periods(queueVersions)} union all ${periods(queueNumberVersions)}
      ), past as (
        select min(valid_from) as first_seen_at, max(valid_from) as last_changed_at,
          case when bool_and(valid_to is not null) then max(valid_to) end as closed_at
        from periods
      )
      select first_seen_at as "firstSeenAt", last_changed_at as "lastChangedAt", closed_at as "closedAt",
        (select max(end_reason) from periods where valid_to = closed_at and end_reason <> 'deleted') as "endReason"
      from past`
})

/** A queue whose history is closed has ended if history says why; else it could not be observed any more. */
function stateOf({ closedAt, endReason }: Past) {
  if (closedAt === null) return { isCurrent: true }
  if (endReason === null || endReason === 'unobservable')
    return { isCurrent: null, unobservableSince: closedAt }
  return { isCurrent: false, endedAt: closedAt, endReason }
}

async function lastReading(client: Client, queueId: string) {
  const [reading] = await orm(client)
    .select(columns(syncReads, 'readStartedAt', 'observedAt'))
    .from(syncReads)
    .where(and(eq(syncReads.queueId, queueId), eq(syncReads.status, 'ok')))
    .orderBy(desc(syncReads.observedAt))
    .limit(1)
  return reading ?? null
}

async function lastHolder(client: Client, queueId: string): Promise<string | null> {
  const [assignment] = await orm(client)
    .select(columns(queueAssignments, 'userId'))
    .from(queueAssignments)
    .where(eq(queueAssignments.queueId, queueId))
    .orderBy(desc(queueAssignments.validFrom))
    .limit(1)
  return assignment?.userId ?? null
}

async function lastSettings(client: Client, queueId: string) {
  const [version] = await orm(client)
    .select(columns(queueVersions, ...settingNames))
    .from(queueVersions)
    .where(eq(queueVersions.queueId, queueId))
    .orderBy(desc(queueVersions.validFrom))
    .limit(1)
  return version ?? {}
}
