/** The statements that make queues unknown and end them. finish-pass.ts has the rule, and calls them in this order. */
import { eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import { anyOf, assign, type Fields, fields, one, orm, run } from '../postgres/query.ts'
import { queues, syncReads, teammates } from '../schema.ts'

const q = alias(queues, 'q')
const t = alias(teammates, 't')
const r = alias(syncReads, 'r')

/** A pass whose outcome is recorded, in the same transaction. */
export interface ClosedPass {
  readonly passId: string
  readonly teamId: string
  /** On the database's clock, with microseconds. */
  readonly startedAt: string
  /** False with `--user`, and if Allo did not name the team. */
  readonly isWholeTeam: boolean
  readonly trigger: string
}

/**
 * Number of teammates that this pass did not read. A teammate whom the API did not know
 * in this pass nor in an earlier one counts as read.
 * `leftOut`: number of those that the configuration leaves out.
 */
export function countNotRead(
  client: Client,
  { passId, teamId }: ClosedPass,
): Promise<{ all: number; leftOut: number }> {
  return one(
    client,
    sql`select count(*)::int as all, count(*) filter (where ${r.errorCode} = 'not_asked')::int as "leftOut"
        from ${teammates} ${t} left join ${syncReads} ${r} on ${r.userId} = ${t.userId} and ${r.passId} = ${passId}
        where ${t.teamId} = ${teamId} and (${t.isListed} or ${t.leftAt} is null)
          and coalesce(${r.status}, 'error') not in ('ok', 'no_queue')
          and not coalesce(${r.status} = 'not_found' and ${t.missingPassId} < ${passId}, false)`,
  )
}

/** Whether two or more queues are missing, and this pass found no queue at all. */
export async function isEveryQueueMissing(client: Client, { passId, teamId }: ClosedPass): Promise<boolean> {
  const { missing, seen } = await one<{ missing: number; seen: boolean }>(
    client,
    sql`select count(*)::int as missing,
          exists (select from ${syncReads} ${r} where ${r.passId} = ${passId} and ${r.status} = 'ok') as seen
        from ${queues} ${q} where ${q.teamId} = ${teamId} and ${q.missingSince} is not null and ${q.endedAt} is null`,
  )
  return missing >= 2 && !seen
}

/** Queues that an earlier pass made unknown before this one began, and whose holder this pass read without them. */
export function queuesStillMissing(
  client: Client,
  { passId, teamId, startedAt }: ClosedPass,
): Promise<Fields<typeof queues, 'queueId' | 'heldBackPasses'>[]> {
  return run(
    client,
    sql`select ${fields(q, 'queueId', 'heldBackPasses')}
        from ${queues} ${q} join ${syncReads} ${r} on ${r.userId} = ${q.userId} and ${r.passId} = ${passId}
        where ${q.teamId} = ${teamId} and ${q.isCurrent} is null and ${q.endedAt} is null
          and ${q.missingSince} < ${q.unknownSince} and ${q.unknownSince} < ${startedAt}
          and ${r.status} in ('ok', 'no_queue')`,
  )
}

export async function countHeldBack(client: Client, queueIds: readonly string[]): Promise<void> {
  await orm(client)
    .update(queues)
    .set({ heldBackPasses: sql`${queues.heldBackPasses} + 1` })
    .where(sql`${queues.queueId} ${anyOf(queueIds)}`)
}

/** Dated back to the reading that first saw the holder without the queue. */
export async function recordEnd(client: Client, queueIds: readonly string[]): Promise<void> {
  await orm(client)
    .update(queues)
    .set({
      isCurrent: false,
      endedAt: sql`${queues.missingSince}`,
      endReason: sql`case when ${queues.missingReplacedByQueueId} is null then 'queue_gone' else 'queue_replaced' end`,
      replacedByQueueId: sql`${queues.missingReplacedByQueueId}`,
    })
    .where(sql`${queues.queueId} ${anyOf(queueIds)}`)
}

/**
 * Queues whose holder was seen without them since they became unknown last, or ever. A pass that a look requested leaves
 * `unknown_since` to the next pass.
 */
export function makeMissingUnknown(
  client: Client,
  { teamId, trigger }: ClosedPass,
): Promise<Fields<typeof queues, 'queueId'>[]> {
  return orm(client)
    .update(queues)
    .set({ isCurrent: null, ...(trigger === 'look' ? {} : { unknownSince: sql`clock_timestamp()` }) })
    .where(
      sql`${eq(queues.teamId, teamId)} and ${queues.endedAt} is null and ${queues.missingSince} is not null
        and (${queues.unknownSince} is null or ${queues.unknownSince} <= ${queues.missingSince})`,
    )
    .returning({ queueId: queues.queueId })
}

/** Current queues whose holder was not found since the queue was observed last. */
export function makeUnfoundUnknown(
  client: Client,
  teamId: string,
): Promise<Fields<typeof queues, 'queueId'>[]> {
  return run(
    client,
    sql`update ${queues} ${q} set ${assign(queues, { isCurrent: null, unknownSince: sql`clock_timestamp()` })}
        from ${teammates} ${t}
        where ${q.teamId} = ${teamId} and ${q.endedAt} is null and ${q.isCurrent}
          and ${t.userId} = ${q.userId} and ${t.teamId} = ${q.teamId} and ${t.missingSince} > ${q.lastObservedAt}
        returning ${fields(q, 'queueId')}`,
  )
}
