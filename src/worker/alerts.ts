/**
 * Tells people when data get too old, Allo refuses the key or a check doubts the data, and when it is over: once per
 * incident, however many workers there are. The database decides. An incident is a row, and of all who try to open, close or tell it in the
 * same moment one statement succeeds.
 *
 *   found ──insert──▶ open ──claim, POST──▶ told ──update──▶ closed ──claim, POST──▶ told
 *
 * A message that could not be delivered is tried again by whoever comes next; one can arrive twice when a worker
 * dies between the answer and noting it. An incident that was over before anybody could be told is told once, as
 * over. Nothing here throws into the worker: what fails is logged, and looked at again.
 */

import type { Logger } from 'pino'
import type { Schedule } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import { isFailedError } from '../quality/results.ts'
import type { Team } from '../store/pass/teammates.ts'
import { type Pool, withDatabaseErrors } from '../store/postgres/database.ts'
import { iso, saysWhetherKeyIsAccepted, teamOnRecord } from '../store/queries/status.ts'
import { inWords } from '../text/duration.ts'
import { staleAfterMs } from './freshness.ts'
import type { IncidentKind } from './incident-kinds.ts'
import { type Looks, lookAgain } from './looks.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Webhook } from './webhook.ts'

/** What is being delivered when it stops is dropped, and told by another worker. */
export type Alerts = Looks

export interface AlertSettings {
  readonly pool: Pool
  readonly keyFingerprint: string
  readonly schedule: Schedule
  readonly freshnessSloMs: number | null
  /** Null: incidents are recorded and logged, nothing more. */
  readonly webhook: Webhook | null
  readonly metrics: WorkerMetrics
  readonly logger: Logger
  readonly version: string
  /** How long after a failed delivery the next is tried. */
  readonly tryAgainAfterMs?: number
}

/** A delivery takes less; a worker that died with it is replaced after this. */
const CLAIM_SECONDS = 120
const TRY_AGAIN_AFTER_MS = 60_000
/** Nobody wants to hear today what was over yesterday. */
const LATE_NEWS_SECONDS = 3600

interface IncidentRow {
  readonly incidentId: string
  readonly kind: IncidentKind
  readonly summary: string
  readonly openedAt: string
  readonly closedAt: string | null
  readonly seconds: number
}

const incidentRow = `incident_id as "incidentId", kind, summary, ${iso('opened_at')} as "openedAt",
  ${iso('closed_at')} as "closedAt", extract(epoch from coalesce(closed_at, clock_timestamp()) - opened_at)::float8 as seconds`

export function startAlerts(settings: AlertSettings): Alerts {
  const { pool, logger, schedule, freshnessSloMs } = settings
  const lookOnce = async (signal: AbortSignal) => {
    const team = await teamOnRecord(pool, settings.keyFingerprint)
    if (team === null) return
    const staleMs = staleAfterMs(schedule, freshnessSloMs, new Date())
    await judge(settings, team, staleMs)
    if (settings.webhook !== null) await tellAll(settings, team, settings.webhook, staleMs, signal)
  }
  return lookAgain(lookEveryMs(schedule, freshnessSloMs), lookOnce, (reason) =>
    logger.warn({ event: 'alerts_failed' }, `whether to alert could not be found out: ${reason}`),
  )
}

/** Often enough that an alert is late by a tenth of what it is about, and never a burden. */
export function lookEveryMs(schedule: Schedule, freshnessSloMs: number | null): number {
  const sloMs = freshnessSloMs ?? ('cron' in schedule ? null : staleAfterMs(schedule, null, new Date()))
  return Math.min(Math.max((sloMs ?? 300_000) / 10, 1000), 30_000)
}

/** Opens what began and closes what is over. Each is one statement that looks and decides. */
async function judge(settings: AlertSettings, { teamId }: Team, staleMs: number): Promise<void> {
  const staleSeconds = staleMs / 1000
  const stale = `select count(*)::int as teammates from allo.teammate_freshness
    where team_id = $1 and judged_age_seconds > $2`
  const verdict = `select p.stop_status is not distinct from 'forbidden' as is_refused, p.error_message as reason
    from allo.sync_passes p where p.team_id = $1 and ${saysWhetherKeyIsAccepted} order by p.started_at desc limit 1`

  await open(
    settings,
    `select 'stale_data', format('The data of %s are older than %s.',
       case teammates when 1 then 'one teammate' else teammates || ' teammates' end, $3::text)
     from (${stale}) stale where teammates > 0`,
    [teamId, staleSeconds, inWords(staleSeconds)],
  )
  await close(settings, 'stale_data', `not exists (select from (${stale}) stale where teammates > 0)`, [
    teamId,
    staleSeconds,
  ])
  await open(
    settings,
    `select 'credentials', 'Allo refuses the API key: ' || coalesce(reason, 'it gave no reason') from (${verdict}) verdict
     where is_refused`,
    [teamId],
  )
  await close(settings, 'credentials', `exists (select from (${verdict}) verdict where not is_refused)`, [
    teamId,
  ])
  const doubts = `select sentence from allo.quality_results where team_id = $1 and ${isFailedError}`
  await open(
    settings,
    `select 'data_quality', format('%s of the data failed. %s', case count(*) when 1 then 'A check' else count(*) || ' checks' end,
       min(sentence)) from (${doubts}) doubts having count(*) > 0`,
    [teamId],
  )
  await close(settings, 'data_quality', `not exists (${doubts})`, [teamId])
}

