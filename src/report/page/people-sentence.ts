/** What is above the table of teammates: how much was dialled, who differs beyond chance, whose queue runs out first, who has none. */
import { type Html, html } from '../../page/html.ts'
import { compareRates } from '../chance.ts'
import { poorListsOf } from '../lists.ts'
import type { Person } from '../people.ts'
import { doubtOf } from './change.ts'
import { nextToRunOut, notBefore, runsOutWords } from './forecast-words.ts'
import { problemWords } from './lists-table.ts'
import type { PageData } from './parts.ts'
import { count, countOf, listed, percent, range, resolvedDials, UNREAD } from './words.ts'

export function peopleSentence(page: PageData): string {
  const { total, teammates } = page.figures.people
  const active = teammates.filter(({ dials }) => dials > 0).length
  const { part, whole, rate } = total.connected
  const answered =
    rate === null
      ? ''
      : ` ${count(part)} of the ${count(whole)} with a result ${part === 1 ? 'was' : 'were'} answered, ${percent(rate)}.`
  const dialled = `${active} of ${countOf(teammates.length, 'teammate')} made ${countOf(total.dials, 'dial')}${change(page)}.`
  return `${dialled}${answered}`
}

/** Null: it is about one teammate alone. */
export function peopleAnswers(page: PageData): Html | null {
  const { teammates } = page.figures.people
  if (teammates.length < 2) return null
  const answers = [differences(page), runningOut(page), withoutQueue(page)]
  return html`<ul class="answers">${answers.map((answer) => (answer === '' ? null : html`<li>${answer}</li>`))}</ul>`
}

/** Of a report of one queue, others are not judged. */
function withoutQueue({ figures, report }: PageData): string {
  if (report.filters.queue !== null) return ''
  const named = (state: Person['queueState']) =>
    figures.people.teammates
      .filter(({ queueState, isOnTeam }) => queueState === state && isOnTeam)
      .map(({ name }) => name)
  const [none, unknown] = [named('no_queue'), named('unknown')]
  const notKnown =
    unknown.length === 0
      ? ''
      : ` It is not known whether ${listed(unknown)} ${unknown.length === 1 ? 'has' : 'have'} one.`
  if (none.length > 0) return `${listed(none)} ${none.length === 1 ? 'has' : 'have'} no queue.${notKnown}`
  return notKnown === '' ? 'Every teammate has a queue.' : `No teammate is known to have no queue.${notKnown}`
}

function change({ figures, words }: PageData): string {
  const { people, unread } = figures
  const { dials, previousDials } = people.total
  if (previousDials === 0 || (unread.previous ?? 0) > UNREAD) return ''
  const doubt = doubtOf({ unreadNow: unread.period, unreadThen: unread.previous })
  if (doubt !== null) return `; ${count(previousDials)} ${words.inBefore}, but ${doubt}`
  const difference = `${count(Math.abs(dials - previousDials))} ${dials >= previousDials ? 'more' : 'fewer'}`
  return `, ${difference} than ${words.inBefore}`
}

/** Used-up queues are counted in the whole team; the first to run out is among those that were looked at. */
function runningOut({ figures: { outlook, remaining, todo, period }, clock }: PageData): string {
  if (remaining.queues === 0) return ''
  const [first] = nextToRunOut(outlook.forecasts)
  const asOf = period.asOf
  const next = (of: string) =>
    first === undefined
      ? ''
      : ` ${of} queue of ${first.name} runs out first, ${runsOutWords(first, clock)}${notBefore(first, asOf, clock)}.`
  const names = todo.nothingLeft.first.map(({ name }) => name)
  const { exhausted } = remaining
  if (exhausted === 0) return `Every queue has numbers left.${next('The')}`
  return `${exhausted === names.length ? listed(names) : countOf(exhausted, 'teammate')} ${exhausted === 1 ? 'has' : 'have'} nothing left.${next('Of the others, the')}`
}

/** A difference between teammates is named only if chance alone would hardly make it. */
function differences({ figures: { people, outlook } }: PageData): string {
  const { chance, differs, clear } = compareRates(
    people.teammates.map(({ userId, name, connected }) => ({ userId, name, ...connected })),
  )
  const poorLists = poorListsOf(outlook.lists.lists)
  if (chance === null) return 'There are too few dials with a result to compare connection rates.'
  if (!differs) return 'No teammate’s connection rate differs from the others beyond chance.'
  if (clear.length === 0) return 'Connection rates differ beyond chance, but no single one from the others.'
  const named = (are: string, isNamed: (one: (typeof clear)[number]) => boolean) => {
    const words = clear
      .filter(isNamed)
      .map(
        (one) =>
          `${one.name} (${percent(one.rate ?? 0)} of ${resolvedDials(one)}, likely ${range(one)}; the others ${percent(one.rateOfOthers)})`,
      )
    return words.length === 0
      ? []
      : [`Connection rate ${are} than that of the others beyond chance: ${listed(words)}.`]
  }
  return [
    ...named('higher', ({ rate, rateOfOthers }) => (rate ?? 0) > rateOfOthers),
    ...named('lower', ({ rate, rateOfOthers }) => (rate ?? 0) < rateOfOthers),
    ...clear
      .filter(({ rate, rateOfOthers }) => (rate ?? 0) < rateOfOthers)
      .flatMap(({ userId }) => poorLists.filter((list) => list.userId === userId))
      .map((list) => `The list of ${list.name} is poor: ${count(list.part)} ${problemWords(list)}.`),
  ].join(' ')
}
