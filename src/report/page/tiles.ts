/** The figures people ask for first, each beside what it is compared with. */
import { type Content, type Html, html } from '../../page/html.ts'
import type { DayOfDials } from '../days.ts'
import { dialsAnHour } from '../pace.ts'
import type { Rate } from '../scope.ts'
import { changeWords, doubtOf, unknownBefore } from './change.ts'
import { type CsvLink, csvLinks, ofDials, type PageData } from './parts.ts'
import { spark } from './spark.ts'
import { count, countOf, duration, PARTLY_UNREAD, percent, range, resolvedDials } from './words.ts'

export function tiles(page: PageData): Html {
  // Of a period that is today, they would be there twice.
  const ofToday = isToday(page) ? [] : [today(page, 'dials'), today(page, 'reached')]
  const shown = [
    remaining(page),
    dials(page),
    reached(page),
    connectionRate(page),
    ...ofToday,
    pace(page),
    firstDials(page),
  ]
  return html`<div class="tiles of-${shown.length}">${shown}</div>`
}

interface Tile {
  readonly name: string
  readonly value: Content
  readonly unit: Content
  readonly chart?: Html | null
  /** What it was before; says which time that is. */
  readonly before: Content
  readonly view: CsvLink
}

function tile({ links }: PageData, { name, value, unit, chart = null, before, view }: Tile): Html {
  return html`<section class="tile" aria-label="${name}"><h2>${name}</h2>
<p class="value"><b>${value}</b> ${unit}</p>${chart}<p class="before">${before}</p>${csvLinks(links, [view])}</section>`
}

function isToday({ figures: { period } }: PageData): boolean {
  return period.isOpen && period.calendar !== null && period.dates.length === 1
}

function remaining(page: PageData): Html {
  const { remainingThen: then, remaining: now } = page.figures
  const nothing = page.report.filters.queue === null ? 'no queue' : 'not a current queue'
  const known =
    then.known < then.teammates ? `, of ${then.known} of ${countOf(then.teammates, 'teammate')}` : ''
  return tile(page, {
    name: 'Left to call',
    value: now.queues === 0 ? '–' : count(now.remaining),
    unit: `${now.queues === 0 ? nothing : `now, in ${countOf(now.queues, 'queue')}`}${now.unknown === 0 ? '' : `; ${countOf(now.unknown, 'teammate')} not known`}`,
    before: `${page.words.start}: ${then.known === 0 ? 'not known' : `${count(then.remaining)}${known}`}`,
    view: page.report.filters.queue === null ? ['teammates'] : ['queues'],
  })
}

function dials(page: PageData): Html {
  const { people, period } = page.figures
  const { dials: now, previousDials: then } = people.total
  return tile(page, {
    name: `Dials, ${shortly(page)}`,
    value: count(now),
    unit: untilNow(page),
    chart: sparkOf(page, (day) => day.dials),
    before: beforeWords(page, now, then),
    view: ['dials', period.asked],
  })
}

function reached(page: PageData): Html {
  const { people, period } = page.figures
  const { connected: now, previousConnected: then } = people.total
  return tile(page, {
    name: `Reached, ${shortly(page)}`,
    value: count(now.part),
    unit: `answered ${now.part === 1 ? 'dial' : 'dials'}${byMenus(page)}`,
    chart: sparkOf(page, (day) => day.byOutcome.connected),
    before: beforeWords(page, now.part, then.part),
    view: ['dials', period.asked],
  })
}

/** Only the details of calls say who answered. */
function byMenus({ figures: { funnel } }: PageData): string {
  const { phoneMenus } = funnel.total
  return phoneMenus === 0 ? '' : `, ${count(phoneMenus)} of them by a phone menu`
}

function beforeWords(page: PageData, now: number, then: number): Content {
  const { unread } = page.figures
  return changeWords({
    now,
    then,
    when: page.words.before,
    unreadNow: unread.period,
    unreadThen: unread.previous,
  })
}

function sparkOf({ figures: { days, hoursOfDay, period } }: PageData, value: (day: DayOfDials) => number) {
  const bars = hoursOfDay ?? days
  return spark(
    bars.map((day, index) => ({
      value: value(day),
      isDoubtful: (day.unread ?? 0) >= PARTLY_UNREAD,
      isOpen: period.isOpen && index === bars.length - 1,
    })),
  )
}

