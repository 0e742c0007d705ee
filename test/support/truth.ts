/**
 * Compares history with the truth of the simulation: at every reading the database must show a state that existed.
 *
 * The numbers and their order must equal one state within the interval of the reading. Each row must have been true at
 * some moment of it. So what did not change in the interval is exact. Findings are sentences; no findings means that
 * history is true.
 */
import type { NumberRow, QueueRow } from '../../src/simulation/shapes.ts'
import type { TeammateState, Truth } from '../../src/simulation/timeline.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { findInconsistencies, isSeenByLook } from './bookkeeping.ts'
import {
  covers,
  groupBy,
  loadRecorded,
  type NumberFields,
  type Recorded,
  type RecordedAssignment,
  type RecordedDial,
  type RecordedReading,
  type RecordedSettings,
  type RecordedVersion,
} from './recorded.ts'

export interface Comparison {
  readonly problems: readonly string[]
  /** Readings `ok` or `no_queue` that were compared. */
  readonly readings: number
  /** Readings that say "no queue" of a teammate who had one all the while: the API's lie, not the mirror's. */
  readonly odd: readonly RecordedReading[]
}

/** Everything the database says, against itself and against the truth. */
export async function compareWithTruth(pool: Pool, truth: Truth): Promise<Comparison> {
  const recorded = await loadRecorded(pool)
  const comparison = compareReadings(recorded, truth, await slackMs(pool, truth))
  const problems = [
    ...findInconsistencies(recorded),
    ...comparison.problems,
    ...compareDialsWithTruth(recorded, truth),
    ...compareLooks(recorded, truth, await slackMs(pool, truth)),
  ]
  return { ...comparison, problems }
}

/** Truth and Postgres keep time on one machine, in two processes: how far apart, at most. */
async function slackMs(pool: Pool, truth: Truth): Promise<number> {
  let best = { apart: 0, round: Number.POSITIVE_INFINITY }
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const before = truth.now()
    const { rows } = await pool.query<{ ms: number }>(
      'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
    )
    const round = truth.now() - before
    const apart = Math.abs((rows[0]?.ms ?? 0) - (before + round / 2))
    if (round < best.round) best = { apart, round }
  }
  return best.apart + best.round / 2 + 0.2
}

function compareReadings(recorded: Recorded, truth: Truth, slack: number): Comparison {
  const problems: string[] = []
  const odd: RecordedReading[] = []
  const applied = recorded.readings.filter(({ status }) => ['ok', 'no_queue', 'not_found'].includes(status))
  const readingsOf = groupBy(applied, ({ user_id }) => user_id)
  const versions = groupBy(recorded.versions, ({ queue_id }) => queue_id)
  const settings = groupBy(recorded.settings, ({ queue_id }) => queue_id)
  const assignments = groupBy(recorded.assignments, ({ user_id }) => user_id)
  const dials = groupBy(recorded.dials, ({ queue_id }) => queue_id)

  for (const reading of applied) {
    const { user_id, queue_id } = reading
    const from = reading.read_started_at / 1000 - slack
    const to = reading.observed_at / 1000 + slack
    const states = truth.statesOf(user_id, from, to)
    const report = (what: string) => problems.push(`pass ${reading.pass_id}, ${user_id}: ${what}`)
    const was = (status: TeammateState['status']) => states.some((state) => state.status === status)

    if (reading.status === 'not_found') {
      if (!was('not_on_team')) report(`not found, but had ${describe(states)}`)
      continue
    }
    if (reading.status === 'no_queue' && !was('no_queue')) odd.push(reading)
    const theirs = readingsOf.get(user_id) ?? []
    const [before, after] = [theirs[theirs.indexOf(reading) - 1], theirs[theirs.indexOf(reading) + 1]]
    compareAssignment({ reading, before, after, states, periods: assignments.get(user_id) ?? [] }, report)
    if (queue_id === null) continue

    const shown = (versions.get(queue_id) ?? [])
      .filter((version) => covers(version, reading.observed_at))
      .sort((a, b) => a.position - b.position)
    compareQueue({ reading, states, shown, settings: settings.get(queue_id) ?? [] }, report)
    compareShownDials({ reading, shown, dials: dials.get(queue_id) ?? [] }, report)
    if (reading.numbers_stored !== shown.length)
      report(`${reading.numbers_stored} numbers stored, ${shown.length} shown`)
  }
  return { problems, readings: applied.length, odd }
}

