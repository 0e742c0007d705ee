/**
 * The simulated Allo for the tests of other projects: a real HTTP server on this machine, with a team that moves and
 * responses that fail on demand. What stands here is contract.
 */
import type { ActiveFault, Fault, FaultKind } from './faults.ts'
import type { Move, Outcome } from './moves.ts'
import { startSimulatedAllo } from './server.ts'
import type { TeammateRow } from './shapes.ts'
import { type CurrentQueue, createWorld } from './world.ts'

export type { ActiveFault, CurrentQueue, Fault, FaultKind, Move, Outcome, TeammateRow }

export interface SimulationOptions {
  /** The same seed makes the same team and the same moves. Default: 1. */
  readonly seed?: number | string | undefined
  /** Default: 5. The first one owns the API key. */
  readonly teammates?: number | undefined
  /** Number of blocked teammates, which follow the first one. Default: 0. */
  readonly blocked?: number | undefined
  /** Number of teammates without a queue: the last ones. Default: 0. */
  readonly withoutQueue?: number | undefined
  /** The same for each queue, or the least and the most. Default: 20 to 200. */
  readonly numbersPerQueue?: number | readonly [number, number] | undefined
  /** Share of each queue that was called before: 0 to 1. Default: 0. */
  readonly calledBefore?: number | undefined
  /** GETs in any sliding second, above which it answers 429; null: no limit. Default: 20, as Allo. */
  readonly readsPerSecond?: number | null | undefined
  /** Of each response. Default: 0. */
  readonly latencyMs?: number | undefined
  /** Mean number of random moves before each page of a queue, so that readings are torn. Default: 0. */
  readonly movesBetweenPages?: number | undefined
  /** Default: any free port. */
  readonly port?: number | undefined
}

export interface Simulation {
  /** For `baseUrl` or ALLO_API_URL. Only this machine can reach it. */
  readonly url: string
  /** The only key that it accepts. The same seed makes the same key. */
  readonly apiKey: string
  /** All on the team now, blocked ones too. */
  teammates(): TeammateRow[]
  /** What Allo would show. Null: the teammate has no queue. Undefined: not on the team. */
  currentQueue(userId: string): CurrentQueue | null | undefined
  /** Makes random moves, as on a day of selling: all teammates, or one. Returns those made. */
  act(count: number, only?: { readonly userId: string }): Outcome[]
  /** Makes this move, or throws and changes nothing. */
  apply(move: Move): Outcome
  /** Responses fail in this way until the fault is removed, or has happened `times` times. */
  addFault(fault: Fault | FaultKind): ActiveFault
  removeFaults(): void
  /** Of all requests so far, refused ones too. */
  requestCount(): number
  /** Closes every connection. Idempotent. */
  close(): Promise<void>
}

/** Rejects if the port is taken. */
export async function startSimulation(options: SimulationOptions = {}): Promise<Simulation> {
  const { seed = 1, readsPerSecond = 20, latencyMs = 0, movesBetweenPages = 0, port = 0 } = options
  const {
    teammates = 5,
    blocked = 0,
    withoutQueue = 0,
    numbersPerQueue = [20, 200],
    calledBefore = 0,
  } = options
  const size = { teammates, blocked, withoutQueue, numbersPerQueue, calledBefore }
  // Without past states, a simulation can run for long.
  const world = createWorld({ seed, ...size, keepsPast: false })
  // Each team has its own, because a mirror keeps the team of a key.
  const apiKey = `ak_simulated_${world.team.id}`
  const server = { port, readsPerSecond, latencyMs, movesBetweenPages }
  const { url, faults, requests, close } = await startSimulatedAllo({ world, apiKey, seed, ...server })
  return {
    url,
    apiKey,
    teammates: world.teammates,
    currentQueue: world.currentQueue,
    act: world.act,
    apply: world.apply,
    addFault: faults.add,
    removeFaults: faults.clear,
    requestCount: requests.count,
    close,
  }
}
