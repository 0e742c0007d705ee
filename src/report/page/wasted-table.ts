/** Dials that were not needed: how many of how many, why, and by whom. Ranked by counts. */
import { type Html, html } from '../../page/html.ts'
import { MOST_DIALS } from '../attempts.ts'
import type { WastedDials } from '../wasted.ts'
import { more, type PageData, rowsBehind, section, table } from './parts.ts'
import { count, countOf, listed, percent } from './words.ts'

const SHOWN = 10

export function wastedSection(page: PageData): Html {
  const { wasted, period } = page.figures
  return section(page, {
    id: 'wasted',
    title: `Dials that were not needed, ${page.words.title}`,
    sentence: sentence(page),
    views: [['wasted_dials', period.asked]],
    body: wasted.teammates.length === 0 ? null : teammatesTable(wasted.teammates, page),
  })
}

function sentence({ figures: { wasted, people } }: PageData): string {
  if (wasted.isTooMuch) {
    return `There are more than ${count(MOST_DIALS)} dials in this time, which takes too long to look up for a page: wasted_dials.csv has them.`
  }
  const { dials: all } = people.total
  if (all === 0) return 'No dial in this time.'
  if (wasted.dials === 0) return `None of the ${countOf(all, 'dial')}.`
  const reasons = [
    [wasted.connectedBefore, 'of numbers that a person had answered before'],
    [wasted.notInService, 'of numbers that were not in service before'],
    [wasted.tooSoon, 'less than an hour after the previous dial of the number'],
  ] as const
  const why = reasons.flatMap(([dials, words]) => (dials === 0 ? [] : [`${count(dials)} ${words}`]))
  return `${count(wasted.dials)} of ${countOf(all, 'dial')}, ${percent(wasted.dials / all)}: ${listed(why)}. ${whoMost(wasted)}A call back that was agreed on looks the same.`
}

function whoMost({ teammates }: WastedDials): string {
  const [most, second] = teammates
  if (most === undefined || second === undefined || second.dials === most.dials) return ''
  return `Most were made by ${most.name}: ${count(most.dials)}. `
}

function teammatesTable(teammates: WastedDials['teammates'], page: PageData): Html {
  const { people, period } = page.figures
  const dialsOf = (userId: string) => people.teammates.find((one) => one.userId === userId)?.dials
  const rest = teammates.length - SHOWN
  return html`${table(
    'Dials that were not needed',
    [
      'Teammate',
      { n: 'Not needed' },
      { n: 'Of dials' },
      { n: 'Answered before' },
      { n: 'Not in service' },
      { n: 'Within the hour' },
    ],
    teammates.slice(0, SHOWN).map(({ userId, name, dials, connectedBefore, notInService, tooSoon }) => [
      name,
      {
        n: html`<b>${rowsBehind(page, count(dials), ['wasted_dials', period.asked], { teammate: userId })}</b>`,
      },
      { n: count(dialsOf(userId) ?? dials) },
      { n: count(connectedBefore) },
      { n: count(notInService) },
      { n: count(tooSoon) },
    ]),
  )}${more(rest, `${countOf(rest, 'more', 'more')}, who made fewer.`)}`
}
