/** The contents of bi/, run as a reader against a mirrored team: each statement of the dashboard, and the dbt files. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { exposuresYaml, sourcesYaml } from './support/dbt-sources.ts'
import { findDeepFaults } from './support/deep-checks.ts'
import { createReader, type Reader } from './support/reader.ts'
import { mirrorThreeWeeks, type ThreeWeeks } from './support/three-weeks.ts'

const textOf = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const pathOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

interface Target {
  readonly rawSql: string
  readonly format: 'table' | 'time_series'
}
interface Panel {
  readonly title: string
  readonly type: string
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly Target[]
  readonly fieldConfig?: {
    readonly overrides: readonly { readonly matcher: { readonly id: string; readonly options: string } }[]
  }
}
interface Dashboard {
  readonly title: string
  readonly description: string
  readonly panels: readonly Panel[]
  readonly annotations: { readonly list: readonly { readonly name: string; readonly target: Target }[] }
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] }
}

const dashboard: Dashboard = JSON.parse(textOf('bi/grafana/dashboards/allo-queues.json'))
const charts = dashboard.panels.filter(({ type }) => type !== 'row')

let database: TestDatabase
let weeks: ThreeWeeks
let reader: Reader

beforeAll(async () => {
  database = await createTestDatabase()
  weeks = await mirrorThreeWeeks(database)
  reader = await createReader(database)
})
afterAll(async () => {
  await reader?.drop()
  await weeks?.close()
  await database?.drop()
})

interface Range {
  readonly from: string
  readonly to: string
}

/** As Grafana expands it: its macros, and the two variables as quoted lists. Whatever else has a `$` is unknown. */
function expand(sql: string, { from, to }: Range, teammates: readonly string[]): string {
  const quoted = (values: readonly string[]) =>
    values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',')
  const expanded = sql
    .replace(/\$__timeFilter\(([^)]*)\)/g, `$1 BETWEEN '${from}' AND '${to}'`)
    .replaceAll('$__timeFrom()', `'${from}'`)
    .replaceAll('$__timeTo()', `'${to}'`)
    .replace(/\$\{team:sqlstring\}/g, quoted([weeks.world.team.id]))
    .replace(/\$\{teammate:sqlstring\}/g, quoted(teammates))
  expect(expanded).not.toContain('$')
  return expanded
}

const DAY_MS = 24 * 3_600_000
const everyone = () => Object.values(weeks.cast)
const lastDays = (days: number): Range => ({
  from: new Date(Date.now() - days * DAY_MS).toISOString(),
  to: new Date().toISOString(),
})

async function ask(sql: string, range = lastDays(30), teammates = everyone()) {
  return reader.pool.query(expand(sql, range, teammates))
}

async function show(title: string, range?: Range, teammates?: string[]) {
  const target = charts.find((panel) => panel.title === title)?.targets?.[0]
  if (!target) throw new Error(`the dashboard has no "${title}"`)
  return (await ask(target.rawSql, range, teammates)).rows
}

test('of the three weeks that are shown, no deep check finds anything', async () => {
  expect(await findDeepFaults(database.pool, weeks.world.team.id)).toEqual([])
})

