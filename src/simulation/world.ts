import { type CallRow, callOf } from './call-details.ts'
import { stepsOfACall } from './calls.ts'
import { createSalesDay, type Pace } from './day.ts'
import { applyMove, type Move, type Outcome } from './moves.ts'
import { createRandom, type Random } from './random.ts'
import { placeOfPosition, rowOf } from './roster.ts'
import { type CallResult, NO_RESULT, type NumberRow, type QueueRow, type TeammateRow } from './shapes.ts'
import {
  addPerson,
  appendNumbers,
  newNumbers,
  openQueue,
  type Person,
  type Queue,
  recordPerson,
  recordQueue,
  type TeamState,
} from './team-state.ts'
import { createTimeline, type Truth } from './timeline.ts'

export interface WorldOptions {
  /** The same seed makes the same team and the same moves. The same timestamps also need a fixed `clock`. */
  readonly seed: number | string
  readonly teammates: number
  /** Number of blocked teammates. The first teammate owns the key and is never blocked. */
  readonly blocked?: number
  /** Number of teammates without a queue: the last ones. */
  readonly withoutQueue?: number
  readonly numbersPerQueue?: number | readonly [number, number]
  /** Share of each queue, from its first position, that was called before the simulation began: 0 to 1, default 0. */
  readonly calledBefore?: number
  /** Whether a removal renumbers the other numbers, unless the move says so itself. Default true. */
  readonly renumberOnRemoval?: boolean | 'mixed'
  /** Clock of the source timestamps, in epoch milliseconds. The truth has its own clock. */
  readonly clock?: () => number
  /** Precision of source timestamps. */
  readonly timestampPrecision?: 'second' | 'microsecond'
  readonly teamId?: string
  readonly teamName?: string
  readonly pace?: Pace
  /**
   * Whether the truth has past states too. Default true. A state of a queue of 25,000 numbers takes about 100 kB, so a
   * simulation that runs for long can't keep them.
   */
  readonly keepsPast?: boolean
}

/** A simulated sales team with its queues and their complete history. */
export interface World {
  readonly team: { readonly id: string; readonly name: string }
  readonly truth: Truth
  /** The owner of the API key: the first teammate. Random moves never block or remove them. */
  keyOwner(): string
  /** Makes `count` random moves, weighted like a day of selling; with `userId`, all in that teammate's queue. Returns those made. */
  act(count: number, only?: { readonly userId: string }): Outcome[]
  /** Makes this move, or throws and changes nothing. */
  apply(move: Move): Outcome
  /** All teammates on the team now, blocked ones included, in the order in which they joined. */
  teammates(): TeammateRow[]
  /** Null: the teammate has no queue. Undefined: not on the team. */
  currentQueue(userId: string): CurrentQueue | null | undefined
  /** The call with this id; null: there is none, or it is not over. */
  call(callId: string): CallRow | null
}

export interface CurrentQueue {
  readonly queue: QueueRow
  readonly size: number
  rows(from?: number, count?: number): NumberRow[]
  rowAt(position: number): NumberRow | null
}

const QUEUED_MS_AGO = 26 * 3_600_000

export function createWorld(options: WorldOptions): World {
  const random = createRandom(options.seed)
  const team = createTeamState(options, random)
  const keyOwner = populate(team, options)
  const day = createSalesDay(team, options.pace ?? {}, keyOwner.id)

  function act(count: number, only?: { readonly userId: string }): Outcome[] {
    const made: Outcome[] = []
    for (let index = 0; index < count; index += 1) {
      const move = day.next(only?.userId)
      if (move) made.push(applyMove(team, move))
    }
    return made
  }

  function currentQueue(userId: string): CurrentQueue | null | undefined {
    const person = team.people.get(userId)
    if (!person?.isOnTeam) return undefined
    const queue = team.queues.get(person.queueId ?? '')
    if (!queue) return null
    const { row, roster } = queue
    return {
      queue: row,
      size: roster.length,
      rows: (from = 0, count = roster.length) => roster.slice(from, from + count).map(rowOf),
      rowAt: (position) => {
        const place = placeOfPosition(roster, position)
        return place && rowOf(place)
      },
    }
  }

  function call(callId: string): CallRow | null {
    const dial = team.timeline.dials().find(({ call_id }) => call_id === callId)
    const caller = team.people.get(dial?.userId ?? '')
    if (dial === undefined || caller === undefined) return null
    const { id, name, email } = caller.row
    return callOf(dial, { id, name, email })
  }

  return {
    team: { id: options.teamId ?? `team-${random.text(12)}`, name: options.teamName ?? 'Acme Sales' },
    truth: team.timeline,
    keyOwner: () => keyOwner.id,
    act,
    apply: (move) => applyMove(team, move),
    teammates: () => [...team.people.values()].flatMap(({ isOnTeam, row }) => (isOnTeam ? [row] : [])),
    currentQueue,
    call,
  }
}

