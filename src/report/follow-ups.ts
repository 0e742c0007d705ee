/** Single numbers and calls that somebody should look at. Masked, as everything in schema reporting. */
import { areAsked, askedOf, instant, type Scope } from './scope.ts'

export interface FollowUps {
  /** Wait longer than 7 days, longest first. */
  readonly stale: Some<StaleNumber>
  /** Stand uncalled in a current queue though somebody had reached them, newest first. */
  readonly queuedAgain: Some<QueuedAgain>
  /** Dials of the period without a result, newest first. */
  readonly unresolved: Some<UnresolvedDial>
}

/** The first of them; `count` stops at `COUNTED`. */
export interface Some<T> {
  readonly count: number
  readonly first: readonly T[]
}

interface Concerned {
  readonly teammate: string
  readonly number: string | null
}

export interface StaleNumber extends Concerned {
  readonly waitingSeconds: number
  readonly position: number
}

export interface QueuedAgain extends Concerned {
  readonly queuedAt: string
  readonly stays: number
}

export interface UnresolvedDial extends Concerned {
  readonly at: string
}

export const COUNTED = 1000
const SHOWN = 15

export async function followUpsOf(scope: Scope): Promise<FollowUps> {
  const concerned = `coalesce(teammate_name, user_id) as teammate, number_masked as number`
  const asked = askedOf(scope)
  return {
    stale: await some<StaleNumber>(
      scope,
      `select ${concerned}, waiting_seconds as "waitingSeconds", position from reporting.stale_numbers
       where ${areAsked}`,
      '"waitingSeconds" desc, teammate, position',
      asked,
    ),
    queuedAgain: await some<QueuedAgain>(
      scope,
      `select ${concerned}, ${instant('first_seen_at')} as "queuedAt", entries::int as stays from reporting.requeued_numbers
       where ${areAsked} and has_connected_before and outcome = 'remaining'
         and queue_id in (select queue_id from allo.queues where team_id = $1 and is_current)
         and entry_id in (select entry_id from allo.queue_numbers n where n.queue_id = requeued_numbers.queue_id)`,
      '"queuedAt" desc, teammate, number',
      asked,
    ),
    unresolved: await some<UnresolvedDial>(
      scope,
      `select ${concerned}, ${instant('counted_at')} as at from reporting.dials
       where ${areAsked} and outcome = 'in_progress' and is_unresolved
         and counted_at > $4::timestamptz and counted_at <= $5::timestamptz`,
      'at desc, teammate, number',
      [...asked, scope.period.from, scope.period.to],
    ),
  }
}

async function some<T extends Concerned>(
  { client }: Scope,
  which: string,
  order: string,
  values: unknown[],
): Promise<Some<T>> {
  const { rows } = await client.query<T & { count: number }>(
    `with all_of_them as materialized (${which})
     select *, (select count(*)::int from (select from all_of_them limit ${COUNTED}) counted) as count
     from all_of_them order by ${order} limit ${SHOWN}`,
    values,
  )
  return { count: rows[0]?.count ?? 0, first: rows }
}
