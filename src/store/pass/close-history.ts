/** Closes the versions, entries and assignments of queues that ended or can't be observed any more. */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import { anyOf, assign, change } from '../postgres/query.ts'
import { lastSeen } from '../reading/last-seen.ts'
import {
  queueAssignments,
  queueEntries,
  queueNumbers,
  queueNumberVersions,
  queues,
  queueVersions,
} from '../schema.ts'

const q = alias(queues, 'q')
const e = alias(queueEntries, 'e')
const n = alias(queueNumbers, 'n')
const v = alias(queueNumberVersions, 'v')
const settings = alias(queueVersions, 'settings')
const a = alias(queueAssignments, 'a')

/** Of queues whose row says when and why they ended. */
export async function closeHistoryOfEnded(client: Client, queueIds: readonly string[]): Promise<void> {
  await closeVersions(client, queueIds, { at: sql`${q.endedAt}`, reason: sql`${q.endReason}` })
  await change(
    client,
    sql`update ${queueEntries} ${e} set ${assign(queueEntries, {
      removedAt: q.endedAt,
      removalReason: q.endReason,
      lastSeenAt: sql`coalesce(${e.lastSeenAt}, ${lastSeen(e.entryId, q.lastObservedAt)})`,
    })}
    from ${queueNumbers} ${n} join ${queues} ${q} on ${q.queueId} = ${n.queueId}
    where ${n.queueId} ${anyOf(queueIds)} and ${e.entryId} = ${n.entryId} and ${e.removedAt} is null`,
  )
}

/** Of queues whose row says since when they can't be observed. No end is claimed: the entries are not removed. */
export async function closeHistoryOfUnobservable(client: Client, queueIds: readonly string[]): Promise<void> {
  const at = sql`least(${q.missingSince}, ${q.unobservableSince})`
  await closeVersions(client, queueIds, { at, reason: sql`'unobservable'` })
  await change(
    client,
    sql`update ${queueEntries} ${e} set ${assign(queueEntries, {
      removalReason: 'unobservable',
      lastSeenAt: lastSeen(e.entryId, q.lastObservedAt),
    })}
    from ${queueNumbers} ${n} join ${queues} ${q} on ${q.queueId} = ${n.queueId}
    where ${n.queueId} ${anyOf(queueIds)} and ${e.entryId} = ${n.entryId} and ${e.lastSeenAt} is null`,
  )
}

/** `at` and `reason` are SQL of a queue `q`. */
async function closeVersions(
  client: Client,
  queueIds: readonly string[],
  { at, reason }: { readonly at: SQL; readonly reason: SQL },
): Promise<void> {
  const ofQueues = (queueId: typeof v.queueId | typeof settings.queueId | typeof a.queueId) =>
    sql`from ${queues} ${q} where ${q.queueId} ${anyOf(queueIds)} and ${queueId} = ${q.queueId}`
  await change(
    client,
    sql`update ${queueNumberVersions} ${v} set ${assign(queueNumberVersions, { validTo: at, endReason: reason })}
        ${ofQueues(v.queueId)} and ${v.validTo} is null`,
  )
  await change(
    client,
    sql`update ${queueVersions} ${settings} set ${assign(queueVersions, { validTo: at, endReason: reason })}
        ${ofQueues(settings.queueId)} and ${settings.validTo} is null`,
  )
  // The assignment of the last holder was closed when they were seen without the queue. Its reason is set here.
  await change(
    client,
    sql`update ${queueAssignments} ${a} set ${assign(queueAssignments, {
      validTo: sql`coalesce(${a.validTo}, ${a.missingSince}, ${at})`,
      endReason: reason,
    })}
    ${ofQueues(a.queueId)} and (${a.validTo} is null or ${a.validTo} >= ${at})`,
  )
}