/** `found`: kind and summary, of teammates of team $1; no row when nothing is wrong. */
async function open(settings: AlertSettings, found: string, values: readonly unknown[]): Promise<void> {
  const rows = await ask(
    settings,
    `insert into allo.incidents (team_id, kind, summary, opened_at)
     select $1, found.*, clock_timestamp() from (${found}) found
     on conflict (team_id, kind) where closed_at is null do nothing returning ${incidentRow}`,
    values,
  )
  for (const { incidentId, kind, summary } of rows) {
    settings.metrics.incidentOpened(kind)
    settings.logger.error({ event: 'incident_opened', incidentId, kind }, summary)
  }
}

async function close(
  settings: AlertSettings,
  kind: IncidentKind,
  isOver: string,
  values: readonly unknown[],
): Promise<void> {
  const rows = await ask(
    settings,
    `update allo.incidents set closed_at = clock_timestamp()
     where team_id = $1 and kind = '${kind}' and closed_at is null and ${isOver} returning ${incidentRow}`,
    values,
  )
  for (const { incidentId, seconds } of rows) {
    settings.logger.info({ event: 'incident_closed', incidentId, kind, seconds }, 'it is over')
  }
}

async function tellAll(
  settings: AlertSettings,
  team: Team,
  webhook: Webhook,
  staleMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const [incident] = await ask(
      settings,
      `update allo.incidents set claimed_until = clock_timestamp() + make_interval(secs => ${CLAIM_SECONDS})
       where incident_id = (
         select incident_id from allo.incidents
         where team_id = $1 and (claimed_until is null or claimed_until < clock_timestamp())
           and case when closed_at is null then opening_told_at is null
               else closing_told_at is null and (opening_told_at is not null
                    or closed_at > clock_timestamp() - make_interval(secs => ${LATE_NEWS_SECONDS})) end
         order by opened_at limit 1 for update skip locked)
       returning ${incidentRow}`,
      [team.teamId],
    )
    if (incident === undefined || signal.aborted) return
    await tell(settings, team, webhook, incident, staleMs, signal)
  }
}

async function tell(
  settings: AlertSettings,
  team: Team,
  webhook: Webhook,
  incident: IncidentRow,
  staleMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { logger, metrics, tryAgainAfterMs = TRY_AGAIN_AFTER_MS } = settings
  const { incidentId, kind, closedAt } = incident
  const state = closedAt === null ? 'open' : 'closed'
  let error: unknown = null
  try {
    await webhook.post(toMessage(settings, team, incident, staleMs), signal)
  } catch (thrown) {
    error = thrown
  }
  // Told, or for another to try: at once when it is only this worker that stops.
  const waitMs = signal.aborted ? 0 : tryAgainAfterMs
  const told = closedAt === null ? 'opening_told_at' : 'closing_told_at'
  await ask(
    settings,
    error === null
      ? `update allo.incidents set ${told} = clock_timestamp(), claimed_until = null
         where incident_id = $1 returning ${incidentRow}`
      : `update allo.incidents set claimed_until = clock_timestamp() + make_interval(secs => ${waitMs / 1000})
         where incident_id = $1 returning ${incidentRow}`,
    [incidentId],
  )
  if (error === null) {
    metrics.webhook('delivered')
    logger.info({ event: 'alert_delivered', incidentId, kind, state }, 'the alert webhook was told')
  } else if (!signal.aborted) {
    metrics.webhook('failed')
    const message = messageOf(error)
    logger.error({ event: 'alert_failed', incidentId, kind, state }, `the alert webhook: ${message}`)
  }
}

/** Slack reads `text` and leaves the rest to tools. */
function toMessage(
  { version }: AlertSettings,
  team: Team,
  { incidentId, kind, summary, openedAt, closedAt, seconds }: IncidentRow,
  staleMs: number,
) {
  const isOpen = closedAt === null
  const name = team.name ?? team.teamId
  const over = {
    stale_data: `The data are fresh again, after ${inWords(seconds)}.`,
    credentials: `Allo accepts the API key again, after ${inWords(seconds)}.`,
    data_quality: `The checks of the data pass again, after ${inWords(seconds)}.`,
  }[kind]
  const what = isOpen ? summary : over
  return {
    text: `${isOpen ? ':warning:' : ':white_check_mark:'} Allo queue mirror of ${name}: ${what}`,
    kind,
    state: isOpen ? 'open' : 'closed',
    incident_id: incidentId,
    team_id: team.teamId,
    team_name: team.name,
    summary,
    opened_at: openedAt,
    closed_at: closedAt,
    stale_after_seconds: Math.round(staleMs / 1000),
    version,
  }
}

async function ask(settings: AlertSettings, sql: string, values: readonly unknown[]): Promise<IncidentRow[]> {
  return withDatabaseErrors('looking after incidents', async () => {
    const { rows } = await settings.pool.query<IncidentRow>(sql, [...values])
    return rows
  })
}
