/** Each teammate's dials and people reached, and how their queue stands. Ranked by counts, never by rates. */
import { type Content, type Html, html } from '../../page/html.ts'
import { PEOPLE_SHOWN, type Person } from '../people.ts'
import { forecastWords, isFirstToRunOut } from './forecast-words.ts'
import {
  type Cell,
  empty,
  more,
  ofDials,
  type PageData,
  rateCell,
  rateScale,
  rowsBehind,
  section,
  table,
} from './parts.ts'
import { peopleAnswers, peopleSentence } from './people-sentence.ts'
import { type Clock, count, countOf, duration, UNREAD } from './words.ts'

export function peopleSection(page: PageData): Html {
  const { people, period } = page.figures
  const { teammates } = people
  const rest = teammates.length - PEOPLE_SHOWN
  return section(page, {
    id: 'people',
    title: `Teammates, ${page.words.title}`,
    sentence: peopleSentence(page),
    views: [
      period.asked.days === 7 ? ofDials(page, 'leaderboard_7d') : ['dials', period.asked],
      ['teammates'],
    ],
    body:
      teammates.length === 0
        ? empty('There is no teammate.')
        : html`${peopleAnswers(page)}
${peopleTable(teammates.slice(0, PEOPLE_SHOWN), page)}${more(rest, `${countOf(rest, 'more', 'more')}, who reached fewer.`)}
<p class="fine">Most people reached first. <span class="wide">“Before” is ${page.words.before}. </span>A rate of few dials is mostly chance<span class="wide">: the line is its 95 % range, the tick the rate of all</span>. “Runs out” is when nothing is left if the teammate goes on at the pace of their last hours without a pause${showsRange(page) ? ', with its 95 % range' : ''}.</p>`,
  })
}

/** Only what runs out today has a time, with its range. */
function showsRange({ figures: { outlook, people } }: PageData): boolean {
  const shown = people.teammates.slice(0, PEOPLE_SHOWN).map(({ queueId }) => queueId)
  return outlook.forecasts.some(({ queueId, runsOutAt }) => runsOutAt !== null && shown.includes(queueId))
}

interface Column {
  readonly head: Cell
  readonly cell: (person: Person) => Cell
  /** Given: where it is the same for all, this says it once, and the column is left out. */
  readonly once?: { readonly name: string; readonly value: (person: Person) => string }
}

function peopleTable(teammates: readonly Person[], page: PageData): Html {
  const columns = columnsOf(teammates, page)
  const [shown, same] = [columns.filter((column) => !isSame(column, teammates)), columns.flatMap(said)]
  const notRead = notReadOf(teammates)
  return html`<div id="people-table">${table(
    'Teammates',
    ['Teammate', ...shown.map(({ head }) => head)],
    teammates.map((person) => [
      nameCell(person, notRead === null ? notReadWords(person) : null, page),
      ...shown.map(({ cell }) => cell(person)),
    ]),
  )}</div>${onceWords([...same, ...(notRead === null ? [] : [notRead])])}`

  function said(column: Column): string[] {
    const [first] = teammates
    if (!isSame(column, teammates) || first === undefined || column.once === undefined) return []
    return [`${column.once.name}: ${column.once.value(first)}`]
  }
}

function isSame({ once }: Column, teammates: readonly Person[]): boolean {
  return once !== undefined && teammates.length > 1 && new Set(teammates.map(once.value)).size === 1
}

function onceWords(same: readonly string[]): Html | null {
  return same.length === 0 ? null : html`<p class="fine">The same for all: ${same.join('; ')}.</p>`
}

