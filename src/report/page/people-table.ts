/** Each teammate's dials and people reached, and how their queue stands. Ranked by counts, never by rates. */
import { type Content, type Html, html } from '../../page/html.ts'
import type { Forecast } from '../outlook.ts'
import { PEOPLE_SHOWN, type Person } from '../people.ts'
import type { TimeSpan } from '../period.ts'
import {
  type Cell,
  empty,
  more,
  ofDials,
  type PageData,
  type RateScale,
  rateCell,
  rateScale,
  rowsBehind,
  section,
  table,
} from './parts.ts'
import { type Clock, count, countOf, duration, PARTLY_UNREAD, percent, UNREAD } from './words.ts'

export function peopleSection(page: PageData): Html {
  const { people, period } = page.figures
  const { teammates } = people
  const rest = teammates.length - PEOPLE_SHOWN
  const scale = rateScale(
    teammates.map(({ connected }) => connected),
    people.total.connected,
  )
  return section(page, {
    id: 'people',
    title: `Teammates, ${page.words.title}`,
    sentence: sentence(page),
    views: [
      period.asked.days === 7 ? ofDials(page, 'leaderboard_7d') : ['dials', period.asked],
      ['teammates'],
    ],
    body:
      teammates.length === 0
        ? empty('There is no teammate.')
        : html`<div id="people-table">${table(
            'Teammates',
            [
              'Teammate',
              'Queue now',
              'Runs out',
              { n: 'Dials' },
              { n: 'before', isWide: true },
              { n: 'Reached' },
              { n: 'before', isWide: true },
              'Connection rate, likely range',
              'Last dial',
              ...(hasUnread(page) ? [{ n: 'Not read' }] : []),
            ],
            teammates.slice(0, PEOPLE_SHOWN).map((person) => row(person, scale, page)),
          )}</div>${more(rest, `${countOf(rest, 'more', 'more')}, who reached fewer.`)}
<p class="fine">“Before” is ${page.words.before}. A rate of few dials is mostly chance: the line is its 95 % range, the tick the rate of all. “Runs out” is when nothing is left if the teammate goes on at the pace of their last hours without a pause, with its 95 % range.</p>`,
  })
}

function sentence(page: PageData): string {
  const { total, teammates } = page.figures.people
  const active = teammates.filter(({ dials }) => dials > 0).length
  const rate =
    total.connected.rate === null
      ? ''
      : ` A person answered ${count(total.connected.part)} of the ${count(total.connected.whole)} with a result, ${percent(total.connected.rate)}.`
  return `${active} of ${countOf(teammates.length, 'teammate')} made ${countOf(total.dials, 'dial')}${change(page)}.${rate}`
}

function change({ figures, words }: PageData): string {
  const { people, unread } = figures
  const { dials, previousDials } = people.total
  const before = unread.previous ?? 0
  if (previousDials === 0 || before > UNREAD) return ''
  const difference = `${count(Math.abs(dials - previousDials))} ${dials >= previousDials ? 'more' : 'fewer'}`
  const caveat = before < PARTLY_UNREAD ? '' : `, of which ${percent(before)} was not read`
  return `, ${difference} than ${words.inBefore}${caveat}`
}

function row(person: Person, scale: RateScale, page: PageData): Cell[] {
  const { links, clock, figures, report } = page
  const { period } = figures
  const { previous } = period
  const name =
    links === null || report.filters.teammate !== null
      ? person.name
      : html`<a href="${links.page({ teammate: person.userId })}">${person.name}</a>`
  const before = wordsBefore(person, previous)
  const { userId: teammate } = person
  return [
    html`${name}${person.isNamesake ? html` <small>${teammate}</small>` : null}${leftTeam(person, clock)}`,
    rowsBehind(page, queueWords(person, clock), ['current_numbers'], { teammate }),
    runsOut(person, page),
    { n: rowsBehind(page, count(person.dials), ['dials', period.asked], { teammate }) },
    before(person.previousDials),
    { n: html`<b>${count(person.connected.part)}</b>` },
    before(person.previousConnected.part),
    rateCell(person.connected, scale),
    lastDial(person, page),
    ...(hasUnread(page)
      ? [
          {
            n:
              person.unreadSeconds < LITTLE_SECONDS
                ? html`<span class="muted">–</span>`
                : duration(person.unreadSeconds),
          },
        ]
      : []),
  ]
}

