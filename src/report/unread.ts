/**
 * For how much of a stretch nobody looked: before history begins, before a teammate's first reading, and in gaps. Dials of such a time may
 * have come to light later, or not at all; a figure of a stretch that was hardly read says little.
 */
import type { Scope, Stretch } from './scope.ts'

/**
 * Share of each stretch and of all teammates on the team, 0 to 1; null: nobody was on it. The time before somebody
 * joined is nobody's; when the mirror began, everyone was there already.
 */
export async function unreadShares(
  scope: Scope,
  stretches: readonly Stretch[],
): Promise<readonly (number | null)[]> {
  const { rows } = await scope.client.query<{ share: number | null }>(
    `${unread} select (sum(u.seconds - u.absent) / nullif(sum(u.whole - u.absent), 0))::float8 as share
     from stretch left join unread u on u.nth = stretch.nth and u.is_on_team
     group by stretch.nth order by stretch.nth`,
    valuesOf(scope, stretches),
  )
  return rows.map(({ share }) => share)
}

/** Seconds of each stretch, by `user_id`. */
export async function unreadSeconds(
  scope: Scope,
  stretches: readonly Stretch[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const { rows } = await scope.client.query<{ userId: string; seconds: readonly number[] }>(
    `${unread} select user_id as "userId", array_agg(seconds order by nth) as seconds from unread group by user_id`,
    valuesOf(scope, stretches),
  )
  return new Map(rows.map(({ userId, seconds }) => [userId, seconds]))
}

const unread = `with stretch as (
    select since, until, nth from unnest($2::timestamptz[], $3::timestamptz[]) with ordinality as s(since, until, nth)
  ), member as (
    select t.user_id, t.is_listed or t.left_at is null as is_on_team,
      case when t.first_seen_at > mirror.began_at + interval '1 hour' then t.first_seen_at end as joined_at,
      greatest((select min(valid_from) from allo.queue_assignments a where a.user_id = t.user_id),
        team.history_from) as known_since
    from allo.teammates t
    join allo.teams team using (team_id)
    cross join (select min(first_seen_at) as began_at from allo.teammates where team_id = $1) mirror
    where t.team_id = $1 and ($5::text is null or t.user_id = $5)
      and ($6::text is null or t.user_id in (select user_id from allo.queues where queue_id = $6))
  ), gap as (
    select user_id, gap_from, coalesce(gap_to, $4::timestamptz) as gap_to from reporting.coverage_gaps
    where team_id = $1 and coalesce(gap_to, $4::timestamptz) > (select min(since) from stretch)
  ), unread as (
    select m.user_id, m.is_on_team, s.nth, extract(epoch from s.until - s.since)::float8 as whole,
      case when m.joined_at > s.since then extract(epoch from least(m.joined_at, s.until) - s.since) else 0 end::float8
        as absent,
      (greatest(0, extract(epoch from least(m.known_since, s.until) - s.since))
        + coalesce(sum(greatest(0, extract(epoch from least(g.gap_to, s.until) - greatest(g.gap_from, m.known_since, s.since))))
            filter (where g.user_id is not null), 0))::float8 as seconds
    from member m cross join stretch s
    left join gap g on g.user_id = m.user_id and g.gap_to > s.since and g.gap_from < s.until
    group by m.user_id, m.is_on_team, s.nth, s.since, s.until, m.known_since, m.joined_at
  )`

function valuesOf({ teamId, period, filters }: Scope, stretches: readonly Stretch[]): unknown[] {
  const from = stretches.map((stretch) => stretch.from)
  const to = stretches.map((stretch) => stretch.to)
  return [teamId, from, to, period.to, filters.teammate, filters.queue]
}
