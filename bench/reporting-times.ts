/** How long users wait, as a ratio to the time of counting all versions (some tenths of a second on any machine). */
import { runChecks } from '../src/quality/run-checks.ts'
import { type Days, usualFilters } from '../src/report/filters.ts'
import { reportPage } from '../src/report/page/page.ts'
import { takeReport } from '../src/report/report.ts'
import { bounded, type Figure, ratio } from './figures.ts'
import { compare, type Rounds, timed } from './measure.ts'
import { TEAM_ID } from './reporting-history.ts'
import type { History } from './reporting-questions.ts'

export async function benchTimes({ reader, owner, subject }: History, rounds: Rounds): Promise<Figure[]> {
  const { queueId, userId, asOf, passes, now, monthAgo, weekAgo } = subject
  const baseline = () =>
    timed(() =>
      owner.query('set max_parallel_workers_per_gather = 0; select count(*) from allo.queue_number_versions'),
    )
  const waitFor = async (what: string, atMost: number, ours: () => Promise<unknown>) =>
    ratio(
      `${what}: by counting all versions`,
      await compare({ ours: () => timed(ours), baseline }, rounds),
      atMost,
    )
  const ask =
    (sql: string, values: readonly unknown[] = []) =>
    () =>
      reader.query(sql, [...values])

  return [
    await waitFor(
      'burn-down of a queue',
      0.2,
      ask('select * from reporting.queue_burndown where queue_id = $1 order by observed_at', [queueId]),
    ),
    await waitFor('queue_as_of', 0.5, ask('select * from reporting.queue_as_of($1, $2)', [userId, asOf])),
    await waitFor(
      'changes between two passes',
      0.3,
      ask('select * from reporting.number_changes where changed_at > $1 and changed_at <= $2', passes),
    ),
    await waitFor('leaderboard', 1.5, ask('select * from reporting.leaderboard_7d')),
    await waitFor('heatmap', 1.5, ask('select * from reporting.activity_heatmap')),
    await waitFor(
      'daily activity of 30 days',
      1.5,
      ask(
        'select * from reporting.daily_activity where day > $1::timestamptz::date and day <= $2::timestamptz::date',
        [monthAgo, now],
      ),
    ),
    await waitFor(
      'burn-down of all current queues',
      0.3,
      ask('select * from reporting.queue_burndown join reporting.teammates using (queue_id)'),
    ),
    await waitFor('count of all changes', 25, ask('select count(*) from reporting.number_changes')),
    await waitFor(
      'all numbers that were queued again',
      20,
      ask('select count(*) from reporting.requeued_numbers'),
    ),
    await waitFor(
      'removals of a teammate in 30 days',
      1,
      ask('select * from reporting.removals where user_id = $1 and removed_at > $2', [userId, monthAgo]),
    ),
    await waitFor(
      'removals of a teammate in three years',
      15,
      ask('select * from reporting.removals where user_id = $1', [userId]),
    ),
    await waitFor(
      'days of all queues in a week',
      1.5,
      ask('select * from reporting.queue_daily where day > $1::timestamptz::date', [weekAgo]),
    ),
    await waitFor(
      'days of the queues of a teammate in three years',
      8,
      ask('select * from reporting.queue_daily where user_id = $1', [userId]),
    ),
    await waitFor(
      'calls of a teammate in 30 days',
      1,
      ask('select * from reporting.calls where user_id = $1 and counted_at > $2', [userId, monthAgo]),
    ),
    await waitFor(
      'funnel of a teammate in three years',
      7,
      ask('select * from reporting.funnel where user_id = $1', [userId]),
    ),
    await waitFor(
      'dials of a week, joined to all entries of their numbers',
      4,
      ask(
        `select count(*) from reporting.dials d join reporting.number_entries using (number_key)
         where d.counted_at > $1`,
        [weekAgo],
      ),
    ),
    await waitFor(
      'health of a list',
      0.6,
      ask('select * from reporting.list_health where queue_id = $1', [queueId]),
    ),
    await waitFor('forecast of all queues', 0.2, ask('select * from reporting.queue_forecast')),
    await waitFor(
      'speed to lead of a teammate in 30 days',
      4,
      ask('select * from reporting.speed_to_lead where user_id = $1 and first_seen_at > $2', [
        userId,
        monthAgo,
      ]),
    ),
    await waitFor('page of 7 days', 15, () => makePage(owner, 7)),
    await waitFor('page of 90 days', 25, () => makePage(owner, 90)),
    await waitFor('check', 150, () => runChecks(owner, TEAM_ID)),
    await failingChecks(owner),
  ]
}

/** The worker's response to `/report`. */
export async function makePage(owner: History['owner'], days: Days): Promise<void> {
  const filters = { ...usualFilters, days }
  const report = await takeReport(owner, { teamId: TEAM_ID, filters, statementTimeoutMs: 60_000 })
  if (!reportPage(report, { links: null, version: 'bench' }).includes('<svg'))
    throw new Error('the page is empty')
}

/** Checks that the history is as the program would have written it. */
async function failingChecks(owner: History['owner']): Promise<Figure> {
  const { results } = await runChecks(owner, TEAM_ID)
  const failing = results.filter(({ status, severity }) => status === 'failed' && severity !== 'note')
  const detail = failing.map(({ sentence }) => sentence).join(' ')
  return bounded('  checks that find something', failing.length, { atMost: 0 }, { digits: 0, detail })
}
