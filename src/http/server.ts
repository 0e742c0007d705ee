/**
 * What people and probes see of a worker: a status page, its JSON, health, readiness, metrics, and the job queues.
 * Starts before anything else is there, and stops last. Nothing that happens here can harm the worker.
 */

import { createServer, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Logger } from 'pino'
import { type Config, ConfigError } from '../config/config.ts'
import { messageOf } from '../errors.ts'
import { mask } from '../logger.ts'
import { contentSecurityPolicy } from '../page/style.ts'
import { remember } from '../store/postgres/remember.ts'
import { incidentKinds } from '../store/queries/incidents.ts'
import { within } from '../waiting.ts'
import { jobsStatus } from '../worker/jobs-status.ts'
import type { ScrapedFacts } from '../worker/metric-list.ts'
import type { WorkerMetrics } from '../worker/metrics.ts'
import type { WorkerState } from '../worker/worker-state.ts'
import { createGuard } from './guard.ts'
import { type Overview, overviewOf } from './overview.ts'
import { statusPage, waitingPage } from './page.ts'
import { type Password, registerPassword } from './password.ts'
import { QUEUES_PATH, registerQueues } from './queues.ts'
import { readinessOf, withoutDetails } from './readiness.ts'
import { registerReport } from './report.ts'
import { registerWall } from './wall.ts'
import { registerWebhooks } from './webhook/route.ts'

export interface HttpServer {
  /** Call this whenever the state changed. */
  refresh(): void
  /** Drops open connections. Idempotent. */
  stop(): Promise<void>
}

export interface HttpSettings {
  readonly config: Pick<
    Config,
    | 'http'
    | 'schedule'
    | 'freshnessSloMs'
    | 'reportTimeZone'
    | 'liveBudgetShare'
    | 'callDetails'
    | 'dailyRequests'
  >
  readonly state: WorkerState
  readonly keyFingerprint: string
  readonly metrics: WorkerMetrics
  readonly logger: Logger
  readonly version: string
  /** Never to be seen on any page. */
  readonly secrets: () => readonly string[]
  readonly tryPortAgainMs?: number
  readonly webhookDeadlineMs?: number
}

const TRY_PORT_AGAIN_MS = 10_000
/** For everything a page or a scrape asks of Postgres. */
const DEADLINE_MS = 5000
/** For the client to send its request in. */
const REQUEST_TIMEOUT_MS = 15_000
const PLAIN = 'text/plain; charset=utf-8'

/**
 * Throws ConfigError when the address can never be listened on. A port that is taken is no reason not to work: two
 * workers may share a machine. It is tried again and again, so that one of them always answers there.
 */
export async function startHttp(settings: HttpSettings): Promise<HttpServer> {
  const { config, state, logger, tryPortAgainMs = TRY_PORT_AGAIN_MS } = settings
  const guard = createGuard(config.http)
  const server = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 1024,
    exposeHeadRoutes: true,
    // The guard stands before the router, which answers malformed URLs itself.
    serverFactory: (handler) =>
      createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
        if (guard.admits(request, response)) handler(request, response)
      }),
    // No hook sees these, so the password is asked for here.
    frameworkErrors: (_, request: FastifyRequest, reply: FastifyReply) =>
      password.ask(
        request,
        reply,
        () => void reply.code(400).type(PLAIN).send('This is not a URL of ours.\n'),
      ),
    clientErrorHandler: refuseMalformed,
  })
  maskEverything(server, settings.secrets)
  const password = await registerPassword(server, config.http, { guard, logger })
  const queuesPage = await registerQueues(server)
  registerRoutes(server, settings, password)
  await registerReport(server, settings)
  if (config.http.wall) registerWall(server, settings)
  await registerWebhooks(server, settings)
  await server.ready()

  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  const listen = async (isFirst: boolean) => {
    try {
      const address = await server.listen({ port: config.http.port, host: config.http.host })
      logger.info({ event: 'http_listening', address }, `status page at ${address}`)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : ''
      if (code !== 'EADDRINUSE') throw cannotListen(config.http, code)
      if (isFirst) {
        const message = `port ${config.http.port} is taken, by another worker perhaps: set HTTP_PORT (0: any free one). The worker works, without its pages.`
        logger.warn({ event: 'http_port_taken', port: config.http.port }, message)
      }
      if (!isStopped) timer = setTimeout(() => void listen(false).catch(() => undefined), tryPortAgainMs)
    }
  }
  await listen(true)
  let stopping: Promise<void> | null = null
  return {
    refresh() {
      const { worker } = state
      queuesPage.show(worker === null ? [] : [worker.passes, worker.readings])
    },
    stop() {
      isStopped = true
      clearTimeout(timer)
      password.stop()
      stopping ??= (async () => server.close())()
      return stopping
    },
  }
}

function cannotListen({ host, port }: Config['http'], code: string): ConfigError {
  const isPort = code === 'EACCES'
  const problem = isPort
    ? `this user may not listen on port ${port}. Choose one above 1023.`
    : `this machine can't listen on ${host} (${code}). Write 127.0.0.1, 0.0.0.0, or an address it has.`
  return new ConfigError([{ variable: isPort ? 'HTTP_PORT' : 'HTTP_HOST', problem }])
}

