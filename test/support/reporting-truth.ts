/**
 * What schema reporting must say about one team, computed from what its API showed (see reporting-witness.ts): reading
 * by reading, one number at a time, without SQL. Times are whole microseconds since 1970.
 */
import type { NumberRow } from '../../src/simulation/shapes.ts'
import type { Dial } from '../../src/simulation/timeline.ts'
import { type Outcome, outcomeOf } from './bookkeeping.ts'
import { groupBy } from './recorded.ts'
import { coveredSeconds } from './reporting-calendar.ts'
import type { Failure, Seen, Sighting, Witness } from './reporting-witness.ts'

export interface Gap {
  readonly userId: string
  readonly from: number
  readonly to: number
  readonly reason: string
}

/** A stay of a number in a queue, as far as it was seen. */
export interface SeenStay {
  readonly key: string
  readonly queueId: string
  readonly number: string
  readonly createdAt: number
  readonly first: Sighting
  /** The last reading that showed it, and what of it. */
  last: Sighting
  row: NumberRow
  readonly dials: SeenDial[]
}

/** A dial, as far as it was seen. */
export interface SeenDial {
  readonly made: Dial
  readonly stay: SeenStay
  readonly first: Sighting
  readonly position: number
  readonly at: number
  callId: string | null
  outcome: Outcome
  notReachedReason: string | null
}

/** What a queue came to. */
export type Fate =
  | { readonly state: 'current' }
  | {
      readonly state: 'ended'
      readonly at: number
      readonly reason: 'queue_replaced' | 'queue_gone'
      readonly by: string | null
    }
  /** Its last holder is not on the team. */
  | { readonly state: 'unknown' }

export interface SeenQueue {
  readonly queueId: string
  /** The readings that showed it. */
  readonly sightings: readonly Sighting[]
  readonly last: Sighting
  readonly fate: Fate
}

export type Answer =
  | { readonly answer: 'unknown' }
  | { readonly answer: 'no_queue'; readonly readAt: number }
  | { readonly answer: 'queue'; readonly readAt: number; readonly queue: Seen }

export interface ReportTruth {
  readonly sightings: readonly Sighting[]
  readonly users: readonly string[]
  readonly queues: ReadonlyMap<string, SeenQueue>
  readonly stays: ReadonlyMap<string, SeenStay>
  readonly dials: readonly SeenDial[]
  readonly gaps: readonly Gap[]
  /** Latest reading of any teammate. */
  readonly asOf: number
  /** Readings of this teammate, in their order. */
  sightingsOf(userId: string): readonly Sighting[]
  /** From when on anything is known of this teammate; null: nothing is. */
  knownSince(userId: string): number | null
  /** How a queue ended between these two readings that show it, one after the other; null when it did not. */
  endBetween(last: Sighting, next: Sighting): Fate | null
  /** How a stay was shown last, before that moment. */
  lastRowBefore(key: string, at: number): NumberRow | null
  /** What was known of this teammate's queue at that moment, as seen from the end. */
  answerAt(userId: string, at: number): Answer
  /** What could be said right after that moment, when nothing later had been read. */
  answerThen(userId: string, at: number): Answer
}

