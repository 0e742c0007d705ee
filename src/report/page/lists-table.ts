/** Whether current lists are worth calling. No list is ranked by a rate: one is named only if it differs beyond chance. */
import { type Html, html } from '../../page/html.ts'
import { compareRates, LEAST_DIALS, SIGNIFICANT } from '../chance.ts'
import { type ListHealth, type Measure, measures, type PoorList } from '../lists.ts'
import type { Rate } from '../scope.ts'
import { empty, more, type PageData, section, table } from './parts.ts'
import { count, countOf, listed, percent, range } from './words.ts'

const SHOWN = 15

export function listsSection(page: PageData): Html {
  const { lists, queues } = { ...page.figures.outlook, lists: page.figures.outlook.lists.lists }
  const rest = queues - Math.min(lists.length, SHOWN)
  return section(page, {
    id: 'lists',
    title: 'The state of current lists',
    sentence: sentence(page),
    views: [['list_health']],
    body:
      lists.length === 0
        ? empty('No current queue has numbers left.')
        : html`${listsTable(lists.slice(0, SHOWN), page)}${more(rest, `${countOf(rest, 'queue')} with fewer numbers.`)}
<p class="fine">Not in service and answered by a machine: of numbers with a result. Duplicates and called elsewhere before: of all numbers ever in the list. Beside each share is its 95 % range; of fewer than ${LEAST_DIALS} there is no share.</p>`,
  })
}

function sentence({ figures }: PageData): string {
  const { all, lists } = figures.outlook.lists
  if (lists.length === 0) return 'There is no list to judge.'
  const share = (measure: Measure) => `${percent(all[measure].rate ?? 0)} (likely ${range(all[measure])})`
  const results =
    all.voicemail.whole === 0
      ? 'No number of them has a result.'
      : `Of ${countOf(all.voicemail.whole, 'number')} with a result, ${share('not_in_service')} are not in service and ${share('voicemail')} were answered by a machine.`
  const known =
    all.duplicates.whole === 0
      ? ''
      : ` Of ${countOf(all.duplicates.whole, 'number')}, ${share('duplicates')} are duplicates and ${share('called_elsewhere')} were called in another queue before.`
  return `${countOf(lists.length, 'list')}.${standingOut(lists)} ${results}${known}`
}

const names: Readonly<Record<Measure, string>> = {
  not_in_service: 'not in service',
  voicemail: 'answered by a machine',
  duplicates: 'duplicates',
  called_elsewhere: 'called elsewhere before',
}

/** Only what is worse than in the other lists. */
function standingOut(lists: readonly ListHealth[]): string {
  if (lists.length < 2) return ''
  const comparisons = measures.map((measure) => ({
    measure,
    ...compareRates(
      lists.map(({ name, ...rates }) => ({ name, ...rates[measure] })),
      SIGNIFICANT / measures.length,
    ),
  }))
  if (comparisons.every(({ chance }) => chance === null)) return ' There is too little to compare them.'
  const worse = comparisons.flatMap(({ measure, clear }) =>
    clear
      .filter(({ rate, rateOfOthers }) => (rate ?? 0) > rateOfOthers)
      .map(
        ({ name, rate, rateOfOthers }) =>
          `${name} (${percent(rate ?? 0)} ${names[measure]}, ${percent(rateOfOthers)} in the others)`,
      ),
  )
  return worse.length === 0
    ? ' No list stands out: the differences may be chance.'
    : ` Worse than the others beyond chance: ${listed(worse)}.`
}

function listsTable(lists: readonly ListHealth[], { links, report }: PageData): Html {
  const name = ({ name, queueId }: ListHealth) =>
    links === null || report.filters.queue !== null
      ? name
      : html`<a href="${links.page({ queue: queueId, teammate: null })}">${name}</a>`
  return table(
    'Current lists',
    [
      'List of',
      { n: 'Numbers' },
      'Not in service',
      'Answered by a machine',
      'Duplicates',
      'Called elsewhere before',
    ],
    lists.map((list) => [
      name(list),
      { n: count(list.numbers) },
      ...measures.map((measure) => shareCell(list[measure])),
    ]),
  )
}

function shareCell(share: Rate): Html {
  const { part, whole, rate } = share
  if (rate === null || whole < LEAST_DIALS)
    return html`<span class="muted">${count(part)} of ${count(whole)}</span>`
  return html`<b>${percent(rate)}</b> <small class="beside">${range(share)} of ${count(whole)}</small>`
}

/** After a number: `numbers not in service, 34 % of 269 with a result`. */
export function problemWords({ problem, part, whole }: PoorList): string {
  const share = `${percent(part / whole)} of ${count(whole)}`
  const words = {
    not_in_service: `numbers not in service, ${share} with a result`,
    duplicates: `duplicates, ${share}`,
    called_elsewhere: `numbers that another queue had called before, ${share}`,
  }
  return words[problem]
}
