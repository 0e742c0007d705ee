/**
 * Rules that must hold between the tables in any state: a fact that is stored twice is equal in both places. Written
 * from the rules of the schema, not from the code that keeps them.
 */
import { covers, groupBy, type Recorded, type RecordedReading, type RecordedVersion } from './recorded.ts'

export function findInconsistencies(recorded: Recorded): string[] {
  return [
    ...findOverlaps(recorded),
    ...checkLifecycle(recorded),
    ...checkCounts(recorded),
    ...checkDials(recorded),
    ...checkQueues(recorded),
    ...checkChangedAfter(recorded),
  ]
}

interface Period {
  readonly valid_from: number
  readonly valid_to: number | null
}

function findOverlaps({ versions, settings, assignments }: Recorded): string[] {
  const held = assignments.filter(({ queue_id }) => queue_id !== null)
  return [
    ...overlapsIn(versions, ({ entry_id }) => `entry ${entry_id}`),
    ...overlapsIn(versions, ({ queue_id, position }) => `slot ${queue_id} ${position}`),
    ...overlapsIn(settings, ({ queue_id }) => `settings of ${queue_id}`),
    ...overlapsIn(assignments, ({ user_id }) => `assignments of ${user_id}`),
    ...overlapsIn(held, ({ queue_id }) => `holders of ${queue_id}`),
  ]
}

function overlapsIn<Row extends Period>(rows: readonly Row[], key: (row: Row) => string): string[] {
  const problems: string[] = []
  for (const [name, periods] of groupBy(rows, key)) {
    periods.sort((a, b) => a.valid_from - b.valid_from)
    for (const [index, period] of periods.entries()) {
      const next = periods[index + 1]
      if (next && (period.valid_to === null || period.valid_to > next.valid_from))
        problems.push(`${name}: periods overlap at ${next.valid_from}`)
    }
  }
  return problems
}

/** Mirror row, open entry and open version: all three or none, unless the queue's history is closed. */
function checkLifecycle({ numbers, entries, versions, queues }: Recorded): string[] {
  const problems: string[] = []
  const open = groupBy(
    versions.filter(({ valid_to }) => valid_to === null),
    ({ entry_id }) => entry_id,
  )
  const slots = groupBy(numbers, ({ entry_id }) => entry_id)
  const everSeen = groupBy(versions, ({ entry_id }) => entry_id)
  const isClosed = new Map(
    queues.map((queue) => [queue.queue_id, queue.ended_at !== null || queue.unobservable_since !== null]),
  )
  for (const entry of entries) {
    const { entry_id, queue_id } = entry
    const mirrored = slots.get(entry_id) ?? []
    const opened = open.get(entry_id) ?? []
    const isOpen = entry.last_seen_at === null
    const report = (what: string) => problems.push(`entry ${entry_id}: ${what}`)
    if (mirrored.length > 1) report(`stands in ${mirrored.length} slots`)
    if (opened.length !== (isOpen ? 1 : 0)) report(`${opened.length} open versions, open: ${isOpen}`)
    if (isOpen && mirrored.length !== 1) report('is open, but not in the mirror')
    if (isOpen && isClosed.get(queue_id)) report('is open in a queue that is closed')
    if (!isOpen && mirrored.length > 0 && !isClosed.get(queue_id)) report('left, but is in the mirror')
    if (isOpen && entry.removed_at !== null) report('is open and removed')
    const all = everSeen.get(entry_id) ?? []
    const first = all[0]
    const last = all.at(-1)
    if (!first || !last) report('has no version')
    else {
      if (first.valid_from !== entry.first_seen_at)
        report('was first seen at another time than its first version')
      if (outcomeOf(last) !== entry.outcome)
        report(`is ${entry.outcome}, its last version is ${outcomeOf(last)}`)
      // What became unobservable closed with that word, even if it was found to be gone when it could be seen again.
      const word = last.end_reason
      if (entry.removal_reason !== word && word !== 'unobservable')
        report(`left as ${entry.removal_reason}, its last version closed as ${word}`)
      if (word === 'deleted' && entry.removed_at !== last.valid_to)
        report('was removed at another time than its last version closed')
    }
    const row = mirrored[0]
    const version = opened[0]
    if (row && version && (row.position !== version.position || outcomeOf(row) !== outcomeOf(version)))
      report('mirror and open version differ')
  }
  for (const entry_id of slots.keys()) {
    if (!everSeen.has(entry_id)) problems.push(`mirror row of entry ${entry_id} has no version`)
  }
  const known = new Set(entries.map(({ entry_id }) => entry_id))
  for (const entry_id of [...slots.keys(), ...everSeen.keys()]) {
    if (!known.has(entry_id)) problems.push(`there is no entry ${entry_id}`)
  }
  return problems
}