type Report = (what: string) => void

/** Who holds what is on record as it was, or not at all; what was seen is on record. */
function compareAssignment(
  {
    reading,
    before,
    after,
    states,
    periods,
  }: {
    reading: RecordedReading
    before: RecordedReading | undefined
    after: RecordedReading | undefined
    states: readonly TeammateState[]
    periods: readonly RecordedAssignment[]
  },
  report: Report,
): void {
  const { observed_at, status, queue_id } = reading
  const claimed = periods.filter(
    (period) =>
      covers(period, observed_at) && (period.missing_since === null || period.missing_since > observed_at),
  )
  for (const claim of claimed) {
    const wasSo = states.some((state) =>
      state.status === 'queue' ? state.queue.id === claim.queue_id : claim.queue_id === null,
    )
    // "No queue", said once, is believed to be odd; said twice, to be true. Where the world itself was odd, or only
    // one of two equal answers was a lie, nothing tells that apart.
    const isSaid = (other: RecordedReading | undefined) => other?.queue_id === claim.queue_id
    const isAmbiguous =
      status === 'no_queue' && (claim.queue_id === null ? isSaid(before) || isSaid(after) : isSaid(after))
    if (!wasSo && !isAmbiguous) report(`on record with ${claim.queue_id}, but had ${describe(states)}`)
  }
  if (status === 'ok' && !claimed.some((claim) => claim.queue_id === queue_id))
    report(`was read with ${queue_id}, but is not on record with it`)
}

function compareQueue(
  {
    reading,
    states,
    shown,
    settings,
  }: {
    reading: RecordedReading
    states: readonly TeammateState[]
    shown: readonly RecordedVersion[]
    settings: readonly RecordedSettings[]
  },
  report: Report,
): void {
  const candidates = states.flatMap((state) =>
    state.status === 'queue' && state.queue.id === reading.queue_id ? [state] : [],
  )
  const membership = shown.map(memberOf).join('\n')
  const isAState = candidates.some(({ numbers }) => numbers.map(memberOf).join('\n') === membership)
  if (!isAState) report(`shows no state that was: ${differences(shown, candidates)}`)

  const rowsThatWere = new Set(candidates.flatMap(({ numbers }) => numbers.map(fieldsOf)))
  for (const version of shown) {
    if (!rowsThatWere.has(fieldsOf(version))) report(`never true: ${fieldsOf(version)}`)
  }
  const [setting, ...more] = settings.filter((row) => covers(row, reading.observed_at))
  if (!setting || more.length > 0) report(`not one version of the settings of ${reading.queue_id}`)
  else if (!candidates.some(({ queue }) => settingsOf(queue) === settingsOf(setting)))
    report(`settings never true: ${settingsOf(setting)}`)
}

/** Every dial that can be seen at a reading is on record, once. */
function compareShownDials(
  {
    reading,
    shown,
    dials,
  }: { reading: RecordedReading; shown: readonly RecordedVersion[]; dials: readonly RecordedDial[] },
  report: Report,
): void {
  for (const { entry_id, position, call_id, call_start_date } of shown) {
    if (call_start_date === null && call_id === null) continue
    const found = dials.filter((dial) =>
      call_id === null
        ? dial.entry_id === entry_id && dial.call_start_date === call_start_date
        : dial.call_id === call_id,
    )
    // Of two dials in one second, a number without a call_id does not say which one it means.
    if (call_id === null ? found.length === 0 : found.length !== 1)
      report(`the dial at ${position} (${call_id}, ${call_start_date}) is there ${found.length} times`)
    for (const dial of found) {
      if (dial.first_seen_at === reading.observed_at && dial.user_id !== reading.user_id)
        report(`the dial at ${position} is attributed to ${dial.user_id}`)
    }
  }
}

/** What a look recorded was so at some moment between the evidence before it and the end of the look. */
function compareLooks({ versions, readings, assignments }: Recorded, truth: Truth, slack: number): string[] {
  const readingsOf = groupBy(readings, ({ queue_id }) => queue_id)
  const ofLooks = versions.filter((version) => isSeenByLook(version, readingsOf.get(version.queue_id) ?? []))
  return ofLooks.flatMap((version) => {
    const { queue_id, valid_from, changed_after } = version
    const holder = assignments.find((one) => one.queue_id === queue_id && covers(one, valid_from))
    if (holder === undefined) return [`a look at ${queue_id}, which was not on record with any teammate`]
    const from = (changed_after ?? valid_from) / 1000 - slack
    const states = truth.statesOf(holder.user_id, from, valid_from / 1000 + slack)
    const was = states.some(
      (state) =>
        state.status === 'queue' &&
        state.queue.id === queue_id &&
        state.numbers.some((number) => fieldsOf(number) === fieldsOf(version)),
    )
    return was ? [] : [`a look at ${queue_id} recorded what was never true: ${fieldsOf(version)}`]
  })
}

