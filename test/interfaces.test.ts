/** docs/interfaces.md and schemas/openapi.yaml, compared with a real worker. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signWebhook } from '../src/simulation/webhooks.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { type AskOptions, ask } from './support/http.ts'
import { assertDescribed, openApi } from './support/http-contract.ts'
import { secret } from './support/webhooks.ts'
import { until } from './support/worker.ts'
import { withScene } from './support/worker-scene.ts'

const page = readFileSync(new URL('../docs/interfaces.md', import.meta.url), 'utf8')
const body = JSON.stringify({ topic: 'call.triggered', data: { user_email: 'unknown@example.com' } })

let database: TestDatabase
/** Status of the answer by method and path; each was judged by openapi.yaml. */
const statuses = new Map<string, number>()
let exposed = ''

beforeAll(async () => {
  database = await createTestDatabase()
  await withScene({ databaseUrl: database.url, redisUrl: null }, async (scene) => {
    const worker = scene.start({
      CALL_DETAILS: 'true',
      ALLO_WEBHOOK_SECRET: secret,
      LIVE_BUDGET_SHARE: '25%',
    })
    const { address } = await worker.logged('http_listening')
    const request = async (path: string, options: AskOptions = {}) => {
      const { method = 'GET' } = options
      const { status, headers, text } = await ask(`${address}${path}`, options)
      statuses.set(`${method} ${path}`, status)
      assertDescribed(method, path, { status, type: headers['content-type'] ?? '', text })
      return text
    }
    await scene.finished({ count: 1, status: 'ok' })
    await worker.logged('data_checked')
    exposed = await until('the results of the checks are exposed', async () => {
      const text = await request('/metrics')
      return text.includes('data_check_failed{') && text
    })
    for (const path of ['/healthz', '/readyz', '/status', '/report/teammates.csv']) await request(path)
    const signed = signWebhook(secret, { id: 'msg_1', at: Date.now(), body })
    await request('/hooks/allo', { method: 'POST', body, headers: signed })
  })
})
afterAll(() => database?.drop())

test('a worker answers each operation of openapi.yaml, as it says', () => {
  const operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('{view}', 'teammates')}`),
  )
  expect(Object.fromEntries(statuses)).toEqual(Object.fromEntries(operations.map((name) => [name, 200])))
})

test('docs/interfaces.md has a row for each metric of a worker, and no other', () => {
  const [, table = ''] = /<!-- metrics -->\n(.*?)\n<!-- \/metrics -->/s.exec(page) ?? []
  expect(table.split('\n').filter(Boolean)).toEqual([
    '| Metric | Type | Labels | Unit | Meaning |',
    '|---|---|---|---|---|',
    ...metricsIn(exposed)
      .filter(({ name }) => !/^(process|nodejs)_/.test(name))
      .map(({ name, type, labels, help }) => {
        const short = name.replace('allo_queue_mirror_', '')
        const named = labels.map((label) => `\`${label}\``).join(', ')
        return `| \`${short}\` | ${type} | ${named} | ${unitOf(name, help)} | ${help.replaceAll('|', '\\|')} |`
      }),
  ])
})

interface Metric {
  readonly name: string
  readonly type: string
  readonly labels: readonly string[]
  readonly help: string
}

/** The families of the text format of Prometheus, in its order. */
function metricsIn(text: string): Metric[] {
  return [...text.matchAll(/^# HELP (\w+) (.*)\n# TYPE \w+ (\w+)\n((?:(?!#).*\n)*)/gm)].map(
    ([, name = '', help = '', type = '', samples = '']) => {
      const labels = [...samples.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label)
      return { name, help, type, labels: [...new Set(labels)].filter((label) => label !== 'le') }
    },
  )
}

/** As the end of the name says it. */
function unitOf(name: string, help: string): string {
  if (name.endsWith('_timestamp_seconds')) return 'seconds since 1970'
  if (/_seconds(_total)?$/.test(name)) return 'seconds'
  if (name.endsWith('_ratio')) return 'share from 0 to 1'
  if (name.endsWith('_per_second')) return 'requests per second'
  if (name.endsWith('_info')) return '1'
  return help.includes('1 or 0') ? '0 or 1' : 'number'
}
