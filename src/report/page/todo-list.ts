/** What to do today, at the top of the page: each line a number, a name and a link. */
import { type Content, type Html, html } from '../../page/html.ts'
import { plusDays } from '../calendar.ts'
import { noPeriod } from '../filters.ts'
import { type PoorList, poorListsOf } from '../lists.ts'
import type { Forecast } from '../outlook.ts'
import type { SomeNumbers, Todo, TodoItem } from '../todo.ts'
import { nextToRunOut, runsOutWords } from './forecast-words.ts'
import { problemWords } from './lists-table.ts'
import { type CsvLink, type PageData, rowsBehind } from './parts.ts'
import { count, countOf, duration, endReason } from './words.ts'

export function todoSection(page: PageData): Html {
  const { todo } = page.figures
  const lines = kinds.flatMap((kind) => linesOf(page, kind(todo, page)))
  const body =
    lines.length === 0
      ? html`<p class="calm">Nothing needs you now: everyone was read in time, every teammate has a queue, none is used up, lies idle or runs out today or within ${SOON_HOURS} hours of dialling, no ten uncalled numbers were seen to leave a queue at once yesterday or today, none waits longer than 7 days, and no list is clearly poor.</p>`
      : html`<ul class="todo">${lines}</ul>`
  return html`<section aria-labelledby="todo"><header class="head"><h2 id="todo">What to do today</h2></header>
${body}${notJudged(page)}</section>`
}

interface Item extends Pick<TodoItem, 'userId' | 'name' | 'number' | 'at'> {
  readonly reason?: string | null
  readonly forecast?: Forecast
  readonly list?: PoorList
}

const LINES = 4
/** A queue that is used up after so much dialling needs new numbers for the next day of work. */
const SOON_HOURS = 8

interface Kind {
  readonly some: { readonly count: number; readonly first: readonly Item[] }
  /** The number in front of a line. */
  readonly figure: (item: Item) => string
  readonly says: (item: Item, who: Content) => Content
  /** The rows behind a line. */
  readonly rows: CsvLink
  /** The teammates or events that have no line. */
  readonly more: (rest: number) => string
  /** Its one line is about the whole team. */
  readonly isOfTeam?: boolean
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
    html`numbers left to call: ${who} has called all ${count(number ?? 0)} that are in the queue.`,
  rows: ['current_numbers'],
  more: (rest) => `${countOf(rest, 'more teammate')} with nothing left to call`,
})

const withoutQueue: KindOf = ({ withoutQueue: { count: teammates, first } }, page) => ({
  some: { count: Math.min(teammates, 1), first: first.slice(0, 1) },
  figure: () => count(teammates),
  says: () => {
    const rest = teammates - first.length
    const names = [...first.map((item) => nameOf(page, item)), ...(rest > 0 ? [`${count(rest)} more`] : [])]
    return html`${teammates === 1 ? 'teammate has' : 'teammates have'} no queue: ${inOneLine(names)}.`
  },
  rows: ['teammates'],
  more: () => '',
  isOfTeam: true,
})

const idle: KindOf = ({ idle }, { clock }) => ({
  some: idle,
  figure: ({ number }) => count(number ?? 0),
  says: ({ at }, who) =>
    at === null
      ? html`left for ${who}, who never dialled as far as is known.`
      : html`left for ${who}, who was last seen to dial on ${clock.day(at)}.`,
  rows: ['current_numbers'],
  more: (rest) => `${countOf(rest, 'more queue')} that ${rest === 1 ? 'lies' : 'lie'} idle`,
})

const waiting: KindOf = ({ waiting }) => ({
  ...ofTeam(waiting),
  says: (_, who) =>
    html`${waiting.numbers === 1 ? 'number waits' : 'numbers wait'} longer than 7 days for a first call, ${whereMost(waiting, who)}.`,
  rows: ['stale_numbers'],
})

const late: KindOf = ({ late }) => ({
  ...ofTeam(late),
  says: (_, who) =>
    html`of today’s new numbers ${late?.numbers === 1 ? 'waits' : 'wait'} longer than ${duration(late?.targetSeconds ?? 0)} for a first call, ${whereMost(late, who)}.`,
  rows: ['speed_to_lead', { ...noPeriod, period: 'today' }],
})

/** One line for the whole team, which names only the teammate with the most of these numbers. */
function ofTeam(some: SomeNumbers | null): Pick<Kind, 'some' | 'figure' | 'more' | 'isOfTeam'> {
  const first = some?.first.slice(0, 1) ?? []
  return {
    some: { count: first.length, first },
    figure: () => count(some?.numbers ?? 0),
    more: () => '',
    isOfTeam: true,
  }
}

function whereMost(some: SomeNumbers | null, who: Content): Content {
  const { count: queues, first } = some ?? { count: 0, first: [] }
  return queues === 1
    ? html`in the queue of ${who}`
    : html`in the queues of ${countOf(queues, 'teammate')}; most in that of ${who}, ${count(first[0]?.number ?? 0)}`
}

