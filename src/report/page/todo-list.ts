/** What to do today, at the top of the page: each line a number, a name and a link. */
import { type Content, type Html, html } from '../../page/html.ts'
import type { Some, Todo, TodoItem } from '../todo.ts'
import { type CsvLink, type PageData, rowsBehind } from './parts.ts'
import { count, countOf, duration, endReason } from './words.ts'

export function todoSection(page: PageData): Html {
  const { todo } = page.figures
  const lines = kinds.flatMap((kind) => linesOf(page, kind(todo, page)))
  const body =
    lines.length === 0
      ? html`<p class="calm">Nothing needs you now: everyone was read in time, no queue is used up, no ten uncalled numbers left a queue at once today, and none waits longer than 7 days.</p>`
      : html`<ul class="todo">${lines}</ul>`
  return html`<section aria-labelledby="todo"><header class="head"><h2 id="todo">What to do today</h2></header>
${body}${notJudged(page)}</section>`
}

interface Kind {
  readonly some: Some
  /** The number in front of a line. */
  readonly figure: (item: TodoItem) => string
  readonly says: (item: TodoItem, who: Content) => Content
  /** The rows behind a line. */
  readonly rows: CsvLink
  /** The teammates or events that have no line. */
  readonly more: (rest: number) => string
}

type KindOf = (todo: Todo, page: PageData) => Kind

const notRead: KindOf = ({ notRead }, { clock }) => ({
  some: notRead,
  figure: ({ number }) => (number === null ? '–' : duration(number)),
  says: ({ at }, who) =>
    at === null
      ? html`${who} was never read: nothing is known of this queue.`
      : html`since ${who} was read, ${clock.when(at)}. Figures of this teammate are older than they should be.`,
  rows: ['data_freshness'],
  more: (rest) => `${countOf(rest, 'more teammate')} not read in time`,
})

const nothingLeft: KindOf = ({ nothingLeft }) => ({
  some: nothingLeft,
  figure: () => '0',
  says: ({ number }, who) =>
    html`numbers left to call: ${who} has called all ${count(number ?? 0)} of the queue.`,
  rows: ['current_numbers'],
  more: (rest) => `${countOf(rest, 'more teammate')} with nothing left to call`,
})

const waiting: KindOf = ({ waiting }, { clock }) => ({
  some: waiting,
  figure: ({ number }) => count(number ?? 0),
  says: ({ at, number }, who) =>
    html`${number === 1 ? 'number waits' : 'numbers wait'} longer than 7 days for a first call in the queue of ${who}${at === null ? '' : html`, the oldest since ${clock.day(at)}`}.`,
  rows: ['stale_numbers'],
  more: (rest) => `${countOf(rest, 'more teammate')} with numbers that wait longer than 7 days`,
})

const lost: KindOf = ({ lost }, { clock, figures }) => ({
  some: lost,
  figure: ({ number }) => count(number ?? 0),
  says: ({ at, reason }, who) =>
    html`uncalled numbers left the queue of ${who}${at === null ? '' : ` at ${clock.time(at)}`}: ${endReason(reason)}.`,
  rows: ['removals', figures.period.asked],
  more: (rest) => `${countOf(rest, 'more time', 'more times')} ten or more uncalled numbers left a queue`,
})

const kinds: readonly KindOf[] = [notRead, nothingLeft, lost, waiting]

function linesOf(page: PageData, { some, figure, says, rows, more }: Kind): Html[] {
  const lines = some.first.map((item) => {
    const who =
      page.links === null || item.userId === ''
        ? html`<b>${item.name}</b>`
        : html`<a href="${page.links.page({ teammate: item.userId, queue: null })}">${item.name}</a>`
    const narrower = item.userId === '' ? {} : { teammate: item.userId }
    return html`<li><b class="figure">${rowsBehind(page, figure(item), rows, narrower)}</b> <span>${says(item, who)}</span></li>`
  })
  const rest = some.count - some.first.length
  return rest > 0
    ? [...lines, html`<li class="rest"><span>And ${rowsBehind(page, more(rest), rows, {})}.</span></li>`]
    : lines
}

/** Null: everything was judged. */
function notJudged({ figures: { todo } }: PageData): Html | null {
  const gaps = [
    todo.unknownQueues === 0
      ? null
      : `the queues of ${countOf(todo.unknownQueues, 'teammate')}, because it is not known whether they have one`,
  ].filter((gap) => gap !== null)
  return gaps.length === 0 ? null : html`<p class="fine">Could not be judged: ${gaps.join('; ')}.</p>`
}
