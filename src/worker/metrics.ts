/**
 * What one worker counts, in Prometheus's words. Counters and histograms are of this process and add up over all of
 * them; what is known from the database or the job backend is the same in each, so take its maximum.
 *
 * No label is a teammate, a team or anything else of which there can be thousands.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import type { QualityReport } from '../quality/run-checks.ts'
import { incidentKinds } from '../store/queries/incidents.ts'
import type { ReadStatus, SavedReading } from '../store/reading/reading.ts'

export interface WorkerMetrics {
  passFinished(status: 'ok' | 'partial' | 'failed', seconds: number): void
  reading(reading: Pick<SavedReading, 'status' | 'added' | 'changed' | 'moved' | 'removed'>): void
  /** The API answered with this status; null: it did not. */
  answered(status: number | null): void
  waited(throttledMs: number): void
  incidentOpened(kind: string): void
  /** This process's own incident, which no table holds. */
  databaseIncident(isOpen: boolean): void
  webhook(result: 'delivered' | 'failed'): void
  /** What a scrape sees. A fact that is null could not be found out and is left out. */
  expose(facts: ScrapedFacts): Promise<{ contentType: string; text: string }>
}

export interface ScrapedFacts {
  readonly version: string
  readonly backend: 'redis' | 'postgres' | null
  /** By what the worker depends on: whether it can be used. */
  readonly dependencies: Readonly<Record<string, boolean>>
  /** Null: unlimited. */
  readonly readsPerSecond: number | null
  readonly data: {
    readonly oldestSeconds: number | null
    readonly staleAfterSeconds: number
    readonly teammates: number
    readonly stale: number
    readonly failing: number
    readonly numbers: number
    readonly lastOkPassAt: string | null
    readonly openIncidents: Readonly<Record<string, number>>
    /** Null: the data were never checked. */
    readonly quality: QualityReport | null
  } | null
  readonly jobs: {
    readonly workers: number
    readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>
  } | null
}

const PREFIX = 'allo_queue_mirror_'
const BUDGET_WINDOW_SECONDS = 60

