/** The four figures people ask for first, each beside what it is compared with. */
import { type Content, type Html, html } from '../../page/html.ts'
import type { Rate } from '../scope.ts'
import { type CsvLink, csvLinks, ofDials, type PageData } from './parts.ts'
import { count, countOf, duration, PARTLY_UNREAD, percent, range, UNREAD } from './words.ts'

export function tiles(page: PageData): Html {
  return html`<div class="tiles">${[remaining(page), today(page), connectionRate(page), firstDials(page)]}</div>`
}

interface Tile {
  readonly name: string
  readonly value: Content
  readonly unit: Content
  /** What it was before; says which time that is. */
  readonly before: Content
  readonly view: CsvLink
}

function tile({ links }: PageData, { name, value, unit, before, view }: Tile): Html {
  return html`<section class="tile" aria-label="${name}"><h2>${name}</h2>
<p class="value"><b>${value}</b> ${unit}</p><p class="before">${before}</p>${csvLinks(links, [view])}</section>`
}

function remaining(page: PageData): Html {
  const { remainingThen: then, remaining: now } = page.figures
  const nothing = page.report.filters.queue === null ? 'no queue' : 'not a current queue'
  const known =
    then.known < then.teammates ? `, of ${then.known} of ${countOf(then.teammates, 'teammate')}` : ''
  return tile(page, {
    name: 'Left to call',
    value: now.queues === 0 ? '–' : count(now.remaining),
    unit: `${now.queues === 0 ? nothing : `in ${countOf(now.queues, 'queue')}`}${now.unknown === 0 ? '' : `; ${countOf(now.unknown, 'teammate')} not known`}`,
    before: `${page.words.start}: ${then.known === 0 ? 'not known' : `${count(then.remaining)}${known}`}`,
    view: page.report.filters.queue === null ? ['teammates'] : ['queues'],
  })
}

function today(page: PageData): Html {
  const { today: dials, period, unread } = page.figures
  const { clock } = page
  const when = `${clock.day(period.weekAgo.from)} until ${clock.time(period.weekAgo.to)}`
  return tile(page, {
    name: 'Dials today',
    value: count(dials.dials),
    unit: `since midnight, until ${clock.time(period.asOf)}`,
    before: before(when, unread.weekAgo, count(dials.weekAgo)),
    view: ofDials(page, 'daily_activity', period.asked),
  })
}

function connectionRate(page: PageData): Html {
  const { people, period, unread } = page.figures
  const { connected: now, previousConnected: then } = people.total
  const was =
    then.rate === null
      ? 'no dial with a result'
      : `${percent(then.rate)} of ${countOf(then.whole, 'dial')}${difference(now, then)}`
  return tile(page, {
    name: `Connection rate, ${shortly(page)}`,
    value: now.rate === null ? '–' : percent(now.rate),
    unit:
      now.rate === null ? 'no dial with a result' : `likely ${range(now)}, of ${countOf(now.whole, 'dial')}`,
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
  if (unread === null) return `${when}: there was no teammate`
  if (unread > UNREAD) return `${when}: not read`
  return `${when}: ${was}${unread < PARTLY_UNREAD ? '' : `; ${percent(unread)} of that time not read`}`
}