/** Once the world has come to rest: two passes over a team that stands still, with everybody readable. */
export function tellTruth({ world, sightings, failures, said }: Witness): ReportTruth {
  const byUser = groupBy(sightings, ({ userId }) => userId)
  const sightingsOf = (userId: string) => byUser.get(userId) ?? []
  const { stays, dials } = foldNumbers(sightings, world.truth.dials())
  const showing = groupBy(
    sightings.filter(({ queue }) => queue !== null),
    ({ queue }) => queue?.queueId ?? '',
  )
  const queues = new Map(
    [...showing].map(([queueId, shown]) => {
      const last = lastOf(shown)
      return [queueId, { queueId, sightings: shown, last, fate: fateOf(last, sightingsOf(last.userId)) }]
    }),
  )
  const gaps = [...byUser.values()].flatMap((theirs) => gapsIn(theirs, failures))

  function answerAt(userId: string, at: number): Answer {
    const theirs = sightingsOf(userId)
    if (at > (theirs.at(-1)?.at ?? 0)) return unknown
    if (gaps.some((gap) => gap.userId === userId && gap.from < at && at < gap.to)) return unknown
    return answerBy(
      theirs,
      theirs.findLastIndex((sighting) => sighting.at <= at),
      at,
    )
  }

  function answerThen(userId: string, at: number): Answer {
    const theirs = sightingsOf(userId).filter((sighting) => sighting.at <= at)
    return answerBy(theirs, theirs.length - 1, at)
  }

  function answerBy(theirs: readonly Sighting[], index: number, at: number): Answer {
    const reading = theirs[index]
    if (!reading || reading.status === 'not_found') return unknown
    if (reading.queue === null) {
      const isConfirmed = [-1, 1].some((step) => besides(theirs, index, step)?.status === 'no_queue')
      return isConfirmed ? { answer: 'no_queue', readAt: reading.at } : unknown
    }
    const isSeenElsewhere = showing
      .get(reading.queue.queueId)
      ?.some((other) => other.userId !== reading.userId && other.at > reading.at && other.at <= at)
    return isSeenElsewhere ? unknown : { answer: 'queue', readAt: reading.at, queue: reading.queue }
  }

  return {
    sightings,
    users: [...byUser.keys()],
    queues,
    stays,
    dials,
    gaps,
    asOf: lastOf(sightings).at,
    sightingsOf,
    knownSince: (userId) =>
      sightingsOf(userId).find(({ at }) => answerAt(userId, at).answer !== 'unknown')?.at ?? null,
    // Whether two passes agreed in time is for the mirror to say, when it was so; what they agreed on is not.
    endBetween: (last, next) =>
      said.some(
        ({ at, queues }) =>
          at > last.at &&
          at < next.at &&
          queues.some(
            ({ queue_id, queue_state }) => queue_id === last.queue?.queueId && queue_state === 'ended',
          ),
      )
        ? fateOf(last, sightingsOf(last.userId))
        : null,
    lastRowBefore: (key, at) =>
      showing
        .get(key.split(' ')[0] ?? '')
        ?.filter((sighting) => sighting.at < at)
        .flatMap(({ queue }) => queue?.rows.filter((row) => keyOf(queue.queueId, row) === key) ?? [])
        .at(-1) ?? null,
    answerAt,
    answerThen,
  }
}

const unknown: Answer = { answer: 'unknown' }

/** The reading before or after. A single "not on the team" does not count. */
function besides(theirs: readonly Sighting[], index: number, step: number): Sighting | undefined {
  const next = theirs[index + step]
  const beyond = theirs[index + 2 * step]
  return next?.status === 'not_found' && beyond?.status !== 'not_found' ? beyond : next
}

function lastOf<Row>(rows: readonly Row[]): Row {
  const last = rows.at(-1)
  if (last === undefined) throw new Error('there is none')
  return last
}

export function keyOf(queueId: string, row: Pick<NumberRow, 'number_to' | 'created_at'>): string {
  return stayKey(queueId, row.number_to, instant(row.created_at))
}

export function stayKey(queueId: string, number: string, createdAt: number): string {
  return `${queueId} ${number} ${createdAt}`
}

/** Source text, with six digits, as whole microseconds. */
export function instant(naive: string): number {
  return Date.parse(`${naive.slice(0, 19)}Z`) * 1000 + Number(naive.slice(20).padEnd(6, '0'))
}

