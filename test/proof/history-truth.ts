/**
 * Compares what the database says after a pass with the states of the model that were. Each reading has to be true at
 * an instant between its start and its end, in the tables and in `reporting.queue_as_of`. Findings are sentences.
 */
import type { Pool } from '../../src/store/postgres/database.ts'
import { findInconsistencies } from '../support/bookkeeping.ts'
import {
  covers,
  groupBy,
  type NumberFields,
  type Recorded,
  type RecordedReading,
  type RecordedVersion,
} from '../support/recorded.ts'
import { fieldsOf, memberOf } from '../support/truth.ts'
import { findFalseLooks } from './look-truth.ts'
import { currentQueue, type Model, queueIdOf, type UserId, type View, viewOf, viewText } from './model.ts'
import { fieldsOfRow, modelsDuring } from './model-truth.ts'
import type { Instant } from './pass.ts'

export async function findFalsehoods(
  pool: Pool,
  recorded: Recorded,
  timeline: readonly Instant[],
  { hasLooks = false }: { readonly hasLooks?: boolean } = {},
): Promise<string[]> {
  const problems = [
    ...findInconsistencies(recorded),
    ...findGaps(recorded),
    ...findTwice(recorded),
    ...(hasLooks ? findFalseLooks(recorded, timeline) : findUnread(recorded)),
  ]
  for (const reading of recorded.readings) {
    if (!['ok', 'no_queue', 'not_found'].includes(reading.status)) continue
    const views = viewsDuring(timeline, reading)
    const was = views.map(viewText).join(', then ')
    const report = (what: string) =>
      problems.push(`pass ${reading.pass_id}, ${reading.user_id}: ${what}; it was ${was}`)
    if (!views.some((view) => isOfKind(view, reading)))
      report(`read as ${reading.status} ${reading.queue_id}`)
    if (reading.status !== 'ok') continue
    const shown = recorded.versions.filter(
      (version) => version.queue_id === reading.queue_id && covers(version, reading.observed_at),
    )
    if (reading.numbers_stored !== shown.length)
      report(`stored ${reading.numbers_stored}, shows ${shown.length}`)
    compareRows(shown, rowsOf(views, reading.queue_id), report)
  }
  return [...problems, ...(await compareAsOf(pool, recorded, timeline))]
}

/** The views of the teammate who was read, at each instant of the reading. */
function viewsDuring(
  timeline: readonly Instant[],
  { user_id, read_started_at, observed_at }: RecordedReading,
): View[] {
  return modelsDuring(timeline, read_started_at, observed_at).map((model) => viewOf(model, user_id as UserId))
}

function isOfKind(view: View, { status, queue_id }: RecordedReading): boolean {
  if (status !== 'ok') return view.kind === status
  return view.kind === 'queue' && queueIdOf(view.queue.id) === queue_id
}

function rowsOf(views: readonly View[], queueId: string | null): NumberFields[][] {
  return views.flatMap((view) =>
    view.kind === 'queue' && queueIdOf(view.queue.id) === queueId ? [view.queue.rows.map(fieldsOfRow)] : [],
  )
}

/** The rows were together at one instant, and each with its fields at one. */
function compareRows(
  shown: readonly RecordedVersion[],
  states: readonly (readonly NumberFields[])[],
  report: (what: string) => void,
): void {
  const members = (rows: readonly NumberFields[]) => rows.map(memberOf).sort().join(', ')
  if (!states.some((rows) => members(rows) === members(shown))) report(`shows ${members(shown)}`)
  const rowsThatWere = new Set(states.flat().map(fieldsOf))
  for (const row of shown) if (!rowsThatWere.has(fieldsOf(row))) report(`shows the row ${fieldsOf(row)}`)
}

/** The versions of an entry follow each other without a gap, unless one says why it closed. */
function findGaps({ versions }: Recorded): string[] {
  const problems: string[] = []
  for (const [entry, stretches] of groupBy(versions, ({ entry_id }) => entry_id)) {
    for (const [index, { valid_to, end_reason }] of stretches.entries()) {
      const next = stretches[index + 1]
      if (valid_to === null || end_reason !== null) continue
      if (next?.valid_from !== valid_to)
        problems.push(`entry ${entry}: a gap from ${valid_to}, without a reason`)
    }
  }
  return problems
}

/** No entry is there twice, and no version repeats the one before it. */
function findTwice({ entries, versions }: Recorded): string[] {
  const problems: string[] = []
  const stays = groupBy(
    entries,
    ({ queue_id, number_to, created_at }) => `${queue_id} ${number_to} ${created_at}`,
  )
  for (const [stay, same] of stays) if (same.length > 1) problems.push(`${stay} is ${same.length} entries`)
  for (const [entry, stretches] of groupBy(versions, ({ entry_id }) => entry_id)) {
    for (const [index, version] of stretches.entries()) {
      const next = stretches[index + 1]
      if (next?.valid_from === version.valid_to && next && fieldsOf(next) === fieldsOf(version))
        problems.push(`entry ${entry}: nothing changed at ${version.valid_to}`)
    }
  }
  return problems
}

/** Each version began at a reading of its queue. */
function findUnread({ versions, readings }: Recorded): string[] {
  const read = new Set(
    readings.map(({ status, queue_id, observed_at }) => `${status} ${queue_id} ${observed_at}`),
  )
  return versions.flatMap(({ entry_id, queue_id, valid_from }) =>
    read.has(`ok ${queue_id} ${valid_from}`)
      ? []
      : [`entry ${entry_id}: changed at ${valid_from}, without a reading`],
  )
}

