/**
 * Teammates whom the API did not know in two passes: this pass got a 404 for them, and so did an earlier pass that
 * finished before this one began. Their versions and assignments close as `unobservable`. Their queues do not count as
 * ended.
 */
import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import { anyOf, assign, change, type Fields, fields, run } from '../postgres/query.ts'
import { queueAssignments, queues, syncPasses, syncReads, teammates } from '../schema.ts'
import { closeHistoryOfUnobservable } from './close-history.ts'
import type { ClosedPass } from './end-queues.ts'

const t = alias(teammates, 't')
const q = alias(queues, 'q')
const a = alias(queueAssignments, 'a')
const r = alias(syncReads, 'r')
const earlier = alias(syncPasses, 'earlier')

export async function closeUnobservable(client: Client, pass: ClosedPass): Promise<void> {
  const gone = await teammatesNotFoundTwice(client, pass)
  if (gone.length === 0) return
  await recordLeaving(client, gone)
  await deleteUnconfirmedAssignments(client, gone)
  await closeAssignments(client, gone)
  const queueIds = await markUnobservable(client, pass, gone)
  await closeHistoryOfUnobservable(client, queueIds)
}

async function teammatesNotFoundTwice(client: Client, pass: ClosedPass): Promise<string[]> {
  const rows = await run<Fields<typeof teammates, 'userId'>>(
    client,
    sql`select ${fields(t, 'userId')} from ${teammates} ${t}
        join ${syncReads} ${r} on ${r.userId} = ${t.userId} and ${r.passId} = ${pass.passId} and ${r.status} = 'not_found'
        join ${syncPasses} ${earlier} on ${earlier.passId} = ${t.missingPassId}
        where ${t.teamId} = ${pass.teamId} and ${t.missingSince} is not null and ${earlier.finishedAt} < ${pass.startedAt}`,
  )
  return rows.map(({ userId }) => userId)
}

/** A teammate who is still on a list has not left, despite the 404. */
async function recordLeaving(client: Client, userIds: readonly string[]): Promise<void> {
  await change(
    client,
    sql`update ${teammates} ${t} set ${assign(teammates, { leftAt: t.missingSince })}
        where ${t.userId} ${anyOf(userIds)} and not ${t.isListed} and ${t.leftAt} is null`,
  )
}

/** Those that say, after one reading only, that the teammate held no queue. */
async function deleteUnconfirmedAssignments(client: Client, userIds: readonly string[]): Promise<void> {
  await change(
    client,
    sql`delete from ${queueAssignments} ${a}
        where ${a.userId} ${anyOf(userIds)} and ${a.validTo} is null and ${a.queueId} is null
          and ${a.missingSince} is not null`,
  )
}

async function closeAssignments(client: Client, userIds: readonly string[]): Promise<void> {
  await change(
    client,
    sql`update ${queueAssignments} ${a} set ${assign(queueAssignments, {
      validTo: sql`least(${a.missingSince}, ${t.missingSince})`,
      endReason: 'unobservable',
    })}
    from ${teammates} ${t}
    where ${t.userId} ${anyOf(userIds)} and ${a.userId} = ${t.userId} and ${a.validTo} is null
      and ${a.validFrom} < ${t.missingSince} and (${a.queueId} is not null or ${a.missingSince} is null)`,
  )
}

/** The queues these teammates held. */
async function markUnobservable(
  client: Client,
  pass: ClosedPass,
  userIds: readonly string[],
): Promise<string[]> {
  const rows = await run<Fields<typeof queues, 'queueId'>>(
    client,
    sql`update ${queues} ${q} set ${assign(queues, { isCurrent: null, unobservableSince: t.missingSince })}
        from ${teammates} ${t}
        where ${t.userId} ${anyOf(userIds)} and ${q.userId} = ${t.userId} and ${q.teamId} = ${pass.teamId}
          and ${q.endedAt} is null and ${q.unobservableSince} is null and ${q.lastObservedAt} < ${t.missingSince}
        returning ${fields(q, 'queueId')}`,
  )
  return rows.map(({ queueId }) => queueId)
}
