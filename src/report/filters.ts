/** The filters of a report, as in its URL: `?days=28&teammate=usr-1&queue=pdl_2`. */
import { UsageError } from '../errors.ts'

/** Length in days of a period that ends with the last reading. */
export const periods = [7, 28, 90] as const
export type Days = (typeof periods)[number]

/** Periods of whole local days, of which the last one may not be over. */
export const calendarPeriods = ['today', 'yesterday', 'week', 'month'] as const
export type CalendarPeriod = (typeof calendarPeriods)[number]

/** One way to name a period: `days`, `period`, or `from` and `to` together. All null: none is asked for. */
export interface AskedPeriod {
  readonly days: Days | null
  readonly period: CalendarPeriod | null
  /** Local days, both included: `2026-11-25`. */
  readonly from: string | null
  readonly to: string | null
}

export interface Filters extends AskedPeriod {
  /** A `user_id`. Null: everyone. */
  readonly teammate: string | null
  /** A `queue_id`. Null: all of them. */
  readonly queue: string | null
}

export type FilterName = keyof Filters

export const periodFilters = ['days', 'period', 'from', 'to'] as const satisfies readonly FilterName[]

/** All of them, in the order of a URL. */
export const filterNames: readonly FilterName[] = [...periodFilters, 'teammate', 'queue']

export const noPeriod: AskedPeriod = { days: null, period: null, from: null, to: null }
export const usualPeriod: AskedPeriod = { ...noPeriod, days: 7 }
export const usualFilters: Filters = { ...usualPeriod, teammate: null, queue: null }

/** An invalid filter. The message says which filters are possible, and never repeats the input. */
export class FilterError extends UsageError {}

const LONGEST_ID = 200
const LONGEST_DAYS = 366
const DAY_MS = 86_400_000

/** `allowed`: the filters of this page or CSV. Others are refused, because ignoring them would answer another question. */
export function readFilters(
  query: Readonly<Record<string, unknown>>,
  allowed: readonly FilterName[],
): Filters {
  if (!Object.keys(query).every((name) => allowed.some((one) => one === name))) {
    throw new FilterError(
      allowed.length === 0 ? 'No filter is possible here.' : `Possible filters: ${allowed.join(', ')}.`,
    )
  }
  return {
    ...readPeriod(query),
    teammate: query.teammate === undefined ? null : readId('teammate', query.teammate),
    queue: query.queue === undefined ? null : readId('queue', query.queue),
  }
}

/** What a report is narrowed to, with `usualPeriod` unless asked otherwise. */
export function readReportFilters(query: Readonly<Record<string, unknown>>): Filters {
  const asked = readFilters(query, filterNames)
  return hasPeriod(asked) ? asked : { ...asked, ...usualPeriod }
}

export function hasPeriod(asked: AskedPeriod): boolean {
  return periodFilters.some((name) => asked[name] !== null)
}

function readPeriod(query: Readonly<Record<string, unknown>>): AskedPeriod {
  const days = query.days === undefined ? null : readOneOf('days', periods, query.days)
  const period = query.period === undefined ? null : readOneOf('period', calendarPeriods, query.period)
  const dates = query.from === undefined && query.to === undefined ? null : readDates(query)
  if ([days, period, dates].filter((one) => one !== null).length > 1) {
    throw new FilterError('Name one period: days, period, or from with to.')
  }
  return { ...noPeriod, days, period, ...dates }
}

function readOneOf<T extends string | number>(name: string, values: readonly T[], given: unknown): T {
  const value = values.find((one) => String(one) === given)
  if (value === undefined) throw new FilterError(`${name} must be one of ${values.join(', ')}.`)
  return value
}

function readDates(query: Readonly<Record<string, unknown>>): { readonly from: string; readonly to: string } {
  const [from, to] = [readDate(query.from), readDate(query.to)]
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
  if (days < 1) throw new FilterError('to must not be before from.')
  if (days > LONGEST_DAYS) throw new FilterError(`from and to are at most ${LONGEST_DAYS} days apart.`)
  return { from, to }
}

function readDate(given: unknown): string {
  const isDate = typeof given === 'string' && /^2\d{3}-\d\d-\d\d$/.test(given)
  // A day that no month has, such as 30 February, becomes another one.
  if (isDate && new Date(`${given}T00:00:00Z`).toJSON()?.startsWith(given)) return given
  throw new FilterError('from and to must both be a date, such as 2026-11-25.')
}

function readId(name: 'teammate' | 'queue', value: unknown): string {
  if (typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value) && value.length <= LONGEST_ID) return value
  throw new FilterError(`${name} must be one id.`)
}

const LONGEST_WORDS = 100

/** What to look for. Null: not asked for, or empty. */
export function readWords(name: string, value: unknown): string | null {
  if (value === undefined || value === '') return null
  if (typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value) && value.length <= LONGEST_WORDS) return value
  throw new FilterError(`${name} must be a few words.`)
}

/** `?days=28&teammate=usr-1`: those of `names` that are set. */
export function toQuery(filters: Filters, names: readonly FilterName[]): string {
  const set = names.flatMap((name): [string, string][] =>
    filters[name] === null ? [] : [[name, String(filters[name])]],
  )
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`
}
