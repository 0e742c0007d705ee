/**
 * How what remains went down: a line for each teammate with a queue, through all the queues they held in the period;
 * or for the one queue that is asked for, whoever held it. Where nobody looked there is no line.
 */
import { askedOf, instant, type Scope, type Stretch } from './scope.ts'

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
  /** In which nobody looked. */
  readonly gaps: readonly Stretch[]
}

/** A stretch in which a queue was held, or in which it was seen that there was none. */
export interface Holding extends Stretch {
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
  const { rows } = scope.filters.queue === null ? await holders(scope) : await queueAsked(scope)
  const { count = 0 } = rows[0] ?? {}
  const holdings = await holdingsOf(
    scope,
    rows.map(({ userId }) => userId),
  )
  const gaps = await gapsOf(scope, [...new Set(holdings.map(({ userId }) => userId))])
  const isOf = (userId: string) => (one: { readonly userId: string }) =>
    scope.filters.queue !== null || one.userId === userId
  return {
    count,
    lines: rows.map(({ count: _, ...line }) => ({
      ...line,
      holdings: holdings.filter(isOf(line.userId)),
      gaps: gaps.filter(isOf(line.userId)),
    })),
  }
}

type Line = Omit<Burndown, 'holdings' | 'gaps'> & { readonly count: number }

/** A teammate who is asked for is shown without a queue, too. */
function holders({ client, teamId, filters }: Scope) {
  return client.query<Line>(
    `select coalesce(teammate_name, user_id) as name, user_id as "userId", queue_state as state, numbers, remaining,
       count(*) over ()::int as count
     from reporting.teammates
     where team_id = $1 and case when $2::text is null then queue_state = 'queue' else user_id = $2 end
     order by remaining desc nulls last, name, user_id limit ${SHOWN}`,
    [teamId, filters.teammate],
  )
}

function queueAsked({ client, teamId, filters }: Scope) {
  return client.query<Line>(
    `select coalesce(queue_name, queue_id) as name, user_id as "userId", numbers, remaining, 1 as count,
       case queue_state when 'current' then 'queue' else queue_state end as state
     from reporting.queues where team_id = $1 and queue_id = $2`,
    [teamId, filters.queue],
  )
}

/** Each is known until it ended, until it was doubted, or until its holder was read last. */
async function holdingsOf(scope: Scope, userIds: readonly string[]) {
  const { client, period } = scope
  const { rows } = await client.query<Holding & { userId: string }>(
    `select h.user_id as "userId", h.queue_id as "queueId", h.end_reason as "endReason",
       ${instant('h.since')} as "from", ${instant('h.until')} as "to", coalesce(line.steps, '[]') as steps
     from (
       select a.user_id, a.queue_id, a.end_reason, greatest(a.valid_from, $4::timestamptz) as since,
         least(coalesce(a.valid_to, a.unknown_since, t.last_observed_at), $5::timestamptz) as until
       from reporting.queue_assignments a join allo.teammates t using (user_id)
       where a.team_id = $1 and ($2::text is null or a.user_id = $2)
         and case when $3::text is null then a.user_id = any ($6) else a.queue_id = $3 end
     ) h
     left join lateral (
       select json_agg(json_build_object('at', ${instant('at')}, 'numbers', numbers, 'remaining', remaining)
         order by at) as steps
       from (
         select distinct on (pixel) greatest(observed_at, h.since) as at, numbers, remaining
         from (
           select *, extract(epoch from observed_at - $4::timestamptz)::bigint / $7::int as pixel
           from allo.queue_snapshots where queue_id = h.queue_id and observed_at < h.until
         ) s
         where observed_at >= coalesce((select max(observed_at) from allo.queue_snapshots
           where queue_id = h.queue_id and observed_at <= h.since), h.since)
         order by pixel, observed_at desc
       ) last_of_each
     ) line on true
     where h.until > h.since
     order by h.since`,
    [...askedOf(scope), period.from, period.to, userIds, Math.ceil((period.days * 86_400) / STEPS)],
  )
  return rows
}

async function gapsOf({ client, teamId, period }: Scope, userIds: readonly string[]) {
  const { rows } = await client.query<Stretch & { userId: string }>(
    `select user_id as "userId", ${instant('greatest(gap_from, $3::timestamptz)')} as "from",
       ${instant('coalesce(gap_to, $4::timestamptz)')} as "to"
     from reporting.coverage_gaps
     where team_id = $1 and user_id = any ($2) and coalesce(gap_to, $4::timestamptz) > $3::timestamptz
     order by gap_from`,
    [teamId, userIds, period.from, period.to],
  )
  return rows
}
