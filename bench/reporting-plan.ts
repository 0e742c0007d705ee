/**
 * What becomes of a sales team in three years, as far as it is decided beforehand: who is on it, which queues there
 * are, when two people swap theirs, and when nobody reads. The same for every length of history that ends at the same
 * moment, so that a short one is the last part of a long one.
 */
import { createRandom, type Random } from '../src/simulation/random.ts'

export const PASS_EVERY_MS = 300_000
export const DAY_MS = 86_400_000

const LONGEST_DAYS = 3 * 365
const TEAMMATES = 10
/** Whoever sits in the first seat is replaced by somebody else; in the last one, queues are long and last longer. */
const REPLACED_DAYS_AGO = 400
const LAST_SEAT = TEAMMATES - 1

export interface Plan {
  /** Both on the schedule of passes. */
  readonly startsAt: number
  readonly endsAt: number
  readonly people: readonly Person[]
  /** Queues that follow each other, each the current one from `from` until `to`; one succession for each seat. */
  readonly successions: readonly (readonly QueuePlan[])[]
  /** Whoever sits in these seats swaps queues. Those before the start count, too. */
  readonly swaps: readonly { readonly at: number; readonly seats: readonly [number, number] }[]
  readonly outages: readonly Outage[]
}

export interface Person {
  readonly name: string
  readonly seat: number
  readonly joinsAt: number
  readonly leavesAt: number
}

export interface QueuePlan {
  readonly seed: string
  readonly from: number
  readonly to: number
  readonly numbersAtFirst: number
  /** Whether removing a number moves up those behind it. */
  readonly renumbers: boolean
  /** Its phone numbers are counted from here; those of others were in queues not long before. */
  readonly firstNumber: number
  readonly firstNumbersBefore: readonly number[]
}

export interface Outage {
  readonly from: number
  readonly to: number
  /** Null: no worker ran; else what the readings came to. */
  readonly status: 'error' | null
}

/** `endsAt` is on the schedule of passes. */
export function planHistory({ endsAt, days }: { readonly endsAt: number; readonly days: number }): Plan {
  const longAgo = endsAt - LONGEST_DAYS * DAY_MS
  const startsAt = endsAt - days * DAY_MS
  const successions = planSuccessions(longAgo, endsAt)
  const lasting = ({ to }: { to: number }) => to > startsAt
  return {
    startsAt,
    endsAt,
    people: planPeople(endsAt).filter(({ leavesAt }) => leavesAt > startsAt),
    successions: successions.map((queues) => queues.filter(lasting)),
    swaps: planSwaps(longAgo, endsAt),
    outages: planOutages(longAgo, endsAt).filter(lasting),
  }
}

/** From eight to noon and from one to five, Monday to Friday. */
export function isWorkingTime(at: number): boolean {
  const moment = new Date(at)
  const [day, hour] = [moment.getUTCDay(), moment.getUTCHours()]
  return day >= 1 && day <= 5 && hour >= 8 && hour < 17 && hour !== 12
}

function planPeople(endsAt: number): Person[] {
  const forEver = { joinsAt: Number.NEGATIVE_INFINITY, leavesAt: Number.POSITIVE_INFINITY }
  const people = Array.from({ length: TEAMMATES }, (_, seat) => ({
    name: `Seller ${seat + 1}`,
    seat,
    ...forEver,
  }))
  const replacedAt = startOfDay(endsAt - REPLACED_DAYS_AGO * DAY_MS)
  const [first, ...others] = people.map((person) => ({ ...person }))
  if (first === undefined) return []
  return [
    { ...first, leavesAt: replacedAt },
    ...others,
    { ...first, name: `Seller ${TEAMMATES + 1}`, joinsAt: replacedAt + 7 * DAY_MS },
  ]
}

function planSuccessions(from: number, endsAt: number): QueuePlan[][] {
  const replacedAt = startOfDay(endsAt - REPLACED_DAYS_AGO * DAY_MS)
  const all: QueuePlan[] = []
  return Array.from({ length: TEAMMATES }, (_, seat) => {
    const random = createRandom(`queues of seat ${seat}`)
    const queues: QueuePlan[] = []
    for (let at = startOfDay(from); at < endsAt; ) {
      const isLeft = seat === 0 && at < replacedAt
      const days = seat === LAST_SEAT ? ([12, 25] as const) : ([4, 10] as const)
      const to = resetAfter(random, at, { days, endsBefore: isLeft ? replacedAt : null, endsAt })
      const queue = {
        seed: `queue ${queues.length} of seat ${seat}`,
        from: at,
        to,
        numbersAtFirst: seat === LAST_SEAT ? random.int(1200, 1500) : random.int(60, 200),
        renumbers: random.chance(0.03),
        firstNumber: (queues.length * TEAMMATES + seat) * 5000,
        firstNumbersBefore: all
          .filter((other) => other.from < at - DAY_MS && other.from > at - 40 * DAY_MS)
          .map(({ firstNumber }) => firstNumber),
      }
      queues.push(queue)
      all.push(queue)
      const isVacant = isLeft && to === replacedAt
      at = isVacant ? replacedAt + 8 * DAY_MS : random.chance(0.05) ? to + random.int(1, 3) * DAY_MS : to
    }
    return queues
  })
}

/** Some days later, at any time of a working day. The last queue of all is some days old when the history ends. */
function resetAfter(
  random: Random,
  at: number,
  {
    days,
    endsBefore,
    endsAt,
  }: { days: readonly [number, number]; endsBefore: number | null; endsAt: number },
): number {
  let to = startOfDay(at) + random.int(...days) * DAY_MS
  while (!isWorkingTime(to + 9 * 3_600_000)) to += DAY_MS
  to += 8 * 3_600_000 + random.int(0, 95) * PASS_EVERY_MS
  if (endsBefore !== null) return Math.min(to, endsBefore)
  return to > endsAt - days[0] * DAY_MS ? endsAt + DAY_MS : to
}

function planSwaps(from: number, endsAt: number): Plan['swaps'] {
  const random = createRandom('swaps')
  const swaps: { at: number; seats: [number, number] }[] = []
  for (let at = startOfDay(from) + 20 * DAY_MS; at < endsAt - 2 * DAY_MS; at += random.int(20, 60) * DAY_MS) {
    const one = random.int(1, TEAMMATES - 1)
    const other = 1 + ((one + random.int(0, TEAMMATES - 3)) % (TEAMMATES - 1))
    swaps.push({ at: at + 10 * 3_600_000, seats: [one, other] })
  }
  return swaps
}

function planOutages(from: number, endsAt: number): Outage[] {
  const random = createRandom('outages')
  const outages: Outage[] = []
  for (let at = startOfDay(from) + 3 * DAY_MS; at < endsAt - 2 * DAY_MS; at += random.int(5, 30) * DAY_MS) {
    const begins = at + random.int(0, 20 * 12) * PASS_EVERY_MS
    const status = random.chance(0.5) ? 'error' : null
    outages.push({ from: begins, to: begins + random.int(3, 70) * PASS_EVERY_MS, status })
  }
  return outages
}

function startOfDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS
}
