/** Traces of passes, as a collector receives them from real workers. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { annotate, currentTrace, traced } from '../src/tracing.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { until } from './support/worker.ts'
import { withScene } from './support/worker-scene.ts'

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(attribute),
})
type Span = z.infer<typeof span>
const traces = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(span) })) })),
})

interface Collector {
  readonly url: string
  /** Everything it received, as it came. */
  said(): string
  spans(): Span[]
  close(): void
}

async function startCollector(): Promise<Collector> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      if (request.url === '/v1/traces') bodies.push(body)
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    said: () => bodies.join('\n'),
    spans: () =>
      bodies.flatMap((body) =>
        traces
          .parse(JSON.parse(body))
          .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
    close: () => server.close(),
  }
}

const named = (spans: readonly Span[], name: string) => spans.filter((one) => one.name === name)
const attributeOf = ({ attributes }: Span, key: string) =>
  Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0]

describe.each(await backendsOfJobs())('with jobs in %s', (_, redisUrl) => {
  let database: TestDatabase
  let collector: Collector
  beforeAll(async () => {
    ;[database, collector] = await Promise.all([createTestDatabase(), startCollector()])
  })
  afterAll(async () => {
    collector?.close()
    await database?.drop()
  })

  test('a pass is one trace from its tick to each transaction, without a number, name, address or key', async () => {
    let secrets: string[] = []
    await withScene({ databaseUrl: database.url, redisUrl }, async (scene) => {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
      const workers = [scene.start(env), scene.start(env)]
      await scene.finished({ count: 1, status: 'ok' })
      for (const worker of workers) worker.kill('SIGTERM')
      await Promise.all(workers.map(({ exited }) => exited))
      const { rows } = await scene.pool.query<{ text: string }>(
        `select distinct ltrim(number_to, '+') as text from allo.queue_entries
         union select email from allo.teammates union select name from allo.teammates where name like '% %'`,
      )
      secrets = [scene.apiKey, ...rows.flatMap(({ text }) => text ?? [])]
    })
    const spans = await until('the first trace is whole', () => {
      const all = collector.spans()
      const [first] = named(all, 'pass.finish')
      return first !== undefined && all.filter(({ traceId }) => traceId === first.traceId)
    })

    const [begin, ...others] = named(spans, 'pass.begin')
    const [finish] = named(spans, 'pass.finish')
    const readings = named(spans, 'reading')
    expect(others).toEqual([])
    expect(begin?.parentSpanId).toBeUndefined()
    expect(finish?.parentSpanId).toBe(begin?.spanId)
    expect(readings.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(6).fill(begin?.spanId))
    expect(new Set(readings.map((one) => attributeOf(one, 'allo.user_id'))).size).toBe(6)
    for (const { spanId } of readings) {
      const inside = spans.filter(({ parentSpanId }) => parentSpanId === spanId)
      expect(inside.map(({ name }) => name).sort()).toEqual(['snapshot', 'transaction'])
    }
    const [transaction] = named(spans, 'transaction')
    expect(transaction && attributeOf(transaction, 'allo.reading_status')).toBe('ok')
    expect(named(spans, 'request').length).toBeGreaterThan(6)

    expect(secrets.length).toBeGreaterThan(50)
    expect(secrets.filter((secret) => collector.said().includes(secret))).toEqual([])
    expect(collector.said()).not.toMatch(/\+\d{8}|@/)
  })
})

test('while traces are off, work runs as it is and nothing is loaded for them', async () => {
  const work = Promise.resolve(7)
  expect(traced('reading', {}, () => work)).toBe(work)
  expect(annotate({ 'allo.requests': 1 })).toBeUndefined()
  expect(currentTrace()).toEqual({})
})