export function createMetrics(now: () => number = () => performance.now()): WorkerMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] })
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers: [registry] })

  const passSeconds = new Histogram({
    name: `${PREFIX}pass_duration_seconds`,
    help: 'How long passes took that this process finished.',
    labelNames: ['status'],
    buckets: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
    registers: [registry],
  })
  const readings = counter('readings_total', 'Readings of a teammate, by what came of them.', ['status'])
  const numbers = counter('numbers_written_total', 'Numbers written, by what happened to them.', ['kind'])
  const requests = counter(
    'api_requests_total',
    'Requests to Allo, by class of the answer; none: no answer that could be read.',
    ['class'],
  )
  const throttled = counter('api_throttled_total', 'Answers of Allo that said to wait (429).')
  const waited = counter('api_throttled_seconds_total', 'Seconds this process waited because of them.')
  const opened = counter('incidents_total', 'Incidents that this process opened.', ['kind'])
  const posts = counter('alert_posts_total', 'Messages to the alert webhook, by result.', ['result'])
  // From the start there is a series for everything that can be counted: a rate needs the zero before the one.
  for (const status of readStatuses) readings.inc({ status }, 0)
  for (const kind of kinds) numbers.inc({ kind }, 0)
  for (const name of ['2xx', '3xx', '4xx', '5xx', 'none']) requests.inc({ class: name }, 0)
  for (const status of ['ok', 'partial', 'failed']) passSeconds.zero({ status })
  for (const kind of [...incidentKinds, 'database']) opened.inc({ kind }, 0)
  for (const result of ['delivered', 'failed']) posts.inc({ result }, 0)

  const info = gauge('build_info', 'Always 1.', ['version', 'backend'])
  const up = gauge('dependency_up', 'Whether it can be used: 1 or 0.', ['dependency'])
  const budget = gauge(
    'read_budget_reads_per_second',
    'Requests a second that all processes of the key may make together; absent: unlimited.',
  )
  const budgetUse = gauge(
    'read_budget_use_ratio',
    "This process's part of that, over the last minute; the sum over processes is the use of the budget.",
  )
  const oldest = gauge('data_age_max_seconds', 'Age of the oldest data of a teammate.')
  const staleAfter = gauge('data_age_slo_seconds', 'The age from which data are too old now.')
  const stale = gauge('teammates_stale', 'Teammates whose data are too old.')
  const teammates = gauge('teammates', 'Teammates to be read.')
  const failing = gauge('teammates_failing', 'Teammates whose last reading failed.')
  const mirrored = gauge('numbers_current', 'Numbers in current queues.')
  const lastOk = gauge('last_ok_pass_timestamp_seconds', 'When the last pass that reached everyone ended.')
  const open = gauge('incidents_open', 'Incidents going on.', ['kind'])
  const checked = gauge('data_checked_timestamp_seconds', 'When the data were last checked.')
  const failed = gauge('data_check_failed', 'Whether the check failed: 1 or 0; absent: skipped.', [
    'check',
    'severity',
  ])
  const found = gauge('data_check_failing', 'Things that the check found wrong; some checks pass with few.', [
    'check',
    'severity',
  ])
  const jobs = gauge('jobs', 'Jobs by queue and state.', ['queue', 'state'])
  const workers = gauge('workers', 'Worker processes connected to the job backend.')
  const labelled = [info, up, open, failed, found, jobs]
  const single = [
    budget,
    budgetUse,
    oldest,
    staleAfter,
    stale,
    teammates,
    failing,
    mirrored,
    lastOk,
    checked,
    workers,
  ]

  const used = countPerSecond(now)
  let hasDatabaseIncident = false

  return {
    passFinished: (status, seconds) => passSeconds.observe({ status }, seconds),
    reading({ status, ...reading }) {
      readings.inc({ status })
      for (const kind of kinds) numbers.inc({ kind }, reading[kind])
    },
    answered(status) {
      used.note()
      requests.inc({ class: status === null ? 'none' : `${Math.trunc(status / 100)}xx` })
      if (status === 429) throttled.inc()
    },
    waited: (throttledMs) => waited.inc(throttledMs / 1000),
    incidentOpened: (kind) => opened.inc({ kind }),
    databaseIncident(isOpen) {
      hasDatabaseIncident = isOpen
    },
    webhook: (result) => posts.inc({ result }),
    async expose(facts) {
      for (const metric of labelled) metric.reset()
      // A reset would leave these at 0: one that is unknown must be absent.
      for (const metric of single) metric.remove()
      info.set({ version: facts.version, backend: facts.backend ?? 'unknown' }, 1)
      for (const [dependency, isUp] of Object.entries(facts.dependencies))
        up.set({ dependency }, isUp ? 1 : 0)
      if (facts.readsPerSecond !== null) {
        budget.set(facts.readsPerSecond)
        budgetUse.set(used.inLast(BUDGET_WINDOW_SECONDS) / (facts.readsPerSecond * BUDGET_WINDOW_SECONDS))
      }
      open.set({ kind: 'database' }, hasDatabaseIncident ? 1 : 0)
      const { data } = facts
      if (data !== null) {
        if (data.oldestSeconds !== null) oldest.set(data.oldestSeconds)
        staleAfter.set(data.staleAfterSeconds)
        stale.set(data.stale)
        teammates.set(data.teammates)
        failing.set(data.failing)
        mirrored.set(data.numbers)
        if (data.lastOkPassAt !== null) lastOk.set(Date.parse(data.lastOkPassAt) / 1000)
        for (const [kind, count] of Object.entries(data.openIncidents)) open.set({ kind }, count)
        if (data.quality !== null) checked.set(Date.parse(data.quality.checkedAt) / 1000)
        for (const { name, severity, status, failing } of data.quality?.results ?? []) {
          if (status === 'skipped') continue
          failed.set({ check: name, severity }, status === 'failed' ? 1 : 0)
          found.set({ check: name, severity }, failing)
        }
      }
      if (facts.jobs !== null) {
        workers.set(facts.jobs.workers)
        for (const [queue, counts] of Object.entries(facts.jobs.counts))
          for (const [state, count] of Object.entries(counts)) jobs.set({ queue, state }, count)
      }
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}

const kinds = ['added', 'changed', 'moved', 'removed'] as const
const readStatuses: readonly ReadStatus[] = [
  'ok',
  'no_queue',
  'torn',
  'not_found',
  'forbidden',
  'rate_limited',
  'error',
  'skipped',
]

/** Counts events by second, and forgets what is older than a minute. */
function countPerSecond(now: () => number) {
  const counts = new Map<number, number>()
  const second = () => Math.floor(now() / 1000)
  return {
    note() {
      counts.set(second(), (counts.get(second()) ?? 0) + 1)
      for (const at of counts.keys()) if (at <= second() - BUDGET_WINDOW_SECONDS) counts.delete(at)
    },
    inLast(seconds: number): number {
      const from = second() - seconds
      return [...counts].reduce((sum, [at, count]) => (at > from ? sum + count : sum), 0)
    },
  }
}
