/** One way to keep the mirror fresh, measured on a worker process while a team dials. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../src/store/postgres/database.ts'
import { spawnWorker, until, type WorkerProcess } from '../../test/support/worker.ts'
import type { Lab } from '../lab.ts'
import { untilFirstPass } from './first-pass.ts'
import { type Lag, lagsOf, type SourceEvent, seenInProgress } from './lags.ts'
import { watchReporting } from './sightings.ts'
import { type Judgement, type Source, type SourceRequest, type WebhookTarget, withSource } from './source.ts'
import { addressOf, cpuSecondsOf } from './worker-metrics.ts'

export interface Variant {
  readonly name: string
  readonly teammates: number
  /** Seconds between two scheduled passes. */
  readonly passEverySeconds: number
  /** Of the read budget. 0: no looks. */
  readonly looksPercent: number
  readonly hasWebhooks: boolean
}

export interface Run {
  readonly variant: Variant
  readonly lags: readonly Lag[]
  readonly inProgressShare: number
  readonly judgement: Judgement
  readonly requests: RequestRates
  readonly throttled: number
  /** Of the scheduled passes while the team dialled. */
  readonly passSeconds: readonly number[]
  /** Of a core. */
  readonly cpuShare: number
  /** Seconds between two looks, for each teammate who dialled all the time; empty: there were no looks. */
  readonly lookSeconds: readonly number[]
}

/** Requests a second. */
interface RequestRates {
  readonly looks: number
  readonly passes: number
  /** Readings that a look or a webhook requested. */
  readonly requested: number
  readonly others: number
}

