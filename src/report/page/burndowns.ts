/** How the queues burn down: a chart for each teammate with a queue, or for what is asked for. */
import { type Html, html } from '../../page/html.ts'
import type { Burndown } from '../burndown.ts'
import type { LocalDay, Period } from '../period.ts'
import { burndownChart, isEnded, knownPieces, stepAt, uncalledAtEnd } from './burndown-chart.ts'
import { asTable, type Cell, empty, more, type PageData, section, table } from './parts.ts'
import { type Clock, count, countOf, endReason } from './words.ts'

export function burndownSection(page: PageData): Html {
  const { burndowns, period } = page.figures
  const { lines } = burndowns
  const rest = burndowns.count - lines.length
  return section(page, {
    id: 'burndown',
    title: page.report.filters.queue === null ? 'How the queues burn down' : 'How this queue burns down',
    sentence: sentence(page),
    views: [['queue_burndown', period.asked]],
    body:
      lines.length === 0
        ? empty('No teammate is known to have a queue.')
        : html`${legend}<div class="burndowns${lines.length === 1 ? ' alone' : ''}">${lines.map((line) => figure(line, period, page))}</div>${more(rest, `${countOf(rest, 'more', 'more')}, with less left: choose a teammate to see theirs.`)}`,
  })
}

/** About all queues, also those that are not charted. */
function sentence({ figures, words, clock }: PageData): string {
  const { burndowns, period, remaining, queues } = figures
  const { resets } = queues.ended
  const gone = queues.ended.queues - resets
  const exhausted =
    remaining.exhausted === 0 || remaining.queues === 1
      ? ''
      : `; ${count(remaining.exhausted)} of them ${remaining.exhausted === 1 ? 'has' : 'have'} nothing left`
  const charted =
    burndowns.lines.length < burndowns.count ? ` The ${burndowns.lines.length} with the most are shown.` : ''
  const now =
    remaining.queues === 0
      ? 'No queue is known to be held now.'
      : `${countOf(remaining.remaining, 'number')} left to call in ${countOf(remaining.queues, 'queue')}${exhausted}.${charted}`
  const since = period.calendar === null ? `since ${clock.when(period.from)}` : words.within
  const other = gone === 0 ? '' : `, and ${countOf(gone, 'queue')} gone with no other instead`
  return `${now} ${countOf(resets, 'reset')} ${since}${other}.`
}

const legend = html`<ul class="legend"><li><svg class="swatch" width="22" height="14" aria-hidden="true"><path class="line" d="M1 3H8V7H14V11H21"/></svg>left to call</li>
<li><svg class="swatch" width="8" height="14" aria-hidden="true"><path class="reset" d="M4 0V14"/></svg>end of a queue (reset or gone), and how many were not called</li>
<li><svg class="swatch cleared" width="12" height="14" aria-hidden="true"><path d="M6 2l5 9h-10z"/></svg>ten or more uncalled numbers deleted at once</li>
<li><svg class="swatch" width="8" height="14" aria-hidden="true"><path class="other" d="M4 0V14"/></svg>another queue</li>
<li><svg class="swatch" width="22" height="14" aria-hidden="true"><rect class="unread" width="22" height="14"/></svg>not read, or not known</li>
<li><svg class="swatch" width="22" height="14" aria-hidden="true"><path class="none" d="M0 12H22"/></svg>no queue</li></ul>`

function figure(line: Burndown, period: Period, { clock, links, report, figures }: PageData): Html {
  const { filters } = report
  const name =
    links === null || filters.teammate !== null || filters.queue !== null
      ? line.name
      : html`<a href="${links.page({ teammate: line.userId })}">${line.name}</a>`
  const ended = line.holdings.filter(isEnded).length
  const inWords = `${line.name}: ${standing(line)}; ${countOf(ended, 'queue')} ended since ${clock.day(beginOf(period))}.`
  return html`<figure><figcaption><h3>${name}</h3><span${line.state === 'unknown' ? html` class="unknown"` : null}>${standing(line)}</span></figcaption>
${burndownChart(line, { period, clock, inWords, isAlone: figures.burndowns.lines.length === 1 })}
<p class="axis"><span>${clock.day(beginOf(period))}</span><span>${period.isOpen ? clock.when(period.to) : clock.day(period.to)}</span></p>
${asTable('As a table', dayTable(line, period, clock))}</figure>`
}

/** The first instant of it that is shown: whole days begin at midnight. */
function beginOf({ calendar, from, dates }: Period): string {
  return calendar === null ? from : (dates[0]?.from ?? from)
}

function standing({ state, remaining, numbers }: Burndown): string {
  if (state === 'no_queue') return 'no queue'
  if (state === 'unknown') return 'not known'
  return `${count(remaining ?? 0)} of ${count(numbers ?? 0)} left${state === 'ended' ? ' at its end' : ''}`
}

function dayTable(line: Burndown, period: Period, clock: Clock): Html {
  const known = knownPieces(line)
  const isWithin = (instant: string, { from, to }: LocalDay) =>
    Date.parse(instant) > Date.parse(from) && Date.parse(instant) <= Date.parse(to)
  const row = (day: LocalDay): Cell[] => {
    const end = Date.parse(day.to)
    // The teammate was read a moment before the period ends, or hours before.
    const isToday = period.isOpen && day === period.dates.at(-1)
    const knownUntil = isToday ? Date.parse(day.from) + 1 : end
    const piece = known.findLast(({ from, to }) => Date.parse(from) < end && Date.parse(to) >= knownUntil)
    const seenAt = piece !== undefined && Date.parse(piece.to) < end ? piece.to : day.to
    const step = piece === undefined ? undefined : stepAt(piece.holding, seenAt)
    const left = piece === undefined ? 'not known' : step === undefined ? 'no queue' : count(step.remaining)
    const ended = line.holdings.filter((holding) => isEnded(holding) && isWithin(holding.to, day))
    const cleared = line.clearings.filter(({ at }) => isWithin(at, day))
    return [
      isToday && piece !== undefined ? clock.when(piece.to) : clock.day(day.from),
      { n: left },
      { n: step === undefined ? '' : count(step.numbers) },
      [
        ...ended.map(
          (holding) => `${endReason(holding.endReason)}: ${count(uncalledAtEnd(holding))} not called`,
        ),
        ...cleared.map(({ numbers }) => `${count(numbers)} deleted uncalled`),
      ].join('; '),
    ]
  }
  return table(
    `${line.name}: left at the end of each day`,
    ['End of', { n: 'Left' }, { n: 'Of' }, 'What left uncalled'],
    period.dates.map(row),
  )
}
