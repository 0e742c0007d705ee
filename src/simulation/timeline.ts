import { placeOfPosition, type Roster, rowOf, type Stay } from './roster.ts'
import type { CallResult, NumberRow, QueueRow, TeammateRow } from './shapes.ts'

/**
 * The complete history of the simulated team, which tests compare the mirror with.
 *
 * All times are epoch milliseconds with fractions, strictly increasing from one event to the next, taken from this
 * machine's clock: they can be compared with `clock_timestamp()` of a Postgres on the same machine. A state is valid from
 * `at` until just before `until`, which is Infinity for the present state.
 */
export interface Truth {
  /** The time of the next event. Times always increase. */
  now(): number
  /** Every state that overlaps [from, to], the state at `from` included, in order. */
  statesOf(userId: string, from: number, to: number): TeammateState[]
  stateAt(userId: string, at: number): TeammateState
  queueStatesOf(queueId: string, from: number, to: number): QueueState[]
  /** Periods on the team, one for each name, role and status (such as blocked). */
  membershipsOf(userId: string, from: number, to: number): Membership[]
  /** Whether this queue showed exactly these fields in one row at some moment in [from, to]; fields left out are not compared. */
  rowWasTrue(
    queueId: string,
    row: Partial<NumberRow> & { position: number },
    from: number,
    to: number,
  ): boolean
  /** Every queue that ever existed, with its state. */
  queues(): QueueFate[]
  /** Every entry of a queue, in the order of arrival. */
  entriesOf(queueId: string): readonly Readonly<Stay>[]
  /** Every dial in order, with its result so far. */
  dials(): readonly Readonly<Dial>[]
  /** Every move made, in order. */
  moves(): readonly MadeMove[]
}

export type TeammateState = {
  readonly at: number
  readonly until: number
} & (
  | {
      readonly status: 'queue'
      readonly queue: QueueRow
      readonly size: number
      readonly numbers: readonly NumberRow[]
    }
  | { readonly status: 'no_queue' | 'not_on_team' }
)

export interface QueueState {
  readonly at: number
  readonly until: number
  readonly standing: QueueStanding
  readonly queue: QueueRow
  readonly size: number
  readonly numbers: readonly NumberRow[]
}

/** The API returns a queue only while it is current and its assignee is on the team. */
export type QueueStanding = 'current' | 'replaced' | 'removed'

export interface Membership {
  readonly at: number
  readonly until: number
  /** Null while the person is not on the team. */
  readonly teammate: TeammateRow | null
}

export interface QueueFate {
  readonly queueId: string
  readonly since: number
  readonly standing: QueueStanding
  /** When it ended or was replaced; null while it is current. */
  readonly endedAt: number | null
  readonly userId: string
}

export interface Dial extends CallResult {
  readonly entryId: number
  readonly queueId: string
  /** Who held the queue when the dial was made. */
  readonly userId: string
  readonly number_to: string
  /** Position of the number when it was dialled. */
  readonly position: number
  readonly at: number
  readonly call_start_date: string | null
  call_id: string | null
}

export interface MadeMove {
  readonly at: number
  readonly type: string
  readonly userIds: readonly string[]
}

export interface PersonRecord {
  readonly at: number
  readonly teammate: TeammateRow | null
  readonly queueId: string | null
}

export interface QueueRecord {
  readonly at: number
  readonly standing: QueueStanding
  readonly queue: QueueRow
  readonly roster: Roster
}

export interface Timeline extends Truth {
  recordPerson(userId: string, record: PersonRecord): void
  recordQueue(record: QueueRecord): void
  recordStay(stay: Stay): void
  recordDial(dial: Dial): void
  recordMove(move: MadeMove): void
}

