/**
 * How the mirror of one team stands, from Postgres alone and on its clock: what the command, the pages and the
 * metrics show. Ids, names, counts and times; no phone number and no e-mail is even asked for.
 *
 * Teammates left out by configuration are not in it, since their data grow old on purpose.
 */
import { desc, eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { amount, instant, type Output, seconds } from '../../json-output.ts'
import { pauseOnRecord } from '../pass/read-budget.ts'
import { lastTeamOfKey, type Team, teamSchema } from '../pass/teammates.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { one, orm, run } from '../postgres/query.ts'
import { type ReadStatus, readStatuses } from '../reading/reading.ts'
import { queues, syncPasses, syncReads, teams } from '../schema.ts'
import { callStatus, callStatusSchema } from './call-status.ts'
import { credentialsVerdict, credentialsVerdictSchema } from './credentials.ts'
import { incidentSchema, openIncidents } from './incidents.ts'
import { iso } from './iso.ts'
import { liveStatus, liveStatusSchema } from './live-status.ts'

const PASSES_SHOWN = 48
/** A team of thousands that fails for a day must not make the one who asks why wait for millions of rows. */
export const FAILURES_COUNTED = 10

const passSchema = z
  .object({
    passId: z.string(),
    trigger: z
      .string()
      .describe(
        'schedule, manual, or look: one teammate was read because a look found something unexpected.',
      ),
    status: z.enum(['running', 'ok', 'partial', 'failed']),
    startedAt: instant,
    finishedAt: instant.nullable(),
    durationSeconds: seconds.describe('Until now, if it runs.'),
    teammates: amount.nullable(),
    requests: amount.nullable(),
    throttled: amount.nullable().describe('Answers that said to wait (429).'),
    throttledSeconds: seconds,
    errorCode: z.string().nullable(),
    errorMessage: z.string().nullable(),
  })
  .meta({ id: 'Pass' })

export type PassStatus = Output<typeof passSchema>

const failingSchema = z.object({
  status: z.enum(readStatuses),
  code: z.string().nullable(),
  message: z.string().nullable(),
  since: instant,
  readings: amount.describe(
    `Failed readings in a row, as far as they are counted: up to ${FAILURES_COUNTED}.`,
  ),
})

const teammateSchema = z
  .object({
    userId: z.string(),
    name: z.string().nullable(),
    observedAt: instant
      .nullable()
      .describe('End of the last reading that was applied. Null: there was none.'),
    ageSeconds: seconds.describe('Since then, or since the teammate is known.'),
    isStale: z.boolean().describe('As allo.teammate_freshness judges, by the target in freshness.'),
    lookedAt: instant.nullable().describe('End of the last look that counted. Null: there was none.'),
    lookAgeSeconds: seconds.nullable(),
    lookIntervalSeconds: seconds
      .nullable()
      .describe('Between two looks, as a moving average. Null: fewer than two counted.'),
    numbers: amount.nullable().describe('Of the current queue. Null: none.'),
    failure: failingSchema.nullable().describe('Why the last reading gave nothing. Null: it did.'),
  })
  .meta({ id: 'Teammate' })

export type TeammateStatus = Output<typeof teammateSchema>

export const mirrorStatusSchema = z.object({
  at: instant.describe("When this was asked, on the database's clock."),
  team: teamSchema
    .nullable()
    .describe('Null: the key was never accepted, and nothing else is on record either.'),
  passes: z.array(passSchema).describe(`The last ${PASSES_SHOWN}, newest first. The first may be running.`),
  teammates: z.array(teammateSchema).describe('Oldest data first, without those left out by configuration.'),
  pausedSeconds: seconds.describe('How long no request is sent, because Allo said to wait.'),
  credentials: credentialsVerdictSchema
    .nullable()
    .describe('Whether Allo took the key. Null: no finished pass says.'),
  incidents: z.array(incidentSchema).describe('Those that are open, the oldest first.'),
  live: liveStatusSchema
    .nullable()
    .describe('How soon changes were visible in the last hour. Null: no team.'),
  calls: callStatusSchema.nullable().describe('Calls by what is known of their details. Null: no team.'),
})

export type MirrorStatus = Output<typeof mirrorStatusSchema>

/** `staleAfterSeconds`: the freshness target at that moment of the database's clock. */
export async function mirrorStatus(
  pool: Pool,
  keyFingerprint: string,
  staleAfterSeconds: (at: Date) => number,
): Promise<MirrorStatus> {
  return withDatabaseErrors('reading the status', async () => {
    const team = await teamOnRecord(pool, keyFingerprint)
    const teamId = team?.teamId ?? null
    const { at } = await one<{ at: string }>(pool, sql`select ${iso(sql`clock_timestamp()`)} as at`)
    const pause = await pauseOnRecord(pool, keyFingerprint)
    return {
      at,
      team,
      passes: teamId === null ? [] : await lastPasses(pool, teamId),
      teammates: teamId === null ? [] : await teammatesByAge(pool, teamId, staleAfterSeconds(new Date(at))),
      pausedSeconds: pause === null || pause.isTooFarAhead ? 0 : pause.ms / 1000,
      credentials: await credentialsVerdict(pool, keyFingerprint),
      incidents: teamId === null ? [] : await openIncidents(pool, teamId),
      live: teamId === null ? null : await liveStatus(pool, teamId, keyFingerprint),
      calls: teamId === null ? null : await callStatus(pool, teamId, keyFingerprint),
    }
  })
}

/** The team last recorded for this key. A key that is new here, and not accepted yet, is taken for the only team's. */
export async function teamOnRecord(pool: Pool, keyFingerprint: string): Promise<Team | null> {
  const team = await lastTeamOfKey(pool, keyFingerprint)
  if (team !== null) return team
  const all = await withDatabaseErrors('looking for the only team', () =>
    orm(pool).select({ teamId: teams.teamId, name: teams.name }).from(teams).limit(2),
  )
  return all.length === 1 ? (all[0] ?? null) : null
}

/**
 * The age from which data are too old, as the worker recorded it with its last pass. Null: no worker ran, or `sync` has
 * taken its place since.
 */
export async function staleAfterOfWorker(pool: Pool, teamId: string): Promise<number | null> {
  const scheduled = alias(syncPasses, 'scheduled')
  const later = alias(syncPasses, 'later')
  const isReplaced = sql`exists (select from ${syncPasses} ${later}
    where ${later.teamId} = ${teamId} and ${later.trigger} <> 'schedule' and ${later.isWholeTeam}
      and ${later.startedAt} > ${scheduled.startedAt} + make_interval(secs => ${scheduled.staleAfterSeconds}))`
  const [last] = await withDatabaseErrors('reading the schedule of the worker', () =>
    run<{ seconds: number }>(
      pool,
      sql`select ${scheduled.staleAfterSeconds} as seconds from ${syncPasses} ${scheduled}
          where ${scheduled.teamId} = ${teamId} and ${scheduled.trigger} = 'schedule'
            and ${scheduled.staleAfterSeconds} is not null and not ${isReplaced}
          order by ${scheduled.startedAt} desc limit 1`,
    ),
  )
  return last?.seconds ?? null
}

function lastPasses(pool: Pool, teamId: string): Promise<PassStatus[]> {
  const { startedAt, finishedAt } = syncPasses
  return orm(pool)
    .select({
      passId: syncPasses.passId,
      trigger: syncPasses.trigger,
      status: sql<PassStatus['status']>`${syncPasses.status}`,
      startedAt: iso(startedAt),
      finishedAt: sql<string | null>`${iso(finishedAt)}`,
      durationSeconds: sql<number>`extract(epoch from coalesce(${finishedAt}, clock_timestamp()) - ${startedAt})::float8`,
      teammates: syncPasses.teammates,
      requests: syncPasses.requests,
      throttled: syncPasses.throttled,
      throttledSeconds: sql<number>`coalesce(${syncPasses.throttledMs}, 0)::float8 / 1000`,
      errorCode: syncPasses.errorCode,
      errorMessage: syncPasses.errorMessage,
    })
    .from(syncPasses)
    .where(eq(syncPasses.teamId, teamId))
    .orderBy(desc(startedAt), desc(syncPasses.passId))
    .limit(PASSES_SHOWN)
}

interface TeammateRow extends Omit<TeammateStatus, 'failure'> {
  readonly status: ReadStatus | null
  readonly code: string | null
  readonly message: string | null
  readonly since: string | null
  readonly readings: number
}

async function teammatesByAge(
  pool: Pool,
  teamId: string,
  staleAfterSeconds: number,
): Promise<TeammateStatus[]> {
  const q = alias(queues, 'q')
  const r = alias(syncReads, 'r')
  const failing = sql`('torn', 'forbidden', 'rate_limited', 'error')`
  const numbers = sql`select sum(${q.numbers})::int from ${queues} ${q} where ${q.userId} = t.user_id and ${q.isCurrent}`
  const firstFailures = sql`select ${r.observedAt} as at from ${syncReads} ${r}
    where ${r.userId} = t.user_id and ${r.observedAt} > coalesce(t.last_observed_at, '-infinity')
      and ${r.status} in ${failing} and t.last_try_status in ${failing}
    order by ${r.observedAt} limit ${FAILURES_COUNTED}`
  const rows = await run<TeammateRow>(
    pool,
    sql`select t.user_id as "userId", t.name, ${iso(sql`t.last_observed_at`)} as "observedAt",
          t.age_seconds as "ageSeconds", t.judged_age_seconds > ${staleAfterSeconds} as "isStale", (${numbers}) as numbers,
          ${iso(sql`l.looked_at`)} as "lookedAt", l.interval_seconds as "lookIntervalSeconds",
          extract(epoch from clock_timestamp() - l.looked_at)::float8 as "lookAgeSeconds",
          t.last_try_status as status, t.last_try_error_code as code, t.last_try_error_message as message,
          failed.since, failed.readings
        from allo.teammate_freshness t
        left join allo.looks_on_record() l on l.user_id = t.user_id
        left join lateral (
          select ${iso(sql`min(at)`)} as since, count(*)::int as readings from (${firstFailures}) first_failures
        ) failed on true
        where t.team_id = ${teamId} and not t.is_left_out
        order by t.age_seconds desc, t.user_id`,
  )
  return rows.map(({ status, code, message, since, readings, ...teammate }) => ({
    ...teammate,
    failure: status === null || since === null ? null : { status, code, message, since, readings },
  }))
}

/** How long a finished pass took; 0 when that can't be found out, since nothing depends on it. */
export async function passSeconds(pool: Pool, passId: string): Promise<number> {
  const { finishedAt, startedAt } = syncPasses
  const [pass] = await orm(pool)
    .select({ seconds: sql<number | null>`extract(epoch from ${finishedAt} - ${startedAt})::float8` })
    .from(syncPasses)
    .where(eq(syncPasses.passId, passId))
    .catch(() => [])
  return pass?.seconds ?? 0
}
