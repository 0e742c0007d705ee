/**
 * All metrics of a worker. To add one, add it to `counters` or `gauges`. A counter belongs to this process: sum it over
 * all processes. A gauge is read from the database or the job backend at each scrape and is the same in each process:
 * take its maximum.
 *
 * Labels have few values: no teammate, no team, nothing of which there can be thousands.
 */
import { callOutcomes } from '../live/ask-call.ts'
import type { QualityReport } from '../quality/run-checks.ts'
import type { CallStatus } from '../store/queries/call-status.ts'
import { incidentKinds } from '../store/queries/incidents.ts'
import { readStatuses } from '../store/reading/reading.ts'
import { type CountedEvent, lookResults, webhookOutcomes } from './counted-events.ts'

export const BUDGET_WINDOW_SECONDS = 60

/** Values read at a scrape. Null: it could not be read, and its metrics are left out. */
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
    /** Of the teammate with a queue whose last look is the oldest. Null: none was looked at. */
    readonly lookAgeSeconds: number | null
    /** Of teammates who dial. Null: none was looked at. */
    readonly lookIntervalP50Seconds: number | null
    readonly lookIntervalP95Seconds: number | null
    readonly teammates: number
    readonly stale: number
    readonly failing: number
    readonly numbers: number
    /** Null: no team is on record. */
    readonly calls: CallStatus | null
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

/** Known to this process alone. */
export interface ProcessFacts {
  readonly requestsInWindow: number
  readonly hasDatabaseIncident: boolean
}

type Labels = Readonly<Record<string, string>>
type Counts = readonly (readonly [labels: Labels, value: number])[]

interface CounterDefinition {
  readonly name: string
  readonly help: string
  readonly label?: string
  /** Of the label. Each has a series from the start, because a rate needs the zero before the one. */
  readonly values?: readonly string[]
  readonly counts: (event: CountedEvent) => Counts
}

interface GaugeDefinition {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
  readonly read: (facts: ScrapedFacts & ProcessFacts) => Counts
}

const numberKinds = ['added', 'changed', 'moved', 'removed'] as const

export const counters: readonly CounterDefinition[] = [
  {
    name: 'readings_total',
    help: 'Readings of a teammate, by what came of them.',
    label: 'status',
    values: readStatuses,
    counts: (event) => (event.type === 'reading' ? [[{ status: event.reading.status }, 1]] : []),
  },
  {
    name: 'numbers_written_total',
    help: 'Numbers written, by what happened to them.',
    label: 'kind',
    values: numberKinds,
    counts: (event) =>
      event.type === 'reading' ? numberKinds.map((kind) => [{ kind }, event.reading[kind]]) : [],
  },
  {
    name: 'api_requests_total',
    help: 'Requests to Allo, by class of the answer; none: no answer that could be read.',
    label: 'class',
    values: ['2xx', '3xx', '4xx', '5xx', 'none'],
    counts: (event) => (event.type === 'answered' ? [[{ class: classOf(event.status) }, 1]] : []),
  },
  {
    name: 'api_throttled_total',
    help: 'Answers of Allo that said to wait (429).',
    counts: (event) => (event.type === 'answered' && event.status === 429 ? [[{}, 1]] : []),
  },
  {
    name: 'api_throttled_seconds_total',
    help: 'Seconds this process waited because of them.',
    counts: (event) => (event.type === 'waited' ? [[{}, event.throttledMs / 1000]] : []),
  },
  {
    name: 'looks_total',
    help: 'Looks at the page where a teammate dials, by what came of them.',
    label: 'result',
    values: lookResults,
    counts: (event) => (event.type === 'look' ? [[{ result: event.result }, 1]] : []),
  },
  {
    name: 'call_requests_total',
    help: 'Requests for the details of a call, by what came of them.',
    label: 'outcome',
    values: callOutcomes,
    counts: (event) => (event.type === 'call' ? [[{ outcome: event.outcome }, 1]] : []),
  },
  {
    name: 'incidents_total',
    help: 'Incidents that this process opened.',
    label: 'kind',
    values: [...incidentKinds, 'database'],
    counts: (event) => (event.type === 'incident_opened' ? [[{ kind: event.kind }, 1]] : []),
  },
  {
    name: 'alert_posts_total',
    help: 'Messages to the alert webhook, by result.',
    label: 'result',
    values: ['delivered', 'failed'],
    counts: (event) => (event.type === 'posted' ? [[{ result: event.result }, 1]] : []),
  },
  {
    name: 'webhooks_total',
    help: 'Requests to /hooks/allo, by outcome.',
    label: 'outcome',
    values: webhookOutcomes,
    counts: (event) => (event.type === 'webhook' ? [[{ outcome: event.outcome }, 1]] : []),
  },
]

