/** Replaces ids of calls that contain the called number. */
import { randomUUID } from 'node:crypto'
import { like, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { concealedCallId } from '../snapshot/conceal.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { createRedactor } from '../snapshot/redact-number.ts'
import type { Client } from '../store/postgres/database.ts'
import { anyOf, array, change, name, orm, run } from '../store/postgres/query.ts'
import type { Entry } from '../store/reading/erase-numbers.ts'
import { calls, dials, queueEntries, queueNumbers, queueNumberVersions } from '../store/schema.ts'

/**
 * Gives calls of these entries another id if theirs contains the number, the same one in every table. With keys, the
 * call is recognised when its number returns (recall-numbers.ts). Without keys the id is random.
 */
export async function replaceCallIds(
  client: Client,
  entries: readonly Entry[],
  numberKeys: NumberKeys | null,
): Promise<void> {
  const holding = (await callsWithManyDigits(client, entries)).filter(
    ({ numberTo, callId }) => createRedactor([numberTo])?.redact(callId) !== callId,
  )
  if (holding.length === 0) return
  const idFor = replacementIds(numberKeys, await concealedIdsOnRecord(client))
  const entryIds = array(holding.map(({ entryId }) => entryId))
  const before = array(holding.map(({ callId }) => callId))
  const after = array(holding.map(({ callId }) => idFor(callId)))
  await renameCalls(client, { before, after })
  for (const table of [queueNumbers, queueNumberVersions, dials]) {
    await change(
      client,
      sql`update ${table} set ${name(table.callId)} = renamed.after
          from unnest(${entryIds}::bigint[], ${before}::text[], ${after}::text[]) as renamed (entry_id, before, after)
          where ${table.entryId} = renamed.entry_id and ${table.callId} = renamed.before`,
    )
  }
}

/** The details of calls follow their dials, which have the old ids until then. */
async function renameCalls(
  client: Client,
  { before, after }: { readonly before: SQL; readonly after: SQL },
): Promise<void> {
  const isOfTeam = sql`exists (select from ${dials} where ${dials.teamId} = ${calls.teamId} and ${dials.callId} = renamed.before)`
  await change(
    client,
    sql`update ${calls} set ${name(calls.callId)} = renamed.after
        from (select distinct before, after from unnest(${before}::text[], ${after}::text[]) as ids (before, after)) renamed
        where ${calls.callId} = renamed.before and ${isOfTeam}`,
  )
}

interface Call {
  readonly entryId: string
  readonly numberTo: string
  readonly callId: string
}

/** No id with fewer than seven digits holds a number. */
function callsWithManyDigits(client: Client, entries: readonly Entry[]): Promise<Call[]> {
  const e = alias(queueEntries, 'e')
  const calls = [dials, queueNumberVersions].map(
    (table) => sql`select ${table.entryId} as entry_id, ${table.callId} as call_id from ${table}`,
  )
  return run(
    client,
    sql`select distinct ${e.entryId} as "entryId", ${e.numberTo} as "numberTo", c.call_id as "callId"
        from ${queueEntries} ${e} join (${sql.join(calls, sql` union `)}) c on c.entry_id = ${e.entryId}
        where ${e.entryId} ${anyOf(entries.map(({ entryId }) => entryId))}
          and c.call_id ~ '[0-9].*[0-9].*[0-9].*[0-9].*[0-9].*[0-9].*[0-9]'`,
  )
}

/** Returns a function from a call id to its replacement. It never returns an id in `taken`, because ids are unique. */
export function replacementIds(
  numberKeys: NumberKeys | null,
  taken: ReadonlySet<string>,
): (callId: string) => string {
  const known = new Map<string, string>()
  return (callId) => {
    const concealed = numberKeys === null ? null : concealedCallId(callId, numberKeys)
    const isFree = concealed !== null && !taken.has(concealed)
    const next = known.get(callId) ?? (isFree ? concealed : `erased-${randomUUID().replaceAll('-', '')}`)
    known.set(callId, next)
    return next
  }
}

export async function concealedIdsOnRecord(client: Client): Promise<ReadonlySet<string>> {
  const calls = await orm(client)
    .select({ callId: dials.callId })
    .from(dials)
    .where(like(dials.callId, 'concealed-%'))
  return new Set(calls.flatMap(({ callId }) => callId ?? []))
}