function createTeamState(options: WorldOptions, random: Random): TeamState {
  const timeline = createTimeline({ keepsPast: options.keepsPast ?? true })
  const clock = options.clock ?? (() => performance.timeOrigin + performance.now())
  const removal = options.renumberOnRemoval ?? true
  return {
    random,
    timeline,
    people: new Map(),
    queues: new Map(),
    openDials: new Map(),
    numbersUsed: 0,
    entriesMade: 0,
    sourceTime: (msAgo = 0) => naiveTimestamp(clock() - msAgo, options.timestampPrecision ?? 'second'),
    renumbers: () => (removal === 'mixed' ? random.chance(0.5) : removal),
  }
}

/** The whole initial state begins at one moment. */
function populate(team: TeamState, options: WorldOptions): Person {
  const { teammates, blocked = 0, withoutQueue = 0, numbersPerQueue = [20, 200] } = options
  if (!(teammates >= 1)) throw new RangeError('a team needs at least one teammate: the owner of the key')
  if (blocked > teammates - 1)
    throw new RangeError('at most all teammates but the owner of the key can be blocked')
  const { random } = team
  const [fewest, most] =
    typeof numbersPerQueue === 'number' ? [numbersPerQueue, numbersPerQueue] : numbersPerQueue
  const at = team.timeline.now()
  const createdAt = team.sourceTime(QUEUED_MS_AGO)
  const people = Array.from({ length: teammates }, (_, index) => {
    const role = index === 0 ? 'ADMIN' : random.chance(0.1) ? 'MANAGER' : 'MEMBER'
    // The order: the owner, blocked teammates, the others, teammates without a queue.
    const status = index >= 1 && index <= blocked ? 'BLOCKED' : 'ACTIVE'
    return addPerson(team, at, { role, status })
  })
  for (const person of people.slice(0, teammates - withoutQueue)) {
    const queue = openQueue(team, person, createdAt)
    const numbers = newNumbers(team, random.int(fewest, most))
    appendNumbers(team, queue, numbers, { at, sourceTime: createdAt })
    callFromTheTop(team, queue, { at, userId: person.id, share: options.calledBefore ?? 0 })
    recordQueue(team, queue, at)
    recordPerson(team, person, at)
  }
  const [keyOwner] = people
  if (!keyOwner) throw new RangeError('a team needs at least one teammate')
  return keyOwner
}

/** Calls before the start, spread over the time since the queue was filled. */
function callFromTheTop(
  team: TeamState,
  queue: Queue,
  { at, userId, share }: { at: number; userId: string; share: number },
): void {
  const { random, timeline } = team
  const called = Math.round(queue.roster.length * share)
  queue.roster = queue.roster.map(({ entry, position }) => {
    if (position >= called) return { entry, position }
    const call_start_date = team.sourceTime(QUEUED_MS_AGO * (0.95 - (0.9 * position) / called))
    const call_id = `cll-${random.text(20)}`
    const results = stepsOfACall(random, true).filter((step) => step !== 'id')
    const result: CallResult = Object.assign({ ...NO_RESULT }, ...results)
    const { entryId, queueId, numberTo } = entry.stay
    const dialled = { call_start_date, call_id, ...result }
    timeline.recordDial({ entryId, queueId, userId, number_to: numberTo, position, at, ...dialled })
    return {
      position,
      entry: { ...entry, ...dialled, updated_at: call_start_date, sync_status: 'SYNCED' },
    }
  })
}

function naiveTimestamp(epochMs: number, precision: 'second' | 'microsecond'): string {
  const seconds = new Date(epochMs).toISOString().slice(0, 19)
  if (precision === 'second') return seconds
  const micros = Math.floor((epochMs - Math.floor(epochMs / 1000) * 1000) * 1000)
  return `${seconds}.${String(micros).padStart(6, '0')}`
}
