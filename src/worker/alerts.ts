/**
 * Sends an alert when data are too old, Allo refuses the key or a data check fails, and another when it is over. Each
 * incident is sent once, however many workers run: it is a row, and only one of several concurrent statements can open,
 * close or claim it.
 *
 *   found ──insert──▶ open ──claim, POST──▶ sent ──update──▶ closed ──claim, POST──▶ sent
 *
 * Delivery is at least once: any worker retries a failed delivery, and a worker that dies between the response and its
 * record causes a second message. An incident that ended before its first delivery is sent once, as closed. Errors are
 * logged and tried again later; they never stop the worker.
 */

import type { Logger } from 'pino'
import type { Schedule } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import type { Team } from '../store/pass/teammates.ts'
import type { Pool } from '../store/postgres/database.ts'
import {
  claimIncident,
  closeIncident,
  type Incident,
  openIncident,
  postponeDelivery,
  recordDelivery,
} from '../store/queries/incidents.ts'
import { teamOnRecord } from '../store/queries/status.ts'
import { inWords } from '../text/duration.ts'
import { type PeriodicChore, periodicChore } from './chore.ts'
import { staleAfterMs } from './freshness.ts'
import { incidentRules } from './incident-rules.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Webhook } from './webhook.ts'

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

const TRY_AGAIN_AFTER_MS = 60_000

/** A message that is being sent when it stops is dropped, and sent by another worker. */
export function createAlerts(settings: AlertSettings): PeriodicChore {
  const { pool, logger, schedule, freshnessSloMs } = settings
  const openAndTell = async (signal: AbortSignal) => {
    const team = await teamOnRecord(pool, settings.keyFingerprint)
    if (team === null) return
    const staleMs = staleAfterMs(schedule, freshnessSloMs, new Date())
    await judge(settings, team, staleMs)
    if (settings.webhook !== null) await tellAll(settings, team, settings.webhook, staleMs, signal)
  }
  return periodicChore(checkEveryMs(schedule, freshnessSloMs), openAndTell, (reason) =>
    logger.warn({ event: 'alerts_failed' }, `whether to alert could not be found out: ${reason}`),
  )
}

/** A tenth of the freshness target, from 1 to 30 seconds: an alert is late by that much at most. */
export function checkEveryMs(schedule: Schedule, freshnessSloMs: number | null): number {
  const sloMs = freshnessSloMs ?? ('cron' in schedule ? null : staleAfterMs(schedule, null, new Date()))
  return Math.min(Math.max((sloMs ?? 300_000) / 10, 1000), 30_000)
}

/** Opens and closes incidents, with one statement each. */
async function judge(
  { pool, logger, metrics }: AlertSettings,
  { teamId }: Team,
  staleMs: number,
): Promise<void> {
  for (const { kind, found, isOver } of incidentRules(teamId, staleMs / 1000)) {
    const opened = await openIncident(pool, { teamId, kind, found })
    if (opened !== null) {
      metrics.incidentOpened(kind)
      logger.error({ event: 'incident_opened', incidentId: opened.incidentId, kind }, opened.summary)
    }
    const closed = await closeIncident(pool, { teamId, kind, isOver })
    if (closed !== null) {
      const { incidentId, seconds } = closed
      logger.info({ event: 'incident_closed', incidentId, kind, seconds }, 'it is over')
    }
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
    const incident = await claimIncident(settings.pool, team.teamId)
    if (incident === null || signal.aborted) return
    await tell(settings, team, webhook, incident, staleMs, signal)
  }
}

async function tell(
  settings: AlertSettings,
  team: Team,
  webhook: Webhook,
  incident: Incident,
  staleMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { pool, logger, metrics, tryAgainAfterMs = TRY_AGAIN_AFTER_MS } = settings
  const { incidentId, kind, closedAt } = incident
  const state = closedAt === null ? 'open' : 'closed'
  let error: unknown = null
  try {
    await webhook.post(toMessage(settings, team, incident, staleMs), signal)
  } catch (thrown) {
    error = thrown
  }
  // After a failure another worker may retry: at once if this worker is only being stopped.
  const waitMs = signal.aborted ? 0 : tryAgainAfterMs
  if (error === null) await recordDelivery(pool, incident)
  else await postponeDelivery(pool, incident, waitMs / 1000)
  if (error === null) {
    metrics.webhook('delivered')
    logger.info({ event: 'alert_delivered', incidentId, kind, state }, 'the alert was delivered')
  } else if (!signal.aborted) {
    metrics.webhook('failed')
    const message = messageOf(error)
    logger.error({ event: 'alert_failed', incidentId, kind, state }, `the alert webhook: ${message}`)
  }
}

/** Slack shows `text`. The other fields are for programs. */
function toMessage(
  { version }: AlertSettings,
  team: Team,
  { incidentId, kind, summary, openedAt, closedAt, seconds }: Incident,
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
