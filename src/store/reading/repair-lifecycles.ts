import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import { assign, change, differs } from '../postgres/query.ts'
import { queueEntries, queueNumberVersions, syncReads } from '../schema.ts'
import { outcomeOf } from './outcome-counts.ts'
import { dialsOf } from './record-dials.ts'

const e = alias(queueEntries, 'e')
/** The last version of an entry, and the first. */
const last = alias(queueNumberVersions, 'last')
const first = alias(queueNumberVersions, 'first')

/**
 * Recomputes the entries of a queue from their versions and dials: when they were first and last seen, whether and why
 * they left, their outcome and dials. An entry whose open version is lost counts as removed, so that it is re-opened if
 * Allo shows it. Idempotent.
 */
export async function repairLifecycles(client: Client, queueId: string): Promise<void> {
  const life = {
    firstSeenAt: sql`life.first_seen_at`,
    outcome: sql`life.outcome`,
    lastSeenAt: sql`life.last_seen_at`,
    removedAt: sql`life.removed_at`,
    removalReason: sql`life.removal_reason`,
    dialCount: sql`life.dials`,
    firstDialledAt: sql`life.first_at`,
    lastDialledAt: sql`life.last_at`,
  }
  await change(
    client,
    sql`update ${queueEntries} ${e} set ${assign(queueEntries, life)} from (${lives(queueId)}) life
      where ${e.entryId} = life.entry_id and ${differs(e, life)}`,
  )
}

function lives(queueId: string): SQL {
  const lastVersion = sql`select * from ${queueNumberVersions} ${last}
    where ${last.entryId} = ${e.entryId} order by ${last.validFrom} desc limit 1`
  const firstVersion = sql`select * from ${queueNumberVersions} ${first}
    where ${first.entryId} = ${e.entryId} order by ${first.validFrom} limit 1`
  return sql`select ${e.entryId}, ${first.validFrom} as first_seen_at, ${outcomeOf(last)} as outcome,
      case when ${last.validTo} is not null then ${lastSeenAt} end as last_seen_at,
      case when ${last.validTo} is not null then ${removedAt} end as removed_at,
      case when ${last.validTo} is not null then ${removalReason} end as removal_reason,
      summary.dials, summary.first_at, summary.last_at
    from ${queueEntries} ${e}
    cross join lateral (${lastVersion}) ${last}
    cross join lateral (${firstVersion}) ${first}
    cross join lateral (${dialsOf(e.entryId)}) summary
    where ${e.queueId} = ${queueId}`
}

const r = alias(syncReads, 'r')
const lastReadWithin = sql`(select max(${r.observedAt}) from ${syncReads} ${r}
  where ${r.queueId} = ${e.queueId} and ${r.status} = 'ok'
    and ${r.observedAt} >= ${last.validFrom} and ${r.observedAt} < ${last.validTo})`

/** The next three are for an entry whose last version is closed. A value of the entry is kept if it can be true. */
const lastSeenAt = sql`case when ${e.lastSeenAt} between ${last.validFrom} and ${last.validTo} then ${e.lastSeenAt}
  else coalesce(${lastReadWithin}, ${last.validFrom}) end`
/** An entry that can't be observed has not left, unless it had before. */
const removedAt = sql`case when ${last.endReason} <> 'unobservable' then ${last.validTo}
  when ${e.removalReason} <> 'unobservable' then ${e.removedAt} end`
const removalReason = sql`case when ${last.endReason} = 'unobservable' and ${e.removedAt} is not null
  then ${e.removalReason} else coalesce(${last.endReason}, 'unobservable') end`
