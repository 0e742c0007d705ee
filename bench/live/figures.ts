/** The table of the variants: a line for each question, with the answers of all variants beside each other. */
import { bounded, type Figure } from '../figures.ts'
import { median } from '../measure.ts'
import type { Lag } from './lags.ts'
import type { Run } from './variant.ts'

/** 90 % of Allo's 20 a second, which is what a worker uses by default. */
const BUDGET = 18

interface Line {
  readonly what: string
  readonly of: (run: Run) => number
  readonly bound?: { readonly atMost: number } | { readonly atLeast: number }
  readonly unit: string
  readonly digits?: number
}

const seconds = { unit: ' s', digits: 1 }
const percent = { unit: ' %', digits: 1 }

const hasWebhook = ({ event }: Lag) => event.kind === 'dial' || event.kind === 'result'
const isWhileDialling = (lag: Lag) =>
  (hasWebhook(lag) || lag.event.kind === 'machine') && lag.rhythm === 'dialling'
const isToldWhileDialling = (lag: Lag) => hasWebhook(lag) && lag.rhythm === 'dialling'
const isAfterIdle = ({ event, rhythm }: Lag) => event.kind === 'dial' && rhythm === 'after_idle'
const isReset = ({ event }: Lag) => event.kind === 'reset'

const ofLooks: readonly Line[] = [
  {
    what: 'a dial or a result, while dialling: visible after, p50',
    of: (run) => percentile(secondsOf(run, isWhileDialling), 0.5),
    bound: { atMost: 5.5 },
    ...seconds,
  },
  {
    what: '  p95',
    of: (run) => percentile(secondsOf(run, isWhileDialling), 0.95),
    bound: { atMost: 11 },
    ...seconds,
  },
  {
    what: 'the first dial after an idle spell: visible after, p95',
    of: (run) => percentile(secondsOf(run, isAfterIdle), 0.95),
    bound: { atMost: 35 },
    ...seconds,
  },
  {
    what: 'a reset: the new queue is visible after, p95',
    of: (run) => percentile(secondsOf(run, isReset), 0.95),
    bound: { atMost: 35 },
    ...seconds,
  },
  {
    what: 'dials of the truth that the mirror has',
    of: ({ judgement }) => (judgement.dialsOnRecord / judgement.dials) * 100,
    bound: { atLeast: 99.5 },
    ...percent,
    digits: 2,
  },
  {
    what: '  results that were visible',
    of: ({ lags }) => shareVisible(lags.filter(({ event }) => event.kind === 'result')) * 100,
    ...percent,
  },
  { what: '  dials that were visible in progress', of: (run) => run.inProgressShare * 100, ...percent },
  {
    what: 'looks: of the budget',
    of: ({ requests }) => (requests.looks / BUDGET) * 100,
    bound: { atMost: 25 },
    ...percent,
  },
  {
    what: '  all requests: of the budget',
    of: ({ requests: { looks, passes, requested, others } }) =>
      ((looks + passes + requested + others) / BUDGET) * 100,
    bound: { atMost: 30 },
    ...percent,
  },
  {
    what: '  requests of passes, a second',
    of: ({ requests }) => requests.passes,
    unit: '',
  },
  { what: '  of readings that looks requested', of: ({ requests }) => requests.requested, unit: '' },
  { what: '  of the list of teammates, and of /me', of: ({ requests }) => requests.others, unit: '' },
  { what: '  429s', of: ({ throttled }) => throttled, bound: { atMost: 0 }, unit: '', digits: 0 },
  { what: 'a scheduled pass takes, median', of: ({ passSeconds }) => median(passSeconds), ...seconds },
  { what: 'CPU of the worker', of: ({ cpuShare }) => cpuShare * 100, unit: ' % of a core', digits: 1 },
]

const ofWebhooks: readonly Line[] = [
  {
    what: 'with webhooks within 2 s: what a webhook tells is visible after, p95',
    of: (run) => percentile(secondsOf(run, isToldWhileDialling), 0.95),
    bound: { atMost: 4 },
    ...seconds,
  },
  {
    what: '  a voicemail was detected, which no webhook tells: visible after, p95',
    of: (run) =>
      percentile(
        secondsOf(run, ({ event }) => event.kind === 'machine'),
        0.95,
      ),
    ...seconds,
  },
  {
    what: '  looks: of the budget',
    // Two for each call: the team of the bench makes a call a second.
    of: ({ requests }) => (requests.looks / BUDGET) * 100,
    bound: { atMost: 15 },
    ...percent,
  },
  {
    what: '  webhooks that the worker accepted',
    of: ({ judgement: { webhooks } }) => (sumOf(webhooks, isAccepted) / sumOf(webhooks, () => true)) * 100,
    ...percent,
  },
]

const evenness: readonly Line[] = [
  {
    what: 'seconds between two looks at a teammate who dials, p50',
    of: ({ lookSeconds }) => percentile(lookSeconds, 0.5),
    ...seconds,
  },
  { what: '  p95', of: ({ lookSeconds }) => percentile(lookSeconds, 0.95), ...seconds },
  {
    what: '  the slowest by the median',
    of: ({ lookSeconds }) => Math.max(...lookSeconds) / percentile(lookSeconds, 0.5),
    unit: ' ×',
  },
]

/** The first column is that of looks; the others are in the detail. `isBounded` false: the run is too short. */
export function compareVariants(
  runs: readonly Run[],
  { isBounded }: { readonly isBounded: boolean },
): Figure[] {
  const webhooks = runs.filter(({ variant }) => variant.hasWebhooks)
  const looks = runs.filter(({ lookSeconds }) => lookSeconds.length > 0)
  return [
    ...ofLooks.map((line) => lineOf(line, runs, isBounded)),
    ...ofWebhooks.map((line) => lineOf(line, webhooks, isBounded)),
    ...evenness.map((line) => lineOf(line, looks, isBounded)),
    ...runs.map(falseStatesOf),
  ]
}

function lineOf({ what, of, bound, ...format }: Line, runs: readonly Run[], isBounded: boolean): Figure {
  const [first, ...others] = runs
  const { unit, digits = 2 } = format
  const detail = others.map((run) => `${run.variant.name}: ${of(run).toFixed(digits)}${unit}`).join(' · ')
  return bounded(what, first ? of(first) : Number.NaN, (isBounded && bound) || null, { ...format, detail })
}

/** Bounded in each run, however short. */
function falseStatesOf({ variant, judgement }: Run): Figure {
  const { falseStates, versions, readings, dials } = judgement
  const found = falseStates.slice(0, 3).join('; ')
  return bounded(
    `false states, ${variant.name}`,
    falseStates.length,
    { atMost: 0 },
    {
      digits: 0,
      detail: `${versions} versions, ${readings} readings, ${dials} dials compared. ${found}`,
    },
  )
}

function isAccepted(status: number): boolean {
  return status >= 200 && status < 300
}

function sumOf(counts: ReadonlyMap<number, number>, isCounted: (status: number) => boolean): number {
  return [...counts].reduce((sum, [status, count]) => sum + (isCounted(status) ? count : 0), 0)
}

function secondsOf({ lags }: Run, isMeant: (lag: Lag) => boolean): number[] {
  return lags.filter(isMeant).flatMap(({ ms }) => (ms === null ? [] : ms / 1000))
}

function shareVisible(lags: readonly Lag[]): number {
  return lags.filter(({ ms }) => ms !== null).length / lags.length
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN
}