describe('the dashboard', () => {
  test('every panel shows data, and no statement names a missing column', async () => {
    await database.pool.query(
      `insert into allo.quality_results (team_id, check_name, severity, checked, failing, status, sentence, checked_at)
       values ($1, 'odd', 'warn', 9, 1, 'failed', 'Odd.', now())`,
      [weeks.world.team.id],
    )
    for (const { title, targets = [], fieldConfig } of charts) {
      expect(targets, title).toHaveLength(1)
      for (const { rawSql, format } of targets) {
        const { rows, fields } = await ask(rawSql)
        expect(rows.length, title).toBeGreaterThan(0)
        const names = fields.map(({ name }) => name)
        if (format === 'time_series') expect(names, title).toContain('time')
        for (const { matcher } of fieldConfig?.overrides ?? []) {
          expect(matcher.id).toBe('byName')
          expect(names, title).toContain(matcher.options)
        }
      }
    }
  })

  test('the filters list the team and all its teammates', async () => {
    const [team, teammate] = dashboard.templating.list
    expect((await ask(team?.query ?? '')).rows).toEqual([
      { __text: weeks.world.team.name, __value: weeks.world.team.id },
    ])
    expect((await ask(teammate?.query ?? '')).rows.map(({ __value }) => __value).sort()).toEqual(
      everyone().sort(),
    )
  })

  test('the first row says how far to trust the data', async () => {
    expect(await show('Teammates not fresh')).toEqual([{ not_fresh: '0' }])
    expect(await show('Checks failed')).toEqual([{ failed: '0' }])
    const [{ data_as_of }] = await show('Last reading')
    expect(Math.abs(Date.now() - Number(data_as_of))).toBeLessThan(10 * 60_000)
    expect(await show('What to know before reading on')).toMatchObject([
      { severity: 'warn', subject: 'odd', sentence: 'Odd.' },
    ])
  })

  test('"no queue" is never shown as zero', async () => {
    const rows = await show('Remaining per teammate')
    expect(rows.map(({ queue_state, remaining }) => [queue_state, remaining])).toEqual([
      ['queue', 40],
      ['queue', 9],
      ['no_queue', null],
    ])
  })

  test('the burn-down is shown for the holder of the queue, and its line breaks in a gap', async () => {
    const rows = await show('Burn-down')
    const levels = new Map<string, Set<number>>()
    for (const { metric, remaining } of rows)
      levels.set(metric, (levels.get(metric) ?? new Set()).add(remaining))
    const label = (userId: string, queueId: string) => `${weeks.nameOf(userId)} · ${queueId.slice(-4)}`
    const { seller, resetter } = weeks.cast
    const theirs = levels.get(label(seller, weeks.world.currentQueue(seller)?.queue.id ?? ''))
    expect([...(theirs ?? [])]).toEqual([160, 100, 40])
    expect([...(levels.get(label(resetter, weeks.replacedQueueId)) ?? [])]).toEqual([160, 100, 40])
    const { rows: gaps } = await database.pool.query<{ gap_from: Date; gap_to: Date }>(
      'select min(gap_from) as gap_from, max(gap_to) as gap_to from reporting.coverage_gaps where user_id = $1',
      [seller],
    )
    const gap = { from: gaps[0]?.gap_from.toISOString() ?? '', to: gaps[0]?.gap_to.toISOString() ?? '' }
    // Of 301 moments in the gap, only its edges.
    expect((await show('Burn-down', gap, [seller])).length).toBeLessThanOrEqual(2)
    const before = { from: weeks.moments.beforeCalls, to: gap.from }
    expect((await show('Burn-down', before, [seller])).length).toBeGreaterThan(100)
  })

  test('every dial is counted on its local day with its outcome', async () => {
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: weeks.timeZone, dateStyle: 'short' })
    const expected = new Map<string, number>()
    for (const { at, outcome } of weeks.calls) {
      const key = `${day.format(at)} ${outcome}`
      expected.set(key, (expected.get(key) ?? 0) + 1)
    }
    const rows = await show('Dials per day')
    const shown = rows.flatMap(({ day: date, ...counts }) =>
      Object.entries(counts).map(([outcome, dials]) => [`${date} ${outcome}`, Number(dials)] as const),
    )
    expect(new Map(shown.filter(([, dials]) => dials > 0))).toEqual(expected)

    const rates = await show('Connection rate per day')
    expect(rates).toHaveLength(20)
    for (const { connection_rate, low, high, resolved_dials } of rates) {
      expect(resolved_dials).toBe(17)
      expect(Number(connection_rate)).toBeCloseTo(4 / 17)
      expect(Number(low)).toBeLessThan(Number(connection_rate))
      expect(Number(high)).toBeGreaterThan(Number(connection_rate))
    }
  })

  test('the hours of the heatmap add up to the dials of the last 28 days', async () => {
    const cells = (rows: readonly Record<string, string | null>[]) =>
      rows.flatMap(({ weekday, ...hours }) => Object.values(hours).filter((value) => value !== null))
    const counts = await show('Resolved dials by weekday and hour')
    expect(counts.map(({ weekday }) => weekday)).toEqual(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])
    const total = cells(counts).reduce((sum, value) => sum + Number(value), 0)
    expect(total).toBe(weeks.calls.filter(({ outcome }) => outcome !== 'in_progress').length)
    const rates = cells(await show('Connection rate by weekday and hour'))
    expect(rates.length).toBeGreaterThanOrEqual(7)
    expect(rates.every((rate) => Math.abs(Number(rate) - 4 / 17) < 0.01)).toBe(true)
  })

  test('unread time and ended queues are marked', async () => {
    const [gaps, ends] = await Promise.all(
      dashboard.annotations.list.map(async ({ target }) => (await ask(target.rawSql)).rows),
    )
    expect(gaps?.map(({ text }) => text).join()).toContain(weeks.nameOf(weeks.cast.seller))
    expect(ends).toMatchObject([
      { text: `${weeks.nameOf(weeks.cast.resetter)}: queue_replaced, 40 never called` },
    ])
    expect(await show('Queues that were thrown away')).toMatchObject([
      { queue_id: weeks.replacedQueueId, uncalled_at_end: 40 },
    ])
  })

  test('the dashboard uses the provisioned data source, with a login whose password is in no file of the repository', () => {
    const source = textOf('bi/grafana/provisioning/datasources/allo.yaml')
    const { uid } = parse(source).datasources[0]
    expect(new Set(charts.map(({ datasource }) => datasource?.uid))).toEqual(new Set([uid]))
    const { grafana } = parse(textOf('docker-compose.yml')).services
    for (const [, name = ''] of source.matchAll(/\$__env\{(\w+)\}/g))
      expect(Object.keys(grafana.environment)).toContain(name)
    const [, secret] = source.match(/\$__file\{\/run\/secrets\/(\w+)\}/) ?? []
    expect(grafana.secrets).toContain(secret)
    const { path } = parse(textOf('bi/grafana/provisioning/dashboards/allo.yaml')).providers[0].options
    expect(grafana.volumes).toContain(`./bi/grafana/dashboards:${path}:ro`)
    expect(grafana.image).toMatch(/^grafana\/grafana:\d+\.\d+\.\d+$/)
    expect(grafana.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:/)])
  })
})

