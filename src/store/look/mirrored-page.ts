/** What the mirror holds where a look reads: where dialling stands in a teammate's queue, and the rows of one page. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { maybeOne, orm, template } from '../postgres/query.ts'
import { outcomeOf } from '../reading/outcome-counts.ts'
import { looks, queueAssignments, queueNumbers, queues, teammates } from '../schema.ts'
import { isAboutToBeRead, type MirrorState } from './look-evidence.ts'

export interface MirroredQueue {
  readonly queueId: string
  readonly numbers: number
  /** On the database's clock, before any request. */
  readonly startedAt: string
  readonly state: MirrorState
  /** Rank of the first number not called; null: all were. */
  readonly firstRemaining: number | null
  /** Ranks of the calls without a result that began within two hours. */
  readonly inProgress: readonly number[]
}

export interface MirroredRow {
  readonly position: number
  readonly numberTo: string | null
  readonly callStartDate: string | null
  readonly rowDigest: string
}

const q = alias(queues, 'q')
const n = alias(queueNumbers, 'n')
const a = alias(queueAssignments, 'a')
const t = alias(teammates, 't')
const l = alias(looks, 'l')

/**
 * Null: there is nothing to look at. The teammate holds no queue for certain, a pass is about to read them, or the look
 * planned for `plannedAt` (null: any) is too late, or another one was planned since.
 */
export function mirroredQueue(
  pool: Pool,
  teammate: { readonly teamId: string; readonly userId: string; readonly plannedAt: string | null },
): Promise<MirroredQueue | null> {
  return withDatabaseErrors('preparing a look', async () => {
    const row = await maybeOne<Omit<MirroredQueue, 'state'> & MirrorState>(pool, place(teammate))
    if (row === null) return null
    const { teammateObservedAt, queueObservedAt, lookAppliedAt, ...queue } = row
    return { ...queue, state: { teammateObservedAt, queueObservedAt, lookAppliedAt } }
  })
}

const place = template<{ teamId: string; userId: string; plannedAt: string | null }>(
  ({ teamId, userId, plannedAt }) => sql`
    select ${q.queueId} as "queueId", ${q.numbers} as numbers, clock_timestamp() as "startedAt",
      ${t.lastObservedAt} as "teammateObservedAt", ${q.lastObservedAt} as "queueObservedAt",
      ${q.lastLookAppliedAt} as "lookAppliedAt", dialling.first_remaining as "firstRemaining",
      dialling.in_progress as "inProgress"
    from ${teammates} ${t}
    join ${queues} ${q} on ${q.userId} = ${t.userId} and ${q.isCurrent} and ${q.missingSince} is null
    join ${queueAssignments} ${a} on ${a.userId} = ${t.userId} and ${a.queueId} = ${q.queueId}
      and ${a.validTo} is null and ${a.missingSince} is null
    cross join lateral (${dialling()}) dialling
    where ${t.userId} = ${userId} and ${t.teamId} = ${teamId} and ${isDue(userId, plannedAt)}
      and not ${isAboutToBeRead(teamId, userId)}`,
)

/** Ten seconds later, the next look has been planned. */
function isDue(userId: SQL, plannedAt: SQL): SQL {
  return sql`(${plannedAt}::timestamptz is null or exists (select from ${looks} ${l}
    where ${l.userId} = ${userId} and ${l.plannedAt} = ${plannedAt}
      and ${l.plannedAt} > clock_timestamp() - interval '10 seconds'))`
}

function dialling(): SQL {
  return sql`
    select min(rank) filter (where outcome = 'remaining') as first_remaining,
      coalesce(array_agg(rank) filter (where outcome = 'in_progress' and is_recent), '{}') as in_progress
    from (select (row_number() over (order by ${n.position}) - 1)::int as rank, ${outcomeOf(n)} as outcome,
        ${n.callStartDate} is null or ${n.callStartDate} > clock_timestamp() - interval '2 hours' as is_recent
      from ${queueNumbers} ${n} where ${n.queueId} = ${q.queueId}) ranked`
}

/** Ordered by position: the rows from rank `from` to before rank `end`. */
export async function mirroredRows(
  pool: Pool,
  queueId: string,
  { from, end }: { readonly from: number; readonly end: number },
): Promise<readonly MirroredRow[]> {
  const { position, numberTo, callStartDate, rowDigest } = queueNumbers
  return withDatabaseErrors('reading a page of the mirror', async () =>
    orm(pool)
      .select({ position, numberTo, callStartDate, rowDigest })
      .from(queueNumbers)
      .where(and(eq(queueNumbers.queueId, queueId)))
      .orderBy(asc(position))
      .offset(from)
      .limit(end - from),
  )
}
