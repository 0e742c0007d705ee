/**
 * Restores erased numbers that the API shows again. The entry is recognised by its number key and gets its number back,
 * so that it can be matched like any other.
 */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { concealedCallId } from '../../snapshot/conceal.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { Client } from '../postgres/database.ts'
import { anyOf, array, assign, change, name, run } from '../postgres/query.ts'
import { calls, dials, queueEntries, queueNumbers, queueNumberVersions } from '../schema.ts'
import { i, incomingNumbers } from './incoming-numbers.ts'

const e = alias(queueEntries, 'e')
const q = alias(queueNumbers, 'q')

/**
 * Returns how many rows of the mirror got their number back. Without a key there are none: the number then counts as
 * new, and its erased entry is not recorded as removed.
 */
export async function recallNumbers(
  client: Client,
  queueId: string,
  numberKeys: NumberKeys | null,
): Promise<number> {
  if (numberKeys === null) return 0
  const entryIds = await recallEntries(client, queueId)
  if (entryIds.length === 0) return 0
  const mirrored = await recallRows(client, queueId, entryIds)
  await recallCallIds(client, entryIds, numberKeys)
  return mirrored
}

async function recallEntries(client: Client, queueId: string): Promise<string[]> {
  const recalled = await run<{ entry_id: string }>(
    client,
    sql`update ${queueEntries} ${e} set ${assign(queueEntries, { numberTo: i.numberTo })}
      from ${incomingNumbers} ${i}
      where ${e.queueId} = ${queueId} and ${e.numberTo} is null and ${e.lastSeenAt} is not null
        and ${i.isPresent} and ${i.fate} = 'added' and ${i.numberTo} is not null
        and ${e.numberKey} = ${i.numberKey} and ${e.sourceCreatedAt} is not distinct from ${i.createdAt}
      returning ${e.entryId}`,
  )
  return recalled.map(({ entry_id }) => entry_id)
}

function recallRows(client: Client, queueId: string, entryIds: readonly string[]): Promise<number> {
  return change(
    client,
    sql`update ${queueNumbers} ${q} set ${assign(queueNumbers, { numberTo: e.numberTo })}
      from ${queueEntries} ${e}
      where ${q.queueId} = ${queueId} and ${q.numberTo} is null and ${q.entryId} = ${e.entryId}
        and ${e.entryId} ${anyOf(entryIds)}`,
  )
}

/** Also restores call ids that contain the number. Otherwise the same call would be recorded as a second dial. */
async function recallCallIds(
  client: Client,
  entryIds: readonly string[],
  numberKeys: NumberKeys,
): Promise<void> {
  const calls = await run<{ entry_id: string; call_id: string }>(
    client,
    sql`select distinct ${e.entryId}, ${i.callId}
      from ${queueEntries} ${e} join ${incomingNumbers} ${i} on ${i.numberKey} = ${e.numberKey}
      where ${e.entryId} ${anyOf(entryIds)} and ${i.isPresent} and ${i.callId} is not null`,
  )
  const concealed = calls.map(({ call_id }) => concealedCallId(call_id, numberKeys))
  const recalled = sql`unnest(${array(calls.map(({ entry_id }) => entry_id))}::bigint[],
    ${array(concealed)}::text[], ${array(calls.map(({ call_id }) => call_id))}::text[])
    as recalled (entry_id, concealed, call_id)`
  const d = alias(dials, 'd')
  // Another queue may have shown the call meanwhile.
  const isFree = sql`not exists (
    select from ${dials} ${d} where ${d.teamId} = ${dials.teamId} and ${d.callId} = recalled.call_id)`
  await recallIn(client, queueNumbers, recalled, sql`true`)
  await recallIn(client, queueNumberVersions, recalled, sql`true`)
  await recallIn(client, dials, recalled, isFree)
  await recallDetails(client, recalled)
}

/** The details of a call whose dial has its id back. */
async function recallDetails(client: Client, recalled: SQL): Promise<void> {
  const d = alias(dials, 'd')
  const c = alias(calls, 'c')
  const ofTeam = sql`${d.teamId} = ${calls.teamId}`
  await change(
    client,
    sql`update ${calls} set ${name(calls.callId)} = recalled.call_id from ${recalled}
      where ${calls.callId} = recalled.concealed
        and exists (select from ${dials} ${d} where ${ofTeam} and ${d.callId} = recalled.call_id)
        and not exists (select from ${calls} ${c} where ${c.teamId} = ${calls.teamId} and ${c.callId} = recalled.call_id)`,
  )
}

async function recallIn(
  client: Client,
  table: typeof queueNumbers | typeof queueNumberVersions | typeof dials,
  recalled: SQL,
  condition: SQL,
): Promise<void> {
  await change(
    client,
    sql`update ${table} set ${name(table.callId)} = recalled.call_id from ${recalled}
      where ${table.entryId} = recalled.entry_id and ${table.callId} = recalled.concealed and ${condition}`,
  )
}
