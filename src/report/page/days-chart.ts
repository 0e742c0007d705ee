/**
 * Dials of each day as stacked bars. A picture as wide as its place: what is across is in percent and what is up in
 * pixels, so that letters are never scaled. Each outcome has a colour and a texture.
 */
import { type Content, type Html, html } from '../../page/html.ts'
import { type DayOfDials, type DialOutcome, dialOutcomes } from '../days.ts'
import { noPeriod } from '../filters.ts'
import { asTable, empty, ofDials, type PageData, section, table } from './parts.ts'
import { type Clock, count, countOf, outcomeName, PARTLY_UNREAD, percent } from './words.ts'

const HEIGHT = 200
const TOP = 18

export function daysSection(page: PageData): Html {
  const { hoursOfDay, period } = page.figures
  const days = hoursOfDay ?? page.figures.days
  const { clock } = page
  const all = days.reduce((sum, { dials }) => sum + dials, 0)
  return section(page, {
    id: 'days',
    title: `What came of the dials, ${hoursOfDay === null ? 'day by day' : 'hour by hour'}`,
    sentence: sentence(days, page),
    views: [ofDials(page, 'daily_activity', period.asked)],
    body:
      all === 0
        ? empty(hoursOfDay === null ? 'No dial on these days.' : 'No dial on this day.')
        : html`${legend(days, all)}${chart(days, clock)}${asTable('As a table', dayTable(days, page))}`,
  })
}

function sentence(days: readonly DayOfDials[], { clock, figures }: PageData): string {
  const all = days.reduce((sum, { dials }) => sum + dials, 0)
  const busiest = days.reduce((most, day) => (day.dials > most.dials ? day : most), days[0] ?? noDay)
  const unread = days.filter((day) => (day.unread ?? 0) >= PARTLY_UNREAD).length
  const [first = noDay] = days
  const last = days.at(-1) ?? noDay
  const span =
    days.length === 1 || first.hour !== null
      ? `on ${clock.day(first.from)}`
      : figures.period.isOpen
        ? `from ${clock.day(first.from)} to today, which is not over`
        : `from ${clock.day(first.from)} to ${clock.day(last.from)}`
  const most =
    all === 0
      ? ''
      : ` Most were made ${busiest.hour === null ? 'on' : 'at'} ${slotName(busiest, clock)}: ${count(busiest.dials)}.`
  const gaps =
    unread === 0
      ? ''
      : ` ${first.hour === null ? countOf(unread, 'day was', 'days were') : countOf(unread, 'hour was', 'hours were')} partly not read: there may have been more.`
  return `${countOf(all, 'dial')} ${span}.${most}${gaps}`
}

const noDay = { dials: 0, from: '1970-01-01T00:00:00Z', hour: null }

/** `Wed 25 Nov`, or `14–15 h` of a single day. */
function slotName({ hour, from }: Pick<DayOfDials, 'hour' | 'from'>, clock: Clock): string {
  return hour === null ? clock.day(from) : `${hour}–${hour + 1}\u00a0h`
}

function legend(days: readonly DayOfDials[], all: number): Html {
  const items = dialOutcomes.map((outcome) => {
    const sum = days.reduce((dials, day) => dials + day.byOutcome[outcome], 0)
    return html`<li><svg class="swatch" width="14" height="14" aria-hidden="true">${bar(outcome, { x: '0', width: '14', y: 0, height: 14 })}</svg>${outcomeName(outcome)} <b>${count(sum)}</b> <small>${percent(sum / all)}</small></li>`
  })
  const unread = days.some((day) => (day.unread ?? 0) >= PARTLY_UNREAD)
    ? html`<li><svg class="swatch" width="14" height="14" aria-hidden="true"><rect class="unread" width="14" height="14"/></svg>${days[0]?.hour === null ? 'below a day' : 'below an hour'}: partly not read</li>`
    : null
  return html`<ul class="legend">${items}${unread}</ul>`
}

function chart(days: readonly DayOfDials[], clock: Clock): Html {
  const ticks = ticksUpTo(Math.max(...days.map(({ dials }) => dials)))
  const most = ticks.at(-1) ?? 1
  const y = (dials: number) => HEIGHT - (dials / most) * (HEIGHT - TOP)
  const slot = 100 / days.length
  const lines = ticks.map(
    (tick) =>
      html`<line class="grid" x1="0" x2="100%" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>`,
  )
  const scale = ticks.map(
    (tick) =>
      html`<text class="tick" x="100%" text-anchor="end" y="${(y(tick) + 4).toFixed(1)}">${count(tick)}</text>`,
  )
  const bars = days.map((day, index) => {
    const x = `${(index * slot + slot * 0.14).toFixed(2)}%`
    const width = `${(slot * 0.72).toFixed(2)}%`
    let below = 0
    const parts = dialOutcomes.map((outcome) => {
      const dials = day.byOutcome[outcome]
      below += dials
      return dials === 0
        ? null
        : bar(outcome, { x, width, y: y(below), height: (dials / most) * (HEIGHT - TOP) })
    })
    const unread =
      (day.unread ?? 0) < PARTLY_UNREAD
        ? null
        : html`<rect class="unread" x="${x}" width="${width}" y="${HEIGHT + 2}" height="6"/>`
    const middle = `${((index + 0.5) * slot).toFixed(2)}%`
    const total =
      day.dials === 0 || days.length > 31
        ? null
        : html`<text class="total${days.length > 7 ? ' wide' : ''}" x="${middle}" y="${(y(day.dials) - 4).toFixed(1)}">${count(day.dials)}</text>`
    const isLast = index > days.length * 0.94 && days.length > 7
    const label = isLabelled(days, index)
      ? html`<text class="label${isLast ? ' last' : ''}" x="${middle}" y="${HEIGHT + 21}">${labelOf(day, days, clock)}</text>`
      : null
    return html`<g><title>${slotName(day, clock)}: ${inWords(day)}</title>${unread}${parts}${total}${label}</g>`
  })
  const description = days.map((day) => `${slotName(day, clock)}: ${count(day.dials)}`).join(', ')
  return html`<div class="plot"><svg width="34" height="${HEIGHT + 26}" aria-hidden="true">${scale}</svg><svg class="days" role="img" aria-label="Dials by day and outcome. ${description}." width="100%" height="${HEIGHT + 26}">${lines}${bars}</svg></div>`
}

