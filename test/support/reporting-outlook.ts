/** What schema reporting must say about the quality of queues and about their end, computed from the truth. */
import { outcomeOf } from './bookkeeping.ts'
import { groupBy } from './recorded.ts'
import {
  connectionRate,
  localDay,
  localWeekday,
  nextDay,
  startOfDay,
  wallClock,
} from './reporting-calendar.ts'
import {
  endOfStay,
  instant,
  keyOf,
  type ReportTruth,
  type SeenDial,
  type SeenQueue,
  type SeenStay,
} from './reporting-truth.ts'

const HOUR = 3600e6
const Z = 1.959963984540054

/** The rows of `reporting.list_health`. `entryId` orders stays that were first seen at once. */
export function listHealth(truth: ReportTruth, entryId: (key: string) => number) {
  const ofNumber = groupBy([...truth.stays.values()], ({ number }) => number)
  return [...truth.queues.values()].map((queue) => {
    const { queueId, last, fate } = queue
    const stays = [...truth.stays.values()].filter((stay) => stay.queueId === queueId)
    const results = stays.flatMap(({ dials }) =>
      inOrder(dials)
        .filter(({ outcome }) => outcome !== 'in_progress')
        .slice(-1),
    )
    const others = (stay: SeenStay) => ofNumber.get(stay.number)?.filter((other) => other !== stay) ?? []
    const isThereBefore = (other: SeenStay, stay: SeenStay) => {
      const until = endOfStay(other, truth).last_seen_at ?? Number.POSITIVE_INFINITY
      const isEarlier = other.first.at - stay.first.at || entryId(other.key) - entryId(stay.key)
      return other.queueId === queueId && isEarlier < 0 && until >= stay.first.at
    }
    const duplicates = stays.filter((stay) => others(stay).some((other) => isThereBefore(other, stay)))
    const calledElsewhere = stays.filter((stay) =>
      others(stay).some(
        ({ queueId: elsewhere, dials }) =>
          elsewhere !== queueId && dials.some(({ at }) => at < stay.createdAt),
      ),
    )
    const share = (name: string, part: number, whole: number) => {
      const rate = connectionRate(part, whole)
      return {
        [name]: part,
        [`${name}_rate`]: rate.connection_rate,
        [`${name}_rate_low`]: rate.connection_rate_low,
        [`${name}_rate_high`]: rate.connection_rate_high,
      }
    }
    const count = (outcome: string) => results.filter((dial) => dial.outcome === outcome).length
    const dead = results.filter(
      ({ outcome, notReachedReason }) => outcome === 'not_reached' && notReachedReason === 'NOT_IN_SERVICE',
    )
    const { duplicates_rate, duplicates_rate_low, duplicates_rate_high, ...doubles } = share(
      'duplicates',
      duplicates.length,
      stays.length,
    )
    return {
      queue_id: queueId,
      user_id: last.userId,
      queue_state: fate.state,
      numbers_ever: stays.length,
      resolved_numbers: results.length,
      ...share('not_in_service', dead.length, results.length),
      ...share('voicemail', count('voicemail'), results.length),
      ...share('failed', count('failed'), results.length),
      known_numbers: stays.length,
      ...doubles,
      duplicate_rate: duplicates_rate,
      duplicate_rate_low: duplicates_rate_low,
      duplicate_rate_high: duplicates_rate_high,
      ...share('called_elsewhere', calledElsewhere.length, stays.length),
      ...agesIn(queue, truth, ofNumber),
      data_as_of: last.at,
    }
  })
}

function agesIn(
  { queueId, last, fate }: SeenQueue,
  truth: ReportTruth,
  ofNumber: ReadonlyMap<string, readonly SeenStay[]>,
) {
  if (fate.state !== 'current')
    return { numbers: null, median_age_days: null, waiting_numbers: null, median_hours_waiting: null }
  const rows = last.queue?.rows ?? []
  const ages = rows.map((row) => Math.max(0, last.at - instant(row.created_at)) / (24 * HOUR))
  const waits = rows.flatMap((row) => {
    const isCalled =
      outcomeOf(row) !== 'remaining' || truth.stays.get(keyOf(queueId, row))?.dials.length !== 0
    const first = Math.min(...(ofNumber.get(row.number_to) ?? []).map(({ createdAt }) => createdAt))
    return isCalled ? [] : [Math.max(0, last.at - first) / HOUR]
  })
  return {
    numbers: rows.length,
    median_age_days: median(ages),
    waiting_numbers: waits.length,
    median_hours_waiting: median(waits),
  }
}

