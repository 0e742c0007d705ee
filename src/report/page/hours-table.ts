/** When people are reached: a table of the week, coloured by rate. Where there are too few dials it shows no rate. */
import { type Html, html } from '../../page/html.ts'
import { LEAST_DIALS, LEAST_EXPECTED } from '../chance.ts'
import { compareHours, type HourComparison, isCompared } from '../compare-hours.ts'
import type { HourOfWeek } from '../hours.ts'
import type { Period } from '../period.ts'
import { asTable, empty, type PageData, rateCell, rateScale, section, table } from './parts.ts'
import { dayWords } from './period-words.ts'
import { count, percent, range, resolvedDials, weekdayName } from './words.ts'

const RANKED = 20
const FRIDAY = 5
/** Rates of ten percent each have a shade, and half and more the strongest. */
const SHADES = 5

export function hoursSection(page: PageData): Html {
  const { hours, period } = page.figures
  const isOfView =
    period.asked.days !== null && period.forHours.days === 28 && page.report.filters.queue === null
  const telling = hours
    .filter(({ connected }) => connected.whole >= LEAST_DIALS)
    .sort((a, b) => (b.connected.low ?? 0) - (a.connected.low ?? 0) || b.connected.whole - a.connected.whole)
  const comparison = compareHours(hours)
  return section(page, {
    id: 'hours',
    title: `When people are reached, ${hoursWords(period)}`,
    sentence: `${sentence(telling.length, comparison)} Hours are those of ${period.timeZone}.`,
    views: [isOfView ? ['activity_heatmap'] : ['dials', period.forHours.asked]],
    body:
      hours.length === 0
        ? empty('No dial in this time.')
        : html`${week(hours)}
<p class="fine">Share of answered dials, of dials with a result; below it their number. Hours with fewer than ${LEAST_DIALS} show no share. A colour shows enough dials to compare: at the rate of all, at least ${LEAST_EXPECTED} answered and ${LEAST_EXPECTED} others.</p>
${comparison.differs ? asTable('Ranked by the lower end of the likely range', ranking(telling)) : null}`,
  })
}

function hoursWords({ forHours, isOpen, calendar }: Period): string {
  const days = `${forHours.days} days`
  return isOpen || calendar === null ? `last ${days}` : `${days} until ${dayWords(calendar.last)}`
}

/** Names a best hour only if it is better than the others beyond chance. */
function sentence(telling: number, { compared, chance, differs, best }: HourComparison): string {
  if (telling === 0) {
    return `No hour of the week has ${LEAST_DIALS} dials with a result: too few to tell when people are reached.`
  }
  if (chance === null) {
    return 'There are too few dials with a result to compare hours: differences may be chance.'
  }
  if (!differs)
    return `No hour differs from the others beyond chance, of ${count(compared)} with enough dials to compare.`
  if (best === null) {
    return 'The hours differ beyond chance, but no single one is better than the others beyond chance.'
  }
  const { weekday, hour, connected, rateOfOthers } = best
  return `${weekdayName(weekday)} ${hourWords(hour)} is better than the other hours beyond chance: ${percent(connected.rate ?? 0)} of ${resolvedDials(connected)} were answered (likely ${range(connected)}), ${percent(rateOfOthers)} at the others.`
}

function hourWords(hour: number): string {
  return `${hour}–${hour + 1}\u00a0h`
}

function week(hours: readonly HourOfWeek[]): Html {
  const isEnough = isCompared(hours)
  const used = hours.map(({ hour }) => hour)
  const first = Math.min(...used)
  const rows = Array.from({ length: Math.max(...used) - first + 1 }, (_, index) => first + index)
  // Leave out a weekend without dials.
  const lastDay = Math.max(FRIDAY, ...hours.map(({ weekday }) => weekday))
  const weekdays = [1, 2, 3, 4, 5, 6, 7].slice(0, lastDay)
  const head = weekdays.map(
    (weekday) =>
      html`<th scope="col"><abbr title="${weekdayName(weekday)}">${weekdayName(weekday).slice(0, 3)}</abbr></th>`,
  )
  const row = (hour: number) =>
    html`<tr><th scope="row">${String(hour).padStart(2, '0')}</th>${weekdays.map((weekday) =>
      hourCell(
        hours.find((one) => one.weekday === weekday && one.hour === hour),
        isEnough,
      ),
    )}</tr>`
  return html`<table class="week"><thead><tr><th scope="col">Hour</th>${head}</tr></thead><tbody>${rows.map(row)}</tbody></table>`
}

function hourCell(hour: HourOfWeek | undefined, isEnough: (hour: HourOfWeek) => boolean): Html {
  if (hour === undefined) return html`<td class="never"></td>`
  const { rate, whole } = hour.connected
  if (rate === null || whole < LEAST_DIALS) return html`<td class="few"><small>${count(whole)}</small></td>`
  const shade = isEnough(hour) ? `shade-${Math.min(Math.floor(rate * 10), SHADES)}` : 'few'
  return html`<td class="${shade}">${percent(rate)}<small>${count(whole)}</small></td>`
}

function ranking(telling: readonly HourOfWeek[]): Html {
  const scale = rateScale(telling.map(({ connected }) => connected))
  return table(
    'Hours by the lower bound of their rate',
    ['Hour', { n: 'Dials with a result' }, { n: 'Reached' }, 'Rate, likely range'],
    telling
      .slice(0, RANKED)
      .map(({ weekday, hour, connected }) => [
        `${weekdayName(weekday)} ${hourWords(hour)}`,
        { n: count(connected.whole) },
        { n: count(connected.part) },
        rateCell(connected, scale),
      ]),
  )
}