const lost: KindOf = ({ lost }, { clock, words, figures: { period } }) => {
  const { date, from: midnight } = period.today
  const when = (at: string) => `seen ${at < midnight ? 'yesterday' : 'today'} at ${clock.time(at)}`
  const how = ({ at, reason }: Item) => `${at === null ? '' : `${when(at)}: `}${endReason(reason ?? null)}`
  const ofPeriod = html`<span class="paper-less"> <a href="#removals">Losses of ${words.noun}</a>.</span>`
  return {
    ...ofTeam(lost),
    says: (item, who) =>
      lost.count === 1
        ? html`uncalled numbers left the queue of ${who}, ${how(item)}.${ofPeriod}`
        : html`uncalled numbers left queues in the last two days, ten or more at once, ${count(lost.count)} times. Most in these two days from the queue of ${who}: ${count(item.number ?? 0)}, ${how(item)}.${ofPeriod}`,
    rows: ['removals', { ...noPeriod, from: plusDays(date, -1), to: date }],
  }
}

/** Those of the next day of work, also if that is tomorrow. */
const runsOut: KindOf = (_, { clock, figures }) => ({
  some: someOf(
    nextToRunOut(figures.outlook.forecasts)
      .filter(({ runsOutAt, hoursLeft }) => runsOutAt !== null || (hoursLeft ?? 0) <= SOON_HOURS)
      .map((one) => ({ ...one, number: one.remaining, at: one.runsOutAt, forecast: one })),
  ),
  figure: ({ number }) => count(number ?? 0),
  says: ({ forecast }, who) =>
    html`left for ${who}: used up ${forecast === undefined ? '' : runsOutWords(forecast, clock)} at this pace.`,
  rows: ['queue_forecast'],
  more: (rest) =>
    `${countOf(rest, 'more queue')} that run out today or within ${SOON_HOURS} hours of dialling`,
})

const poorLists: KindOf = (_, { figures }) => ({
  some: someOf(
    poorListsOf(figures.outlook.lists.lists).map((one) => ({
      ...one,
      number: one.part,
      at: null,
      list: one,
    })),
  ),
  figure: ({ number }) => count(number ?? 0),
  says: ({ list }, who) => html`${list === undefined ? '' : problemWords(list)}, in the list of ${who}.`,
  rows: ['list_health'],
  more: (rest) => `${countOf(rest, 'more list')} with such numbers`,
})

function someOf(items: readonly Item[]): { readonly count: number; readonly first: readonly Item[] } {
  return { count: items.length, first: items.slice(0, LINES) }
}

const kinds: readonly KindOf[] = [
  notRead,
  nothingLeft,
  withoutQueue,
  runsOut,
  idle,
  late,
  lost,
  waiting,
  poorLists,
]

function linesOf(page: PageData, { some, figure, says, rows, more, isOfTeam = false }: Kind): Html[] {
  const lines = some.first.map((item) => {
    const narrower = isOfTeam || item.userId === '' ? {} : { teammate: item.userId }
    return html`<li><b class="figure">${rowsBehind(page, figure(item), rows, narrower)}</b> <span>${says(item, nameOf(page, item))}</span></li>`
  })
  const rest = some.count - some.first.length
  return rest > 0
    ? [...lines, html`<li class="rest"><span>And ${rowsBehind(page, more(rest), rows, {})}.</span></li>`]
    : lines
}

function nameOf({ links }: PageData, { userId, name }: Pick<Item, 'userId' | 'name'>): Html {
  return links === null || userId === ''
    ? html`<b>${name}</b>`
    : html`<a href="${links.page({ teammate: userId, queue: null })}">${name}</a>`
}

function inOneLine(names: readonly Content[]): Html {
  return html`${names.map((name, index) => html`${index === 0 ? '' : index === names.length - 1 ? ' and ' : ', '}${name}`)}`
}

/** Null: everything was judged. */
function notJudged({ figures: { todo, outlook } }: PageData): Html | null {
  const { queues, forecasts, lists } = outlook
  const open = forecasts.filter(({ remaining }) => remaining > 0)
  const unknown = open.filter(({ hoursLeft }) => hoursLeft === null).length
  const gaps = [
    part(
      todo.unknownQueues,
      (all) => `the queues of ${countOf(all, 'teammate')}, because it is not known whether they have one`,
    ),
    part(unknown, (all) => `when ${countOf(all, 'queue')} will run out, because there are too few dials`),
    part(queues - open.length, (all) => `when ${countOf(all, 'queue')} with more left will run out`),
    todo.late === null ? 'how long today’s new numbers wait, because there are too many of them' : null,
    part(
      queues - lists.lists.length,
      (all) => `${countOf(all, 'list')} of queues with less left (list_health.csv has them)`,
    ),
  ].filter((gap) => gap !== null)
  return gaps.length === 0 ? null : html`<p class="fine">Could not be judged: ${gaps.join('; ')}.</p>`
}

function part(all: number, words: (all: number) => string): string | null {
  return all <= 0 ? null : words(all)
}
