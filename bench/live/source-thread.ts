/** The thread of source.ts: it sends its address, and then one answer to each message. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Move, Outcome } from '../../src/simulation/moves.ts'
import { createRandom } from '../../src/simulation/random.ts'
import { type Rep, startRep } from '../../src/simulation/reps.ts'
import type { LoggedRequest } from '../../src/simulation/request-log.ts'
import { startSimulatedAllo } from '../../src/simulation/server.ts'
import { type SimulatedWebhooks, startWebhooks } from '../../src/simulation/webhooks.ts'
import { createWorld } from '../../src/simulation/world.ts'
import { openPool } from '../../src/store/postgres/database.ts'
import { judge } from './judge.ts'
import { fieldsOfCall, type SourceEvent } from './lags.ts'
import { shiftOf } from './shifts.ts'
import { type Asked, type SourceRequest, sourceOptions, type WebhookTarget } from './source.ts'

const { apiKey, runMs, ...team } = sourceOptions.parse(workerData)
const world = createWorld(team)
const allo = await startSimulatedAllo({
  world,
  apiKey,
  readsPerSecond: 20,
  latencyMs: [40, 120],
  seed: team.seed,
})
const events: SourceEvent[] = []
const before = world.truth.dials().length
let reps: Rep[] = []

let webhooks: SimulatedWebhooks | null = null

async function answer(asked: Asked): Promise<unknown> {
  if (asked.ask === 'start') return start(asked.webhooks)
  if (asked.ask === 'stop') return stop()
  if (asked.ask === 'events') return events
  if (asked.ask === 'requests') return allo.requests.list().map(describe)
  const pool = openPool(asked.databaseUrl, { max: 2, name: 'bench' })
  const found = await judge(pool, world.truth, before).finally(() => pool.end())
  return { ...found, webhooks: new Map(webhooks?.answers) }
}

function start(target: WebhookTarget | null): void {
  if (target) webhooks = startWebhooks(world, { ...target, delayMs: [0, 2000], seed: team.seed })
  reps = world.teammates().map(({ id }, index) => {
    const shift = shiftOf(index, team.teammates, createRandom(`${team.seed} ${id}`), runMs)
    return startRep(world, id, shift, (outcome, move) => note(id, outcome, move))
  })
}

async function stop(): Promise<void> {
  for (const rep of reps) rep.stop()
  await webhooks?.stop()
}

function kindOf(move: Move): SourceEvent['kind'] | undefined {
  if (move.type === 'dial' || move.type === 'reset') return move.type
  if (move.type === 'place_call') return 'id'
  if (move.type !== 'result') return undefined
  const { routing_result = null, not_reached_destination_reason = null } = move.result
  return routing_result === null && not_reached_destination_reason === null ? 'machine' : 'result'
}

const dialOf = new Map<string, number>()

function note(userId: string, { at, queueId = '', positions = [] }: Outcome, move: Move): void {
  const kind = kindOf(move)
  if (kind === undefined) return
  const [position = -1] = positions
  const row = world.currentQueue(userId)?.rowAt(position) ?? null
  if (kind === 'dial') dialOf.set(userId, world.truth.dials().length)
  const dial = dialOf.get(userId) ?? 0
  const numberTo = kind === 'reset' ? null : (row?.number_to ?? null)
  events.push({ at, kind, userId, queueId, numberTo, dial, fields: numberTo && row ? fieldsOfCall(row) : '' })
}

function describe({ at, path, query, status }: LoggedRequest): SourceRequest {
  const kind = path.endsWith('/me') ? 'me' : path.endsWith('/users') ? 'users' : 'queue'
  return { at, kind, userId: new URLSearchParams(query).get('user_id'), status }
}

parentPort?.on('message', async (asked: Asked) => parentPort?.postMessage(await answer(asked)))
parentPort?.postMessage({ url: allo.url })