describe('dbt', () => {
  test('the sources have the comment of every view and column of the database', async () => {
    await expect(await sourcesYaml(database.pool)).toMatchFileSnapshot(pathOf('bi/dbt/models/sources.yml'))
  })

  test('the exposure has the views of the dashboard', async () => {
    const statements = [
      ...charts.flatMap(({ targets = [] }) => targets.map(({ rawSql }) => rawSql)),
      ...dashboard.annotations.list.map(({ target }) => target.rawSql),
      ...dashboard.templating.list.map(({ query }) => query),
    ]
    const named = new Set(
      statements.flatMap((sql) => [...sql.matchAll(/\breporting\.(\w+)/g)].map(([, name = '']) => name)),
    )
    // Functions are no sources: dbt refuses to start if an exposure depends on one.
    const views = parse(textOf('bi/dbt/models/sources.yml')).sources[0].tables.map(
      ({ name }: { name: string }) => name,
    )
    const { rows: functions } = await database.pool.query<{ name: string }>(
      `select distinct proname as name from pg_proc where pronamespace = 'reporting'::regnamespace`,
    )
    const known = [...views, ...functions.map(({ name }) => name)]
    expect([...named].filter((name) => !known.includes(name))).toEqual([])
    const yaml = exposuresYaml(dashboard, [...named].filter((name) => views.includes(name)).sort())
    await expect(yaml).toMatchFileSnapshot(pathOf('bi/dbt/models/exposures.yml'))
  })

  test('freshness and test fail when a teammate is stale or a check failed, and pass before that', async () => {
    const sql = textOf('bi/dbt/tests/the_mirror_can_be_trusted.sql').replace(
      /\{\{ source\('reporting', '(\w+)'\) \}\}/g,
      'reporting.$1',
    )
    expect((await reader.pool.query(sql)).rows).toEqual([])
    await database.pool.query(
      `update allo.teammates set last_observed_at = null where user_id = '${weeks.cast.idle}';
       update allo.quality_results set severity = 'error'`,
    )
    expect((await reader.pool.query(sql)).rows).toMatchObject([
      { subject: weeks.nameOf(weeks.cast.idle), reason: 'last read at no time' },
      { subject: 'odd', reason: 'Odd.' },
    ])
  })
})
