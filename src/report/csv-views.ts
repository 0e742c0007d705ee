/** The views that can be had as CSV, and what each can be narrowed by. What is not here can't be asked for. */
import type { AskedFilters, FilterName } from './filters.ts'
import type { Period } from './scope.ts'

interface CsvView {
  readonly filters: readonly FilterName[]
  /** What the filter `days` leaves. */
  readonly withinDays?: string
  readonly orderBy: string
  /** Columns of the view that a report does not show. */
  readonly without?: readonly string[]
}

const views = {
  activity_heatmap: { filters: ['teammate'], orderBy: 'teammate_name, user_id, weekday, hour' },
  coverage_gaps: {
    filters: ['teammate', 'days'],
    withinDays: 'coalesce(gap_to > asked_from, true)',
    orderBy: 'gap_from, user_id',
  },
  daily_activity: {
    filters: ['teammate', 'days'],
    withinDays: 'day >= asked_first_day',
    orderBy: 'day, teammate_name, user_id',
  },
  data_freshness: { filters: ['teammate'], orderBy: 'teammate_name, user_id' },
  data_quality: { filters: [], orderBy: 'check_name' },
  dials: {
    filters: ['teammate', 'queue', 'days'],
    withinDays: 'counted_at > asked_from and counted_at <= asked_to',
    orderBy: 'counted_at, dial_id',
  },
  leaderboard_7d: { filters: ['teammate'], orderBy: 'connected desc, dials desc, teammate_name, user_id' },
  number_entries: {
    filters: ['teammate', 'queue', 'days'],
    withinDays: 'first_dialled_at > asked_from and first_dialled_at <= asked_to',
    orderBy: 'entry_id',
  },
  outcome_definitions: { filters: [], orderBy: 'priority' },
  queue_burndown: {
    filters: ['teammate', 'queue', 'days'],
    withinDays: 'observed_at > asked_from and observed_at <= asked_to',
    orderBy: 'queue_id, observed_at',
  },
  queues: {
    filters: ['teammate', 'queue', 'days'],
    withinDays: `(queue_state <> 'ended' or ended_at > asked_from)`,
    orderBy: 'ended_at nulls first, queue_id',
  },
  requeued_numbers: { filters: ['teammate', 'queue'], orderBy: 'first_seen_at, entry_id' },
  stale_numbers: { filters: ['teammate', 'queue'], orderBy: 'waiting_seconds desc, entry_id' },
  teammates: { filters: ['teammate'], orderBy: 'teammate_name, user_id', without: ['email'] },
} satisfies Record<string, CsvView>

export type CsvViewName = keyof typeof views

export const csvViews: Readonly<Record<CsvViewName, CsvView>> = views

export function isCsvView(name: string): name is CsvViewName {
  return Object.hasOwn(views, name)
}

/** `select` is what is asked of each row. `period`: of the filter `days`; null: it is not asked for. */
export function csvQuery(
  name: CsvViewName,
  select: string,
  {
    teamId,
    asked,
    period,
  }: { readonly teamId: string; readonly asked: AskedFilters; readonly period: Period | null },
): { readonly sql: string; readonly values: unknown[] } {
  const { filters, withinDays, orderBy } = csvViews[name]
  const conditions = [
    ...(name === 'outcome_definitions' ? [] : ['team_id = asked_team']),
    ...(filters.includes('teammate') ? ['(asked_teammate is null or user_id = asked_teammate)'] : []),
    ...(filters.includes('queue') ? ['(asked_queue is null or queue_id = asked_queue)'] : []),
    ...(period === null || withinDays === undefined ? [] : [withinDays]),
    'true',
  ]
  return {
    sql: `select ${select} from reporting.${name}, (select $1::text as asked_team, $2::text as asked_teammate,
        $3::text as asked_queue, $4::timestamptz as asked_from, $5::timestamptz as asked_to, $6::date as asked_first_day) asked
      where ${conditions.join(' and ')} order by ${orderBy}`,
    values: [
      teamId,
      asked.teammate,
      asked.queue,
      period?.from ?? null,
      period?.to ?? null,
      period?.dates[0]?.date ?? null,
    ],
  }
}