interface AsOf {
  readonly at: number
  readonly user_id: string
  readonly answer: string
  readonly queue_id: string | null
  /** Null: the queue had no number. */
  readonly position: number | null
  readonly call_id: string | null
  readonly routing_result: string | null
}

/** What `queue_as_of` says of each teammate at each observed instant. It may say that it does not know. */
async function compareAsOf(pool: Pool, recorded: Recorded, timeline: readonly Instant[]): Promise<string[]> {
  const { rows } = await pool.query<AsOf>(
    `select (extract(epoch from r.observed_at) * 1000000)::float8 as at, r.user_id, q.answer, q.queue_id, q.position,
       q.call_id, q.routing_result
     from allo.sync_reads r cross join lateral reporting.queue_as_of(r.user_id, r.observed_at) q
     where r.status in ('ok', 'no_queue')`,
  )
  const problems: string[] = []
  for (const reading of recorded.readings) {
    const { status, user_id, observed_at, queue_id } = reading
    if (status !== 'ok' && status !== 'no_queue') continue
    const said = rows.filter((row) => row.at === observed_at && row.user_id === user_id)
    const answer = said[0]?.answer ?? 'nothing'
    const views = viewsDuring(timeline, reading)
    const report = (what: string) =>
      problems.push(`queue_as_of(${user_id}, reading of pass ${reading.pass_id}): ${what}`)
    if (status === 'ok' && answer !== 'queue') report(`${answer}, was read with ${queue_id}`)
    if (answer === 'no_queue' && !views.some(({ kind }) => kind === 'no_queue')) report('no_queue')
    if (answer !== 'queue') continue
    const shown = said.flatMap((row) =>
      row.position === null ? [] : [`${row.position} ${row.call_id} ${row.routing_result}`],
    )
    const shownQueue = said[0]?.queue_id ?? null
    const states = rowsOf(views, shownQueue)
    const positions = (lines: readonly string[]) => lines.map((line) => line.split(' ')[0]).join()
    const ofState = (state: readonly NumberFields[]) =>
      state.map(({ position, call_id, routing_result }) => `${position} ${call_id} ${routing_result}`)
    if (!states.some((state) => positions(ofState(state)) === positions(shown)))
      report(`${shownQueue} at ${shown}`)
    const rowsThatWere = new Set(states.flatMap(ofState))
    if (shown.some((line) => !rowsThatWere.has(line))) report(`${shownQueue} with ${shown}`)
  }
  return problems
}

/** Queues that ended since `before`, although a teammate held them all the while. */
export function findFalseEndings(before: Recorded, after: Recorded, timeline: readonly Instant[]): string[] {
  const endedBefore = new Map(before.queues.map((queue) => [queue.queue_id, queue.ended_at]))
  const pass = after.passes.at(-1)
  return after.queues.flatMap(({ queue_id, ended_at, unknown_since }) => {
    if (ended_at === null || endedBefore.get(queue_id) === ended_at) return []
    if (pass === undefined || pass.finished_at === null) return [`queue ${queue_id} ended, and no pass did`]
    if (unknown_since === null || unknown_since >= pass.started_at || ended_at >= unknown_since)
      return [`queue ${queue_id} was ended by one pass alone`]
    const models = modelsDuring(timeline, pass.started_at, pass.finished_at)
    return models.every((model) => holderOf(model, queue_id) !== null) && !isHandedOn(models, queue_id)
      ? [`queue ${queue_id} ended, and ${holderOf(models[0], queue_id)} held it`]
      : []
  })
}

/** Passed on during a pass, a queue can be ahead of the reader. */
function isHandedOn(models: readonly Model[], queueId: string): boolean {
  return new Set(models.map((model) => holderOf(model, queueId))).size > 1
}

function holderOf(model: Model | undefined, queueId: string): UserId | null {
  return model?.team.find((user) => queueIdOf(currentQueue(model, user)?.id ?? -1) === queueId) ?? null
}

/** What quiet passes must have settled: what no teammate holds has ended, and what one holds is current, with them. */
export function findUnsettled({ queues, teammates, numbers }: Recorded, model: Model): string[] {
  const isAnyHeld = model.team.some((user) => currentQueue(model, user) !== undefined)
  const open = queues.filter((queue) => queue.ended_at === null && holderOf(model, queue.queue_id) === null)
  const problems = queues.flatMap((queue) => {
    const holder = holderOf(model, queue.queue_id)
    const { queue_id, user_id, is_current, ended_at } = queue
    if (holder !== null && (is_current !== true || user_id !== holder))
      return [`queue ${queue_id} is not current`]
    if (holder !== null || ended_at !== null || !model.team.includes(user_id as UserId)) return []
    // If no teammate has a queue and two are missing, Allo probably answers "no queue" for all.
    return isAnyHeld || open.length < 2 ? [`queue ${queue_id} has not ended`] : []
  })
  for (const user of model.team) {
    const view = viewOf(model, user)
    if (!teammates.some(({ user_id, left_at }) => user_id === user && left_at === null))
      problems.push(`${user} left`)
    if (view.kind !== 'queue') continue
    const mirrored = numbers.filter(({ queue_id }) => queue_id === queueIdOf(view.queue.id)).map(fieldsOf)
    if (mirrored.join() !== view.queue.rows.map(fieldsOfRow).map(fieldsOf).join())
      problems.push(`the mirror of ${user} is ${mirrored}`)
  }
  return problems
}
