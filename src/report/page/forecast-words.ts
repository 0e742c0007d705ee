/** When a queue runs out, in words. */
import { type Html, html } from '../../page/html.ts'
import type { Forecast } from '../outlook.ts'
import { type Clock, count } from './words.ts'

const unknownPace = { no_dials: 'not dialled yet', too_few_dials: 'too few dials' }

/** Today at a time, or after some hours of dialling, or not known and why. */
export function forecastWords(forecast: Forecast, clock: Clock): Html {
  const { runsOutAt, earliestAt, latestAt, hoursLeft, reason } = forecast
  if (runsOutAt !== null) {
    const range = `${clock.time(earliestAt ?? runsOutAt)}–${clock.time(latestAt ?? runsOutAt)}`
    return html`<b>${clock.time(runsOutAt)}</b> <small class="beside">${range}</small>`
  }
  if (reason === 'nothing_remains') return html`<b class="urgent">used up</b>`
  if (hoursLeft !== null)
    return html`after ${hoursWords(hoursLeft)} <small class="beside">of dialling</small>`
  return html`<span class="muted">not known</span> <small class="beside">${reason === 'no_dials' || reason === 'too_few_dials' ? unknownPace[reason] : ''}</small>`
}

/** `at about 19:25`, `after 5.1 h of dialling`. */
export function runsOutWords({ runsOutAt, hoursLeft }: Forecast, clock: Clock): string {
  return runsOutAt === null
    ? `after ${hoursWords(hoursLeft ?? 0)} of dialling`
    : `at about ${clock.time(runsOutAt)}`
}

const HOUR_MS = 3_600_000
const partsOfDay = [
  { until: 12, words: 'this morning' },
  { until: 17, words: 'this afternoon' },
  { until: 24, words: 'this evening' },
]

/**
 * When it can't run out yet, because even dialling without a pause takes longer: the part of the day, no time of a clock.
 * Empty: a time is known, or it is in the same part of the day.
 */
export function notBefore({ runsOutAt, hoursLeft }: Forecast, asOf: string, clock: Clock): string {
  if (runsOutAt !== null || hoursLeft === null) return ''
  const earliest = new Date(Date.parse(asOf) + hoursLeft * HOUR_MS).toISOString()
  if (clock.day(earliest) !== clock.day(asOf)) return ', so not today'
  const partOf = (instant: string) =>
    partsOfDay.find(({ until }) => Number.parseInt(clock.time(instant), 10) < until)?.words
  return partOf(earliest) === partOf(asOf) ? '' : `, so not before ${partOf(earliest)}`
}

/** Queues in which numbers are left and whose pace is known, the first to run out first. */
export function nextToRunOut(forecasts: readonly Forecast[]): readonly Forecast[] {
  return forecasts
    .filter(({ remaining, hoursLeft }) => remaining > 0 && hoursLeft !== null)
    .sort((a, b) => (a.hoursLeft ?? 0) - (b.hoursLeft ?? 0))
}

/** Of one queue alone it is not said. */
export function isFirstToRunOut(forecast: Forecast, forecasts: readonly Forecast[]): boolean {
  const [first, ...others] = nextToRunOut(forecasts)
  return others.length > 0 && forecast.queueId === first?.queueId
}

function hoursWords(hours: number): string {
  return `${hours < 10 ? hours.toFixed(1) : count(Math.round(hours))}\u00a0h`
}