/** The rows of `reporting.queue_forecast`, for a pace of at least ten first dials over eight hours at most. */
export function forecasts(truth: ReportTruth, timeZone: string) {
  return [...truth.queues.values()].flatMap((queue) =>
    queue.fate.state === 'current' ? [forecastOf(queue, truth, timeZone)] : [],
  )
}

function forecastOf({ queueId, last }: SeenQueue, truth: ReportTruth, timeZone: string) {
  const rows = last.queue?.rows ?? []
  const remaining = rows.filter((row) => outcomeOf(row) === 'remaining').length
  const dials = inOrder(
    truth.dials.filter(({ stay, first }) => stay.queueId === queueId && first.userId === last.userId),
  )
  const measured = lastEightHours(dials)
  const seconds = measured.reduce((sum, { pause }) => sum + pause, 0) / 1e6
  const firsts = measured.filter(({ dial }) => inOrder(dial.stay.dials)[0] === dial).length
  const lastDial = dials.at(-1)?.at ?? null
  const pace = firsts >= 10 && seconds > 0 ? paceOf(firsts, seconds, measured) : null
  const hours = (perHour: number | undefined) =>
    perHour !== undefined && remaining > 0 ? remaining / perHour : null
  const at = (perHour: number | undefined) => {
    const left = hours(perHour)
    return left === null ? null : last.at + left * HOUR
  }
  const isDialling = lastDial !== null && lastDial >= last.at - HOUR / 2
  const endOfToday = startOfDay(nextDay(localDay(last.at, timeZone)), timeZone)
  const runsOut = isDialling && (at(pace?.numbers) ?? endOfToday) < endOfToday ? at(pace?.numbers) : null
  const [hour, minute] = runsOut === null ? [0, 0] : clockOf(runsOut, timeZone)
  const two = (part: number) => String(part).padStart(2, '0')
  const noPace = lastDial === null ? 'no_dials' : 'too_few_dials'
  const notNow = isDialling ? 'not_today' : 'not_dialling'
  const why = remaining === 0 ? 'nothing_remains' : pace === null ? noPace : notNow
  return {
    queue_id: queueId,
    user_id: last.userId,
    data_as_of: last.at,
    remaining,
    first_dials: firsts,
    active_hours: seconds / 3600,
    measured_from:
      measured.length > 0 ? Math.min(...measured.map(({ dial, pause }) => dial.at - pause)) : null,
    last_dial_at: lastDial,
    numbers_per_hour: pace?.numbers ?? null,
    numbers_per_hour_low: pace?.low ?? null,
    numbers_per_hour_high: pace?.high ?? null,
    hours_left: hours(pace?.numbers),
    hours_left_low: hours(pace?.high),
    hours_left_high: hours(pace?.low),
    runs_out_at: runsOut,
    runs_out_earliest_at: runsOut === null ? null : at(pace?.high),
    runs_out_latest_at: runsOut === null ? null : at(pace?.low),
    runs_out_date: runsOut === null ? null : localDay(runsOut, timeZone),
    runs_out_local_time: runsOut === null ? null : `${two(hour)}:${two(minute)}`,
    reason: runsOut === null ? why : null,
  }
}

interface Measured {
  readonly dial: SeenDial
  /** Microseconds since the dial before it. */
  readonly pause: number
}

function lastEightHours(dials: readonly SeenDial[]): Measured[] {
  const measured: Measured[] = []
  let sum = 0
  for (const [index, dial] of [...dials.entries()].reverse()) {
    const before = dials[index - 1]
    const pause = dial.at - (before?.at ?? 0)
    if (before === undefined || pause > HOUR / 2) continue
    sum += pause
    if (sum > 8 * HOUR) break
    measured.push({ dial, pause })
  }
  return measured
}

