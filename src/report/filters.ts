/** The filters of a report, as in its URL: `?days=28&teammate=usr-1&queue=pdl_2`. */
import { UsageError } from '../errors.ts'

/** Length of the report's period in days. It is compared with the period of the same length before it. */
export const periods = [7, 28, 90] as const
export type Days = (typeof periods)[number]

export interface Filters {
  readonly days: Days
  /** A `user_id`. Null: everyone. */
  readonly teammate: string | null
  /** A `queue_id`. Null: all of them. */
  readonly queue: string | null
}

export type FilterName = keyof Filters

/** All of them, in the order of a URL. */
export const filterNames: readonly FilterName[] = ['days', 'teammate', 'queue']

/** As requested; null: not requested. */
export type AskedFilters = { readonly [name in FilterName]: Filters[name] | null }

export const usualDays: Days = 7

/** An invalid filter. The message says which filters are possible, and never repeats the input. */
export class FilterError extends UsageError {}

const LONGEST_ID = 200

/** `allowed`: the filters of this page or CSV. Others are refused, because ignoring them would answer another question. */
export function readFilters(
  query: Readonly<Record<string, unknown>>,
  allowed: readonly FilterName[],
): AskedFilters {
  if (!Object.keys(query).every((name) => allowed.some((one) => one === name))) {
    throw new FilterError(
      allowed.length === 0 ? 'No filter is possible here.' : `Possible filters: ${allowed.join(', ')}.`,
    )
  }
  return {
    days: query.days === undefined ? null : readDays(query.days),
    teammate: query.teammate === undefined ? null : readId('teammate', query.teammate),
    queue: query.queue === undefined ? null : readId('queue', query.queue),
  }
}

/** What a report is narrowed to, with `usualDays` unless asked otherwise. */
export function readReportFilters(query: Readonly<Record<string, unknown>>): Filters {
  const asked = readFilters(query, filterNames)
  return { ...asked, days: asked.days ?? usualDays }
}

function readDays(value: unknown): Days {
  const days = periods.find((period) => String(period) === value)
  if (days === undefined) throw new FilterError(`days must be one of ${periods.join(', ')}.`)
  return days
}

function readId(name: 'teammate' | 'queue', value: unknown): string {
  if (typeof value === 'string' && /^[^\p{Cc}]+$/u.test(value) && value.length <= LONGEST_ID) return value
  throw new FilterError(`${name} must be one id.`)
}

/** `?days=28&teammate=usr-1`: those of `names` that are set. */
export function toQuery(filters: AskedFilters, names: readonly FilterName[]): string {
  const set = names.flatMap((name): [string, string][] =>
    filters[name] === null ? [] : [[name, String(filters[name])]],
  )
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`
}
