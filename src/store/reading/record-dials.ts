/**
 * Writes the dials of the incoming numbers to allo.dials, and their sums to the entries.
 *
 * A dial is recognised by its call_id, or by its start on the same entry: either may arrive later than the other. Two
 * call_ids are two dials, even in the same second, because Allo's times have no fractions. A dial without call_id is
 * distinct from one whose call_id another number shows. A call_id belongs to one dial of a team, whichever entry shows
 * it.
 */
import { type SQL, sql } from 'drizzle-orm'
import { alias, type PgColumn } from 'drizzle-orm/pg-core'
import type { Client } from '../postgres/database.ts'
import {
  array,
  assign,
  change,
  columns,
  differs,
  insertion,
  type Named,
  name,
  names,
  run,
  template,
} from '../postgres/query.ts'
import { dials, queueEntries } from '../schema.ts'
import { i, incomingNumbers } from './incoming-numbers.ts'
import type { QueueToWrite } from './numbers-to-write.ts'

const d = alias(dials, 'd')
const e = alias(queueEntries, 'e')
/** Rows of `shown`: the columns of an incoming number, and the dial on record that it shows, if any. */
const n = alias(incomingNumbers, 'n')

/** The change of a dial. */
const results = [
  'routingResult',
  'detectedOutboundVoicemail',
  'notReachedDestinationReason',
  'voicemailLeft',
] as const

const showsDial = sql`(${i.callStartDate} is not null or ${i.callId} is not null)`

/** Returns the entries of dials that moved on although another entry shows them now: their dates are to be renewed. */
export async function recordDials(client: Client, queue: QueueToWrite): Promise<string[]> {
  const rows = await run<{ entry_id: string }>(client, recorded(queue))
  return rows.map(({ entry_id }) => entry_id)
}

type Context = Pick<QueueToWrite, 'teamId' | 'queueId' | 'userId' | 'observedAt' | 'changedAfter'>

const recorded = template<Context>(
  (context) => sql`with shown as materialized (${shownDials(context)}),
    progressed as (${updateProgressed(context)}),
    begun as (${insertBegun(context)})
    select distinct entry_id from progressed where entry_id not in (select entry_id from shown)`,
)

/** The numbers that show a dial, each dial once, with the `dial_id` it has on record. */
function shownDials({ teamId }: Named<Context>): SQL {
  const sameDial = sql`${i.callId}, case when ${i.callId} is null then ${i.entryId} end`
  const first = sql`select *, row_number() over (partition by ${sameDial} order by ${i.position}) as k
    from ${incomingNumbers} ${i}
    where ${i.isPresent} and ${i.fate} in ('added', 'reopened', 'changed') and ${showsDial}`
  const byCallId = sql`select ${d.dialId}, 1 as preference from ${dials} ${d}
    where ${d.teamId} = ${teamId} and ${d.callId} = ${i.callId}`
  const callIdsShown = sql`select ${n.callId} from ${incomingNumbers} ${n} where ${n.callId} is not null`
  const byStart = sql`select ${d.dialId}, 2 from ${dials} ${d}
    where ${d.entryId} = ${i.entryId} and ${d.dialledAt} = ${i.callStartDate}
      and (${d.callId} is null or ${i.callId} is null and ${d.callId} not in (${callIdsShown}))`
  return sql`select ${i}.*, known.dial_id from (${first}) ${i}
    left join lateral (
      select dial_id from (${byCallId} union all ${byStart}) candidate order by preference, dial_id desc limit 1
    ) known on true
    where ${i}.k = 1`
}

function updateProgressed({ observedAt }: Named<Context>): SQL {
  const seen = {
    callId: sql`coalesce(${n.callId}, ${d.callId})`,
    dialledAt: sql`coalesce(${n.callStartDate}, ${d.dialledAt})`,
    ...columns(n, ...results),
  }
  return sql`update ${dials} ${d} set ${assign(dials, { ...seen, outcome: n.outcome, lastChangedAt: observedAt })}
    from shown ${n}
    where ${d.dialId} = ${n}.dial_id and ${differs(d, seen)}
    returning ${d.entryId}`
}

function insertBegun({ teamId, queueId, userId, observedAt, changedAfter }: Named<Context>): SQL {
  const dial = insertion(dials, {
    teamId,
    queueId,
    userId,
    ...columns(n, 'entryId', 'position', 'callId', ...results, 'outcome'),
    dialledAt: n.callStartDate,
    firstSeenAt: observedAt,
    changedAfter,
    lastChangedAt: observedAt,
  })
  return sql`insert into ${dials} ${dial} from shown ${n} where ${n}.dial_id is null
    on conflict (${names(dials, 'teamId', 'callId')}) where ${name(dials.callId)} is not null do nothing`
}

/** How often and when an entry was dialled: one row of `dials`, `first_at`, `last_at`. */
export function dialsOf(entryId: SQL | PgColumn): SQL {
  const at = sql`coalesce(${d.dialledAt}, ${d.firstSeenAt})`
  return sql`select count(*)::int as dials, min(${at}) as first_at, max(${at}) as last_at
    from ${dials} ${d} where ${d.entryId} = ${entryId}`
}

export async function renewDialDates(client: Client, entryIds: readonly string[]): Promise<void> {
  const dates = { firstDialledAt: sql`of_entry.first_at`, lastDialledAt: sql`of_entry.last_at` }
  await change(
    client,
    sql`update ${queueEntries} ${e} set ${assign(queueEntries, dates)}
      from unnest(${array(entryIds)}::bigint[]) as dialled (entry_id)
      cross join lateral (${dialsOf(sql`dialled.entry_id`)}) of_entry
      where ${e.entryId} = dialled.entry_id`,
  )
}
