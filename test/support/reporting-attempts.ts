/** What schema reporting must say about attempts and sessions, computed from the truth, dial by dial. */
import { outcomeOf } from './bookkeeping.ts'
import { groupBy } from './recorded.ts'
import {
  type CountedDial,
  connectionRate,
  localDay,
  localHour,
  localWeekday,
  nextDay,
  startOfDay,
  tally,
} from './reporting-calendar.ts'
import { endOfStay, keyOf, type ReportTruth, type SeenDial } from './reporting-truth.ts'

const HOUR = 3600e6
const DAY = 24 * HOUR

/** The columns of `reporting.dials` about attempts, by entry and time of the dial. */
export function attemptsOf(truth: ReportTruth, timeZone: string) {
  const stays = groupBy([...truth.stays.values()], ({ number }) => number)
  const dials = groupBy(truth.dials, ({ stay }) => stay.number)
  return new Map(
    truth.dials.map((dial) => {
      const { stay, at } = dial
      const ofNumber = inOrder(dials.get(stay.number) ?? [])
      const earlier = ofNumber.slice(0, ofNumber.indexOf(dial))
      const ofStay = inOrder(stay.dials)
      const previous = earlier.at(-1)
      const firstQueued = Math.min(...(stays.get(stay.number) ?? []).map(({ createdAt }) => createdAt))
      return [
        `${stay.key} ${at}`,
        {
          attempt_of_stay: ofStay.indexOf(dial) + 1,
          attempt_of_number: earlier.length + 1,
          connected_before: earlier.some(({ outcome }) => outcome === 'connected'),
          not_in_service_before: earlier.some(isNotInService),
          hours_since_previous_attempt: previous ? (at - previous.at) / HOUR : null,
          seconds_since_first_queued: at >= firstQueued ? (at - firstQueued) / 1e6 : null,
          local_day: localDay(at, timeZone),
          local_hour: localHour(at, timeZone),
          is_final: endOfStay(stay, truth).removed_at !== null || ofStay.at(-1) !== dial,
        },
      ] as const
    }),
  )
}

/** The rows of `reporting.attempts`. */
export function attemptRows(truth: ReportTruth, timeZone: string) {
  const columns = attemptsOf(truth, timeZone)
  const rows = groupBy(
    truth.dials.flatMap((dial) => {
      const of = columns.get(`${dial.stay.key} ${dial.at}`)
      if (!of || of.connected_before) return []
      return [{ ...counted(dial), week: mondayOf(dial.at, timeZone), attempt: of.attempt_of_number }]
    }),
    ({ week, attempt }) => `${week} ${attempt}`,
  )
  return [...rows.values()].flatMap((dials) => {
    const [first] = dials
    if (!first) return []
    const { week, attempt } = first
    const { resolved_dials, connected } = tally(dials)
    return {
      week,
      attempt,
      is_week_over: startOfDay(daysAfter(week, 7), timeZone) <= truth.asOf,
      dials: dials.length,
      resolved_dials,
      connected,
      ...connectionRate(connected, resolved_dials),
    }
  })
}

/** The rows of `reporting.wasted_dials`. */
export function wastedDials(truth: ReportTruth, timeZone: string) {
  const columns = attemptsOf(truth, timeZone)
  return truth.dials.flatMap((dial) => {
    const of = columns.get(`${dial.stay.key} ${dial.at}`)
    if (!of) return []
    const { connected_before, not_in_service_before, hours_since_previous_attempt } = of
    const is_too_soon = (hours_since_previous_attempt ?? 1) < 1
    if (!connected_before && !not_in_service_before && !is_too_soon) return []
    const later = not_in_service_before ? 'not_in_service' : 'too_soon'
    return {
      stay: dial.stay.key,
      at: dial.at,
      user_id: dial.first.userId,
      queue_id: dial.stay.queueId,
      local_day: of.local_day,
      reason: connected_before ? 'connected_before' : later,
      connected_before,
      not_in_service_before,
      is_too_soon,
      attempt_of_number: of.attempt_of_number,
      hours_since_previous_attempt,
      outcome: dial.outcome,
    }
  })
}

/** The rows of `reporting.cadence`. */
export function cadenceOf(truth: ReportTruth) {
  const dials = groupBy(truth.dials, ({ stay }) => stay.number)
  const current = [...truth.queues.values()].filter(({ fate }) => fate.state === 'current')
  return current.flatMap(({ queueId, last }) =>
    (last.queue?.rows ?? []).flatMap((row) => {
      const ofNumber = inOrder(dials.get(row.number_to) ?? [])
      const isReached = [outcomeOf(row), ...ofNumber.map(({ outcome }) => outcome)].includes('connected')
      const stay = truth.stays.get(keyOf(queueId, row))
      if (isReached || !stay) return []
      const lastAt = ofNumber.at(-1)?.at ?? null
      return {
        stay: stay.key,
        queue_id: queueId,
        position: row.position,
        user_id: last.userId,
        attempts_of_stay: stay.dials.length,
        attempts: ofNumber.length,
        last_attempt_at: lastAt,
        days_since_last_attempt: lastAt === null ? null : Math.max(0, last.at - lastAt) / DAY,
        teammates: new Set(ofNumber.map(({ first }) => first.userId)).size,
        is_not_in_service: ofNumber.some(isNotInService),
        data_as_of: last.at,
      }
    }),
  )
}

/** The rows of `reporting.sessions` of one teammate. */
export function sessionsOf(dials: readonly CountedDial[], lastRead: number, timeZone: string) {
  const days = groupBy(dials, ({ at }) => localDay(at, timeZone))
  return [...days].flatMap(([day, ofDay]) => {
    const sessions: CountedDial[][] = []
    const inTime = [...ofDay].sort((a, b) => a.at - b.at)
    for (const dial of inTime) {
      const current = sessions.at(-1)
      if (current && dial.at - (current.at(-1)?.at ?? 0) <= HOUR / 2) current.push(dial)
      else sessions.push([dial])
    }
    const isDayOver = startOfDay(nextDay(day), timeZone) <= lastRead
    return sessions.map((session, index) => {
      const at = session.map((dial) => dial.at)
      const [started_at = 0, ended_at = 0] = [at[0], at.at(-1)]
      const pauses = at.slice(1).map((one, index) => one - (at[index] ?? one))
      const { resolved_dials, connected } = tally(session)
      return {
        day,
        session: index + 1,
        started_at,
        ended_at,
        is_open: !isDayOver && index === sessions.length - 1 && ended_at >= lastRead - HOUR / 2,
        dials: at.length,
        resolved_dials,
        connected,
        dialling_seconds: (ended_at - started_at) / 1e6,
        dials_per_hour: ended_at > started_at ? pauses.length / ((ended_at - started_at) / HOUR) : null,
        longest_pause_seconds: pauses.length > 0 ? Math.max(...pauses) / 1e6 : null,
      }
    })
  })
}

function inOrder(dials: readonly SeenDial[]): SeenDial[] {
  return [...dials].sort((a, b) => a.at - b.at || a.first.at - b.first.at)
}

function isNotInService({ notReachedReason }: SeenDial): boolean {
  return notReachedReason === 'NOT_IN_SERVICE'
}

function counted({ at, outcome, stay }: SeenDial): CountedDial {
  return { at, outcome, stay: stay.key }
}

function mondayOf(at: number, timeZone: string): string {
  return daysAfter(localDay(at, timeZone), 1 - localWeekday(at, timeZone))
}

function daysAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10)
}
