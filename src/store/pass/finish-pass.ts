/**
 * The end of a pass, in one transaction: its outcome, and what its readings together allow to conclude about queues
 * that nobody was seen with.
 *
 *   current ──holder seen without it, pass finished──▶ unknown ──a later pass read everyone, nobody holds it──▶ ended
 *      ▲                                                  │            (dated back to that first observation)
 *      └─────────────── seen with anyone ─────────────────┘
 *
 * The rule for an ending. One odd answer proves nothing, and in mid-pass a queue may go to a teammate who was read
 * before. So an ending takes two observations in two passes:
 *
 *   1. a reading saw the holder without the queue (`missing_since`);
 *   2. a pass that finished after that reading recorded the doubt (`unknown_since`, later than `missing_since`);
 *   3. another pass began after `unknown_since`, read the holder and everyone else, and nobody holds the queue.
 *
 * Passes that overlap, and a pass that was abandoned, fulfil 1 at most: their readings count, their end does not.
 * Who a pass read is what its own readings say; each of them was made after the pass began.
 *
 * A teammate who can't be read holds an ending back, for three passes at most, and so does one on the lists who can't
 * be asked; a pass that was stopped, or that got no answer at all, is not one of them. A teammate left out by
 * configuration holds it back for good.
 * A teammate the API does not know, twice, ends nothing: their queues can't be observed.
 *
 * Several queues missing while nobody has any are more likely an API that says "no queue" whoever it is asked
 * about: nothing ends until it shows a queue again.
 */
import type { Surprise } from '../../allo/types.ts'
import { type Client, DatabaseError, inTransaction, type Pool } from '../postgres/database.ts'
import { lock } from '../postgres/locks.ts'
import { PassClosedError } from '../reading/reading.ts'

const MAX_HELD_BACK_PASSES = 3

/** The error code of a pass that read everyone on record, while somebody on the lists could not be asked. */
export const INCOMPLETE_TEAM = 'incomplete_team'

export interface PassOutcome {
  readonly passId: string
  readonly teamId: string
  readonly status: 'ok' | 'partial' | 'failed'
  readonly teammates: number
  readonly requests: number
  readonly throttled: number
  /** Null, here and below: what was recorded while the pass ran. */
  readonly throttledMs: number | null
  /** What the API did that its documentation does not mention: where and what, once each. */
  readonly surprises: readonly Surprise[] | null
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly errorRequestId: string | null
}

/** Queues this pass settled or left open. */
export interface Conclusions {
  readonly ended: readonly string[]
  readonly unknown: readonly string[]
}

/**
 * When Postgres refuses what would have to be written to end a queue, the pass is closed without any conclusion and
 * the error is thrown: a pass that can't be finished would stay `running`, and so would the next one.
 */
export async function finishPass(pool: Pool, outcome: PassOutcome): Promise<Conclusions> {
  try {
    return await concludePass(pool, outcome)
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.isAboutData) throw error
    const status = outcome.status === 'ok' ? 'partial' : outcome.status
    const reason = { errorCode: 'database_refused', errorMessage: error.message, errorRequestId: null }
    await inTransaction(pool, `closing pass ${outcome.passId}`, (client) =>
      closePass(client, { ...outcome, status, ...reason }),
    )
    throw error
  }
}

function concludePass(pool: Pool, outcome: PassOutcome): Promise<Conclusions> {
  return inTransaction(pool, `finishing pass ${outcome.passId}`, async (client) => {
    const pass = await closePass(client, outcome)
    await lockUnsettled(client, outcome.teamId)
    const wentThrough = outcome.errorCode === null || outcome.errorCode === INCOMPLETE_TEAM
    const askedEveryone = pass.is_whole_team && wentThrough && outcome.status !== 'failed'
    const ended = askedEveryone ? await endQueues(client, outcome, pass.started_at) : []
    await closeUnobservable(client, outcome, pass.started_at)
    const unknown = await doubtQueues(client, outcome)
    return { ended, unknown }
  })
}

