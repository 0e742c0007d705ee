/** `simulate`: runs the simulated Allo with random moves until Ctrl-C. */
import { neededScopes } from '../../allo/documented-words.ts'
import { type ExitCode, exitCodes, foreignCodeOf, UsageError } from '../../errors.ts'
import { createRandom } from '../../simulation/random.ts'
import { type Rep, startRep } from '../../simulation/reps.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../../simulation/server.ts'
import { callsInOrder } from '../../simulation/timed-calls.ts'
import { type SimulatedWebhooks, startWebhooks } from '../../simulation/webhooks.ts'
import { createWorld, type World } from '../../simulation/world.ts'
import { untilAborted, withInterruption } from '../../terminal/interruption.ts'
import { print, printError } from '../../terminal/output.ts'

export interface SimulateOptions {
  readonly port: number
  readonly teammates: number
  readonly numbers: number
  readonly seed: string
  readonly movesPerMinute: number
  readonly reps: number
  readonly readsPerSecond: number
  readonly webhooks?: string
}

/** Fictional: only the simulation accepts it. */
const apiKey = 'ak_simulated_0000000000000000'
const webhookSecret = 'whsec_c2ltdWxhdGVkIHdlYmhvb2tzIG9mIEFsbG8h'
const webhookFaults = { lost: 0.01, doubled: 0.05, late: 0.05, lateMs: 120_000, forged: 0.01 }
const TICK_MS = 250
/** Random moves leave the calls to the reps. */
const withoutCalls = { dial: 0, second_dial: 0, progress: 0 }

export async function runSimulate(options: SimulateOptions): Promise<ExitCode> {
  const { teammates, numbers, seed, movesPerMinute, reps, readsPerSecond } = options
  const world = createWorld({
    seed,
    teammates,
    blocked: teammates > 3 ? 1 : 0,
    withoutQueue: teammates > 3 ? 1 : 0,
    numbersPerQueue: [Math.ceil(numbers * 0.5), Math.floor(numbers * 1.5)],
    calledBefore: 0.3,
    keepsPast: false,
    pace: reps > 0 ? withoutCalls : {},
  })
  const allo = await start(options, world)
  print(`ALLO_API_URL=${allo.url}\nALLO_API_KEY=${apiKey}`)
  const webhooks = sendWebhooks(world, options)
  if (webhooks !== null) print(`ALLO_WEBHOOK_SECRET=${webhookSecret}`)
  printError(
    `Simulated Allo: ${teammates} teammates, ${movesPerMinute} moves a minute, ${readsPerSecond || 'any number of'} reads a second. Stop it with Ctrl-C.`,
  )
  const dice = createRandom(`${seed} pace`)
  const move = () => world.act(dice.count((movesPerMinute * TICK_MS) / 60_000))
  move()
  const ticks = setInterval(move, TICK_MS)
  const dialling = startReps(world, options)
  try {
    await withInterruption(untilAborted)
  } finally {
    clearInterval(ticks)
    for (const rep of dialling) rep.stop()
    await webhooks?.stop()
    await allo.close()
  }
  printError(`Answered ${allo.requests.count()} requests; made ${world.truth.moves().length} moves.`)
  if (webhooks !== null) printError(answersOf(webhooks))
  return exitCodes.ok
}

function sendWebhooks(world: World, { webhooks: url, seed }: SimulateOptions): SimulatedWebhooks | null {
  if (url === undefined) return null
  return startWebhooks(world, { url, secret: webhookSecret, seed, faults: webhookFaults })
}

function answersOf({ answers }: SimulatedWebhooks): string {
  const counts = [...answers].map(([status, count]) => `${count} × ${status || 'no answer'}`)
  return `Sent webhooks: ${counts.join(', ') || 'none'}.`
}

function startReps(world: World, { reps, seed }: SimulateOptions): Rep[] {
  const active = world.teammates().filter(({ status }) => status === 'ACTIVE')
  return active
    .slice(0, reps)
    .map(({ id }) => startRep(world, id, callsInOrder(createRandom(`${seed} ${id}`))))
}

async function start({ port, readsPerSecond }: SimulateOptions, world: World): Promise<SimulatedAllo> {
  try {
    return await startSimulatedAllo({
      world,
      apiKey,
      port,
      readsPerSecond: readsPerSecond || null,
      scopes: neededScopes({ callDetails: true }),
    })
  } catch (error) {
    const code = foreignCodeOf(error)
    if (code === 'EADDRINUSE') throw new UsageError(`port ${port} is taken: choose another with --port`)
    if (code === 'EACCES') throw new UsageError(`this user may not use port ${port}: choose one above 1023`)
    throw error
  }
}