export const gauges: readonly GaugeDefinition[] = [
  {
    name: 'build_info',
    help: 'Always 1.',
    labels: ['version', 'backend'],
    read: ({ version, backend }) => [[{ version, backend: backend ?? 'unknown' }, 1]],
  },
  {
    name: 'dependency_up',
    help: 'Whether it can be used: 1 or 0.',
    labels: ['dependency'],
    read: ({ dependencies }) =>
      Object.entries(dependencies).map(([dependency, isUp]) => [{ dependency }, isUp ? 1 : 0]),
  },
  {
    name: 'read_budget_reads_per_second',
    help: 'Requests a second that all processes of the key may make together; absent: unlimited.',
    read: ({ readsPerSecond }) => single(readsPerSecond),
  },
  {
    name: 'read_budget_use_ratio',
    help: "This process's part of that, over the last minute; the sum over processes is the use of the budget.",
    read: ({ readsPerSecond, requestsInWindow }) =>
      single(readsPerSecond && requestsInWindow / (readsPerSecond * BUDGET_WINDOW_SECONDS)),
  },
  {
    name: 'data_age_max_seconds',
    help: 'Age of the oldest data of a teammate.',
    read: ({ data }) => single(data?.oldestSeconds),
  },
  {
    name: 'data_age_slo_seconds',
    help: 'The age from which data are too old now.',
    read: ({ data }) => single(data?.staleAfterSeconds),
  },
  {
    name: 'look_age_max_seconds',
    help: 'Seconds since the last look at the teammate with a queue who was looked at longest ago; absent: none was, or `LIVE_BUDGET_SHARE` is 0.',
    read: ({ data }) => single(data?.lookAgeSeconds),
  },
  {
    name: 'look_interval_p50_seconds',
    help: 'Median of the seconds between two looks, over teammates who dial; absent: none was looked at.',
    read: ({ data }) => single(data?.lookIntervalP50Seconds),
  },
  {
    name: 'look_interval_p95_seconds',
    help: '95th percentile of the seconds between two looks, over teammates who dial; absent: none was looked at.',
    read: ({ data }) => single(data?.lookIntervalP95Seconds),
  },
  {
    name: 'teammates_stale',
    help: 'Teammates whose data are too old.',
    read: ({ data }) => single(data?.stale),
  },
  { name: 'teammates', help: 'Teammates to be read.', read: ({ data }) => single(data?.teammates) },
  {
    name: 'teammates_failing',
    help: 'Teammates whose last reading failed.',
    read: ({ data }) => single(data?.failing),
  },
  { name: 'numbers_current', help: 'Numbers in current queues.', read: ({ data }) => single(data?.numbers) },
  {
    name: 'calls',
    help: 'Calls by what is known of their details: known, waiting, given_up.',
    labels: ['state'],
    read: ({ data }) => callsOf(data?.calls ?? null),
  },
  {
    name: 'last_ok_pass_timestamp_seconds',
    help: 'When the last pass that reached everyone ended.',
    read: ({ data }) => single(secondsOf(data?.lastOkPassAt)),
  },
  {
    name: 'incidents_open',
    help: 'Incidents going on.',
    labels: ['kind'],
    read: ({ data, hasDatabaseIncident }) => [
      [{ kind: 'database' }, hasDatabaseIncident ? 1 : 0],
      ...Object.entries(data?.openIncidents ?? {}).map(([kind, count]) => [{ kind }, count] as const),
    ],
  },
  {
    name: 'data_checked_timestamp_seconds',
    help: 'When the data were last checked.',
    read: ({ data }) => single(secondsOf(data?.quality?.checkedAt)),
  },
  {
    name: 'data_check_failed',
    help: 'Whether the check failed: 1 or 0; absent: skipped.',
    labels: ['check', 'severity'],
    read: ({ data }) =>
      checksOf(data).map(({ name, severity, status }) => [
        { check: name, severity },
        status === 'failed' ? 1 : 0,
      ]),
  },
  {
    name: 'data_check_failing',
    help: 'Things that the check found wrong; some checks pass with few.',
    labels: ['check', 'severity'],
    read: ({ data }) =>
      checksOf(data).map(({ name, severity, failing }) => [{ check: name, severity }, failing]),
  },
  {
    name: 'jobs',
    help: 'Jobs by queue and state.',
    labels: ['queue', 'state'],
    read: ({ jobs }) =>
      Object.entries(jobs?.counts ?? {}).flatMap(([queue, counts]) =>
        Object.entries(counts).map(([state, count]) => [{ queue, state }, count] as const),
      ),
  },
  {
    name: 'workers',
    help: 'Worker processes connected to the job backend.',
    read: ({ jobs }) => single(jobs?.workers),
  },
]

function single(value: number | null | undefined): Counts {
  return value === null || value === undefined ? [] : [[{}, value]]
}

function callsOf(calls: CallStatus | null): Counts {
  if (calls === null) return []
  const { known, waiting, givenUp } = calls
  return [
    [{ state: 'known' }, known],
    [{ state: 'waiting' }, waiting],
    [{ state: 'given_up' }, givenUp],
  ]
}

function secondsOf(at: string | null | undefined): number | null {
  return at ? Date.parse(at) / 1000 : null
}

function classOf(status: number | null): string {
  return status === null ? 'none' : `${Math.trunc(status / 100)}xx`
}

function checksOf(data: ScrapedFacts['data']) {
  return (data?.quality?.results ?? []).filter(({ status }) => status !== 'skipped')
}