/** In which requests are counted, at least. */
const WINDOW_SECONDS = 300
/** Five pages. */
const NUMBERS_PER_QUEUE = 500
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 'bench').toString('base64')}`

export async function runVariant(
  lab: Lab,
  redisUrl: string,
  variant: Variant,
  options: { readonly seed: string; readonly runMs: number },
): Promise<Run> {
  // A key of its own, because the names of the jobs in Redis contain its fingerprint.
  const apiKey = `ak_live_bench_${variant.name.replaceAll(/\W+/g, '_')}`
  const { teammates } = variant
  return lab.withDatabase(({ url, pool }) =>
    withSource({ apiKey, teammates, numbersPerQueue: NUMBERS_PER_QUEUE, ...options }, async (source) => {
      const worker = spawnWorker({
        ...{ apiKey, apiUrl: source.url, databaseUrl: url, redisUrl },
        env: {
          ALLO_READS_PER_SECOND: '',
          SYNC_EVERY: `${variant.passEverySeconds}s`,
          LIVE_BUDGET_SHARE: `${variant.looksPercent}%`,
          ...(variant.hasWebhooks ? { ALLO_WEBHOOK_SECRET: WEBHOOK_SECRET } : {}),
        },
      })
      try {
        await untilFirstPass(pool)
        const watch = await watchReporting(pool)
        const cpuBefore = await cpuSecondsOf(worker)
        const from = now()
        await source.start(variant.hasWebhooks ? await webhookTarget(worker) : null)
        await sleep(options.runMs)
        await source.stop()
        const to = now()
        const cpuShare = ((await cpuSecondsOf(worker)) - cpuBefore) / ((to - from) / 1000)
        await untilPassAfter(pool, to, variant)
        await watch.stop()
        return await evaluate({ variant, pool, url, source, from, to, cpuShare, sightings: watch.sightings })
      } finally {
        worker.kill('SIGKILL')
        await worker.exited
      }
    }),
  )
}

async function webhookTarget(worker: WorkerProcess): Promise<WebhookTarget> {
  return { url: new URL('/hooks/allo', await addressOf(worker)).href, secret: WEBHOOK_SECRET }
}

interface Finished {
  readonly variant: Variant
  readonly pool: Pool
  readonly url: string
  readonly source: Source
  readonly from: number
  readonly to: number
  readonly cpuShare: number
  readonly sightings: Parameters<typeof lagsOf>[1]
}

async function evaluate({
  variant,
  pool,
  url,
  source,
  from,
  to,
  cpuShare,
  sightings,
}: Finished): Promise<Run> {
  const events = await source.events()
  const log = await source.requests()
  // Some times as long as the time between two passes, so that it contains whole ones.
  const passes = Math.ceil(WINDOW_SECONDS / variant.passEverySeconds)
  const since = Math.max(from, to - passes * variant.passEverySeconds * 1000)
  const inWindow = log.filter(({ at }) => at >= since && at < to)
  const purposes = purposesOf(inWindow, await readingsOf(pool))
  const looks = inWindow.filter((_, index) => purposes[index] === 'looks')
  const dials = new Set(events.map(({ dial }) => dial))
  return {
    variant,
    lags: lagsOf(events, sightings),
    inProgressShare: seenInProgress(events, sightings).size / dials.size,
    judgement: await source.judge(url),
    requests: ratesOf(purposes, (to - since) / 1000),
    throttled: log.filter(({ status }) => status === 429).length,
    passSeconds: await passSeconds(pool, from, to),
    cpuShare,
    lookSeconds: variant.looksPercent > 0 ? lookSeconds(events, looks, (to - since) / 1000) : [],
  }
}

interface ReadingTime {
  readonly user_id: string
  readonly is_scheduled: boolean
  readonly started_at: number
  readonly observed_at: number
}

async function readingsOf(pool: Pool): Promise<ReadingTime[]> {
  const { rows } = await pool.query<ReadingTime>(
    `select r.user_id, p.trigger = 'schedule' as is_scheduled,
       (extract(epoch from r.read_started_at) * 1000)::float8 as started_at,
       (extract(epoch from r.observed_at) * 1000)::float8 as observed_at
     from allo.sync_reads r join allo.sync_passes p using (pass_id) where r.read_started_at is not null`,
  )
  return rows
}

type Purpose = keyof RequestRates

/** A request for a teammate's queue is of the reading that was under way; without one it is a look. */
function purposesOf(log: readonly SourceRequest[], readings: readonly ReadingTime[]): Purpose[] {
  const ofUser = Map.groupBy(readings, ({ user_id }) => user_id)
  return log.map(({ at, kind, userId }) => {
    if (kind !== 'queue') return 'others'
    const reading = ofUser
      .get(userId ?? '')
      ?.find(({ started_at, observed_at }) => at >= started_at && at <= observed_at)
    if (reading === undefined) return 'looks'
    return reading.is_scheduled ? 'passes' : 'requested'
  })
}

function ratesOf(purposes: readonly Purpose[], seconds: number): RequestRates {
  const rate = (purpose: Purpose) => purposes.filter((one) => one === purpose).length / seconds
  return {
    looks: rate('looks'),
    passes: rate('passes'),
    requested: rate('requested'),
    others: rate('others'),
  }
}

/** Of the teammates who dialled all the time. */
function lookSeconds(
  events: readonly SourceEvent[],
  looks: readonly SourceRequest[],
  seconds: number,
): number[] {
  const ofUser = Map.groupBy(events, ({ userId }) => userId)
  const isDialling = (userId: string) => (ofUser.get(userId)?.length ?? 0) > (seconds / 60) * 2
  return [...ofUser.keys()]
    .filter(isDialling)
    .map((userId) => seconds / looks.filter((look) => look.userId === userId).length)
}

async function passSeconds(pool: Pool, from: number, to: number): Promise<number[]> {
  const { rows } = await pool.query<{ seconds: number }>(
    `select extract(epoch from finished_at - started_at)::float8 as seconds from allo.sync_passes
     where trigger = 'schedule' and finished_at is not null
       and started_at between to_timestamp($1::float8 / 1000) and to_timestamp($2::float8 / 1000)`,
    [from, to],
  )
  return rows.map(({ seconds }) => seconds)
}

/** What still stands at the source is then in every mirror, whatever its rhythm. */
async function untilPassAfter(pool: Pool, at: number, { passEverySeconds }: Variant): Promise<void> {
  const isOver = async () => {
    const { rows } = await pool.query(
      `select from allo.sync_passes where is_whole_team and finished_at is not null
         and started_at > to_timestamp($1::float8 / 1000) limit 1`,
      [at],
    )
    return rows.length > 0
  }
  await until('a pass after the last call', isOver, passEverySeconds * 1000 + 240_000)
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
