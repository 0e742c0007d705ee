/** The page of teammates that a search found, each with a link to their report. Without scripts: by first letters. */
import { type Html, html } from '../../page/html.ts'
import { type AskedPeriod, periodFilters } from '../filters.ts'
import type { FoundTeammate, FoundTeammates } from '../teammate-search.ts'
import { documentOf } from './document.ts'
import { type Cell, type Links, more, table } from './parts.ts'
import { clockOf, count, countOf } from './words.ts'

export interface TeammatesPage {
  readonly team: string
  readonly query: string | null
  readonly starts: string
  /** Of the report from which the search came. */
  readonly period: AskedPeriod
  readonly found: FoundTeammates
  readonly links: Links
  readonly version: string
}

const UPDATES = { everyMs: 60_000, says: 'Updates every minute.', version: null, saysWithoutScript: '' }
/** Fewer are found at a glance. */
const LETTERS_FROM = 20

export function teammatesPage(page: TeammatesPage): string {
  const { team, found, links, query, starts, version } = page
  const asked =
    query === null ? (starts === '' ? '' : ` whose name begins with “${starts}”`) : ` for “${query}”`
  const title = `${countOf(found.count, 'teammate')}${asked}`
  return documentOf({
    title: `Teammates: ${team}`,
    team,
    base: '../',
    header: html`<a class="status" href="${links.page({})}">Report</a>`,
    body: html`<section aria-labelledby="found"><header class="head"><h1 id="found">${title}</h1></header>
${searchForm({ action: '../report/teammates', period: page.period, query })}
${found.count < LETTERS_FROM ? null : letters(page)}${found.count === 0 ? html`<p class="empty">No name has this in it. <a href="${links.teammates()}">Show everyone</a></p>` : list(page)}</section>`,
    footer: html`<p>By allo-queue-mirror ${version}. No phone number is on this page.</p>`,
    updates: UPDATES,
  })
}

/** Needs the script of the page, because its policy forbids forms. */
export function searchForm(search: {
  readonly action: string
  readonly period: AskedPeriod
  readonly query: string | null
}): Html {
  const { action, period, query } = search
  const kept = periodFilters.map((name) =>
    period[name] === null ? null : html`<input type="hidden" name="${name}" value="${period[name]}">`,
  )
  return html`<form class="search" role="search" action="${action}">${kept}<label>Find a teammate <input type="search" name="q" value="${query}" placeholder="Part of a name" maxlength="100" required></label><button>Find</button></form>`
}

function letters({ found, links, query }: TeammatesPage): Html | null {
  if (query !== null || found.beginnings.length < 2) return null
  return html`<nav class="letters" aria-label="By first letters">${found.beginnings.map(
    ({ text, teammates }) =>
      html`<a href="${links.teammates(text)}">${text}<small>${count(teammates)}</small></a>`,
  )}</nav>`
}

function list({ found, links }: TeammatesPage): Html {
  const rest = found.count - found.first.length
  return html`${table(
    'Teammates',
    ['Teammate', { n: 'Left to call' }, 'Last dial'],
    found.first.map((one) => row(one, links)),
  )}${more(rest, `${countOf(rest, 'more', 'more')}: choose the letters that the name begins with, or write more of it.`)}`
}

function row(teammate: FoundTeammate, links: Links): Cell[] {
  const { userId, name, queueState, remaining, lastDialAt, timeZone } = teammate
  const left =
    queueState === 'queue' ? count(remaining ?? 0) : queueState === 'unknown' ? 'not known' : 'no queue'
  return [
    html`<a href="${links.page({ teammate: userId, queue: null })}">${name}</a> <small>${userId}</small>`,
    { n: left },
    lastDialAt === null ? 'none seen' : clockOf(timeZone).when(lastDialAt),
  ]
}