function foldNumbers(sightings: readonly Sighting[], made: readonly Dial[]) {
  const stays = new Map<string, SeenStay>()
  const dials: SeenDial[] = []
  const byCallId = new Map(made.map((dial) => [dial.call_id, dial]))
  const byStart = new Map(
    made.map((dial) => [`${dial.queueId} ${dial.number_to} ${dial.call_start_date}`, dial]),
  )
  const seenDials = new Map<Dial, SeenDial>()

  for (const sighting of sightings) {
    const { queue } = sighting
    if (queue === null) continue
    const keys = new Set<string>()
    for (const row of queue.rows) {
      const createdAt = instant(row.created_at)
      const key = stayKey(queue.queueId, row.number_to, createdAt)
      if (keys.has(key)) throw new Error('two stays can not be told apart: a finer source clock is needed')
      keys.add(key)
      const stay = stays.get(key) ?? {
        key,
        queueId: queue.queueId,
        number: row.number_to,
        createdAt,
        first: sighting,
        last: sighting,
        row,
        dials: [],
      }
      stays.set(key, stay)
      stay.last = sighting
      stay.row = row
      if (row.call_start_date !== null) see(row, stay, sighting)
    }
  }
  return { stays, dials }

  function see(row: NumberRow, stay: SeenStay, sighting: Sighting): void {
    const one =
      byCallId.get(row.call_id ?? '') ??
      byStart.get(`${stay.queueId} ${row.number_to} ${row.call_start_date}`)
    if (!one) throw new Error('a dial was shown that was never made')
    const known = seenDials.get(one)
    if (known) {
      known.callId = row.call_id ?? known.callId
      known.outcome = outcomeOf(row)
      known.notReachedReason = row.not_reached_destination_reason
      return
    }
    const at = instant(row.call_start_date ?? '')
    const { position, call_id: callId, not_reached_destination_reason: notReachedReason } = row
    const outcome = outcomeOf(row)
    const dial = { made: one, stay, first: sighting, position, at, callId, outcome, notReachedReason }
    seenDials.set(one, dial)
    dials.push(dial)
    stay.dials.push(dial)
  }
}

/** Dated back to the first reading of its last holder that shows something else. */
function fateOf(last: Sighting, holders: readonly Sighting[]): Fate {
  const later = holders.filter(({ at }) => at > last.at)
  const without = later.find(({ status }) => status !== 'not_found')
  if (without === undefined) return { state: later.length > 0 ? 'unknown' : 'current' }
  const by = without.queue?.queueId ?? null
  return { state: 'ended', at: without.at, reason: by === null ? 'queue_gone' : 'queue_replaced', by }
}

function gapsIn(theirs: readonly Sighting[], failures: readonly Failure[]): Gap[] {
  const found = theirs.filter(({ status }) => status !== 'not_found')
  return found.flatMap((from, index) => {
    const to = found[index + 1]
    if (!to) return []
    const { userId } = from
    const isBetween = (other: { userId: string; at: number }) =>
      other.userId === userId && other.at > from.at && other.at < to.at
    const missed = [...failures, ...theirs].filter(isBetween).sort((a, b) => a.at - b.at)
    const wasAway = missed.some(({ status }) => status === 'not_found')
    if (!from.isFollowedByGap && !wasAway) return []
    return [{ userId, from: from.at, to: to.at, reason: missed.at(-1)?.status ?? 'not_read' }]
  })
}

const OF_A_CALL = [
  'call_start_date',
  'call_id',
  'routing_result',
  'detected_outbound_voicemail',
  'not_reached_destination_reason',
  'voicemail_left',
] as const

/** Between two readings that show it. Null: nothing, or a touch. */
export function typeOfChange(was: NumberRow, is: NumberRow): 'changed' | 'sync_changed' | 'moved' | null {
  if (OF_A_CALL.some((field) => was[field] !== is[field])) return 'changed'
  if (was.sync_status !== is.sync_status) return 'sync_changed'
  return was.position === is.position ? null : 'moved'
}

/** When a queue's history was closed, for good or until it was seen again. */
export type Closings = ReadonlyMap<string, readonly { readonly at: number; readonly reason: string }[]>

/** When a stay was over, as far as that is known. */
export function endOfStay(stay: SeenStay, truth: ReportTruth) {
  const queue = truth.queues.get(stay.queueId)
  const last_seen_at = stay.last.at
  const without = queue?.sightings.find(({ at }) => at > last_seen_at)
  const removed = (at: number, reason: string) =>
    ({ entry_state: 'removed', last_seen_at, removed_at: at, removal_reason: reason }) as const
  const fate = without ? truth.endBetween(stay.last, without) : queue?.fate
  if (fate?.state === 'ended') return removed(fate.at, fate.reason)
  if (without) return removed(without.at, 'deleted')
  if (fate?.state === 'unknown')
    return { entry_state: 'unknown', last_seen_at, removed_at: null, removal_reason: 'unobservable' } as const
  return { entry_state: 'in_queue', last_seen_at: null, removed_at: null, removal_reason: null } as const
}

