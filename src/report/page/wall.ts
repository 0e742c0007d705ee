/** The board on the wall: today's figures on one screen, legible from six metres. It scrolls nowhere and links nowhere. */
import { type Content, Html, html } from '../../page/html.ts'
import { updatesLine, updatesScript } from '../../page/updates.ts'
import { dialsAnHour } from '../pace.ts'
import type { Wall, WallPerson } from '../wall.ts'
import { wallStyle } from './wall-style.ts'
import { type Clock, clockOf, count, countOf, duration, PARTLY_UNREAD } from './words.ts'

export interface WallPage {
  readonly team: string
  /** Null: nothing was ever read. */
  readonly wall: Wall | null
  readonly version: string
  readonly etag: string
}

/** An answer that nothing changed costs little, so new dials are there soon. */
const UPDATE_MS = 5000
const RELOAD_SECONDS = 30
/** Less often than this is not called live. */
const LIVE_SECONDS = 60

export function wallPage({ team, wall, version, etag }: WallPage): string {
  const updates = {
    everyMs: UPDATE_MS,
    says: '',
    version: etag,
    saysWithoutScript: `Reloads every ${RELOAD_SECONDS} s.`,
  }
  const board = wall === null ? nothingYet : boardOf(wall)
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>
<title>Today: ${team}</title><link rel="icon" href="favicon.svg" type="image/svg+xml"><style>${new Html(wallStyle)}</style></head>
<body><header><h1><strong>${team}</strong></h1>${wall === null ? null : asOf(wall)}</header>
${board}
<footer><span>allo-queue-mirror ${version}</span><span>${updatesLine(updates)}</span></footer>
${updatesScript(updates)}</body></html>
`.text
}

const nothingYet = html`<main><p>Nothing has been read yet.</p></main>`

/** How old the board is: live, as of a time, or too old to go by. */
function asOf({ period, freshness }: Wall): Html {
  const { asOf, timeZone } = period
  const { stale, teammates, lookIntervalSeconds: every } = freshness
  const time = clockOf(timeZone).when(asOf)
  if (stale > 0) {
    const whose = stale === teammates ? 'everyone' : countOf(stale, 'teammate')
    return html`<span class="late">${time}, and the data of ${whose} are older</span>`
  }
  if (every === null || every > LIVE_SECONDS) return html`<span>as of ${time}</span>`
  return html`<span>live, every ${duration(every)} · ${time}</span>`
}

function boardOf(wall: Wall): Html {
  const clock = clockOf(wall.period.timeZone)
  const { today, remaining, dialling } = wall
  const pace = dialsAnHour(wall.pace.pauses, wall.pace.pauseSeconds)
  const anHour = pace === null ? null : `${pace.toFixed(pace < 10 ? 1 : 0)} an hour each`
  return html`<main><div class="figures">
${figure('Reached today', count(today.reached), change(wall, today.reached - today.reachedWeekAgo, clock), 'main')}
${figure('Dials today', count(today.dials), anHour)}
${figure('Left to call', remaining.queues === 0 ? '–' : count(remaining.remaining), leftWords(wall))}
</div><div>${dialling.count === 0 ? html`<p>No dial today yet.</p>` : people(wall)}</div></main>`
}

function figure(name: string, value: string, below: Content, kind = ''): Html {
  return html`<div class="figure ${kind}"><h2>${name}</h2><b>${value}</b>${below === null ? null : html`<p>${below}</p>`}</div>`
}

/** Null: one of the two times was partly not read, so the change is not known. */
function change({ unread, period }: Wall, difference: number, clock: Clock): string | null {
  const isKnown = (share: number | null) => share !== null && share < PARTLY_UNREAD
  if (!isKnown(unread.today) || !isKnown(unread.weekAgo)) return null
  const sign = difference > 0 ? '+' : difference < 0 ? '−' : '±'
  return `${sign}${count(Math.abs(difference))} from ${clock.day(period.weekAgo.from)} by now`
}

function leftWords({ remaining }: Wall): string {
  const inQueues = remaining.queues === 0 ? 'no queue' : `in ${countOf(remaining.queues, 'queue')}`
  return remaining.unknown === 0 ? inQueues : `${inQueues}, ${count(remaining.unknown)} not known`
}

function people({ dialling }: Wall): Html {
  const rest = dialling.count - dialling.first.length
  return html`<table><thead><tr><th scope="col">Today</th><th scope="col" class="n">Reached</th><th scope="col" class="n">Dials</th><th scope="col" class="n">Left</th></tr></thead>
<tbody>${dialling.first.map(row)}</tbody></table>${rest > 0 ? html`<p class="rest">and ${countOf(rest, 'more', 'more')}</p>` : null}`
}

function row({ name, dials, reached, remaining }: WallPerson): Html {
  return html`<tr><th scope="row">${name}</th><td class="n reached">${count(reached)}</td><td class="n">${count(dials)}</td><td class="n">${remaining === null ? '–' : count(remaining)}</td></tr>\n`
}