/** `keepsPast` false: of each teammate and queue only the present state is kept. */
export function createTimeline({ keepsPast }: { readonly keepsPast: boolean }): Timeline {
  const people = new Map<string, PersonRecord[]>()
  const queues = new Map<string, QueueRecord[]>()
  const stays = new Map<string, Stay[]>()
  const dials: Dial[] = []
  const moves: MadeMove[] = []
  const recordState: typeof append = keepsPast ? append : (states, key, state) => states.set(key, [state])
  let last = 0

  function now(): number {
    // At least a microsecond, which is the precision of Postgres, so that two events have different times.
    last = Math.max(performance.timeOrigin + performance.now(), last + 0.001)
    return last
  }

  function statesOf(userId: string, from: number, to: number): TeammateState[] {
    const states: TeammateState[] = []
    for (const { record, at, until } of during(people.get(userId) ?? [], from, to)) {
      if (!record.teammate) states.push({ at, until, status: 'not_on_team' })
      else if (record.queueId === null) states.push({ at, until, status: 'no_queue' })
      else {
        for (const held of during(
          queues.get(record.queueId) ?? [],
          Math.max(from, at),
          Math.min(to, until),
        )) {
          const began = Math.max(at, held.at)
          const ended = Math.min(until, held.until)
          if (began < ended) {
            const queue = showQueue(held.record)
            states.push(Object.assign(queue, { at: began, until: ended, status: 'queue' as const }))
          }
        }
      }
    }
    return states
  }

  function stateAt(userId: string, at: number): TeammateState {
    return (
      statesOf(userId, at, at).at(-1) ?? { at: Number.NEGATIVE_INFINITY, until: at, status: 'not_on_team' }
    )
  }

  function queueStatesOf(queueId: string, from: number, to: number): QueueState[] {
    return during(queues.get(queueId) ?? [], from, to).map(({ record, at, until }) =>
      Object.assign(showQueue(record), { at, until, standing: record.standing }),
    )
  }

  function membershipsOf(userId: string, from: number, to: number): Membership[] {
    const found: Membership[] = []
    for (const { record, at, until } of during(people.get(userId) ?? [], from, to)) {
      const before = found.at(-1)
      if (before && before.teammate === record.teammate) found[found.length - 1] = { ...before, until }
      else found.push({ at, until, teammate: record.teammate })
    }
    return found
  }

  function rowWasTrue(
    queueId: string,
    row: Partial<NumberRow> & { position: number },
    from: number,
    to: number,
  ): boolean {
    const fields = Object.entries(row)
    return during(queues.get(queueId) ?? [], from, to).some(({ record }) => {
      const place = placeOfPosition(record.roster, row.position)
      if (!place) return false
      const shown = new Map<string, unknown>(Object.entries(rowOf(place)))
      return fields.every(([field, value]) => shown.get(field) === value)
    })
  }

  function fates(): QueueFate[] {
    return [...queues].flatMap(([queueId, records]) => {
      const first = records[0]
      const present = records.at(-1)
      if (!first || !present) return []
      const standsSince = records[records.findLastIndex(({ standing }) => standing !== present.standing) + 1]
      const endedAt = present.standing === 'current' ? null : (standsSince?.at ?? present.at)
      return [
        { queueId, since: first.at, standing: present.standing, endedAt, userId: present.queue.assignee_id },
      ]
    })
  }

  return {
    now,
    statesOf,
    stateAt,
    queueStatesOf,
    membershipsOf,
    rowWasTrue,
    queues: fates,
    entriesOf: (queueId) => stays.get(queueId) ?? [],
    dials: () => dials,
    moves: () => moves,
    recordPerson: (userId, record) => recordState(people, userId, record),
    recordQueue: (record) => recordState(queues, record.queue.id, record),
    recordStay: (stay) => append(stays, stay.queueId, stay),
    recordDial: (dial) => dials.push(dial),
    recordMove: (move) => moves.push(move),
  }
}

/** Rows are created on access, because most states are never looked at. */
function showQueue({ queue, roster }: QueueRecord) {
  let rows: readonly NumberRow[] | null = null
  return {
    queue,
    size: roster.length,
    get numbers() {
      rows ??= roster.map(rowOf)
      return rows
    },
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

interface Held<T> {
  readonly record: T
  readonly at: number
  readonly until: number
}

function during<T extends { readonly at: number }>(
  records: readonly T[],
  from: number,
  to: number,
): Held<T>[] {
  const found: Held<T>[] = []
  const first = records.findLastIndex(({ at }) => at <= from)
  for (let index = Math.max(0, first); index < records.length; index += 1) {
    const record = records[index]
    if (!record || record.at > to) break
    const until = records[index + 1]?.at ?? Number.POSITIVE_INFINITY
    if (until > from && until > record.at) found.push({ record, at: record.at, until })
  }
  return found
}