/** No dial is made up, none is there twice, and each is what became of it as far as it was seen. */
function compareDialsWithTruth(recorded: Recorded, truth: Truth): string[] {
  const problems: string[] = []
  const byCallId = groupBy(truth.dials(), ({ call_id }) => call_id)
  const byStart = groupBy(
    truth.dials(),
    (dial) => `${dial.queueId} ${dial.number_to} ${micros(dial.call_start_date)}`,
  )
  const entries = new Map(recorded.entries.map((entry) => [entry.entry_id, entry]))
  const recordedByStart = groupBy(
    recorded.dials.filter(({ call_start_date }) => call_start_date !== null),
    ({ queue_id, entry_id, call_start_date }) =>
      `${queue_id} ${entries.get(entry_id)?.number_to} ${call_start_date}`,
  )
  for (const [start, dials] of recordedByStart) {
    const made = byStart.get(start)?.length ?? 0
    if (dials.length > made) problems.push(`${start}: ${dials.length} dials on record, ${made} made`)
  }
  for (const dial of recorded.dials) {
    const number = entries.get(dial.entry_id)?.number_to
    const made =
      dial.call_id === null
        ? byStart.get(`${dial.queue_id} ${number} ${dial.call_start_date}`)
        : byCallId.get(dial.call_id)
    const isReal = made?.some(
      (one) =>
        one.queueId === dial.queue_id &&
        one.number_to === number &&
        (dial.call_start_date === null || micros(one.call_start_date) === dial.call_start_date),
    )
    if (!isReal)
      problems.push(`dial ${dial.dial_id} (${dial.call_id}, ${dial.call_start_date}) was never made`)
  }
  return problems
}

function describe(states: readonly TeammateState[]): string {
  const words = states.map((state) => (state.status === 'queue' ? state.queue.id : state.status))
  return [...new Set(words)].join(', then ')
}

export function memberOf({ position, number_to, created_at }: NumberFields): string {
  return `${position} ${number_to} ${micros(created_at)}`
}

/** Everything history keeps of a row: `updated_at` is not in it. */
export function fieldsOf(row: NumberFields): string {
  return JSON.stringify([
    row.position,
    row.number_to,
    micros(row.created_at),
    micros(row.call_start_date),
    row.call_id,
    row.routing_result,
    row.sync_status,
    row.detected_outbound_voicemail,
    row.not_reached_destination_reason,
    row.voicemail_left,
  ])
}

function settingsOf({
  name,
  creator_id,
  assignee_id,
  voicemail_handling,
  do_not_disturb,
}: Pick<
  RecordedSettings,
  'name' | 'creator_id' | 'assignee_id' | 'voicemail_handling' | 'do_not_disturb'
>): string {
  return JSON.stringify([name, creator_id, assignee_id, voicemail_handling, do_not_disturb])
}

/** Naive source text as the database is asked to write it. */
export function micros(naive: string | null): string | null {
  return naive === null || naive.includes('.') ? naive : `${naive}.000000`
}

function differences(
  shown: readonly NumberFields[],
  candidates: readonly { numbers: readonly NumberRow[]; queue: QueueRow }[],
): string {
  const have = new Set(shown.map(memberOf))
  const best = candidates
    .map(({ numbers }) => {
      const want = new Set(numbers.map(memberOf))
      const missing = [...want].filter((member) => !have.has(member))
      const invented = [...have].filter((member) => !want.has(member))
      return { missing, invented, apart: missing.length + invented.length }
    })
    .sort((a, b) => a.apart - b.apart)[0]
  if (!best) return `the queue was not theirs (${shown.length} rows)`
  const few = (members: string[]) => `${members.length} (${members.slice(0, 3).join('; ')})`
  return `of ${shown.length} rows, missing ${few(best.missing)}, invented ${few(best.invented)}`
}