/** Uncalled numbers that left a queue, by the moment at which that was seen. A number that returned left all the same. */
export function removalsOf(truth: ReportTruth): readonly Leaving[] {
  return [...truth.queues.values()].flatMap(({ queueId, sightings, fate }) =>
    sightings.flatMap((shown, index) => {
      const next = sightings[index + 1]
      const end = next ? truth.endBetween(shown, next) : fate
      const rows = shown.queue?.rows ?? []
      const isUncalled = (row: NumberRow) =>
        truth.stays.get(keyOf(queueId, row))?.dials.every(({ first }) => first.at > shown.at) ?? true
      const left = (at: number, reason: string, gone: readonly NumberRow[], holder = shown.userId) => {
        const keys = gone.filter(isUncalled).map((row) => keyOf(queueId, row))
        const previousHolder = holder === shown.userId ? null : shown.userId
        return keys.length === 0 ? [] : [{ queueId, at, reason, keys, holder, previousHolder }]
      }
      if (end?.state === 'ended') return left(end.at, end.reason, rows)
      if (!next) return []
      const there = new Set(next.queue?.rows.map((row) => keyOf(queueId, row)))
      return left(
        next.at,
        'deleted',
        rows.filter((row) => !there.has(keyOf(queueId, row))),
        next.userId,
      )
    }),
  )
}

export interface Leaving {
  readonly queueId: string
  readonly at: number
  readonly reason: string
  readonly keys: readonly string[]
  /** When it was seen. */
  readonly holder: string
  /** Of the last reading that showed them, if that was another teammate: they may have left in either one's time. */
  readonly previousHolder: string | null
}

const outcomes = [
  'remaining',
  'in_progress',
  'connected',
  'voicemail',
  'not_reached',
  'failed',
  'other',
] as const

export function countsOf(rows: readonly NumberRow[]) {
  const words = rows.map(outcomeOf)
  const count = (word: Outcome) => words.filter((one) => one === word).length
  const counts = Object.fromEntries(outcomes.map((word) => [word, count(word)])) as Record<Outcome, number>
  return { numbers: rows.length, dialled: rows.length - counts.remaining, ...counts }
}

/** A row for each change of a queue's counts. */
export function burndownOf(
  truth: ReportTruth,
  { queueId, sightings, last, fate }: SeenQueue,
  closings: Closings,
) {
  const end = fate.state === 'ended' ? fate.at : last.at
  const unread = unreadOfQueue(truth, sightings, end, closings.get(queueId) ?? [])
  const shown = sightings.map(({ at, userId, queue }) => ({
    at,
    userId,
    counts: countsOf(queue?.rows ?? []),
  }))
  const changes = shown.filter(
    ({ counts }, index) => JSON.stringify(counts) !== JSON.stringify(shown[index - 1]?.counts),
  )
  return changes.map(({ at, userId, counts }, index) => {
    const next = changes[index + 1]
    const valid_until = next?.at ?? end
    const gap_seconds = coveredSeconds(unread, at, valid_until)
    return {
      queue_id: queueId,
      observed_at: at,
      user_id: userId,
      valid_until,
      is_last: next === undefined,
      ...counts,
      api_total_count: counts.numbers,
      gap_seconds,
      has_gap: gap_seconds > 0,
      ended_at: next === undefined && fate.state === 'ended' ? fate.at : null,
      end_reason: next === undefined && fate.state === 'ended' ? fate.reason : null,
    }
  })
}

/** While its holder was not read, and while it was closed. */
function unreadOfQueue(
  { gaps, sightingsOf }: ReportTruth,
  sightings: readonly Sighting[],
  end: number,
  closings: readonly { readonly at: number }[],
): { from: number; to: number }[] {
  return sightings.flatMap((shown, index) => {
    const next = sightings[index + 1]
    const until = next?.at ?? end
    const between = sightingsOf(shown.userId).filter(({ at }) => at > shown.at && at < until)
    const isHeldOn =
      next?.userId === shown.userId &&
      between.every(({ status }) => status !== 'ok') &&
      between.filter(({ status }) => status === 'no_queue').length < 2
    const unread = gaps.filter(
      ({ userId, from }) =>
        userId === shown.userId && (isHeldOn ? from >= shown.at && from < until : from === shown.at),
    )
    const closed = next ? closings.filter(({ at }) => at > shown.at && at < until) : []
    return [
      ...unread.map(({ from, to }) => ({ from, to: Math.min(to, until) })),
      ...closed.map(({ at }) => ({ from: at, to: until })),
    ]
  })
}
