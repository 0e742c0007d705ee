/** At which attempt people are reached: is it worth going on? */
import { type Html, html } from '../../page/html.ts'
import { type Attempt, type Attempts, MOST_DIALS } from '../attempts.ts'
import { LEAST_DIALS } from '../chance.ts'
import { empty, type PageData, rateCell, rateScale, section, table } from './parts.ts'
import { dayWords } from './period-words.ts'
import { count, percent, range, resolvedDials } from './words.ts'

export function attemptsSection(page: PageData): Html {
  const { attempts } = page.figures
  const { firstWeek } = attempts
  return section(page, {
    id: 'attempts',
    title: 'At which attempt people are reached',
    sentence: sentence(attempts),
    views: [['attempts']],
    body:
      firstWeek === null
        ? attempts.isTooMuch
          ? null
          : empty('No dial in these weeks.')
        : html`${attemptTable(attempts.attempts)}
<p class="fine">Of the whole team, in the weeks from ${dayWords(firstWeek)}. An attempt is a dial of a number that the team had not reached before, over all its queues.<span class="wide"> The line is the 95 % range of the rate.</span></p>`,
  })
}

/** Compares with the first attempt only where the likely ranges don't meet. */
function sentence({ attempts, isTooMuch }: Attempts): string {
  if (isTooMuch) {
    return `There are more than ${count(MOST_DIALS)} dials in this time, which takes too long to look up for a page: attempts.csv has them.`
  }
  const [first, ...later] = attempts.filter(({ connected }) => connected.whole >= LEAST_DIALS)
  if (first === undefined || later.length === 0) {
    return `No two attempts have ${LEAST_DIALS} dials with a result: too few to compare them.`
  }
  const lower = later.find(({ connected }) => (connected.high ?? 1) < (first.connected.low ?? 0))
  const start = `At the ${nameOf(first)} attempt, ${rateWords(first)} were answered.`
  if (lower === undefined)
    return `${start} No later attempt is clearly worse: the likely ranges meet.${tooFew(attempts)}`
  return `${start} The ${nameOf(lower)} is the first that is clearly worse: ${rateWords(lower)} (likely ${range(lower.connected)}).`
}

/** Even half the rate of the first attempt is not clearly lower in fewer dials. */
const ENOUGH = 100

/** Says which is the first attempt that can't be judged; empty: there is none. */
function tooFew(attempts: readonly Attempt[]): string {
  const few = attempts.find(({ attempt, connected }) => attempt > 1 && connected.whole < ENOUGH)
  if (few === undefined) return ''
  return ` There are too few ${nameOf(few)} attempts (${count(few.connected.whole)}) to say whether it is worth going on.`
}

function rateWords({ connected }: Attempt): string {
  return `${percent(connected.rate ?? 0)} of ${resolvedDials(connected)}`
}

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth']

function nameOf({ attempt, isOpenEnded }: Attempt): string {
  return `${ordinals[attempt - 1] ?? String(attempt)}${isOpenEnded ? ' and later' : ''}`
}

function attemptTable(attempts: readonly Attempt[]): Html {
  const telling = attempts.map(({ connected }) => connected).filter(({ whole }) => whole >= LEAST_DIALS)
  const scale = rateScale(telling)
  return table(
    'Attempts',
    ['Attempt', { n: 'Dials' }, { n: 'With a result' }, { n: 'Reached' }, 'Connection rate, likely range'],
    attempts.map((one) => [
      `${one.attempt}${one.isOpenEnded ? ' and later' : ''}`,
      { n: count(one.dials) },
      { n: count(one.connected.whole) },
      { n: html`<b>${count(one.connected.part)}</b>` },
      one.connected.whole < LEAST_DIALS
        ? html`<span class="muted">fewer than ${LEAST_DIALS} dials</span>`
        : rateCell(one.connected, scale),
    ]),
  )
}
