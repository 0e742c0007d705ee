/**
 * The alerts and the dashboard for operators: they use only series that a worker exposes, and each alert says where to
 * read on. promtool (of the Debian package `prometheus`) runs the unit tests of the rules, where there is one.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { ask } from './support/http.ts'
import { createWorkplace } from './support/run-cli.ts'
import { until } from './support/worker.ts'
import { withScene } from './support/worker-scene.ts'

const pathOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const textOf = (path: string) => readFileSync(pathOf(path), 'utf8')

const [{ rules }] = z
  .object({
    groups: z.tuple([
      z.object({
        rules: z.array(
          z.object({
            alert: z.string(),
            expr: z.string(),
            labels: z.object({ severity: z.enum(['critical', 'warning']) }),
            annotations: z.object({ summary: z.string(), description: z.string(), runbook_url: z.url() }),
          }),
        ),
      }),
    ]),
  })
  .parse(parse(textOf('deploy/prometheus/alerts.yml'))).groups
const dashboard = z
  .object({
    panels: z.array(
      z.object({
        type: z.string(),
        title: z.string(),
        description: z.string().optional(),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.object({ expr: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(textOf('deploy/grafana/allo-queue-mirror.json')))
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
/** As Grafana expands them for all scrape jobs. */
const queries = panels.flatMap(({ targets }) =>
  targets.map(({ expr }) => expr.replaceAll('$job', '.*').replaceAll('$__rate_interval', '5m')),
)

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool) console.warn('SKIPPED: no promtool on PATH, the rules are not run.')

/** Labels that Prometheus adds. */
const labelsOfPrometheus = ['job', 'namespace', 'instance']

interface Selector {
  readonly metric: string
  readonly conditions: readonly {
    readonly label: string
    readonly operator: string
    readonly value: string
  }[]
}

/** What an expression selects of a worker's series. */
function selectorsIn(expression: string): Selector[] {
  const found = expression.matchAll(/\b((?:allo_queue_mirror|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)
  return [...found].map(([, metric = '', inside = '']) => ({
    metric,
    conditions: [...inside.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)]
      .map(([, label = '', operator = '', value = '']) => ({ label, operator, value }))
      .filter(({ label }) => !labelsOfPrometheus.includes(label)),
  }))
}

/** What of a selector no series matches; empty: everything exists. */
function missingIn({ metric, conditions }: Selector, exposed: string): string[] {
  const series = exposed.split('\n').filter((line) => new RegExp(`^${metric}[{ ]`).test(line))
  const values = (label: string) =>
    series.flatMap((line) => new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? [])
  if (series.length === 0 && !exposed.includes(`# TYPE ${metric} `)) return [metric]
  return conditions.flatMap(({ label, operator, value }) =>
    (operator.includes('~') ? value.split('|') : [value])
      // What is left out need not be there now, but its label must.
      .filter((one) => (operator.startsWith('!') ? values(label).length === 0 : !values(label).includes(one)))
      .map((one) => `${metric} ${label}=${one}`),
  )
}

describe('what a worker exposes', () => {
  let database: TestDatabase
  let exposed = ''
  beforeAll(async () => {
    database = await createTestDatabase()
    await withScene({ databaseUrl: database.url, redisUrl: null }, async (scene) => {
      const worker = scene.start({ CALL_DETAILS: 'true' })
      const { address } = await worker.logged('http_listening')
      await scene.finished({ count: 1, status: 'ok' })
      await worker.logged('data_checked')
      exposed = await until('the results of the checks are exposed', async () => {
        const { text } = await ask(`${address}/metrics`)
        return text.includes('data_check_failed{') && text
      })
    })
  })
  afterAll(() => database?.drop())

  test.each(rules)('includes all that $alert asks for', ({ expr }) => {
    expect(selectorsIn(expr).length).toBeGreaterThan(0)
    expect(selectorsIn(expr).flatMap((selector) => missingIn(selector, exposed))).toEqual([])
  })

  test('includes all that the dashboard shows', () => {
    for (const query of queries) {
      if (!query.includes('ALERTS')) expect(selectorsIn(query).length, query).toBeGreaterThan(0)
      expect(selectorsIn(query).flatMap((selector) => missingIn(selector, exposed))).toEqual([])
    }
  })

  test('does not include what a misspelled rule asks for', () => {
    const wrong =
      'allo_queue_mirror_looks{a="b"} or allo_queue_mirror_jobs{queue="passes", state=~"waiting|asleep"}'
    expect(selectorsIn(wrong).flatMap((selector) => missingIn(selector, exposed))).toEqual([
      'allo_queue_mirror_looks',
      'allo_queue_mirror_jobs state=asleep',
    ])
  })
})

describe('each alert', () => {
  test('has a name and sentences of its own, and a scenario in which it fires', () => {
    const scenarios = textOf('deploy/prometheus/alerts.test.yml')
    for (const { alert, annotations } of rules) {
      expect(scenarios, alert).toContain(`alertname="${alert}"`)
      expect(annotations.summary, alert).toMatch(/^[A-Z{\d]/)
      expect(annotations.description, alert).toMatch(/\.$/)
    }
    expect(new Set(rules.map(({ annotations }) => annotations.summary)).size).toBe(rules.length)
  })

  test('is explained where it says, and the manual explains no other', () => {
    const headings = [...textOf('docs/operating.md').matchAll(/^### (AlloMirror\w+)$/gm)].map(
      ([, name]) => name,
    )
    expect(headings).toEqual(rules.map(({ alert }) => alert))
    for (const { alert, annotations } of rules) {
      const { hash, pathname } = new URL(annotations.runbook_url)
      expect([pathname.split('/main/')[1], hash]).toEqual(['docs/operating.md', `#${alert.toLowerCase()}`])
    }
  })
})

test('the panels of the dashboard have an explanation and do not overlap', () => {
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}:${y + Math.floor(cell / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  for (const { title, description } of panels) expect(description, title).toMatch(/\.$/)
})

describe.skipIf(!hasPromtool)('promtool', () => {
  const promtool = (...args: string[]) =>
    execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe', cwd: pathOf('deploy/prometheus') })

  test('runs the scenarios of the alerts without a difference', () => {
    expect(promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS')
  })

  test('accepts the example of a configuration', () => {
    const { folder, remove } = createWorkplace()
    const config = parse(textOf('deploy/prometheus/prometheus.yml'))
    const file = join(folder, 'prometheus.yml')
    writeFileSync(join(folder, 'password'), 'password')
    config.scrape_configs[0].basic_auth.password_file = join(folder, 'password')
    writeFileSync(file, stringify({ ...config, rule_files: [pathOf('deploy/prometheus/alerts.yml')] }))
    expect(promtool('check', 'config', file)).toContain('SUCCESS')
    remove()
  })

  test('can parse every query of the dashboard', () => {
    const { folder, remove } = createWorkplace()
    const file = join(folder, 'queries.yml')
    const asRules = queries.map((expr, index) => ({ record: `query:${index}`, expr }))
    writeFileSync(file, stringify({ groups: [{ name: 'queries', rules: asRules }] }))
    expect(promtool('check', 'rules', file)).toContain(`SUCCESS: ${queries.length} rules found`)
    remove()
  })
})
