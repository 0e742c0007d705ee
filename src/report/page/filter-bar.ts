/** What the page is narrowed to, and the links that narrow it otherwise. */
import { type Content, type Html, html } from '../../page/html.ts'
import { MOST_NAMES } from '../report.ts'
import type { Links, PageData } from './parts.ts'
import { periodPicker } from './period-picker.ts'
import { searchForm } from './teammates-page.ts'

/** A longer list is harder to read than a search. */
const SHOWN = MOST_NAMES - 1

export function filterBar(page: PageData): Html {
  const { links, report, words } = page
  const { names } = report
  const of = names.teammate ?? (names.queue === null ? 'everyone' : null)
  const facts: Content[] = [
    words.title,
    ...(of === null ? [] : [of]),
    ...(names.queue === null ? [] : [`queue ${names.queue}`]),
  ]
  const narrowed = html`Narrowed to: ${facts.map((fact, index) => html`${index === 0 ? '' : ' · '}<b>${fact}</b>`)}`
  if (links === null) return html`<p class="filters">${narrowed}</p>`
  const drop = (what: 'teammate' | 'queue', name: string | null) =>
    name === null
      ? null
      : html`<span class="chip">${name} <a href="${links.page({ [what]: null })}">show all</a></span>`
  return html`<p class="only-print">${narrowed}</p><nav class="filters" aria-label="Narrow this report">${periodPicker(page, links)}
${drop('teammate', names.teammate)}${drop('queue', names.queue)}
${teammates(page, links)}</nav>`
}

/** A short team as links, too: those work without the script that the search needs. */
function teammates({ report: { names, teammates, filters } }: PageData, links: Links): Html {
  const search = searchForm({ action: 'report/teammates', period: filters, query: null })
  if (teammates.length > SHOWN) return html`${search}<a href="${links.teammates()}">All teammates</a>`
  return html`<details class="choose"><summary>${names.teammate === null ? 'Choose a teammate' : 'Choose another teammate'}</summary>${search}<ul>${teammates.map(
    ({ userId, name }) =>
      html`<li><a href="${links.page({ teammate: userId, queue: null })}">${name}</a></li>`,
  )}</ul></details>`
}
