import { createServer, type IncomingMessage } from 'node:http'
import {
  type AlloRequest,
  type Answer,
  answerCall,
  answerMe,
  answerQueuePage,
  answerUsers,
  ENDPOINTS,
  invalidKey,
  invalidParameter,
  missingScope,
  type QueuePageQuery,
  refusal,
  tooManyRequests,
} from './answers.ts'
import { createFaults, type Faults } from './faults.ts'
import { createLimiter, type Limiter, NO_LIMIT } from './limiter.ts'
import { createRandom, type Random } from './random.ts'
import { createRequestLog, type LoggedRequest, type RequestLog } from './request-log.ts'
import type { TimestampStyle } from './timestamps.ts'
import { deliver } from './wire.ts'
import type { World } from './world.ts'

/** What the server goes by; it can be changed while it runs. */
export interface SimulationSettings {
  readonly apiKey: string
  readonly latencyMs: number | readonly [number, number]
  readonly scopes: readonly string[]
  /** Mean number of random moves just before each queue page. */
  readonly movesBetweenPages: number
  /** The share of those moves on the queue that is being read. */
  readonly movesInThatQueue: number
  readonly timestamps: TimestampStyle
  /** Paginates /users, this many to a page unless the request asks for a size. */
  readonly usersPerPage: number | null
}

const DEFAULTS: Omit<SimulationSettings, 'apiKey'> = {
  latencyMs: 0,
  scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE'],
  movesBetweenPages: 0,
  movesInThatQueue: 0,
  timestamps: 'naive',
  usersPerPage: null,
}

export interface SimulationOptions extends Partial<SimulationSettings> {
  readonly world: World
  readonly apiKey: string
  /** 0: any free port. */
  readonly port?: number
  /** Only loopback addresses, so that other machines can't reach the simulation. */
  readonly host?: '127.0.0.1' | '::1' | 'localhost'
  /** GETs in any sliding second; null: no limit. Default: the documented 20. */
  readonly readsPerSecond?: number | null
  /** Drives latency, moves and chaos; the world's own seed drives what the moves are. */
  readonly seed?: number | string
}

/** The simulated Allo: a real HTTP server on this machine with the endpoints that the mirror uses. */
export interface SimulatedAllo {
  readonly url: string
  readonly world: World
  readonly faults: Faults
  readonly requests: RequestLog
  change(settings: Partial<SimulationSettings>): void
  /** Another tool on the same key makes that many requests now. */
  spendElsewhere(requests: number): void
  /** Closes every connection, waiting ones too. Idempotent. */
  close(): Promise<void>
}

export async function startSimulatedAllo(options: SimulationOptions): Promise<SimulatedAllo> {
  const { world, port = 0, host = '127.0.0.1', readsPerSecond = 20, seed = 1, ...given } = options
  if (!['127.0.0.1', '::1', 'localhost'].includes(host))
    throw new RangeError(`${host} is not a loopback address`)
  const settings = { ...DEFAULTS, ...given }
  const random = createRandom(seed)
  const limiter = createLimiter(readsPerSecond)
  const requests = createRequestLog()
  const faults = createFaults(random)
  const announcedLimit = readsPerSecond ?? NO_LIMIT
  const context: Context = { world, settings, random, limiter, announcedLimit, faults }

  const server = createServer((incoming, response) => {
    const entry = requests.arrived(describe(incoming, random))
    const { refused, headers } = admit(context, incoming.headers.authorization, entry)
    const respond = () => {
      const made = answer(context, refused, entry)
      if (made.wire !== 'never' && made.wire !== 'reset') requests.answered(entry, made.status)
      deliver(response, made, { ...headers, 'X-Request-Id': entry.requestId })
    }
    const latencyMs = drawLatency(settings.latencyMs, random)
    if (latencyMs > 0) setTimeout(respond, latencyMs)
    else respond()
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })

  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the simulated Allo has no port')
  let closing: Promise<void> | null = null
  return {
    url: `http://${host === '::1' ? '[::1]' : host}:${address.port}`,
    world,
    faults,
    requests,
    change: (changes) => Object.assign(settings, changes),
    spendElsewhere: limiter.spendElsewhere,
    close: () => {
      closing ??= new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return closing
    },
  }
}

interface Context {
  readonly world: World
  readonly settings: SimulationSettings
  readonly random: Random
  readonly limiter: Limiter
  readonly announcedLimit: number
  readonly faults: Faults
}

interface Admission {
  readonly refused: Answer | null
  readonly headers: Readonly<Record<string, string>>
}