const words = [
  'remaining',
  'in_progress',
  'connected',
  'voicemail',
  'not_reached',
  'failed',
  'other',
] as const

/** The counts on record at each reading are those of the state on record at that reading. */
function checkCounts({ readings, versions, counts }: Recorded): string[] {
  const problems: string[] = []
  const versionsOf = groupBy(versions, ({ queue_id }) => queue_id)
  const countsOf = groupBy(counts, ({ queue_id }) => queue_id)
  for (const reading of readings) {
    if (reading.status !== 'ok' || reading.queue_id === null) continue
    const known = (countsOf.get(reading.queue_id) ?? []).findLast(
      ({ observed_at }) => observed_at <= reading.observed_at,
    )
    const shown = (versionsOf.get(reading.queue_id) ?? []).filter((version) =>
      covers(version, reading.observed_at),
    )
    const outcomes = shown.map(outcomeOf)
    const counted = words.map((word) => outcomes.filter((outcome) => outcome === word).length)
    const recorded = words.map((word) => known?.[word])
    if (counted.join() !== recorded.join() || known?.numbers !== shown.length) {
      problems.push(
        `counts of ${reading.queue_id} at ${reading.observed_at} are ${recorded}, the state has ${counted}`,
      )
    }
    if (known?.observed_at === reading.observed_at && known.user_id !== reading.user_id)
      problems.push(`counts of ${reading.queue_id} are attributed to ${known.user_id}`)
  }
  return problems
}

function checkDials({ dials, entries, numbers, queues }: Recorded): string[] {
  const problems: string[] = []
  const team = new Map(queues.map(({ queue_id, team_id }) => [queue_id, team_id]))
  const withId = dials.filter(({ call_id }) => call_id !== null)
  for (const [key, same] of groupBy(withId, ({ queue_id, call_id }) => `${team.get(queue_id)} ${call_id}`)) {
    if (same.length > 1) problems.push(`call ${key} is ${same.length} dials`)
  }
  const ofEntry = groupBy(dials, ({ entry_id }) => entry_id)
  for (const entry of entries) {
    const made = ofEntry.get(entry.entry_id) ?? []
    const at = made.map(({ dialled_at, first_seen_at }) => dialled_at ?? first_seen_at)
    const first = at.length > 0 ? Math.min(...at) : null
    const last = at.length > 0 ? Math.max(...at) : null
    if (
      entry.dial_count !== made.length ||
      entry.first_dialled_at !== first ||
      entry.last_dialled_at !== last
    )
      problems.push(`entry ${entry.entry_id} counts ${entry.dial_count} dials, there are ${made.length}`)
  }
  for (const dial of dials) {
    if (outcomeOf(dial) !== dial.outcome)
      problems.push(`dial ${dial.dial_id} is ${dial.outcome}, its fields say ${outcomeOf(dial)}`)
  }
  const byCall = new Map(withId.map((dial) => [dial.call_id, dial]))
  for (const row of numbers) {
    if (row.call_id === null && row.call_start_date === null) continue
    const dial =
      row.call_id === null
        ? ofEntry
            .get(row.entry_id)
            ?.findLast(({ call_start_date }) => call_start_date === row.call_start_date)
        : byCall.get(row.call_id)
    if (!dial || outcomeOf(dial) !== outcomeOf(row))
      problems.push(
        `the dial of ${row.queue_id} ${row.position} (${row.call_id}, ${row.call_start_date}, ${outcomeOf(row)}) is ${JSON.stringify(dial)}`,
      )
  }
  return problems
}

