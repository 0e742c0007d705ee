/**
 * Incidents of a team, one open one of a kind at a time. Of all workers that try to open, close or claim one in the same
 * moment, the statement of one succeeds.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { instant, type Output, seconds } from '../../json-output.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { type Assignments, assign, fields, insertion, maybeOne, name, orm, run } from '../postgres/query.ts'
import { incidents } from '../schema.ts'
import { iso } from './iso.ts'

export const incidentKinds = ['stale_data', 'credentials', 'data_quality'] as const
export type IncidentKind = (typeof incidentKinds)[number]

export const incidentSchema = z.object({
  incidentId: z.string(),
  kind: z.enum(incidentKinds),
  summary: z.string(),
  openedAt: instant,
  closedAt: instant.nullable(),
  seconds: seconds.describe('How long it lasted, or has lasted.'),
})

export type Incident = Output<typeof incidentSchema>

/** A worker that died while it delivered an incident is replaced after this; a delivery takes less. */
const CLAIM_SECONDS = 120
/** The end of an incident whose beginning was never delivered is news for this long. */
const LATE_NEWS_SECONDS = 3600

const i = alias(incidents, 'i')
const now = sql`clock_timestamp()`
const incident = sql`${fields(i, 'incidentId', 'kind', 'summary')}, ${iso(i.openedAt)} as "openedAt",
  ${iso(i.closedAt)} as "closedAt",
  extract(epoch from coalesce(${i.closedAt}, ${now}) - ${i.openedAt})::float8 as seconds`

/** Of the team, the oldest first. */
export function openIncidents(pool: Pool, teamId: string): Promise<Incident[]> {
  return run(
    pool,
    sql`select ${incident} from ${incidents} ${i} where ${i.teamId} = ${teamId} and ${i.closedAt} is null
        order by ${i.openedAt}`,
  )
}

/** `found`: a query of one text, the summary; no row when nothing is wrong. Null: this call opened none. */
export function openIncident(
  pool: Pool,
  { teamId, kind, found }: { readonly teamId: string; readonly kind: IncidentKind; readonly found: SQL },
): Promise<Incident | null> {
  return guarded(() =>
    maybeOne(
      pool,
      sql`insert into ${incidents} as ${i} ${insertion(incidents, {
        teamId,
        kind,
        summary: sql`found.summary`,
        openedAt: now,
      })}
      from (${found}) as found (summary)
      on conflict (${name(incidents.teamId)}, ${name(incidents.kind)}) where ${name(incidents.closedAt)} is null do nothing
      returning ${incident}`,
    ),
  )
}

/** `isOver`: a condition. Null: this call closed none. */
export function closeIncident(
  pool: Pool,
  { teamId, kind, isOver }: { readonly teamId: string; readonly kind: IncidentKind; readonly isOver: SQL },
): Promise<Incident | null> {
  return guarded(() =>
    maybeOne(
      pool,
      sql`update ${incidents} ${i} set ${assign(incidents, { closedAt: now })}
          where ${i.teamId} = ${teamId} and ${i.kind} = ${kind} and ${i.closedAt} is null and (${isOver})
          returning ${incident}`,
    ),
  )
}

/** One whose beginning or end is to be delivered, for this caller alone for a while; null: none is left. */
export function claimIncident(pool: Pool, teamId: string): Promise<Incident | null> {
  const isNews = sql`case when ${i.closedAt} is null then ${i.openingToldAt} is null
    else ${i.closingToldAt} is null
      and (${i.openingToldAt} is not null or ${i.closedAt} > ${now} - make_interval(secs => ${LATE_NEWS_SECONDS})) end`
  const next = sql`select ${i.incidentId} from ${incidents} ${i}
    where ${i.teamId} = ${teamId} and (${i.claimedUntil} is null or ${i.claimedUntil} < ${now}) and ${isNews}
    order by ${i.openedAt} limit 1 for update skip locked`
  return guarded(() =>
    maybeOne(
      pool,
      sql`update ${incidents} ${i} set ${assign(incidents, { claimedUntil: inSeconds(CLAIM_SECONDS) })}
          where ${i.incidentId} = (${next}) returning ${incident}`,
    ),
  )
}

/** Its beginning, or its end where it is closed, was delivered. */
export async function recordDelivery(pool: Pool, { incidentId, closedAt }: Incident): Promise<void> {
  const told = closedAt === null ? { openingToldAt: now } : { closingToldAt: now }
  await update(pool, incidentId, { ...told, claimedUntil: null })
}

/** It could not be delivered: any worker may claim it again after so many seconds. */
export async function postponeDelivery(pool: Pool, { incidentId }: Incident, seconds: number): Promise<void> {
  await update(pool, incidentId, { claimedUntil: inSeconds(seconds) })
}

async function update(pool: Pool, incidentId: string, values: Assignments<typeof incidents>): Promise<void> {
  await guarded(() => orm(pool).update(incidents).set(values).where(eq(incidents.incidentId, incidentId)))
}

function inSeconds(seconds: number): SQL {
  return sql`${now} + make_interval(secs => ${seconds})`
}

function guarded<T>(work: () => Promise<T>): Promise<T> {
  return withDatabaseErrors('looking after incidents', work)
}
