/**
 * Sends an alert when Postgres can't be used, and another when it can again. Other incidents are rows in Postgres
 * (alerts.ts). This one is in the memory of each process, so each process sends its own message, which names it.
 *
 *   usable ──two failed probes──▶ open, POST ──two successful probes──▶ closed, POST
 *
 * A failed POST is retried at the next probe. An incident that ended before its first delivery is sent once, as closed.
 * The incident is lost when the process ends.
 */

import { hostname } from 'node:os'
import { inWords } from '../text/duration.ts'
import { type PeriodicChore, periodicChore } from './chore.ts'
import { type Alert, type DeliverySettings, deliverAlert } from './deliver-alert.ts'
import type { WorkerMetrics } from './metrics.ts'
import type { Webhook } from './webhook.ts'

/** `unknown`: no probe was made, because the process is starting or stopping. */
export type DatabaseState = 'usable' | 'unknown' | { readonly reason: string }

export interface DatabaseWatchSettings extends DeliverySettings {
  readonly ask: () => Promise<DatabaseState>
  /** Null: incidents are only logged. */
  readonly webhook: Webhook | null
  readonly metrics: Pick<WorkerMetrics, 'count' | 'databaseIncident'>
  /** Masks secrets and phone numbers in messages of Postgres. */
  readonly mask: (text: string) => string
  readonly everyMs?: number
}

interface Incident {
  readonly id: string
  readonly summary: string
  readonly openedAt: Date
}

interface Message {
  readonly incident: Incident
  readonly closedAt: Date | null
}

const EVERY_MS = 10_000
/** A restart of Postgres is over within one look. */
const LOOKS_THAT_CONFIRM = 2
const MOST_UNDELIVERED = 20

export function createDatabaseWatch(settings: DatabaseWatchSettings): PeriodicChore {
  const { logger, metrics, everyMs = EVERY_MS } = settings
  let incident: Incident | null = null
  /** Number of probes in a row whose result differs from the state that was sent last. */
  let otherwise = 0
  let lastReason: string | null = null
  let incidents = 0
  let undelivered: Message[] = []

  const open = (reason: string) => {
    incidents += 1
    const id = `database-${hostname()}-${process.pid}-${incidents}`
    incident = { id, summary: `Postgres can't be used: ${settings.mask(reason)}`, openedAt: new Date() }
    metrics.count({ type: 'incident_opened', kind: 'database' })
    metrics.databaseIncident(true)
    logger.error({ event: 'incident_opened', incidentId: id, kind: 'database' }, incident.summary)
    undelivered.push({ incident, closedAt: null })
  }
  const close = (over: Incident) => {
    incident = null
    metrics.databaseIncident(false)
    const closedAt = new Date()
    const seconds = secondsOf(over, closedAt)
    logger.info({ event: 'incident_closed', incidentId: over.id, kind: 'database', seconds }, 'it is over')
    undelivered = [
      ...undelivered.filter((message) => message.incident !== over),
      { incident: over, closedAt },
    ].slice(-MOST_UNDELIVERED)
  }
  const note = (state: DatabaseState) => {
    if (state === 'unknown') return
    const reason = state === 'usable' ? null : state.reason
    if (reason !== null && lastReason === null)
      logger.warn({ event: 'database_unusable' }, `Postgres can't be used: ${reason}`)
    if (reason === null && lastReason !== null)
      logger.info({ event: 'database_usable' }, 'Postgres can be used again')
    lastReason = reason
    otherwise = (reason === null) === (incident === null) ? 0 : otherwise + 1
    if (otherwise < LOOKS_THAT_CONFIRM) return
    otherwise = 0
    if (incident !== null) close(incident)
    else if (reason !== null) open(reason)
  }

  const askAndTell = async (signal: AbortSignal) => {
    note(await settings.ask())
    const { webhook } = settings
    if (webhook === null) undelivered = []
    while (webhook !== null && undelivered[0] !== undefined && !signal.aborted) {
      if (!(await deliverAlert(settings, webhook, alertOf(undelivered[0]), signal))) return
      undelivered.shift()
    }
  }
  return periodicChore(everyMs, askAndTell, (reason) =>
    logger.warn({ event: 'alerts_failed' }, `Postgres could not be probed: ${reason}`),
  )
}

function alertOf({ incident, closedAt }: Message): Alert {
  const seconds = closedAt === null ? 0 : secondsOf(incident, closedAt)
  return {
    incidentId: incident.id,
    kind: 'database',
    subject: `on ${hostname()} (process ${process.pid})`,
    summary: incident.summary,
    over: `Postgres can be used again, after ${inWords(seconds)}.`,
    openedAt: incident.openedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
    team: null,
  }
}

function secondsOf({ openedAt }: Incident, closedAt: Date): number {
  return (closedAt.getTime() - openedAt.getTime()) / 1000
}
