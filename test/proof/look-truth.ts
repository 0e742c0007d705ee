/**
 * Compares what looks recorded with the states of the model that were. A version that no reading opened is of a look:
 * the number had the fields of the version before at some instant after `changed_after`, and those of the version at a
 * later one, before `valid_from`. It stands in the same slot as before, and the counts on record are those of all rows.
 */
import { isSeenByLook, outcomeOf } from '../support/bookkeeping.ts'
import { covers, groupBy, type Recorded, type RecordedVersion } from '../support/recorded.ts'
import { fieldsOf, memberOf } from '../support/truth.ts'
import { currentQueue, queueIdOf, type UserId } from './model.ts'
import { fieldsOfRow, modelsDuring } from './model-truth.ts'
import type { Instant } from './pass.ts'

export function findFalseLooks(recorded: Recorded, timeline: readonly Instant[]): string[] {
  const { versions, readings } = recorded
  const readingsOf = groupBy(
    readings.filter(({ status }) => status === 'ok'),
    ({ queue_id }) => queue_id,
  )
  const ofEntry = groupBy(versions, ({ entry_id }) => entry_id)
  return versions
    .filter((version) => isSeenByLook(version, readingsOf.get(version.queue_id) ?? []))
    .flatMap((version) => {
      const stretches = ofEntry.get(version.entry_id) ?? []
      const before = stretches[stretches.indexOf(version) - 1]
      const what = falsehoodOf(version, before, recorded, timeline)
      return what === null ? [] : [`look at ${version.queue_id} ${version.valid_from}: ${what}`]
    })
}

function falsehoodOf(
  version: RecordedVersion,
  before: RecordedVersion | undefined,
  recorded: Recorded,
  timeline: readonly Instant[],
): string | null {
  const { valid_from, queue_id, changed_after } = version
  if (before?.valid_to !== valid_from) return 'a number came'
  if (memberOf(before) !== memberOf(version)) return `${memberOf(before)} moved to ${memberOf(version)}`
  const holder = recorded.assignments.find((one) => one.queue_id === queue_id && covers(one, valid_from))
  if (holder === undefined) return 'no teammate was on record with the queue'
  const states = modelsDuring(timeline, changed_after ?? valid_from, valid_from).map((model) => {
    const queue = currentQueue(model, holder.user_id as UserId)
    const isTheirs = queue !== undefined && queueIdOf(queue.id) === queue_id
    return new Set(isTheirs ? queue.rows.map(fieldsOfRow).map(fieldsOf) : [])
  })
  const wasBefore = states.findIndex((fields) => fields.has(fieldsOf(before)))
  const wasAfter = states.findLastIndex((fields) => fields.has(fieldsOf(version)))
  if (wasBefore === -1 || wasAfter <= wasBefore)
    return `${fieldsOf(before)} became ${fieldsOf(version)} after ${changed_after}, it was ${states.map((state) => [...state]).join(', then ')}`
  return countsAt(version, recorded)
}

/** Null: the counts on record at that instant are those of the versions. */
function countsAt({ queue_id, valid_from }: RecordedVersion, { counts, versions }: Recorded): string | null {
  const known = counts.findLast((row) => row.queue_id === queue_id && row.observed_at <= valid_from)
  const shown = versions.filter((version) => version.queue_id === queue_id && covers(version, valid_from))
  const remaining = shown.filter((version) => outcomeOf(version) === 'remaining').length
  const connected = shown.filter((version) => outcomeOf(version) === 'connected').length
  const isRight =
    known?.numbers === shown.length && known.remaining === remaining && known.connected === connected
  return isRight ? null : `counts are ${JSON.stringify(known)}, the versions have ${remaining} remaining`
}
