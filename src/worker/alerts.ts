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

import type { Schedule } from '../config/config.ts'
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
import { type Alert, type DeliverySettings, deliverAlert } from './deliver-alert.ts'
import { staleAfterMs } from './freshness.ts'
import { incidentRules } from './incident-rules.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Webhook } from './webhook.ts'

export interface AlertSettings extends DeliverySettings {
  readonly pool: Pool
  readonly keyFingerprint: string
  readonly schedule: Schedule
  readonly freshnessSloMs: number | null
  /** Null: incidents are recorded and logged, nothing more. */
  readonly webhook: Webhook | null
  readonly metrics: Pick<WorkerMetrics, 'count'>
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
    logger.warn({ event: 'alerts_failed' }, `the rules for alerts could not be evaluated: ${reason}`),
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
      metrics.count({ type: 'incident_opened', kind })
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
  const { pool, tryAgainAfterMs = TRY_AGAIN_AFTER_MS } = settings
  for (;;) {
    const incident = await claimIncident(pool, team.teamId)
    if (incident === null || signal.aborted) return
    const isDelivered = await deliverAlert(settings, webhook, alertOf(incident, team, staleMs), signal)
    // After a failure another worker may retry: at once if this worker is only being stopped.
    if (isDelivered) await recordDelivery(pool, incident)
    else await postponeDelivery(pool, incident, signal.aborted ? 0 : tryAgainAfterMs / 1000)
  }
}

function alertOf({ seconds, ...incident }: Incident, team: Team, staleMs: number): Alert {
  const over = {
    stale_data: `The data are fresh again, after ${inWords(seconds)}.`,
    credentials: `Allo accepts the API key again, after ${inWords(seconds)}.`,
    data_quality: `The checks of the data pass again, after ${inWords(seconds)}.`,
  }[incident.kind]
  const staleAfterSeconds = Math.round(staleMs / 1000)
  return { ...incident, subject: `of ${team.name ?? team.teamId}`, over, team, staleAfterSeconds }
}
