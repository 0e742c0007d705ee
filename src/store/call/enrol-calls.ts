/**
 * Puts the calls that are over on the list of those to ask for: table `allo.calls`.
 *
 *   its dial has a result, for five minutes ───▶ to be asked for now
 *   it began two hours ago, without a result ──▶ to be asked for now
 *   it began more than four weeks ago ─────────▶ never
 *   its id is concealed, erased or no id ──────▶ never
 *
 * Idempotent: a call is on the list once. The dials of the last hour are looked through at every call of this function,
 * those of four weeks once an hour, because that takes as long as a large report.
 */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { claimTask, finishTask } from '../postgres/maintenance.ts'
import { assign, change, insertion, name, names } from '../postgres/query.ts'
import { calls, dials } from '../schema.ts'

const c = alias(calls, 'c')
const d = alias(dials, 'd')
/** Unlike clock_timestamp(), it lets Postgres use the index of dials by time. */
const now = sql`now()`

/** A result may still change, and Allo needs time to write a call down. */
const SETTLED_AFTER = sql`interval '5 minutes'`
const REACH = sql`interval '28 days'`
const HOUR_SECONDS = 3600

export async function enrolCalls(pool: Pool, teamId: string): Promise<void> {
  const hourly = await claimTask(pool, teamId, 'call_details', HOUR_SECONDS)
  const enrolled = await enrol(pool, teamId, hourly === null ? sql`interval '1 hour'` : REACH)
  await giveUpErased(pool, teamId)
  if (hourly !== null) await finishTask(pool, hourly, { summary: `${enrolled} calls more to ask for` })
}

function enrol(pool: Pool, teamId: string, reach: SQL): Promise<number> {
  const at = sql`coalesce(${d.dialledAt}, ${d.firstSeenAt})`
  const isOver = sql`(allo.is_resolved(${d.outcome}) and ${d.lastChangedAt} < ${now} - ${SETTLED_AFTER}
    or ${at} < ${now} - allo.unresolved_after())`
  const isOnList = sql`exists (select from ${calls} ${c} where ${c.teamId} = ${d.teamId} and ${c.callId} = ${d.callId})`
  const row = insertion(calls, { teamId: d.teamId, callId: d.callId, dialledAt: at, nextAskAt: now })
  return withDatabaseErrors('listing calls', () =>
    change(
      pool,
      sql`insert into ${calls} ${row} from ${dials} ${d}
          where ${d.teamId} = ${teamId} and ${at} > ${now} - ${reach} and ${isAskable(sql`${d.callId}`)} and ${isOver}
            and not ${isOnList}
          on conflict (${names(calls, 'teamId', 'callId')}) do nothing`,
    ),
  )
}

/** Any other text would be another path. */
function isAskable(callId: SQL): SQL {
  return sql`(${callId} ~ '^[A-Za-z0-9_-]+$' and ${callId} !~ '^(concealed|erased)-')`
}

/** The id contained a number that was erased, so Allo knows no call of this id. */
function giveUpErased(pool: Pool, teamId: string): Promise<number> {
  const erased = {
    nextAskAt: null,
    givenUpAt: sql`case when ${c.knownAt} is null then ${now} end`,
    reason: 'id_erased',
  }
  return withDatabaseErrors('giving up calls', () =>
    change(
      pool,
      sql`update ${calls} ${c} set ${assign(calls, erased)}
          where ${c.teamId} = ${teamId} and ${name(calls.nextAskAt)} is not null and not ${isAskable(sql`${c.callId}`)}`,
    ),
  )
}
