/** Which period the page shows, and links to others. The address has the choice, so it can be kept and sent. */
import { type Content, type Html, html } from '../../page/html.ts'
import { type DayRange, daysFrom, monthsUntil, neighbours } from '../calendar.ts'
import { type AskedPeriod, noPeriod, periodFilters, periods } from '../filters.ts'
import type { Links, PageData } from './parts.ts'
import { monthWords } from './period-words.ts'

const MONTHS = 12

export function periodPicker(page: PageData, links: Links): Html {
  const { period } = page.figures
  const link = (words: Content, asked: Partial<AskedPeriod>) => {
    const wanted = { ...noPeriod, ...asked }
    const isShown = periodFilters.every((name) => wanted[name] === period.asked[name])
    return html`<a${isShown ? html` aria-current="true"` : null} href="${links.page(wanted)}">${words}</a>`
  }
  const isCustom = period.asked.from !== null
  return html`<div class="periods">${link('Today', { period: 'today' })}${link('Yesterday', { period: 'yesterday' })}${link('This week', { period: 'week' })}${periods.map((days) => link(`${days} days`, { days }))}${link('This month', { period: 'month' })}</div>
${steps(page, links)}
<details class="choose"><summary>${isCustom ? html`<b>${page.words.title}</b>` : 'Other dates'}</summary>${datesForm(page)}${months(page, links)}</details>`
}

function datesAsked({ first, last }: DayRange): AskedPeriod {
  return { ...noPeriod, from: first, to: last }
}

/** The days before and after those that are shown. */
function steps({ figures, clock }: PageData, links: Links): Html {
  const { period, trust } = figures
  const [first = period.today] = period.dates
  const { earlier, later } = neighbours(
    {
      first: first.date,
      last: period.dates.at(-1)?.date ?? first.date,
      unit: period.calendar?.unit ?? 'days',
    },
    period.today.date,
  )
  const hasEarlier = trust.mirrorFrom !== null && trust.mirrorFrom < first.from
  const name = ({ first, last }: DayRange) =>
    `${daysFrom(first, last) === 1 ? first : `${first} to ${last}`} ${clock.timeZone}`
  const link = (range: DayRange, words: string) =>
    html`<a href="${links.page(datesAsked(range))}" title="${name(range)}">${words}</a>`
  return html`<span class="steps">${hasEarlier ? link(earlier, '‹ Earlier') : null}${later === null ? null : link(later, 'Later ›')}</span>`
}

/** Goes where a form would lead by the script of the page, because its policy forbids forms. */
function datesForm({ figures, report }: PageData): Html {
  const { period } = figures
  const today = period.today.date
  const [first = period.today] = period.dates
  const kept = (['teammate', 'queue'] as const).map((name) =>
    report.filters[name] === null
      ? null
      : html`<input type="hidden" name="${name}" value="${report.filters[name]}">`,
  )
  const input = (name: 'from' | 'to', words: string, value: string) =>
    html`<label>${words} <input type="date" name="${name}" value="${value}" max="${today}" required></label>`
  return html`<form action="report">${kept}${input('from', 'From', first.date)}${input('to', 'to', period.dates.at(-1)?.date ?? today)}<button>Show</button></form>`
}

function months({ figures }: PageData, links: Links): Html | null {
  const { period, trust } = figures
  const { mirrorFrom } = trust
  if (mirrorFrom === null) return null
  const all = monthsUntil(period.today.date, mirrorFrom.slice(0, 10), MONTHS)
  return html`<ul class="months">${all.map((month) => html`<li><a href="${links.page(datesAsked(month))}">${monthWords(month.first)}</a></li>`)}</ul>`
}
