/** Numbers that were lost without a call, and each moment at which many of them were. */
import { type Html, html } from '../../page/html.ts'
import type { MassRemoval } from '../removals.ts'
import { empty, more, type PageData, section, table } from './parts.ts'
import { count, countOf, endReason } from './words.ts'

export function removalsSection(page: PageData): Html {
  const { removals, period } = page.figures
  const { largest: shown, massRemovals } = removals
  const rest = massRemovals - shown.length
  return section(page, {
    id: 'removals',
    title: `Numbers that left without a call, ${page.words.title}`,
    sentence: sentence(page),
    views: [['removals', period.asked]],
    body:
      shown.length === 0
        ? empty('No ten or more numbers left at once.')
        : html`${massTable(shown, page)}${more(rest, `${countOf(rest, 'smaller one')}.`)}`,
  })
}

function sentence({ figures }: PageData): string {
  const { numbers, deleted, replaced, gone, cameBack, massRemovals } = figures.removals
  if (numbers === 0) return 'No number was seen to leave a queue without a call.'
  const ways = [
    `${count(deleted)} deleted from a queue that continued`,
    `${count(replaced)} by a reset`,
    `${count(gone)} with a queue that is gone`,
  ].join(', ')
  const back = cameBack === 0 ? 'None of them is' : `${count(cameBack)} of them are`
  return `${countOf(numbers, 'number')}: ${ways}. ${back} in a queue again, or in another one. ${countOf(massRemovals, 'time')} ten or more left at once.`
}

function massTable(removals: readonly MassRemoval[], { clock, links, report }: PageData): Html {
  const name = ({ queue, queueId }: MassRemoval) =>
    links === null || report.filters.queue !== null
      ? queue
      : html`<a href="${links.page({ queue: queueId, teammate: null })}">${queue}</a>`
  return table(
    'Ten or more numbers that left at once',
    ['Seen', { n: 'Numbers' }, { n: 'In a queue again' }, 'How', 'Queue'],
    removals.map((one) => [
      clock.when(one.at),
      { n: html`<b>${count(one.numbers)}</b>` },
      { n: count(one.cameBack) },
      endReason(one.reason),
      html`${name(one)} <small>${one.teammate}</small>`,
    ]),
  )
}