async function closePass(
  client: Client,
  outcome: PassOutcome,
): Promise<{ started_at: string; is_whole_team: boolean }> {
  const { rows } = await client.query<{ started_at: string; is_whole_team: boolean }>(
    `update allo.sync_passes set status = $2, finished_at = clock_timestamp(), teammates = $3, requests = $4,
       throttled = $5, throttled_ms = coalesce($6, throttled_ms), surprises = coalesce($7, surprises), error_code = $8, error_message = $9, error_request_id = $10
     where pass_id = $1 and status = 'running'
     returning started_at::text, is_whole_team`,
    [
      outcome.passId,
      outcome.status,
      outcome.teammates,
      outcome.requests,
      outcome.throttled,
      outcome.throttledMs === null ? null : Math.round(outcome.throttledMs),
      outcome.surprises?.length ? JSON.stringify(outcome.surprises) : null,
      outcome.errorCode,
      outcome.errorMessage,
      outcome.errorRequestId,
    ],
  )
  if (rows[0] === undefined)
    throw new PassClosedError(`pass ${outcome.passId} was closed before it could finish`)
  return rows[0]
}

/** The locks readings take, in the order they take them: a reading under way of someone concerned comes first. */
async function lockUnsettled(client: Client, teamId: string): Promise<void> {
  await lock(
    client,
    `select 'teammate ' || user_id as name from allo.teammates
     where team_id = $1 and missing_since is not null order by name`,
    [teamId],
  )
  await lock(
    client,
    `select 'queue ' || q.queue_id as name from allo.queues q left join allo.teammates t using (user_id)
     where q.team_id = $1 and q.ended_at is null
       and (q.missing_since is not null or t.missing_since is not null)
     order by name`,
    [teamId],
  )
}

/** Queues that an earlier pass left unknown and this one, begun afterwards, found nobody with, their holder included. */
async function endQueues(
  client: Client,
  { passId, teamId, errorCode }: PassOutcome,
  startedAt: string,
): Promise<string[]> {
  const { rows } = await client.query<{ queue_id: string; missing_since: string; end_reason: string | null }>(
    `with unread as (
       select r.user_id, coalesce(r.error_code = 'not_asked', false) as was_not_asked
       from allo.teammates t
       left join allo.sync_reads r on r.user_id = t.user_id and r.pass_id = $1
       where t.team_id = $2 and (t.is_listed or t.left_at is null)
         and coalesce(r.status, 'error') not in ('ok', 'no_queue')
         and not (r.status = 'not_found' and t.missing_pass_id < $1)
     ), unsettled as (
       select q.queue_id, u.someone, not u.someone or q.held_back_passes >= ${MAX_HELD_BACK_PASSES} as ends
       from allo.queues q join allo.sync_reads r on r.user_id = q.user_id and r.pass_id = $1,
         (select count(*) > 0 or $4 as someone from unread) u
       where q.team_id = $2 and q.is_current is null and q.ended_at is null
         and q.missing_since < q.unknown_since and q.unknown_since < $3 and r.status in ('ok', 'no_queue')
         and not exists (select from unread where was_not_asked)
     ), team as (
       select count(*) < 2 or exists (select from allo.sync_reads where pass_id = $1 and status = 'ok') as has_queues
       from allo.queues where team_id = $2 and missing_since is not null and ended_at is null
     )
     update allo.queues q set
       held_back_passes = q.held_back_passes + u.someone::int,
       ended_at = case when u.ends then q.missing_since end,
       end_reason = case when u.ends then
         case when q.missing_replaced_by_queue_id is null then 'queue_gone' else 'queue_replaced' end end,
       replaced_by_queue_id = case when u.ends then q.missing_replaced_by_queue_id end,
       is_current = case when u.ends then false end
     from unsettled u, team where q.queue_id = u.queue_id and team.has_queues
     returning q.queue_id, q.missing_since::text, q.end_reason`,
    [passId, teamId, startedAt, errorCode === INCOMPLETE_TEAM],
  )
  const ended = rows.filter((row) => row.end_reason !== null)
  for (const { queue_id, missing_since, end_reason } of ended) {
    await closeHistory(client, queue_id, missing_since, end_reason ?? '')
    await client.query(
      `update allo.queue_entries e set removed_at = $2, removal_reason = $3, last_seen_at = coalesce(e.last_seen_at, q.last_observed_at)
       from allo.queue_numbers n join allo.queues q using (queue_id)
       where n.queue_id = $1 and e.entry_id = n.entry_id and e.removed_at is null`,
      [queue_id, missing_since, end_reason],
    )
  }
  return ended.map((row) => row.queue_id)
}

