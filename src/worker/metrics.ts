/** Counts what happens in this process, and exposes the metrics of metric-list.ts in the format of Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { type CountedEvent, type SourceTime, sourceTimes } from './counted-events.ts'
import { BUDGET_WINDOW_SECONDS, counters, gauges, type ScrapedFacts } from './metric-list.ts'

export interface WorkerMetrics {
  passFinished(status: 'ok' | 'partial' | 'failed', seconds: number): void
  count(event: CountedEvent): void
  /**
   * Of a dial or change that a look saw first: seconds from the source's own time to `observed_at`. Less than 0,
   * because the source's clock is ahead, counts as 0.
   */
  observeLag(sourceTime: SourceTime, seconds: number): void
  /** This process's own incident, which no table holds. */
  databaseIncident(isOpen: boolean): void
  /** The text of a scrape. */
  expose(facts: ScrapedFacts): Promise<{ contentType: string; text: string }>
}

const PREFIX = 'allo_queue_mirror_'

export function createMetrics(now: () => number = () => performance.now()): WorkerMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const passSeconds = createPassSeconds(registry)
  const lagSeconds = createLagSeconds(registry)
  const count = createCounters(registry)
  const showGauges = createGauges(registry)
  const requests = countPerSecond(now)
  let hasDatabaseIncident = false

  return {
    passFinished: (status, seconds) => passSeconds.observe({ status }, seconds),
    count(event) {
      if (event.type === 'answered') requests.note()
      count(event)
    },
    observeLag: (sourceTime, seconds) =>
      lagSeconds.observe({ source_time: sourceTime }, Math.max(seconds, 0)),
    databaseIncident(isOpen) {
      hasDatabaseIncident = isOpen
    },
    async expose(facts) {
      showGauges({ ...facts, hasDatabaseIncident, requestsInWindow: requests.inLast(BUDGET_WINDOW_SECONDS) })
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}

function createPassSeconds(registry: Registry) {
  const passSeconds = new Histogram({
    name: `${PREFIX}pass_duration_seconds`,
    help: 'How long passes took that this process finished.',
    labelNames: ['status'],
    buckets: [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
    registers: [registry],
  })
  for (const status of ['ok', 'partial', 'failed']) passSeconds.zero({ status })
  return passSeconds
}

function createLagSeconds(registry: Registry) {
  const lagSeconds = new Histogram({
    name: `${PREFIX}source_lag_seconds`,
    help: "Seconds from the source's own time of a dial or change until a look saw it; what a reading saw first is not in it.",
    labelNames: ['source_time'],
    buckets: [1, 2.5, 5, 7.5, 10, 15, 20, 30, 60, 120, 300, 600, 1800],
    registers: [registry],
  })
  for (const source_time of sourceTimes) lagSeconds.zero({ source_time })
  return lagSeconds
}

function createCounters(registry: Registry): (event: CountedEvent) => void {
  const made = counters.map(({ name, help, label, values = [], counts }) => {
    const labelNames = label === undefined ? [] : [label]
    const counter = new Counter({ name: PREFIX + name, help, labelNames, registers: [registry] })
    if (label !== undefined) for (const value of values) counter.inc({ [label]: value }, 0)
    return { counter, counts }
  })
  return (event) => {
    for (const { counter, counts } of made)
      for (const [labels, value] of counts(event)) counter.inc(labels, value)
  }
}

function createGauges(registry: Registry) {
  const made = gauges.map(({ name, help, labels = [], read }) => ({
    gauge: new Gauge({ name: PREFIX + name, help, labelNames: labels, registers: [registry] }),
    hasLabels: labels.length > 0,
    read,
  }))
  return (facts: Parameters<(typeof gauges)[number]['read']>[0]) => {
    for (const { gauge, hasLabels, read } of made) {
      if (hasLabels) gauge.reset()
      // A reset would leave this one at 0: where it is unknown it must be absent.
      else gauge.remove()
      for (const [labels, value] of read(facts)) gauge.set(labels, value)
    }
  }
}

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
