/** Each teammate's dials and people reached, and how their queue stands. Ranked by counts, never by rates. */
import { type Content, type Html, html } from '../../http/html.ts'
import type { Person } from '../people.ts'
import { empty, rateCell, type Sheet, section, table } from './parts.ts'
import { type Clock, count, countOf, duration, percent } from './words.ts'

const SHOWN = 100

export function peopleSection(sheet: Sheet): Html {
  const { people, period } = sheet.figures
  const { teammates } = people
  const rest = teammates.length - SHOWN
  return section(sheet, {
    id: 'people',
    title: `Teammates, last ${period.days} days`,
    sentence: sentence(sheet),
    views: period.days === 7 ? [['leaderboard_7d'], ['teammates']] : [['dials', period.days], ['teammates']],
    body:
      teammates.length === 0
        ? empty('Nobody is on the team.')
        : html`${table(
            'Teammates',
            [
              'Teammate',
              { n: 'Reached' },
              { n: 'before' },
              { n: 'Dials' },
              { n: 'before' },
              'Connection rate, and what it may as well have been',
              'Queue now',
              { n: 'Not read' },
            ],
            teammates.slice(0, SHOWN).map((person) => row(person, sheet)),
          )}${rest > 0 ? html`<p class="more">And ${countOf(rest, 'more', 'more')}, who reached fewer.</p>` : null}
<p class="fine">“Before” are the ${period.days} days before those. A rate of few dials is mostly chance: the line shows what it may as well have been.</p>`,
  })
}

function sentence({ figures }: Sheet): string {
  const { people, period } = figures
  const { total, teammates } = people
  const active = teammates.filter(({ dials }) => dials > 0).length
  const change =
    total.previousDials === 0
      ? ''
      : `, ${total.dials >= total.previousDials ? count(total.dials - total.previousDials) : count(total.previousDials - total.dials)} ${total.dials >= total.previousDials ? 'more' : 'fewer'} than in the ${period.days} days before`
  const rate =
    total.connected.rate === null
      ? ''
      : `; a person answered ${count(total.connected.part)} of ${count(total.connected.whole)} with a result, ${percent(total.connected.rate)}`
  return `${active} of ${countOf(teammates.length, 'teammate')} made ${countOf(total.dials, 'dial')}${change}${rate}.`
}

function row(person: Person, { links, clock, figures, report }: Sheet) {
  const { days } = figures.period
  const name =
    links === null || report.filters.teammate !== null
      ? person.name
      : html`<a href="${links.page({ teammate: person.userId })}">${person.name}</a>`
  const left = person.isOnTeam
    ? null
    : html` <small>left${person.leftAt === null ? '' : ` ${clock.day(person.leftAt)}`}</small>`
  const wasNotRead = person.previousUnreadSeconds >= days * 86_400 * 0.99
  return [
    html`${name}${left}`,
    { n: html`<b>${count(person.connected.part)}</b>` },
    { n: wasNotRead ? html`<span class="muted">not read</span>` : count(person.previousConnected.part) },
    { n: count(person.dials) },
    { n: wasNotRead ? html`<span class="muted">not read</span>` : count(person.previousDials) },
    rateCell(person.connected),
    queueWords(person, clock),
    { n: person.unreadSeconds < 60 ? html`<span class="muted">–</span>` : duration(person.unreadSeconds) },
  ]
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