/** Less is not shown as not read. */
const LITTLE_SECONDS = 60

function hasUnread({ figures }: PageData): boolean {
  return figures.people.teammates.some(({ unreadSeconds }) => unreadSeconds >= LITTLE_SECONDS)
}

/** The time of today, or the day. */
function lastDial({ lastDialAt }: Person, { clock, figures }: PageData): Content {
  if (lastDialAt === null) return html`<span class="muted">none seen</span>`
  const isToday = clock.day(lastDialAt) === clock.day(figures.period.asOf)
  return html`<time datetime="${lastDialAt}" title="${clock.when(lastDialAt)}">${isToday ? clock.time(lastDialAt) : clock.day(lastDialAt)}</time>`
}

function leftTeam({ isOnTeam, leftAt }: Person, clock: Clock): Html | null {
  if (isOnTeam) return null
  return html` <small>left${leftAt === null ? '' : ` ${clock.day(leftAt)}`}</small>`
}

/** In the period before: not known where the teammate was hardly read then. */
function wordsBefore({ previousUnreadSeconds }: Person, previous: TimeSpan): (value: number) => Cell {
  const wasRead = previousUnreadSeconds < secondsOf(previous) * UNREAD
  return (value) => ({
    n: html`<span class="muted">${wasRead ? count(value) : 'not read'}</span>`,
    isWide: true,
  })
}

function runsOut({ queueId }: Person, { figures, clock }: PageData): Content {
  const forecast = figures.outlook.forecasts.find((one) => one.queueId === queueId)
  if (queueId === null || forecast === undefined) return html`<span class="muted">–</span>`
  return forecastWords(forecast, clock)
}

const unknownPace = { no_dials: 'not dialled yet', too_few_dials: 'too few dials' }

/** Today at a time, or after some hours of dialling, or not known and why. */
function forecastWords({ runsOutAt, earliestAt, latestAt, hoursLeft, reason }: Forecast, clock: Clock): Html {
  if (runsOutAt !== null) {
    const range = `${clock.time(earliestAt ?? runsOutAt)}–${clock.time(latestAt ?? runsOutAt)}`
    return html`<b>${clock.time(runsOutAt)}</b> <small class="beside">${range}</small>`
  }
  if (reason === 'nothing_remains') return html`<b>used up</b>`
  if (hoursLeft !== null)
    return html`after ${hoursLeft < 10 ? hoursLeft.toFixed(1) : count(Math.round(hoursLeft))}\u00a0h <small class="beside">of dialling</small>`
  return html`<span class="muted">not known</span> <small class="beside">${reason === 'no_dials' || reason === 'too_few_dials' ? unknownPace[reason] : ''}</small>`
}

function secondsOf({ from, to }: TimeSpan): number {
  return (Date.parse(to) - Date.parse(from)) / 1000
}

/** Seen without a queue, and not known, are two things. */
function queueWords({ queueState, remaining, numbers, readAt, isOnTeam }: Person, clock: Clock): Content {
  if (queueState === 'queue') {
    return html`<b>${count(remaining ?? 0)}</b> of ${count(numbers ?? 0)} left`
  }
  if (queueState === 'no_queue') return 'no queue'
  const why = !isOnTeam
    ? 'not on the team'
    : readAt === null
      ? 'never read'
      : `last read ${clock.when(readAt)}`
  return html`<span class="unknown">not known</span> <small>${why}</small>`
}
