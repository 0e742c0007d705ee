/** Single numbers and calls to look at. Their queue, and the whole number, are in Allo. */
import { type Html, html } from '../../page/html.ts'
import { COUNTED, type Concerned, type Excerpt, MOST_NUMBERS } from '../follow-ups.ts'
import { type Cell, type CsvLink, csvLinks, details, more, type PageData, section, table } from './parts.ts'
import { count, countOf, duration } from './words.ts'

export function followUpsSection(page: PageData): Html {
  const { figures, clock } = page
  const { stale, queuedAgain, unresolved } = figures.followUps
  const { period } = figures
  return section(page, {
    id: 'follow-ups',
    title: 'To follow up',
    sentence: sentence(page),
    views: [],
    body: [
      list(page, stale, {
        title: 'Waiting longer than 7 days',
        table: 'Numbers that wait longest',
        columns: [{ n: 'Waits for' }, { n: 'Position' }],
        cells: ({ waitingSeconds, position }) => [{ n: duration(waitingSeconds) }, { n: count(position) }],
        csv: ['stale_numbers'],
      }),
      list(page, queuedAgain, {
        title: 'To be called again, though a person had answered',
        table: 'Numbers queued again after a connection',
        columns: ['Queued again', { n: 'Times queued' }],
        cells: ({ queuedAt, stays }) => [clock.when(queuedAt), { n: count(stays) }],
        csv: ['requeued_numbers'],
      }),
      list(page, unresolved, {
        title: 'Dials that never got a result',
        table: 'Dials without a result',
        columns: ['Dialled'],
        cells: ({ at }) => [clock.when(at)],
        csv: ['dials', period.asked],
      }),
    ],
  })
}

function sentence({ figures, words }: PageData): string {
  const { stale, queuedAgain, unresolved } = figures.followUps
  const parts = [
    stale === null
      ? null
      : `${numbers(stale, 'number')} ${stale.count === 1 ? 'waits' : 'wait'} longer than 7 days`,
    queuedAgain === null
      ? null
      : `${numbers(queuedAgain, 'number')} ${queuedAgain.count === 1 ? 'is' : 'are'} to be called again after a person had answered`,
    `${numbers(unresolved, 'dial')} ${words.within} never got a result`,
  ].filter((part) => part !== null)
  const missing =
    stale === null
      ? ` Single numbers are not looked up in more than ${count(MOST_NUMBERS)}: choose a teammate.`
      : ''
  return `${parts.join('; ')}.${missing}`
}

/** Counting stops somewhere. */
function numbers({ count: found }: Excerpt<unknown>, what: string): string {
  return found >= COUNTED ? `${count(COUNTED)} or more ${what}s` : countOf(found, what)
}

interface List<T> {
  readonly title: string
  /** The name of the table, for screen readers. */
  readonly table: string
  /** After the number and the teammate. */
  readonly columns: readonly Cell[]
  readonly cells: (one: T) => readonly Cell[]
  readonly csv: CsvLink
}

function list<T extends Concerned>(
  { links }: PageData,
  excerpt: Excerpt<T> | null,
  { title, table: name, columns, cells, csv }: List<T>,
): Html | null {
  if (excerpt === null) return null
  const { count: found, first } = excerpt
  if (found === 0) return html`<p class="none">${title}: none.</p>`
  const isCounted = found < COUNTED
  const rest = found - first.length
  const rows = first.map((one) => [one.number ?? 'erased', one.teammate, ...cells(one)])
  return details(
    html`${title}: <b>${isCounted ? count(found) : `${count(COUNTED)}+`}</b>`,
    html`${table(name, ['Number', 'Teammate', ...columns], rows)}${more(rest, `${isCounted ? count(rest) : 'many'} more.`)}${csvLinks(links, [csv])}`,
  )
}
