/**
 * Working hours as people write them: `Mon-Fri 09:00-18:00`, several separated by commas. Days may go past Sunday
 * (`Sun-Thu`), hours may not go past midnight. Returns minutes of a week that begins on Monday at 00:00, local time, each
 * period from its first minute until just before its last; periods may overlap. Otherwise returns the end of a sentence
 * that says what is wrong.
 */
export type MinutesOfWeek = readonly [from: number, to: number]

export function readWorkingHours(
  text: string,
): { readonly minutes: readonly MinutesOfWeek[] } | { readonly fault: string } {
  const periods = text.split(',').map(readPeriods)
  const fault = periods.find((period) => typeof period === 'string')
  if (typeof fault === 'string') return { fault }
  return { minutes: periods.flatMap((period) => (typeof period === 'string' ? [] : period)) }
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const MINUTES_OF_DAY = 1440
const day = `(${DAYS.join('|')})`
const time = '(\\d{1,2}):(\\d{2})'
const form = new RegExp(`^${day}(?:\\s*-\\s*${day})?\\s+${time}\\s*-\\s*${time}$`, 'i')

function readPeriods(text: string): MinutesOfWeek[] | string {
  const match = form.exec(text.trim())
  if (match === null) return 'not days and hours'
  const [, first = '', last = first, ...clock] = match
  const [hour = 0, minute = 0, endHour = 0, endMinute = 0] = clock.map(Number)
  const [from, to] = [hour * 60 + minute, endHour * 60 + endMinute]
  if (minute > 59 || endMinute > 59 || from >= MINUTES_OF_DAY || to > MINUTES_OF_DAY)
    return 'not hours of a day, which go from 00:00 to 24:00'
  if (to <= from) return 'a period that ends before it begins; write the part after midnight as another one'
  return daysFrom(first, last).map((nth) => [nth * MINUTES_OF_DAY + from, nth * MINUTES_OF_DAY + to] as const)
}

function daysFrom(first: string, last: string): number[] {
  const [from, to] = [DAYS.indexOf(first.toLowerCase()), DAYS.indexOf(last.toLowerCase())]
  const count = ((to - from + DAYS.length) % DAYS.length) + 1
  return Array.from({ length: count }, (_, nth) => (from + nth) % DAYS.length)
}
