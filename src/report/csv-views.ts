/** The views that can be had as CSV, and by what each can be filtered. No other view can be asked for. */
import { type SQL, sql } from 'drizzle-orm'
import { list } from '../store/postgres/query.ts'
import { type FilterName, type Filters, periodFilters } from './filters.ts'
import type { Period } from './period.ts'
import { within } from './scope.ts'

interface CsvView {
  /** Rows that are always left out do not meet this. */
  readonly where?: SQL
  readonly filters: readonly FilterName[]
  /** What a period leaves. */
  readonly isWithin?: (period: Period) => SQL
  readonly orderBy: SQL
  /** Columns that are left out. */
  readonly without?: readonly string[]
}

const views = {
  activity_heatmap: {
    // Most of the 168 hours of each teammate have none, which is 100 MB for a large team.
    where: sql`dials > 0`,
    filters: ['teammate'],
    orderBy: sql`teammate_name, user_id, weekday, hour`,
  },
  attempts: { filters: [], orderBy: sql`week, attempt` },
  cadence: { filters: ['teammate', 'queue'], orderBy: sql`queue_id, entry_id` },
  calls: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => within(sql`counted_at`, period),
    orderBy: sql`counted_at, dial_id`,
  },
  coverage_gaps: {
    filters: ['teammate', ...periodFilters],
    isWithin: ({ from, to }) => sql`gap_from < ${to} and coalesce(gap_to > ${from}, true)`,
    orderBy: sql`gap_from, user_id`,
  },
  current_numbers: { filters: ['teammate', 'queue'], orderBy: sql`queue_id, position` },
  daily_activity: {
    filters: ['teammate', ...periodFilters],
    isWithin: isOneOfDays,
    orderBy: sql`day, teammate_name, user_id`,
  },
  data_freshness: { filters: ['teammate'], orderBy: sql`teammate_name, user_id` },
  data_quality: { filters: [], orderBy: sql`check_name` },
  dials: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => within(sql`counted_at`, period),
    orderBy: sql`counted_at, dial_id`,
  },
  list_health: { filters: ['teammate', 'queue'], orderBy: sql`queue_id` },
  funnel: {
    filters: ['teammate', ...periodFilters],
    isWithin: isOneOfDays,
    orderBy: sql`day, teammate_name, user_id`,
  },
  leaderboard_7d: {
    filters: ['teammate'],
    orderBy: sql`connected desc, dials desc, teammate_name, user_id`,
  },
  number_entries: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => within(sql`first_dialled_at`, period),
    orderBy: sql`entry_id`,
  },
  outcome_definitions: { filters: [], orderBy: sql`priority` },
  queue_burndown: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => within(sql`observed_at`, period),
    orderBy: sql`queue_id, observed_at`,
  },
  queue_daily: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: isOneOfDays,
    orderBy: sql`day, queue_id`,
  },
  queue_forecast: { filters: ['teammate', 'queue'], orderBy: sql`runs_out_at, hours_left, queue_id` },
  queues: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => sql`(queue_state <> 'ended' or ${within(sql`ended_at`, period)})`,
    orderBy: sql`ended_at nulls first, queue_id`,
  },
  removals: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => within(sql`removed_at`, period),
    orderBy: sql`removed_at, queue_id, reason`,
  },
  requeued_numbers: { filters: ['teammate', 'queue'], orderBy: sql`first_seen_at, entry_id` },
  sessions: {
    filters: ['teammate', ...periodFilters],
    isWithin: isOneOfDays,
    orderBy: sql`day, teammate_name, user_id, session`,
  },
  speed_to_lead: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => within(sql`first_seen_at`, period),
    orderBy: sql`first_seen_at, entry_id`,
  },
  stale_numbers: { filters: ['teammate', 'queue'], orderBy: sql`waiting_seconds desc, entry_id` },
  teammates: { filters: ['teammate'], orderBy: sql`teammate_name, user_id`, without: ['email'] },
  wasted_dials: {
    filters: ['teammate', 'queue', ...periodFilters],
    isWithin: (period) => within(sql`counted_at`, period),
    orderBy: sql`counted_at, dial_id`,
  },
} satisfies Record<string, CsvView>

function isOneOfDays({ dates }: Period): SQL {
  return sql`day between ${dates[0]?.date} and ${dates.at(-1)?.date}`
}

export type CsvViewName = keyof typeof views

export const csvViews: Readonly<Record<CsvViewName, CsvView>> = views

export function isCsvView(name: string): name is CsvViewName {
  return Object.hasOwn(views, name)
}

export interface CsvNarrowing {
  readonly teamId: string
  readonly asked: Filters
  /** Null: it is not asked for. */
  readonly period: Period | null
}

/** The rows of a view that are asked for; `columns` is what is selected of each. */
export function csvQuery(
  name: CsvViewName,
  columns: readonly SQL[],
  { teamId, asked: { teammate, queue }, period }: CsvNarrowing,
): SQL {
  const { where, filters, isWithin, orderBy } = csvViews[name]
  const conditions = [
    name === 'outcome_definitions' ? sql`true` : sql`team_id = ${teamId}`,
    ...(where === undefined ? [] : [where]),
    ...(filters.includes('teammate') && teammate !== null ? [sql`user_id = ${teammate}`] : []),
    ...(filters.includes('queue') && queue !== null ? [sql`queue_id = ${queue}`] : []),
    ...(period === null || isWithin === undefined ? [] : [isWithin(period)]),
  ]
  return sql`select ${list(columns)} from reporting.${sql.identifier(name)}
    where ${sql.join(conditions, sql` and `)} order by ${orderBy}`
}
