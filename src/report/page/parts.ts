/** What sections of the page are made of. */
import { type Content, type Html, html } from '../../http/html.ts'
import type { CsvViewName } from '../csv-views.ts'
import type { Days, Filters } from '../filters.ts'
import type { Figures, Report } from '../report.ts'
import type { Rate } from '../scope.ts'
import { type Clock, percent, range } from './words.ts'

/** Where the page leads to. A file that is mailed or printed has no links at all. */
export interface Links {
  /** The same page, narrowed differently. */
  page(changes: Partial<Filters>): string
  /** Narrowed as the page is, as far as the view can be; `days` only where it is given. */
  csv(view: CsvViewName, days?: Days): string
  readonly status: string
}

/** What every section gets. */
export interface Sheet {
  readonly report: Report
  readonly figures: Figures
  readonly clock: Clock
  readonly links: Links | null
}

export type CsvLink = readonly [view: CsvViewName, days?: Days]

export function section(
  { links }: Sheet,
  options: {
    readonly id: string
    readonly title: string
    /** What it shows, in words, with the figures. */
    readonly sentence: Content
    readonly views: readonly CsvLink[]
    readonly body: Content
  },
): Html {
  const { id, title, sentence, views, body } = options
  return html`<section aria-labelledby="${id}"><header class="head"><h2 id="${id}">${title}</h2>${csvLinks(links, views)}</header>
<p class="says">${sentence}</p>
${body}</section>`
}

export function csvLinks(links: Links | null, views: readonly CsvLink[]): Html | null {
  if (links === null || views.length === 0) return null
  return html`<p class="csv">${views.map(
    ([view, days]) => html`<a href="${links.csv(view, days)}" download>${view}.csv</a> `,
  )}</p>`
}

export type Cell = Content | { readonly n: Content }

/** `n` cells hold numbers; the first cell of a row is its heading. The table scrolls by itself where it is too wide. */
export function table(name: string, columns: readonly Cell[], rows: readonly (readonly Cell[])[]): Html {
  const body = rows.map(
    ([first = null, ...others]) =>
      html`<tr>${cell('th', first, 'row')}${others.map((content) => cell('td', content))}</tr>\n`,
  )
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${name}"><table>
<thead><tr>${columns.map((content) => cell('th', content, 'col'))}</tr></thead>
<tbody>${body}</tbody></table></div>`
}

function cell(tag: 'th' | 'td', content: Cell, scope: 'row' | 'col' | null = null): Html {
  const isNumber = typeof content === 'object' && content !== null && 'n' in content
  return html`<${tag}${scope === null ? null : html` scope="${scope}"`}${isNumber ? html` class="n"` : null}>${isNumber ? content.n : content}</${tag}>`
}

export function details(summary: Content, body: Content): Html {
  return html`<details><summary>${summary}</summary>${body}</details>`
}

export function empty(text: string): Html {
  return html`<p class="empty">${text}</p>`
}

/** A rate beside what it may as well have been: the 95 % range as a line, the rate as a dot. */
export function rateCell(rate: Rate): Html {
  if (rate.rate === null || rate.low === null || rate.high === null) return html`<span class="muted">–</span>`
  const at = (share: number) => `${(share * 100).toFixed(1)}%`
  return html`<span class="rate"><b>${percent(rate.rate)}</b> <small>${range(rate)}</small></span><svg class="range" aria-hidden="true" width="100%" height="9"><line class="axis" x1="0" x2="100%" y1="4.5" y2="4.5"/><line class="spread" x1="${at(rate.low)}" x2="${at(rate.high)}" y1="4.5" y2="4.5"/><circle cx="${at(rate.rate)}" cy="4.5" r="3"/></svg>`
}
