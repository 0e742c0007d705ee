/** Numbers that were lost without a call: from whose queues, how, and each moment at which many of them were. */
import { type Content, type Html, html } from '../../page/html.ts'
import type { ByWay, LossOfHolder, MassRemoval } from '../removals.ts'
import { empty, more, type PageData, rowsBehind, section, table } from './parts.ts'
import { count, countOf, endReason, listed } from './words.ts'

const SHOWN = 15

export function removalsSection(page: PageData): Html {
  const { removals, period } = page.figures
  const { largest, massRemovals } = removals
  const rest = massRemovals - largest.length
  return section(page, {
    id: 'removals',
    title: `Numbers that left without a call, ${page.words.title}`,
    sentence: sentence(page),
    views: [['removals', period.asked]],
    body:
      removals.numbers === 0
        ? null
        : html`${holdersTable(page)}
${largest.length === 0 ? empty('No ten or more numbers left at once.') : massTable(largest, page)}${more(rest, `${countOf(rest, 'smaller one')}.`)}`,
  })
}

function sentence(page: PageData): string {
  const { removals } = page.figures
  const { numbers, cameBack, massRemovals } = removals
  if (numbers === 0) return 'No number was seen to leave a queue without a call.'
  const back = cameBack === 0 ? 'None of them is' : `${count(cameBack)} ${cameBack === 1 ? 'is' : 'are'}`
  const times = massRemovals === 0 ? '' : ` ${countOf(massRemovals, 'time')} ten or more left at once.`
  return `${countOf(numbers, 'number')}: ${listed(ways(removals))}.${whoLostMost(removals.holders)}${largestLoss(page)} ${back} in a queue again, or in another one.${times}${unknownTime(removals.holders)}`
}

function ways({ deleted, replaced, gone }: ByWay): string[] {
  const all = [
    [deleted, 'deleted from a queue that continued'],
    [replaced, 'by a reset'],
    [gone, 'with a queue that is gone'],
  ] as const
  return all.flatMap(([numbers, words]) => (numbers === 0 ? [] : [`${count(numbers)} ${words}`]))
}

/** Names a teammate only if no other can have lost as many: not even with all numbers whose time is unknown. */
function whoLostMost(losses: readonly LossOfHolder[]): string {
  const [most, ...others] = losses.filter(({ beforeId, userId }) => beforeId === null && userId !== null)
  if (most === undefined || losses.length < 2) return ''
  const atMost = (userId: string) =>
    losses
      .filter((one) => one.userId === userId || one.beforeId === userId)
      .reduce((sum, { numbers }) => sum + numbers, 0)
  const ids = [...others, ...losses.filter(({ beforeId }) => beforeId !== null)].flatMap(
    ({ userId, beforeId }) => [userId, beforeId].filter((id) => id !== null),
  )
  const isClear = ids.every((id) => id === most.userId || atMost(id) < most.numbers)
  return isClear ? ` Most left the queues of ${most.name}: ${count(most.numbers)}.` : ''
}

function largestLoss({ figures: { removals }, clock }: PageData): string {
  const [most, second] = removals.largest
  if (most === undefined || second?.numbers === most.numbers) return ''
  return ` Most at once: ${count(most.numbers)} from the queue of ${most.teammate}, seen ${clock.when(most.at)} (${endReason(most.reason)}).`
}

/** Empty: it is known of all. */
function unknownTime(losses: readonly LossOfHolder[]): string {
  const unknown = losses
    .filter(({ beforeId }) => beforeId !== null)
    .reduce((sum, { numbers }) => sum + numbers, 0)
  if (unknown === 0) return ''
  return ` Of ${count(unknown)} it is not known in whose time they left, because the queue changed hands.`
}

function holdersTable(page: PageData): Html {
  const { holders } = page.figures.removals
  const rest = holders.length - SHOWN
  return html`${table(
    'Numbers that left without a call, by teammate',
    [
      'Queues of',
      { n: 'Numbers' },
      { n: 'Deleted' },
      { n: 'By a reset' },
      { n: 'Queue gone' },
      { n: 'In a queue again' },
    ],
    holders
      .slice(0, SHOWN)
      .map((loss) => [
        nameOf(loss),
        { n: html`<b>${numbersOf(loss, page)}</b>` },
        { n: count(loss.deleted) },
        { n: count(loss.replaced) },
        { n: count(loss.gone) },
        { n: count(loss.cameBack) },
      ]),
  )}${more(rest, `${countOf(rest, 'more', 'more')}, who lost fewer.`)}`
}

function nameOf({ name, before }: LossOfHolder): Content {
  return before === null
    ? name
    : html`${name} or ${before} <small>not known in whose time: the queue changed hands</small>`
}

/** The rows of a teammate in the CSV have those of an unknown time, too: there the figure has no link. */
function numbersOf({ userId, numbers }: LossOfHolder, page: PageData): Content {
  const { figures } = page
  const isAlone = figures.removals.holders.filter((one) => one.userId === userId).length === 1
  if (userId === null || !isAlone) return count(numbers)
  return rowsBehind(page, count(numbers), ['removals', figures.period.asked], { teammate: userId })
}

function massTable(removals: readonly MassRemoval[], { clock, links, report }: PageData): Html {
  const name = ({ queue, queueId }: MassRemoval) =>
    links === null || report.filters.queue !== null
      ? queue
      : html`<a href="${links.page({ queue: queueId, teammate: null })}">${queue}</a>`
  return table(
    'Ten or more numbers that left at once',
    ['Ten or more at once', { n: 'Numbers' }, { n: 'In a queue again' }, 'How', 'Queue'],
    removals.map((one) => [
      html`<small class="seen">seen</small> ${clock.when(one.at)}`,
      { n: html`<b>${count(one.numbers)}</b>` },
      { n: count(one.cameBack) },
      endReason(one.reason),
      html`${name(one)} <small>${one.teammate}</small>`,
    ]),
  )
}
