import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import type { Team } from '../store/pass/teammates.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Webhook } from './webhook.ts'

/** The beginning of an incident, or its end where it is closed. */
export interface Alert {
  readonly incidentId: string
  readonly kind: string
  /** `of Acme Sales`, `on a-host (process 7)`. */
  readonly subject: string
  readonly summary: string
  /** The text of the end. */
  readonly over: string
  readonly openedAt: string
  readonly closedAt: string | null
  /** Null: the incident is of no team. */
  readonly team: Team | null
  /** Not in the message where it is undefined. */
  readonly staleAfterSeconds?: number
}

export interface DeliverySettings {
  readonly metrics: Pick<WorkerMetrics, 'count'>
  readonly logger: Logger
  readonly version: string
}

/** Sends one alert, counts and logs the result, and resolves to whether it was delivered. An abort is no result. */
export async function deliverAlert(
  { metrics, logger, version }: DeliverySettings,
  webhook: Webhook,
  alert: Alert,
  signal: AbortSignal,
): Promise<boolean> {
  const { incidentId, kind } = alert
  const about = { incidentId, kind, state: stateOf(alert) }
  try {
    await webhook.post(toMessage(alert, version), signal)
  } catch (error) {
    if (signal.aborted) return false
    metrics.count({ type: 'posted', result: 'failed' })
    logger.error({ event: 'alert_failed', ...about }, `the alert webhook: ${messageOf(error)}`)
    return false
  }
  metrics.count({ type: 'posted', result: 'delivered' })
  logger.info({ event: 'alert_delivered', ...about }, 'the alert was delivered')
  return true
}

/** Slack shows `text`. The other fields are for programs. */
function toMessage(alert: Alert, version: string) {
  const { incidentId, kind, subject, summary, over, openedAt, closedAt, team } = alert
  const state = stateOf(alert)
  const sign = state === 'open' ? ':warning:' : ':white_check_mark:'
  return {
    text: `${sign} Allo queue mirror ${subject}: ${state === 'open' ? summary : over}`,
    kind,
    state,
    incident_id: incidentId,
    team_id: team?.teamId ?? null,
    team_name: team?.name ?? null,
    summary,
    opened_at: openedAt,
    closed_at: closedAt,
    stale_after_seconds: alert.staleAfterSeconds,
    version,
  }
}

function stateOf({ closedAt }: Alert): 'open' | 'closed' {
  return closedAt === null ? 'open' : 'closed'
}
