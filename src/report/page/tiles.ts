/** The four figures people ask for first, each beside what it is compared with. */
import { type Content, type Html, html } from '../../http/html.ts'
import type { Rate } from '../scope.ts'
import { type CsvLink, csvLinks, type Sheet } from './parts.ts'
import { count, countOf, duration, percent, range } from './words.ts'

export function tiles(sheet: Sheet): Html {
  return html`<div class="tiles">${[remaining(sheet), today(sheet), connectionRate(sheet), firstDials(sheet)]}</div>`
}

interface Tile {
  readonly name: string
  readonly value: Content
  readonly unit: Content
  /** What it was before; says which time that is. */
  readonly before: Content
  readonly view: CsvLink
}

function tile({ links }: Sheet, { name, value, unit, before, view }: Tile): Html {
  return html`<section class="tile" aria-label="${name}"><h2>${name}</h2>
<p class="value"><b>${value}</b> ${unit}</p><p class="before">${before}</p>${csvLinks(links, [view])}</section>`
}

function remaining(sheet: Sheet): Html {
  const { people, remainingThen, period, queues } = sheet.figures
  const onTeam = people.teammates.filter(({ isOnTeam }) => isOnTeam)
  const unknown = onTeam.filter(({ queueState }) => queueState === 'unknown').length
  const holders = onTeam.filter(({ queueState }) => queueState === 'queue')
  const ofQueue = sheet.report.filters.queue !== null
  const left = ofQueue
    ? queues.current.reduce((sum, queue) => sum + queue.remaining, 0)
    : holders.reduce((sum, person) => sum + (person.remaining ?? 0), 0)
  const where = ofQueue ? 'in this queue' : `in ${countOf(holders.length, 'queue')}`
  const { teammates, known, remaining: then } = remainingThen
  const of =
    known === teammates || ofQueue
      ? ''
      : ` of ${known} of ${countOf(teammates, 'teammate')}; of the others it is not known`
  return tile(sheet, {
    name: 'Left to call',
    value: count(left),
    unit: unknown === 0 || ofQueue ? where : `${where}; ${countOf(unknown, 'teammate')} not known`,
    before:
      known === 0 ? `${period.days} days ago: not known` : `${period.days} days ago: ${count(then)}${of}`,
    view: ['teammates'],
  })
}

function today(sheet: Sheet): Html {
  const { today: dials, period, unread } = sheet.figures
  const { clock } = sheet
  const then = `${clock.day(period.weekAgo.from)} until ${clock.time(period.weekAgo.to)}`
  return tile(sheet, {
    name: 'Dials today',
    value: count(dials.dials),
    unit: `since midnight, until ${clock.time(period.to)}`,
    before: isUnread(unread.weekAgo)
      ? `${then}: not read`
      : `${then}: ${count(dials.weekAgo)}${hardlyRead(unread.weekAgo)}`,
    view: ['daily_activity', period.days],
  })
}

function connectionRate(sheet: Sheet): Html {
  const { people, period, unread } = sheet.figures
  const { connected, previousConnected } = people.total
  return tile(sheet, {
    name: `Connection rate, ${period.days} days`,
    value: connected.rate === null ? '–' : percent(connected.rate),
    unit:
      connected.rate === null
        ? 'no dial with a result'
        : `likely ${range(connected)}, of ${countOf(connected.whole, 'dial')}`,
    before: beforeRate(connected, previousConnected, period.days, unread.previous),
    view: period.days === 7 ? ['leaderboard_7d'] : ['dials', period.days],
  })
}

function beforeRate(now: Rate, before: Rate, days: number, unread: number | null): string {
  const when = `${days} days before`
  if (isUnread(unread) || before.rate === null)
    return `${when}: ${before.rate === null ? 'no dial with a result' : 'not read'}`
  const isClear = (now.low ?? 0) > (before.high ?? 1) || (now.high ?? 1) < (before.low ?? 0)
  const verdict = now.rate === null ? '' : isClear ? '; a clear change' : '; may be chance'
  return `${when}: ${percent(before.rate)} of ${count(before.whole)}${verdict}${hardlyRead(unread)}`
}

function firstDials(sheet: Sheet): Html {
  const {
    firstDials: [now, before],
    period,
    unread,
  } = sheet.figures
  const when = `${period.days} days before`
  return tile(sheet, {
    name: 'Median time to first dial',
    value: now.medianSeconds === null ? '–' : duration(now.medianSeconds),
    unit:
      now.medianSeconds === null
        ? `no first dial in ${period.days} days`
        : `of ${countOf(now.numbers, 'number')} in ${period.days} days`,
    before:
      before.medianSeconds === null
        ? `${when}: no first dial`
        : `${when}: ${duration(before.medianSeconds)} of ${count(before.numbers)}${hardlyRead(unread.previous)}`,
    view: ['number_entries', period.days],
  })
}

/** Nothing of it was read: what it shows is not what happened. */
function isUnread(share: number | null): boolean {
  return share !== null && share > 0.99
}

function hardlyRead(share: number | null): string {
  return share === null || share < 0.05 ? '' : `; ${percent(share)} of that time not read`
}
