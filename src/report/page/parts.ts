/** What sections of the page are made of. */
import { type Content, Html, html } from '../../page/html.ts'
import type { CsvViewName } from '../csv-views.ts'
import type { AskedPeriod, Filters } from '../filters.ts'
import type { Figures, Report } from '../report.ts'
import type { Rate } from '../scope.ts'
import type { PeriodWords } from './period-words.ts'
import { type Clock, percent, range } from './words.ts'

/** Where the page leads to. A file that is mailed or printed leads nowhere. */
export interface Links {
  /** The same page, narrowed differently. */
  page(changes: Partial<Filters>): string
  /** Narrowed as the page is, as far as the view can be; to a period only where it is given. */
  csv(view: CsvViewName, period?: AskedPeriod, narrower?: Narrowing): string
  /** The search, or everyone whose name begins so. */
  teammates(starts?: string): string
  readonly status: string
}

export type Narrowing = Partial<Pick<Filters, 'teammate' | 'queue'>>

/** What every section gets. */
export interface PageData {
  readonly report: Report
  readonly figures: Figures
  readonly clock: Clock
  readonly words: PeriodWords
  readonly links: Links | null
}

export type CsvLink = readonly [view: CsvViewName, period?: AskedPeriod]

export function section(
  { links }: PageData,
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
  const name = (view: string) => (views.length === 1 ? 'CSV' : view.replaceAll('_', ' '))
  const title = views.length === 1 ? null : 'CSV: '
  return html`<p class="csv">${title}${views.map(
    ([view, period]) =>
      html`<a href="${links.csv(view, period)}" download aria-label="${view} as CSV">${name(view)}</a> `,
  )}</p>`
}

/** Views of dials that can't be narrowed to a queue give way to the dials themselves, which can. */
export function ofDials({ report, figures }: PageData, view: CsvViewName, period?: AskedPeriod): CsvLink {
  if (report.filters.queue !== null) return ['dials', figures.period.asked]
  return period === undefined ? [view] : [view, period]
}

/** A figure as a link to the CSV of its rows; without links only the figure. */
export function rowsBehind(
  { links }: PageData,
  figure: Content,
  [view, period]: CsvLink,
  narrower: Narrowing,
): Content {
  if (links === null) return figure
  return html`<a class="rows" href="${links.csv(view, period, narrower)}" download title="The rows behind it: ${view}.csv">${figure}</a>`
}

/** What a list leaves out, as the end of a sentence with "And"; null: it shows all. */
export function more(rest: number, text: Content): Html | null {
  return rest > 0 ? html`<p class="more">And ${text}</p>` : null
}

/** `n` is a number, `text` may take more than a line; what is `isWide` is not there on a narrow screen. */
export type Cell =
  | Content
  | { readonly n: Content; readonly isWide?: boolean }
  | { readonly text: Content; readonly isWide?: boolean }

/**
 * The first cell of a row is its heading. It scrolls by itself where it is too wide; on a phone each row is a block, in
 * which each cell says its column.
 */
export function table(name: string, columns: readonly Cell[], rows: readonly (readonly Cell[])[]): Html {
  const body = rows.map(
    ([first = null, ...others]) =>
      html`<tr>${cell('th', first, { scope: 'row' })}${others.map((content, index) => cell('td', content, { column: columns[index + 1] ?? null }))}</tr>\n`,
  )
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${name}"><table>
<thead><tr>${columns.map((content) => cell('th', content, { scope: 'col' }))}</tr></thead>
<tbody>${body}</tbody></table></div>`
}

interface CellOf {
  readonly scope?: 'row' | 'col'
  readonly column?: Cell
}

function cell(tag: 'th' | 'td', given: Cell, { scope, column = null }: CellOf): Html {
  const { content, classes } = partsOf(given)
  const { content: name } = partsOf(column)
  const label = typeof name === 'string' ? html` data-column="${name.replace(/,.*/, '')}"` : null
  return html`<${tag}${scope === undefined ? null : html` scope="${scope}"`}${label}${classes === '' ? null : html` class="${classes}"`}>${content}</${tag}>`
}

function partsOf(cell: Cell): { readonly content: Content; readonly classes: string } {
  if (typeof cell !== 'object' || cell === null || cell instanceof Html || 'length' in cell) {
    return { content: cell, classes: '' }
  }
  const [kind, content] = 'n' in cell ? ['n', cell.n] : ['text', cell.text]
  return { content, classes: cell.isWide === true ? `${kind} wide` : kind }
}

export function details(summary: Content, body: Content, { isOpen = false } = {}): Html {
  return html`<details${isOpen ? html` open` : null}><summary>${summary}</summary>${body}</details>`
}

/** The table of what a chart shows: on paper the chart is enough. */
export function asTable(summary: string, body: Html): Html {
  return html`<details class="aside"><summary>${summary}</summary>${body}</details>`
}

export function empty(text: string): Html {
  return html`<p class="empty">${text}</p>`
}

/** On what lines of rates are drawn, so that those of one table can be compared. */
export interface RateScale {
  readonly upTo: number
  /** Of all of them together. */
  readonly ofAll: number | null
}

export function rateScale(rates: readonly Rate[], ofAll: Rate | null = null): RateScale {
  const highest = Math.max(0.1, ...rates.map(({ high }) => high ?? 0))
  return { upTo: Math.ceil(highest * 10) / 10, ofAll: ofAll?.rate ?? null }
}

/** A rate and its 95 % range: the range as a line, the rate as a dot. */
export function rateCell(rate: Rate, { upTo, ofAll }: RateScale): Html {
  if (rate.rate === null || rate.low === null || rate.high === null) return html`<span class="muted">–</span>`
  const at = (share: number) => `${((share / upTo) * 100).toFixed(1)}%`
  const tick =
    ofAll === null ? null : html`<line class="all" x1="${at(ofAll)}" x2="${at(ofAll)}" y1="0" y2="13"/>`
  return html`<span class="rate"><b>${percent(rate.rate)}</b> <small>${range(rate)}</small><svg class="range" aria-hidden="true" height="13"><line class="axis" x1="0" x2="100%" y1="6.5" y2="6.5"/>${tick}<line class="spread" x1="${at(rate.low)}" x2="${at(rate.high)}" y1="6.5" y2="6.5"/><circle cx="${at(rate.rate)}" cy="6.5" r="3.5"/></svg></span>`
}