function registerRoutes(server: FastifyInstance, settings: HttpSettings, password: Password): void {
  const { state, version, config, keyFingerprint, metrics } = settings
  // Of those who ask at the same time, all get one answer.
  const overview = remember(0, () => lookAround(settings))
  const readiness = remember(0, () => readinessOf(state, keyFingerprint))
  const scrape = remember(0, async () => {
    const [data, ready] = await Promise.all([overview().catch(() => null), readiness()])
    const dependencies = Object.fromEntries(Object.entries(ready).map(([name, { ok }]) => [name, ok]))
    return metrics.expose(factsOf(settings, data, dependencies))
  })

  server.get('/healthz', async () => ({ alive: true, version }))
  server.get('/readyz', async (request, reply) => {
    const found = await readiness()
    const ready = Object.values(found).every(({ ok }) => ok)
    const checks = password.maySeeDetails(request.raw) ? found : withoutDetails(found)
    return reply.code(ready ? 200 : 503).send({ ready, checks })
  })
  server.get('/metrics', async (_, reply) => {
    const { contentType, text } = await scrape()
    return reply.header('content-type', contentType).send(text)
  })
  server.get('/status', async (_, reply) => {
    const found = await overview()
    return found === null ? reply.code(503).send({ waitingFor: state.waitingFor }) : found
  })
  server.get('/', async (_, reply) => {
    reply.type('text/html; charset=utf-8').header('content-security-policy', contentSecurityPolicy)
    try {
      const found = await overview()
      if (found !== null) return statusPage(found, config.reportTimeZone)
    } catch {
      // The page says what it waits for, /readyz why.
    }
    return reply.code(503).send(waitingPage(state.database === null ? state.waitingFor : 'Postgres', version))
  })
  server.get('/favicon.svg', async (_, reply) => reply.type('image/svg+xml').send(favicon))
  server.setNotFoundHandler((_, reply) =>
    reply
      .code(404)
      .send(
        `There are /, /report, ${config.http.wall ? '/wall, ' : ''}/status, ${QUEUES_PATH}, /metrics, /healthz and /readyz.\n`,
      ),
  )
  server.setErrorHandler((error, _, reply) =>
    reply
      .code(503)
      .type(PLAIN)
      .send(`${messageOf(error)}\n`),
  )
}

/** Null: there is no database yet. */
async function lookAround({
  state,
  keyFingerprint,
  config,
  version,
}: HttpSettings): Promise<Overview | null> {
  const { database, worker } = state
  if (database === null || worker === null) return null
  const { pool, kind } = database
  const sources = { ...config, pool, keyFingerprint, version, database: kind }
  return within(
    DEADLINE_MS,
    overviewOf(sources, () => jobsStatus(worker.jobs, worker)),
  )
}

function factsOf(
  { state, version, config }: HttpSettings,
  found: Overview | null,
  dependencies: Readonly<Record<string, boolean>>,
): ScrapedFacts {
  const openIncidents = Object.fromEntries<number>(incidentKinds.map((kind) => [kind, 0]))
  for (const { kind } of found?.incidents ?? []) openIncidents[kind] = 1
  return {
    version,
    dependencies,
    backend: state.worker?.jobs.kind ?? null,
    readsPerSecond: state.worker?.readsPerSecond() ?? null,
    data:
      found === null
        ? null
        : {
            ...found.counts,
            oldestSeconds: found.freshness.oldestSeconds,
            staleAfterSeconds: found.freshness.staleAfterSeconds,
            lookAgeSeconds: config.liveBudgetShare === 0 ? null : oldestLook(found),
            lookIntervalP50Seconds: found.live?.intervalP50Seconds ?? null,
            lookIntervalP95Seconds: found.live?.intervalP95Seconds ?? null,
            calls: found.calls,
            lastOkPassAt: found.passes.find(({ status }) => status === 'ok')?.finishedAt ?? null,
            openIncidents,
            quality: found.quality,
          },
    jobs:
      found === null || found.jobs.counts === null
        ? null
        : { workers: found.jobs.workers ?? 0, counts: found.jobs.counts },
  }
}

/** In seconds, of the teammates who have a queue. Null: there was no look. */
function oldestLook({ teammates }: Overview): number | null {
  const ages = teammates.flatMap(({ numbers, lookAgeSeconds }) =>
    numbers === null ? [] : (lookAgeSeconds ?? []),
  )
  return ages.length === 0 ? null : Math.max(...ages)
}

/** Whatever a page, a job or an error message holds: no key and no phone number leaves through here. */
function maskEverything(server: FastifyInstance, secrets: () => readonly string[]): void {
  server.addHook('onSend', async (_, __, payload) =>
    typeof payload === 'string' ? mask(payload, secrets()) : payload,
  )
}

/** What is no HTTP never becomes a request, so the guard can't see it. The answer says nothing. */
function refuseMalformed({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[code ?? ''] ?? 400
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'connection: close', 'content-length: 0']
  socket.end(`${head.join('\r\n')}\r\n\r\n`)
}

const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#3556d3"/><path d="M8 9h16M8 16h16M8 23h9" stroke="#fff" stroke-width="3.5" stroke-linecap="round"/></svg>`