function checkQueues({ queues, versions, settings, assignments, entries }: Recorded): string[] {
  const problems: string[] = []
  const open = <Row extends Period & { queue_id: string | null }>(rows: readonly Row[]) =>
    new Set(rows.filter(({ valid_to }) => valid_to === null).map(({ queue_id }) => queue_id))
  const openVersions = open(versions)
  const openSettings = open(settings)
  const holders = groupBy(
    assignments.filter(({ valid_to }) => valid_to === null),
    ({ queue_id }) => queue_id,
  )
  const entriesOf = groupBy(entries, ({ queue_id }) => queue_id)
  for (const queue of queues) {
    const { queue_id } = queue
    const report = (what: string) => problems.push(`queue ${queue_id}: ${what}`)
    const isClosed = queue.ended_at !== null || queue.unobservable_since !== null
    if (openSettings.has(queue_id) === isClosed) report(`settings open: ${!isClosed} expected`)
    if (isClosed && openVersions.has(queue_id)) report('versions are open, the queue is closed')
    if (isClosed && holders.has(queue_id)) report('closed, but it has an open assignment')
    if (
      queue.is_current &&
      queue.missing_since === null &&
      holders.get(queue_id)?.[0]?.user_id !== queue.user_id
    )
      report(`current with ${queue.user_id}, on record with ${holders.get(queue_id)?.[0]?.user_id}`)
    if ((queue.is_current === false) !== (queue.ended_at !== null)) report('ended and current contradict')
    if (queue.ended_at === null) continue
    for (const entry of entriesOf.get(queue_id) ?? []) {
      if (entry.removed_at === null) report(`ended, but entry ${entry.entry_id} is not removed`)
      if (entry.removed_at === queue.ended_at && entry.removal_reason !== queue.end_reason)
        report(`ended as ${queue.end_reason}, entry ${entry.entry_id} as ${entry.removal_reason}`)
    }
  }
  return problems
}

/**
 * A change that a reading saw happened after the start of the reading of that queue before. A look may know it better.
 */
function checkChangedAfter({ versions, readings }: Recorded): string[] {
  const problems: string[] = []
  const readingsOf = groupBy(
    readings.filter(({ status }) => status === 'ok'),
    ({ queue_id }) => queue_id,
  )
  const before = new Map<string, number | null>()
  for (const version of versions) {
    const key = `${version.queue_id} ${version.valid_from}`
    if (!before.has(key)) {
      const earlier = (readingsOf.get(version.queue_id) ?? []).findLast(
        ({ observed_at }) => observed_at < version.valid_from,
      )
      before.set(key, earlier?.read_started_at ?? null)
    }
    const after = before.get(key) ?? null
    const isOfLook = isSeenByLook(version, readingsOf.get(version.queue_id) ?? [])
    const isKnownBetter =
      isOfLook &&
      after !== null &&
      version.changed_after !== null &&
      version.changed_after >= after &&
      version.changed_after < version.valid_from
    if (version.changed_after !== after && !isKnownBetter)
      problems.push(
        `version of entry ${version.entry_id} at ${version.valid_from} changed after ${version.changed_after}`,
      )
  }
  return problems
}

/** Of `readings` of its queue, none opened the version. */
export function isSeenByLook(
  version: Pick<RecordedVersion, 'valid_from'>,
  readings: readonly RecordedReading[],
): boolean {
  return !readings.some(({ observed_at }) => observed_at === version.valid_from)
}

const connected = ['ANSWERED', 'TRANSFERRED_EXTERNAL', 'TRANSFERRED_BLAND', 'TRANSFERRED_ELEVEN_LABS']

export type Outcome = (typeof words)[number]

/** Rule by rule from the words' definition, so that it can disagree with the SQL function. */
export function outcomeOf(
  row: Pick<
    RecordedVersion,
    | 'detected_outbound_voicemail'
    | 'voicemail_left'
    | 'routing_result'
    | 'not_reached_destination_reason'
    | 'call_start_date'
    | 'call_id'
  >,
): Outcome {
  const result = row.routing_result
  if (row.detected_outbound_voicemail || row.voicemail_left || result === 'VOICEMAIL') return 'voicemail'
  if (row.not_reached_destination_reason !== null) return 'not_reached'
  if (result === 'FAILED' || result === 'FAILED_EXTERNAL' || result === 'BLOCKED') return 'failed'
  if (result !== null && connected.includes(result)) return 'connected'
  if (result !== null) return 'other'
  return row.call_start_date !== null || row.call_id !== null ? 'in_progress' : 'remaining'
}
