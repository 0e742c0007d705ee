/** What schema reporting must say about the attempts to reach a number, computed from the truth, dial by dial. */
import { groupBy } from './recorded.ts'
import { localDay, localHour } from './reporting-calendar.ts'
import { endOfStay, type ReportTruth, type SeenDial } from './reporting-truth.ts'

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
          not_in_service_before: earlier.some(
            ({ notReachedReason }) => notReachedReason === 'NOT_IN_SERVICE',
          ),
          hours_since_previous_attempt: previous ? (at - previous.at) / 3600e6 : null,
          seconds_since_first_queued: at >= firstQueued ? (at - firstQueued) / 1e6 : null,
          local_day: localDay(at, timeZone),
          local_hour: localHour(at, timeZone),
          is_final: endOfStay(stay, truth).removed_at !== null || ofStay.at(-1) !== dial,
        },
      ] as const
    }),
  )
}

function inOrder(dials: readonly SeenDial[]): SeenDial[] {
  return [...dials].sort((a, b) => a.at - b.at || a.first.at - b.first.at)
}