function untilNow({ figures: { period }, clock }: PageData): string {
  return period.isOpen && period.calendar !== null ? `until ${clock.time(period.asOf)}` : ''
}

function today(page: PageData, what: 'dials' | 'reached'): Html {
  const { today, period, unread } = page.figures
  const { clock } = page
  const [now, then] = what === 'dials' ? [today.dials, today.weekAgo] : [today.reached, today.reachedWeekAgo]
  return tile(page, {
    name: what === 'dials' ? 'Dials today' : 'Reached today',
    value: count(now),
    unit: `since midnight, until ${clock.time(period.asOf)}`,
    before: changeWords({
      now,
      then,
      when: `${clock.day(period.weekAgo.from)} until ${clock.time(period.weekAgo.to)}`,
      unreadNow: unread.today,
      unreadThen: unread.weekAgo,
    }),
    view: ofDials(page, 'daily_activity', period.asked),
  })
}

function connectionRate(page: PageData): Html {
  const { people, period, unread } = page.figures
  const { connected: now, previousConnected: then } = people.total
  const isKnown = doubtOf({ unreadNow: unread.period, unreadThen: unread.previous }) === null
  const was =
    then.rate === null
      ? 'no dial with a result'
      : `${percent(then.rate)} of ${resolvedDials(then)}${isKnown ? difference(now, then) : ''}`
  return tile(page, {
    name: `Connection rate, ${shortly(page)}`,
    value: now.rate === null ? '–' : percent(now.rate),
    unit: now.rate === null ? 'no dial with a result' : `likely ${range(now)}, of ${resolvedDials(now)}`,
    before: before(page.words.before, unread.previous, was),
    view: period.asked.days === 7 ? ofDials(page, 'leaderboard_7d') : ['dials', period.asked],
  })
}

function shortly({ figures: { period }, words }: PageData): string {
  return period.calendar === null ? `${period.days} days` : words.title
}

/** Where the likely ranges don't meet, it is no chance. */
function difference(now: Rate, then: Rate): string {
  if (now.rate === null) return ''
  const isClear = (now.low ?? 0) > (then.high ?? 1) || (now.high ?? 1) < (then.low ?? 0)
  return isClear ? '; a clear difference' : '; the difference may be chance'
}

function pace(page: PageData): Html {
  const { pace, period, unread } = page.figures
  const now = dialsAnHour(pace.pauses, pace.pauseSeconds)
  const then = dialsAnHour(pace.previousPauses, pace.previousPauseSeconds)
  return tile(page, {
    name: `Dials an hour, ${shortly(page)}`,
    value: now === null ? '–' : now.toFixed(now < 10 ? 1 : 0),
    unit: now === null ? 'too few dials' : `per teammate, over ${hours(pace.pauseSeconds)} of dialling`,
    before: before(
      page.words.before,
      unread.previous,
      then === null
        ? 'too few dials'
        : `${then.toFixed(then < 10 ? 1 : 0)}, over ${hours(pace.previousPauseSeconds)}`,
    ),
    view: ['dials', period.asked],
  })
}

/** Of many teammates together: never in days. */
function hours(seconds: number): string {
  return seconds < 5400 ? duration(seconds) : `${count(Math.round(seconds / 3600))}\u00a0h`
}

function firstDials(page: PageData): Html {
  const { firstDials: both, period, unread } = page.figures
  const [now, then] = both
  const was =
    then.medianSeconds === null
      ? 'no first dial'
      : `${duration(then.medianSeconds)} of ${count(then.numbers)}`
  return tile(page, {
    name: 'Median time to first dial',
    value: now.medianSeconds === null ? '–' : duration(now.medianSeconds).replaceAll('\u00a0', ' '),
    unit:
      now.medianSeconds === null
        ? `no first dial ${page.words.within}`
        : `of ${countOf(now.numbers, 'number')} ${page.words.within}`,
    before: before(page.words.before, unread.previous, was),
    view: ['number_entries', period.asked],
  })
}

/** `unread`: the share of that time that was not read; null: there was no teammate. */
function before(when: string, unread: number | null, was: string): string {
  const caveat = (unread ?? 0) < PARTLY_UNREAD ? '' : `; ${percent(unread ?? 0)} of that time not read`
  return unknownBefore(when, unread) ?? `${when}: ${was}${caveat}`
}