/** Round numbers from 0 to at least `most`, a few of them. */
function ticksUpTo(most: number): number[] {
  const rough = Math.max(most, 1) / 4
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(
    [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => size >= rough) ?? 1,
    1,
  )
  return Array.from({ length: Math.ceil(Math.max(most, 1) / step) + 1 }, (_, index) => index * step)
}

function inWords(day: DayOfDials): string {
  const parts = dialOutcomes.flatMap((outcome) =>
    day.byOutcome[outcome] === 0
      ? []
      : [`${count(day.byOutcome[outcome])} ${outcomeName(outcome).toLowerCase()}`],
  )
  const unread = (day.unread ?? 0) < PARTLY_UNREAD ? '' : `; ${percent(day.unread ?? 0)} of it not read`
  return `${countOf(day.dials, 'dial')}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}${unread}`
}

/** `Wed 25` where days are few, else `25 Nov`; `14` of an hour. */
function labelOf({ hour, from }: DayOfDials, days: readonly DayOfDials[], clock: Clock): string {
  if (hour !== null) return String(hour)
  const parts = clock.day(from).split('\u00a0')
  return (days.length > 7 ? parts.slice(1, 3) : parts.slice(0, 2)).join(' ')
}

/** Each hour; every day of a week, else Mondays, and of many weeks every fourth. */
function isLabelled(days: readonly DayOfDials[], index: number): boolean {
  if (days.length <= 7 || days[index]?.hour !== null) return true
  const isMonday = new Date(days[index]?.date ?? '').getUTCDay() === 1
  return isMonday && (days.length <= 31 || Math.floor(index / 7) % 3 === 0)
}

function bar(
  outcome: DialOutcome,
  {
    x,
    width,
    y,
    height,
  }: { readonly x: string; readonly width: string; readonly y: number; readonly height: number },
): Html {
  const place = html`x="${x}" width="${width}" y="${y.toFixed(1)}" height="${Math.max(height, 0.5).toFixed(1)}"`
  return html`<rect class="fill ${outcome}" ${place}/><rect class="texture" fill="url(#texture-${outcome})" ${place}/>`
}

/** Once on a page. What is drawn over the colours, so that they are told apart without any. */
export const textures = html`<svg class="textures" width="0" height="0" aria-hidden="true"><defs>
<pattern id="texture-connected" width="6" height="6" patternUnits="userSpaceOnUse"/>
<pattern id="texture-voicemail" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6"/></pattern>
<pattern id="texture-not_reached" width="5" height="5" patternUnits="userSpaceOnUse"><circle cx="2.5" cy="2.5" r=".9"/></pattern>
<pattern id="texture-failed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6M0 0H6"/></pattern>
<pattern id="texture-other" width="5" height="5" patternUnits="userSpaceOnUse"><path d="M0 2.5H5"/></pattern>
<pattern id="texture-in_progress" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><path class="thick" d="M0 0V5"/></pattern>
<pattern id="texture-unread" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="faint" d="M0 0V6"/></pattern>
</defs></svg>`

/** To the report of that day, hour by hour. */
function dayLink(day: DayOfDials, { clock, links }: PageData): Content {
  const name = slotName(day, clock)
  if (links === null || day.hour !== null) return name
  return html`<a href="${links.page({ ...noPeriod, from: day.date, to: day.date })}">${name}</a>`
}

function dayTable(days: readonly DayOfDials[], page: PageData): Html {
  const { isOpen } = page.figures.period
  return table(
    'Dials by day and outcome',
    [
      days[0]?.hour === null ? 'Day' : 'Hour',
      { n: 'Dials' },
      ...dialOutcomes.map((outcome) => ({ n: outcomeName(outcome) })),
      { n: 'Not read' },
    ],
    days.map((day, index) => [
      html`${dayLink(day, page)}${isOpen && index === days.length - 1 ? ' (so far)' : ''}`,
      { n: count(day.dials) },
      ...dialOutcomes.map((outcome) => ({ n: count(day.byOutcome[outcome]) })),
      { n: day.unread === null ? '–' : percent(day.unread) },
    ]),
  )
}
