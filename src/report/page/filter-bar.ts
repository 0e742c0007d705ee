/** What the page is narrowed to, and the links that narrow it otherwise. */
import { type Content, type Html, html } from '../../page/html.ts'
import { type Links, more, type PageData } from './parts.ts'
import { periodPicker } from './period-picker.ts'
import { countOf } from './words.ts'

/** A longer list is of no use. */
const SHOWN = 300

export function filterBar(page: PageData): Html {
  const { links, report, words } = page
  const { names } = report
  const of = names.teammate ?? (names.queue === null ? 'everyone' : null)
  const facts: Content[] = [
    words.title,
    ...(of === null ? [] : [of]),
    ...(names.queue === null ? [] : [`queue ${names.queue}`]),
  ]
  if (links === null) {
    return html`<p class="filters">Narrowed to: ${facts.map((fact, index) => html`${index === 0 ? '' : ' · '}<b>${fact}</b>`)}</p>`
  }
  const drop = (what: 'teammate' | 'queue', name: string | null) =>
    name === null
      ? null
      : html`<span class="chip">${name} <a href="${links.page({ [what]: null })}">show all</a></span>`
  return html`<nav class="filters" aria-label="Narrow this report">${periodPicker(page, links)}
${drop('teammate', names.teammate)}${drop('queue', names.queue)}
${teammates(page, links)}</nav>`
}

function teammates({ report: { names, teammates } }: PageData, links: Links): Html {
  const rest = teammates.length - SHOWN
  return html`<details class="choose"><summary>${names.teammate === null ? 'Choose a teammate' : 'Choose another teammate'}</summary><ul>${teammates
    .slice(0, SHOWN)
    .map(
      ({ userId, name }) =>
        html`<li><a href="${links.page({ teammate: userId, queue: null })}">${name}</a></li>`,
    )}</ul>${more(
    rest,
    html`${countOf(rest, 'more', 'more')}: write their id into the address, <code>?teammate=</code>; <a href="${links.csv('teammates')}" download>teammates.csv</a> has them.`,
  )}</details>`
}