/** The score interval of a count whose variance is `spread` times the one of chance. */
function paceOf(firsts: number, seconds: number, measured: readonly Measured[]) {
  const mean = seconds / measured.length
  const squares = measured.reduce((sum, { pause }) => sum + (pause / 1e6 - mean) ** 2, 0)
  const spread = Math.max(1, squares / (measured.length - 1) / mean ** 2)
  const middle = firsts + (spread * Z ** 2) / 2
  const margin = Math.sqrt(middle ** 2 - firsts ** 2)
  const perHour = (count: number) => (count * 3600) / seconds
  return { numbers: perHour(firsts), low: perHour(middle - margin), high: perHour(middle + margin) }
}

function clockOf(at: number, zone: string): [hour: number, minute: number] {
  const local = new Date(wallClock(at, zone) / 1000)
  return [local.getUTCHours(), local.getUTCMinutes()]
}

function inOrder(dials: readonly SeenDial[]): SeenDial[] {
  return [...dials].sort((a, b) => a.at - b.at || a.first.at - b.first.at)
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}

/** The rows of `reporting.speed_to_lead`, with a target of an hour and hours of work from Monday to Friday, 9 to 18. */
export function speedToLead(truth: ReportTruth, entryId: (key: string) => number, timeZone: string) {
  const ofNumber = groupBy([...truth.stays.values()], ({ number }) => number)
  return [...ofNumber.values()].flatMap((stays) => {
    const [stay] = [...stays].sort((a, b) => a.createdAt - b.createdAt || entryId(a.key) - entryId(b.key))
    if (!stay) return []
    const [dial] = inOrder(stays.flatMap(({ dials }) => dials))
    const ends = stays.map((one) => ({ ...endOfStay(one, truth), queueId: one.queueId }))
    const seenUntil = ends.map(
      ({ last_seen_at, queueId }) => last_seen_at ?? truth.queues.get(queueId)?.last.at ?? 0,
    )
    const isWaiting = ends.some(
      ({ last_seen_at, queueId }) =>
        last_seen_at === null && truth.queues.get(queueId)?.fate.state === 'current',
    )
    const { createdAt } = stay
    const isMeasured = dial !== undefined && dial.at >= createdAt
    const judge = (seconds: (until: number) => number) => {
      if (dial === undefined) return seconds(Math.max(...seenUntil)) > 3600 ? false : null
      return isMeasured ? seconds(dial.at) <= 3600 : null
    }
    const working = (until: number) => workingSeconds(createdAt, until, timeZone)
    return {
      entry_id: entryId(stay.key),
      queue_id: stay.queueId,
      user_id: stay.first.userId,
      created_at: createdAt,
      first_seen_at: stay.first.at,
      lead_state: dial ? 'dialled' : isWaiting ? 'waiting' : 'removed',
      first_dialled_at: dial?.at ?? null,
      first_dialled_by: dial?.first.userId ?? null,
      is_seen_uncalled: dial ? dial.first.at > stay.first.at : null,
      seconds_to_first_dial: isMeasured ? (dial.at - createdAt) / 1e6 : null,
      target_seconds: 3600,
      is_within_target: judge((until) => (until - createdAt) / 1e6),
      working_seconds_to_first_dial: isMeasured ? working(dial.at) : null,
      is_within_working_target: judge(working),
    }
  })
}

function workingSeconds(since: number, until: number, zone: string): number {
  let seconds = 0
  for (let day = localDay(since, zone); day <= localDay(until, zone); day = nextDay(day)) {
    if (localWeekday(startOfDay(day, zone), zone) > 5) continue
    const from = Math.max(since, timeOfDay(day, 9, zone))
    const to = Math.min(until, timeOfDay(day, 18, zone))
    if (to > from) seconds += (to - from) / 1e6
  }
  return seconds
}

/** The clock may change between midnight and the hour. */
function timeOfDay(day: string, hour: number, zone: string): number {
  const guess = startOfDay(day, zone) + hour * HOUR
  return guess + Date.parse(`${day}T00:00:00Z`) * 1000 + hour * HOUR - wallClock(guess, zone)
}