function columnsOf(teammates: readonly Person[], page: PageData): Column[] {
  const { figures, clock } = page
  const { period, people } = figures
  const scale = rateScale(
    teammates.map(({ connected }) => connected),
    people.total.connected,
  )
  const rows = (figure: Content, { userId }: Person, isNow = false) =>
    rowsBehind(page, figure, isNow ? ['current_numbers'] : ['dials', period.asked], { teammate: userId })
  return [
    { head: 'Queue now', cell: (person) => rows(queueWords(person, clock), person, true) },
    { head: 'Runs out', cell: (person) => runsOut(person, page) },
    { head: { n: 'Dials' }, cell: (person) => ({ n: rows(count(person.dials), person) }) },
    before('dials', ({ previousDials }) => previousDials, page),
    { head: { n: 'Reached' }, cell: ({ connected }) => ({ n: html`<b>${count(connected.part)}</b>` }) },
    before('reached', ({ previousConnected }) => previousConnected.part, page),
    { head: 'Connection rate, likely range', cell: ({ connected }) => rateCell(connected, scale) },
    {
      head: 'Last dial',
      cell: (person) => lastDial(person, page),
      once: { name: 'last dial', value: ({ lastDialAt }) => lastDialAt ?? 'none seen' },
    },
  ]
}

/** In the period before: not known where the teammate was hardly read then. */
function before(what: string, value: (person: Person) => number, { figures, words }: PageData): Column {
  const { from, to } = figures.period.previous
  const unreadFrom = ((Date.parse(to) - Date.parse(from)) / 1000) * UNREAD
  const text = (person: Person) =>
    person.previousUnreadSeconds < unreadFrom ? count(value(person)) : 'not read'
  return {
    head: { n: 'before', isWide: true },
    cell: (person) => ({ n: html`<span class="muted">${text(person)}</span>`, isWide: true }),
    once: { name: `${what} in ${words.before}`, value: text },
  }
}

/** Less is not shown as not read. */
const LITTLE_SECONDS = 60

function notReadWords({ unreadSeconds }: Person): string | null {
  return unreadSeconds < LITTLE_SECONDS ? null : `${duration(unreadSeconds)} not read`
}

/** Null: it is not the same for all, or there is none. */
function notReadOf(teammates: readonly Person[]): string | null {
  const [words = null, ...others] = new Set(teammates.map(notReadWords))
  return teammates.length > 1 && others.length === 0 ? words : null
}

function nameCell(person: Person, notRead: string | null, { links, clock, report }: PageData): Html {
  const name =
    links === null || report.filters.teammate !== null
      ? person.name
      : html`<a href="${links.page({ teammate: person.userId })}">${person.name}</a>`
  return html`${name}${small(person.isNamesake ? person.userId : null)}${leftTeam(person, clock)}${small(notRead)}`
}

function small(text: string | null): Html | null {
  return text === null ? null : html` <small>${text}</small>`
}

/** The time of today, or the day. */
function lastDial({ lastDialAt }: Person, { clock, figures }: PageData): Content {
  if (lastDialAt === null) return html`<span class="muted">none seen</span>`
  const isToday = clock.day(lastDialAt) === clock.day(figures.period.asOf)
  return html`<time datetime="${lastDialAt}" title="${clock.when(lastDialAt)}">${isToday ? clock.time(lastDialAt) : clock.day(lastDialAt)}</time>`
}

function leftTeam({ isOnTeam, leftAt }: Person, clock: Clock): Html | null {
  return small(isOnTeam ? null : `left${leftAt === null ? '' : ` ${clock.day(leftAt)}`}`)
}

function runsOut({ queueId }: Person, { figures, clock }: PageData): Content {
  const { forecasts } = figures.outlook
  const forecast = forecasts.find((one) => one.queueId === queueId)
  if (queueId === null || forecast === undefined) return html`<span class="muted">–</span>`
  const isFirst = isFirstToRunOut(forecast, forecasts)
  return html`${forecastWords(forecast, clock)}${isFirst ? html` <small class="beside urgent">first</small>` : null}`
}

/** Seen without a queue, and not known, are two things. */
function queueWords({ queueState, remaining, numbers, readAt, isOnTeam }: Person, clock: Clock): Content {
  if (queueState === 'queue') return html`<b>${count(remaining ?? 0)}</b> of ${count(numbers ?? 0)} left`
  if (queueState === 'no_queue') return 'no queue'
  const why = !isOnTeam
    ? 'not on the team'
    : readAt === null
      ? 'never read'
      : `last read ${clock.when(readAt)}`
  return html`<span class="unknown">not known</span> <small>${why}</small>`
}