/**
 * Teammates this pass and an earlier, finished one were told are not on the team. Versions close, because nothing
 * more is known; nothing is claimed to have ended.
 */
async function closeUnobservable(
  client: Client,
  { passId, teamId }: PassOutcome,
  startedAt: string,
): Promise<void> {
  const { rows } = await client.query<{ queue_id: string; last_known_at: string }>(
    `with gone as (
       select t.user_id, t.missing_since from allo.teammates t
       join allo.sync_reads r on r.user_id = t.user_id and r.pass_id = $1 and r.status = 'not_found'
       join allo.sync_passes p on p.pass_id = t.missing_pass_id
       where t.team_id = $2 and t.missing_since is not null and p.finished_at < $3
     ), left_team as (
       update allo.teammates t set left_at = gone.missing_since from gone
       where t.user_id = gone.user_id and not t.is_listed and t.left_at is null
     ), unconfirmed as (
       delete from allo.queue_assignments a using gone
       where a.user_id = gone.user_id and a.valid_to is null and a.queue_id is null and a.missing_since is not null
     ), unassigned as (
       update allo.queue_assignments a
       set valid_to = least(a.missing_since, gone.missing_since), end_reason = 'unobservable' from gone
       where a.user_id = gone.user_id and a.valid_to is null and a.valid_from < gone.missing_since
         and (a.queue_id is not null or a.missing_since is null)
     )
     update allo.queues q set is_current = null, unobservable_since = gone.missing_since from gone
     where q.user_id = gone.user_id and q.team_id = $2 and q.ended_at is null and q.unobservable_since is null
       and q.last_observed_at < gone.missing_since
     returning q.queue_id, least(q.missing_since, gone.missing_since)::text as last_known_at`,
    [passId, teamId, startedAt],
  )
  for (const { queue_id, last_known_at } of rows) {
    await closeHistory(client, queue_id, last_known_at, 'unobservable')
    await client.query(
      `update allo.queue_entries e set removal_reason = 'unobservable', last_seen_at = q.last_observed_at
       from allo.queue_numbers n join allo.queues q using (queue_id)
       where n.queue_id = $1 and e.entry_id = n.entry_id and e.last_seen_at is null`,
      [queue_id],
    )
  }
}

/** Current queues whose holder was seen without them, or was not found: from now on unknown. */
async function doubtQueues(client: Client, { teamId }: PassOutcome): Promise<string[]> {
  const { rows } = await client.query<{ queue_id: string }>(
    `update allo.queues q set is_current = null, unknown_since = clock_timestamp()
     from (select q.queue_id from allo.queues q
           left join allo.teammates t on t.user_id = q.user_id and t.team_id = q.team_id
           where q.team_id = $1 and q.ended_at is null
             and (q.missing_since is not null and (q.unknown_since is null or q.unknown_since <= q.missing_since)
                  or t.missing_since is not null and q.is_current and t.missing_since > q.last_observed_at)) d
     where q.queue_id = d.queue_id
     returning q.queue_id`,
    [teamId],
  )
  return rows.map((row) => row.queue_id)
}

async function closeHistory(client: Client, queueId: string, at: string, reason: string): Promise<void> {
  await client.query(
    `update allo.queue_number_versions set valid_to = $2, end_reason = $3 where queue_id = $1 and valid_to is null`,
    [queueId, at, reason],
  )
  await client.query(
    `update allo.queue_versions set valid_to = $2, end_reason = $3 where queue_id = $1 and valid_to is null`,
    [queueId, at, reason],
  )
  // The stretch with its last holder was closed when they were seen without it, and gets its reason here.
  await client.query(
    `update allo.queue_assignments set valid_to = coalesce(valid_to, missing_since, $2), end_reason = $3
     where queue_id = $1 and (valid_to is null or valid_to >= $2)`,
    [queueId, at, reason],
  )
}
