/** Compares what happened at the source with when it was visible. All times are epoch milliseconds with fractions. */

/** A change of a number's call, or a reset. */
export interface SourceEvent {
  readonly at: number
  /** `machine`: a voicemail was detected, and the call goes on. Allo sends no webhook for it. */
  readonly kind: 'dial' | 'id' | 'machine' | 'result' | 'reset'
  readonly userId: string
  readonly queueId: string
  /** Of a reset: null. */
  readonly numberTo: string | null
  /** The same for all events of one dial. */
  readonly dial: number
  /** The fields of the call after the event. */
  readonly fields: string
}

/** The fields of a call as text: equal for equal calls at the source and in `reporting`. */
export function fieldsOfCall(call: {
  readonly call_start_date: string | null
  readonly call_id: string | null
  readonly routing_result: string | null
  readonly detected_outbound_voicemail: boolean | null
  readonly not_reached_destination_reason: string | null
  readonly voicemail_left: boolean | null
}): string {
  return JSON.stringify([
    call.call_start_date,
    call.call_id,
    call.routing_result,
    call.detected_outbound_voicemail,
    call.not_reached_destination_reason,
    call.voicemail_left,
  ])
}

/** A reader of schema `reporting` has seen these fields of a number, or a queue for the first time. */
export interface Sighting {
  readonly seenAt: number
  readonly queueId: string
  /** Null: the queue. */
  readonly numberTo: string | null
  readonly fields: string
}

/**
 * - `dialling`: in the middle of the work
 * - `after_idle`: the first event after at least 5 minutes without one
 * - `first`: in the first two minutes of work, when the mirror may not know yet that the teammate works
 */
export type Rhythm = 'dialling' | 'after_idle' | 'first'

export interface Lag {
  readonly event: SourceEvent
  readonly rhythm: Rhythm
  /** Null: it was never visible, because the source had something else already when it was read. */
  readonly ms: number | null
}

const IDLE_MS = 300_000
const FIRST_MS = 120_000

/** One for each event. An event is visible when its state is, or a later one of the same dial. */
export function lagsOf(events: readonly SourceEvent[], sightings: readonly Sighting[]): Lag[] {
  const seenAt = findVisible(events, sightings)
  const rhythms = rhythmsOf(events)
  return events.map((event) => {
    const at = seenAt.get(event)
    return { event, rhythm: rhythms.get(event) ?? 'first', ms: at === undefined ? null : at - event.at }
  })
}

/** Dials of which the mirror showed a state without a result. */
export function seenInProgress(events: readonly SourceEvent[], sightings: readonly Sighting[]): Set<number> {
  const open = new Map(
    events.filter(({ kind }) => kind !== 'result').map((event) => [keyOf(event), event.dial]),
  )
  return new Set(sightings.flatMap((sighting) => open.get(keyOf(sighting)) ?? []))
}

function findVisible(
  events: readonly SourceEvent[],
  sightings: readonly Sighting[],
): ReadonlyMap<SourceEvent, number> {
  const byKey = new Map(events.map((event) => [keyOf(event), event]))
  const ofDial = Map.groupBy(events, ({ dial }) => dial)
  const visible = new Map<SourceEvent, number>()
  for (const sighting of sightings.toSorted((a, b) => a.seenAt - b.seenAt)) {
    const shown = byKey.get(keyOf(sighting))
    for (const event of shown ? (ofDial.get(shown.dial) ?? []) : [])
      if (shown && event.at <= shown.at && !visible.has(event)) visible.set(event, sighting.seenAt)
  }
  return visible
}

function keyOf({ queueId, numberTo, fields }: Pick<Sighting, 'queueId' | 'numberTo' | 'fields'>): string {
  return `${queueId} ${numberTo} ${fields}`
}

function rhythmsOf(events: readonly SourceEvent[]): ReadonlyMap<SourceEvent, Rhythm> {
  const rhythms = new Map<SourceEvent, Rhythm>()
  for (const theirs of Map.groupBy(events, ({ userId }) => userId).values()) {
    let beganAt = Number.NEGATIVE_INFINITY
    let before = Number.NEGATIVE_INFINITY
    for (const event of theirs) {
      const isAfterIdle = event.at - before >= IDLE_MS
      if (isAfterIdle) beganAt = event.at
      const isFirst = event.at - beganAt < FIRST_MS
      rhythms.set(event, isAfterIdle && before > 0 ? 'after_idle' : isFirst ? 'first' : 'dialling')
      before = event.at
    }
  }
  return rhythms
}