/** Decided on arrival, before the simulated latency, which must not make a paced client look too fast. */
function admit(
  { settings, limiter, announcedLimit }: Context,
  authorization: string | undefined,
  entry: LoggedRequest,
): Admission {
  if (entry.method !== 'GET') {
    const message = `${entry.method} ${entry.path}: a mirror only ever reads`
    const loud = refusal(405, 'validation_error', 'METHOD_NOT_ALLOWED', message)
    return { refused: { ...loud, headers: { Allow: 'GET' } }, headers: {} }
  }
  const denied = authenticate(authorization, settings.apiKey)
  if (denied) return { refused: denied, headers: {} }
  const { isAllowed, remaining, waitMs } = limiter.take()
  const headers = {
    'X-RateLimit-Limit': String(announcedLimit),
    'X-RateLimit-Remaining': String(remaining),
    'X-RateLimit-Reset': String(Math.ceil((Date.now() + waitMs) / 1000)),
  }
  if (isAllowed) return { refused: null, headers }
  const seconds = Math.max(1, Math.ceil(waitMs / 1000))
  return { refused: tooManyRequests(`More than ${announcedLimit} requests in a second`, seconds), headers }
}

/** Creates the response at one instant, so that it shows one moment of the world. */
function answer(context: Context, refused: Answer | null, entry: LoggedRequest): Answer {
  if (refused) return refused
  const request = understand(entry)
  if (!request) return refusal(404, 'not_found_error', 'NOT_FOUND', `There is nothing at ${entry.path}`)
  if (request.endpoint === 'queue') moveTheWorld(context, request)
  const { world, settings, faults } = context
  const shownAt = world.truth.now()
  const plain = (asked: AlloRequest) => {
    entry.shownAt = shownAt
    return route(context, asked)
  }
  return faults.answer(request, { plain, world, style: settings.timestamps })
}

function route(
  { world, settings, announcedLimit }: Context,
  { endpoint, query, pageQuery, callId }: AlloRequest,
): Answer {
  const { scopes } = settings
  if (endpoint === 'me') {
    return answerMe(world, { id: `key-${world.team.id}`, scopes, readsPerSecond: announcedLimit })
  }
  const { scope } = ENDPOINTS[endpoint]
  if (scope !== null && !scopes.includes(scope)) return missingScope(scope)
  if (endpoint === 'call') return answerCall(world, callId ?? '')
  const { page, size } = pageQuery
  if (!Number.isInteger(page) || page < 1) return invalidParameter('page')
  if (endpoint === 'users') {
    const filter = { role: query.get('role'), status: query.get('status') }
    const usersPerPage = query.has('size') ? size : settings.usersPerPage
    return answerUsers(
      world,
      filter,
      settings.usersPerPage && usersPerPage ? { page, size: usersPerPage } : null,
    )
  }
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    return invalidParameter('size', 'INVALID_PAGE_SIZE', 'Page size must be between 1 and 100')
  }
  return answerQueuePage(world, pageQuery, settings.timestamps)
}

function moveTheWorld({ world, settings, random }: Context, { pageQuery }: AlloRequest): void {
  const moves = settings.movesBetweenPages > 0 ? random.count(settings.movesBetweenPages) : 0
  const userId = pageQuery.userId ?? world.keyOwner()
  for (let made = 0; made < moves; made += 1) {
    if (random.chance(settings.movesInThatQueue)) world.act(1, { userId })
    else world.act(1)
  }
}

function authenticate(header: string | undefined, apiKey: string): Answer | null {
  if (header === apiKey || header === `Api-Key ${apiKey}`) return null
  if (header === undefined || /^bearer /i.test(header)) {
    return refusal(
      401,
      'authentication_error',
      'UNAUTHORIZED',
      'Send the API key in the Authorization header',
    )
  }
  return invalidKey()
}

const endpointNames = ['me', 'users', 'queue'] as const
const callPath = ENDPOINTS.call.path.replace('{id}', '')

function understand(entry: LoggedRequest): AlloRequest | null {
  const callId = entry.path.startsWith(callPath)
    ? decodeURIComponent(entry.path.slice(callPath.length))
    : null
  const endpoint =
    callId === null ? endpointNames.find((name) => ENDPOINTS[name].path === entry.path) : 'call'
  if (!endpoint) return null
  const query = new URLSearchParams(entry.query)
  const pageQuery: QueuePageQuery = {
    userId: query.get('user_id'),
    email: query.get('email'),
    page: Number(query.get('page') ?? 1),
    size: Number(query.get('size') ?? 20),
  }
  return { endpoint, query, pageQuery, callId }
}

function describe({ method = 'GET', url = '/', headers }: IncomingMessage, random: Random): LoggedRequest {
  const { pathname, search } = new URL(url, 'http://simulated.example')
  const sent = headers['x-request-id']
  return {
    at: performance.timeOrigin + performance.now(),
    method,
    path: pathname,
    query: search.slice(1),
    userAgent: headers['user-agent'] ?? null,
    requestId: typeof sent === 'string' && sent.length <= 200 ? sent : `req_${random.text(12)}`,
    status: null,
    shownAt: null,
  }
}

function drawLatency(latencyMs: number | readonly [number, number], random: Random): number {
  if (typeof latencyMs === 'number') return latencyMs
  const [least, most] = latencyMs
  return least + random.next() * (most - least)
}
