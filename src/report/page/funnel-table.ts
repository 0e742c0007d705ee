/**
 * What came of answered dials: conversations, conversions, phone menus. A share is of answered dials whose details are
 * known. Ranked by counts; a share of few is not shown.
 */
import { type Content, type Html, html } from '../../page/html.ts'
import { compareRates, LEAST_DIALS } from '../chance.ts'
import { type AnsweredCalls, noCalls } from '../funnel.ts'
import type { Rate } from '../scope.ts'
import { type Cell, type CsvLink, more, type PageData, section, table } from './parts.ts'
import { count, countOf, duration, listed, percent, range } from './words.ts'

const SHOWN = 20

export function funnelSection(page: PageData): Html {
  const { figures, report } = page
  const { asked } = figures.period
  const views: CsvLink[] = [
    ['funnel', asked],
    ['calls', asked],
  ]
  return section(page, {
    id: 'funnel',
    title: `From dials to conversations, ${page.words.title}`,
    sentence: sentence(page),
    // `funnel` can't be narrowed to a queue.
    views: report.filters.queue === null ? views : views.slice(1),
    body: figures.funnel.total.known === 0 ? null : funnelTable(page),
  })
}

function sentence(page: PageData): string {
  const { total } = page.figures.funnel
  const { known, waiting, givenUp } = total
  if (known + waiting + givenUp === 0) {
    return 'Not known: of no dial in this time the details were asked for. With CALL_DETAILS=true the mirror asks Allo how long people talked, and how they tagged the call.'
  }
  if (known === 0) return `Not known yet. ${notKnown(page)}`
  return `${whatCame(total)} ${talked(total)} ${differences(page)}${notKnown(page)}`
}

function whatCame({ known, conversations, conversions, tagged }: AnsweredCalls): string {
  const shareOf = (rate: Rate) => `${percent(rate.rate ?? 0)} (likely ${range(rate)})`
  const ofKnown = `Of ${countOf(known, 'answered dial')} whose details are known, ${count(conversations.part)} became a conversation of more than a minute, ${shareOf(conversations)}`
  if (conversions !== null) {
    return `${ofKnown}, and ${count(conversions.part)} a conversion, ${shareOf(conversions)}.`
  }
  return `${ofKnown}. Conversions are not known: ${tagged === 0 ? 'Allo did not say which tags these calls have' : 'no CONVERSION_TAGS are set'}.`
}

function talked({ talkSeconds, medianTalkSeconds, phoneMenus }: AnsweredCalls): string {
  const menus =
    phoneMenus === 0
      ? 'none was answered by a phone menu, as far as Allo says so'
      : `${count(phoneMenus)} ${phoneMenus === 1 ? 'was' : 'were'} answered by a phone menu`
  return `People talked for ${hoursWords(talkSeconds)}, in half of these calls for ${duration(medianTalkSeconds ?? 0)} or less; ${menus}.`
}

function hoursWords(seconds: number): string {
  return seconds < 5400 ? duration(seconds) : `${count(Math.round(seconds / 3600))}\u00a0h`
}

/** A teammate is named only if chance alone would hardly make the difference. */
function differences({ figures: { funnel, people } }: PageData): string {
  if (people.teammates.length < 2) return ''
  const { chance, clear } = compareRates(
    funnel.teammates.map(({ userId, conversations }) => ({
      name: nameOf(userId, people.teammates),
      ...conversations,
    })),
  )
  if (chance === null) return 'There are too few to compare teammates. '
  if (clear.length === 0) return 'No teammate’s share differs from the others beyond chance. '
  return `Shares of conversations that differ from the others beyond chance: ${listed(
    clear.map(
      (one) =>
        `${one.name} (${percent(one.rate ?? 0)} of ${count(one.whole)}; the others ${percent(one.rateOfOthers)})`,
    ),
  )}. `
}

function nameOf(userId: string, people: readonly { readonly userId: string; readonly name: string }[]) {
  return people.find((one) => one.userId === userId)?.name ?? userId
}

/** Empty: the details of all are known. */
function notKnown({ figures: { funnel, people } }: PageData): string {
  const { known, waiting, givenUp } = funnel.total
  const answered = people.total.connected.part
  const never = Math.max(answered - known - waiting - givenUp, 0)
  const reasons = [
    waiting === 0 ? null : `${count(waiting)} ${waiting === 1 ? 'is' : 'are'} still to be asked for`,
    givenUp === 0 ? null : `of ${count(givenUp)} Allo had none`,
    never === 0 ? null : `of ${count(never)} none were asked for`,
  ].filter((reason) => reason !== null)
  if (reasons.length === 0) return ''
  return `Of ${count(answered - known)} of ${countOf(answered, 'answered dial')} the details are not known: ${reasons.join(', ')}.`
}

interface Row {
  readonly name: Content
  readonly dials: number
  readonly connected: number
  readonly calls: AnsweredCalls
}

function funnelTable(page: PageData): Html {
  const { funnel, people, period } = page.figures
  const everyone = {
    name: html`<b>All</b>`,
    dials: people.total.dials,
    connected: people.total.connected.part,
    calls: funnel.total,
  }
  const callsOf = new Map(funnel.teammates.map(({ userId, ...calls }) => [userId, calls]))
  const rows = people.teammates
    .filter(({ dials }) => dials > 0)
    .map(({ userId, name, dials, connected }) => ({
      name,
      dials,
      connected: connected.part,
      calls: callsOf.get(userId) ?? noCalls,
    }))
    .sort((a, b) => b.calls.conversations.part - a.calls.conversations.part)
  const shown = rows.slice(0, SHOWN)
  const rest = rows.length - shown.length
  const all = rows.length < 2 ? shown : [everyone, ...shown]
  return html`${table('From dials to conversations', columns, all.map(cells))}${more(rest, `${countOf(rest, 'more', 'more')}, who had fewer conversations.`)}
<p class="fine">Shares are of answered dials whose details are known, beside them their 95 % range; of fewer than ${LEAST_DIALS} there is no share, and a dash is not known. The queue counts a phone menu as answered; a conversation lasts more than 60 seconds and is not with a phone menu. Details are asked for of the last four weeks.${period.calendar === null ? ' funnel.csv has whole local days instead.' : ''}</p>`
}

const columns: readonly Cell[] = [
  'Teammate',
  { n: 'Dials' },
  { n: 'Answered' },
  { n: 'Details known' },
  'Conversations, of known',
  'Conversions, of known',
  { n: 'Phone menus' },
  { n: 'Talked' },
]

function cells({ name, dials, connected, calls }: Row): Cell[] {
  const ifKnown = (text: string) => ({ n: calls.known === 0 ? unknown : text })
  return [
    name,
    { n: count(dials) },
    { n: count(connected) },
    { n: count(calls.known) },
    share(calls.conversations),
    calls.conversions === null ? unknown : share(calls.conversions),
    ifKnown(count(calls.phoneMenus)),
    ifKnown(hoursWords(calls.talkSeconds)),
  ]
}

const unknown = html`<span class="muted">–</span>`

/** `32` of them are what is counted: `52 %`, likely `40–64 %`. */
function share(rate: Rate): Html {
  const { part, whole } = rate
  if (whole === 0) return unknown
  const words =
    whole < LEAST_DIALS ? `of ${count(whole)}` : `${percent(rate.rate ?? 0)}, likely ${range(rate)}`
  return html`<b>${count(part)}</b> <small class="beside">${words}</small>`
}
