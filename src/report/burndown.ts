/**
 * The remaining numbers over time: a line for each teammate with a queue, through all queues held in the period. If the
 * report is filtered by a queue: one line for that queue, through all its holders. In a gap there is no line.
 */
import { type SQL, sql } from 'drizzle-orm'
import { anyOf, run } from '../store/postgres/query.ts'
import { instant } from './instant.ts'
import type { TimeSpan } from './period.ts'
import { isOfTeammate, queueNameAmong, type Scope, within } from './scope.ts'

export interface Burndowns {
  /** Most that remains first; some of them. */
  readonly lines: readonly Burndown[]
  readonly count: number
}

export interface Burndown {
  /** Of the teammate or, where a queue is asked for, of the queue. */
  readonly name: string
  readonly userId: string
  readonly state: 'queue' | 'no_queue' | 'ended' | 'unknown'
  /** What was read last; null unless `state` is `queue` or `ended`. */
  readonly numbers: number | null
  readonly remaining: number | null
  readonly holdings: readonly Holding[]
  /** Spans that were not read. */
  readonly gaps: readonly TimeSpan[]
  /** When ten or more uncalled numbers were deleted at once from a queue that continued. */
  readonly clearings: readonly Clearing[]
}

export interface Clearing {
  readonly at: string
  readonly numbers: number
}

/** A span in which the teammate held a queue, or was seen without one. */
export interface Holding extends TimeSpan {
  /** Null: none. */
  readonly queueId: string | null
  /** Why the queue ended then; null: it did not, or that is not known (yet). */
  readonly endReason: string | null
  /** What remained, from each of these instants on; at the first one it may have been so before. */
  readonly steps: readonly Step[]
}

export interface Step {
  readonly at: string
  readonly numbers: number
  readonly remaining: number
}

const SHOWN = 12
/** A line is no finer than this on any screen. */
const STEPS = 400

export async function burndownsOf(scope: Scope): Promise<Burndowns> {
  const { queue } = scope.filters
  const rows = queue === null ? await holders(scope) : await queueAsked(scope, queue)
  const { count = 0 } = rows[0] ?? {}
  const holdings = await holdingsOf(
    scope,
    rows.map(({ userId }) => userId),
  )
  const gaps = await gapsOf(scope, [...new Set(holdings.map(({ userId }) => userId))])
  const clearings = await clearingsOf(scope, [...new Set(holdings.flatMap(({ queueId }) => queueId ?? []))])
  const isOf = (userId: string) => (one: { readonly userId: string }) =>
    queue !== null || one.userId === userId
  return {
    count,
    lines: rows.map(({ count: _, ...line }) => ({
      ...line,
      holdings: holdings.filter(isOf(line.userId)),
      gaps: gaps.filter(isOf(line.userId)),
      clearings: clearings.filter(isOf(line.userId)),
    })),
  }
}

type Line = Omit<Burndown, 'holdings' | 'gaps' | 'clearings'> & { readonly count: number }

function holders({ client, teamId, filters: { teammate } }: Scope): Promise<Line[]> {
  // A teammate who is asked for is shown without a queue, too.
  const isShown = teammate === null ? sql`queue_state = 'queue'` : sql`user_id = ${teammate}`
  return run<Line>(
    client,
    sql`select coalesce(teammate_name, user_id) as name, user_id as "userId", queue_state as state, numbers, remaining,
        count(*) over ()::int as count
      from reporting.teammates where team_id = ${teamId} and ${isShown}
      order by remaining desc nulls last, name, user_id limit ${SHOWN}`,
  )
}

function queueAsked({ client, teamId }: Scope, queueId: string): Promise<Line[]> {
  return run<Line>(
    client,
    sql`select ${queueNameAmong(sql`q`)} as name, user_id as "userId", numbers, remaining, 1 as count,
        case queue_state when 'current' then 'queue' else queue_state end as state
      from reporting.queues q where team_id = ${teamId} and queue_id = ${queueId}`,
  )
}

/** A holding is known until it ended, until a reading contradicted it, or until its holder's last reading: `held_seconds`. */
function holdingsOf(scope: Scope, userIds: readonly string[]): Promise<(Holding & { userId: string })[]> {
  const { client, period, filters } = scope
  const isShown = filters.queue === null ? sql`user_id ${anyOf(userIds)}` : sql`queue_id = ${filters.queue}`
  return run<Holding & { userId: string }>(
    client,
    sql`select h.user_id as "userId", h.queue_id as "queueId", h.end_reason as "endReason",
        ${instant(sql`h.since`)} as "from", ${instant(sql`h.until`)} as "to", coalesce(line.steps, '[]') as steps
      from (
        select user_id, queue_id, end_reason, greatest(valid_from, ${period.from}::timestamptz) as since,
          least(valid_from + make_interval(secs => held_seconds), ${period.to}::timestamptz) as until
        from reporting.queue_assignments where ${isOfTeammate(scope)} and ${isShown}
      ) h
      left join lateral (${stepsOf(period)}) line on true
      where h.until > h.since
      order by h.since`,
  )
}

/** Of the holding `h`: what was read last before it, and for each pixel of the chart what was read last. */
function stepsOf({ from, to }: Scope['period']): SQL {
  const secondsOfPixel = Math.max(Math.ceil((Date.parse(to) - Date.parse(from)) / 1000 / STEPS), 1)
  return sql`select json_agg(
      json_build_object('at', ${instant(sql`at`)}, 'numbers', numbers, 'remaining', remaining) order by at) as steps
    from (
      select distinct on (pixel) greatest(observed_at, h.since) as at, numbers, remaining
      from (
        select observed_at, numbers, remaining,
          extract(epoch from observed_at - ${from}::timestamptz)::bigint / ${secondsOfPixel}::int as pixel
        from reporting.queue_burndown
        where queue_id = h.queue_id and observed_at < h.until and observed_at >= coalesce((
          select max(observed_at) from reporting.queue_burndown
          where queue_id = h.queue_id and observed_at <= h.since), h.since)
      ) of_queue
      order by pixel, observed_at desc
    ) last_of_pixel`
}

function gapsOf({ client, teamId, period }: Scope, userIds: readonly string[]) {
  return run<TimeSpan & { userId: string }>(
    client,
    sql`select user_id as "userId", ${instant(sql`greatest(gap_from, ${period.from}::timestamptz)`)} as "from",
        ${instant(sql`least(coalesce(gap_to, ${period.to}::timestamptz), ${period.to}::timestamptz)`)} as "to"
      from reporting.coverage_gaps
      where team_id = ${teamId} and user_id ${anyOf(userIds)} and gap_from < ${period.to}::timestamptz
        and coalesce(gap_to, ${period.to}::timestamptz) > ${period.from}::timestamptz
      order by gap_from`,
  )
}

function clearingsOf({ client, teamId, period }: Scope, queueIds: readonly string[]) {
  return run<Clearing & { userId: string }>(
    client,
    sql`select user_id as "userId", ${instant(sql`removed_at`)} as at, numbers::int as numbers from reporting.removals
      where team_id = ${teamId} and queue_id ${anyOf(queueIds)} and reason = 'deleted' and is_mass
        and ${within(sql`removed_at`, period)}
      order by removed_at`,
  )
}
