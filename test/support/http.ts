/**
 * The HTTP server of a worker without the worker: in this process, on a free port, with the facts that a test gives it.
 */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { loadConfig } from '../../src/config/config.ts'
import { type HttpServer, startHttp } from '../../src/http/server.ts'
import { createLogger } from '../../src/logger.ts'
import { keyFingerprint } from '../../src/store/pass/read-budget.ts'
import { openPool } from '../../src/store/postgres/database.ts'
import { createDatabaseProbe } from '../../src/store/postgres/probe.ts'
import { createMetrics, type WorkerMetrics } from '../../src/worker/metrics.ts'
import type { WorkerState } from '../../src/worker/worker-state.ts'
import { assertDescribed } from './http-contract.ts'
import { apiKey } from './pass.ts'

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly http: HttpServer
  readonly metrics: WorkerMetrics
  readonly state: WorkerState
  /** Events of the log so far. */
  readonly events: readonly string[]
  /** Its lines, whole. */
  readonly lines: readonly string[]
  /** Rejects if the answer is not as schemas/openapi.yaml says. */
  get(path: string, options?: AskOptions): Promise<Reply>
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** What a worker hands to its server once its database is open. End the pool. */
export function databaseAt(url: string): NonNullable<WorkerState['database']> {
  return { pool: openPool(url, { max: 3, name: 'watch' }), probe: createDatabaseProbe(url), kind: 'own' }
}

export async function startTestServer(
  env: Readonly<Record<string, string>> = {},
  given: Partial<WorkerState> = {},
  { tryPortAgainMs = 50, webhookDeadlineMs = 120_000 } = {},
): Promise<TestServer> {
  const state: WorkerState = {
    waitingFor: 'Postgres',
    waitingBecause: null,
    database: null,
    worker: null,
    looks: null,
    ...given,
  }
  const events: string[] = []
  const lines: string[] = []
  let address = ''
  const note = (line: string) => {
    const entry: { event: string; address?: string } = JSON.parse(line)
    lines.push(line)
    events.push(entry.event)
    address = entry.address ?? address
  }
  const metrics = createMetrics()
  const config = loadConfig({ ALLO_API_KEY: apiKey, HTTP_PORT: '0', ...env })
  const http = await startHttp({
    config,
    state,
    keyFingerprint: keyFingerprint(apiKey),
    metrics,
    logger: createLogger(config.logLevel, { write: note }, () => []),
    version: '1.2.3',
    secrets: () => [apiKey],
    tryPortAgainMs,
    webhookDeadlineMs,
  })
  http.refresh()
  const port = Number(URL.parse(address)?.port ?? 0)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    port,
    http,
    metrics,
    state,
    events,
    lines,
    async get(path, options) {
      const reply = await ask(url + path, options)
      const { status, headers, text } = reply
      assertDescribed(options?.method ?? 'GET', path, { status, type: headers['content-type'] ?? '', text })
      return reply
    },
  }
}

/** Unlike fetch, sends any Host header and any path as it is. */
export function ask(url: string, { method = 'GET', headers = {}, body }: AskOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}
