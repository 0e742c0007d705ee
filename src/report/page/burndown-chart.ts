/**
 * What remained, as steps: a line goes on until the next reading saw another count. Where nobody looked, or where it is
 * not known what was held, there is a hatched stretch and no line.
 */
import { type Html, html } from '../../http/html.ts'
import type { Burndown, Holding, Step } from '../burndown.ts'
import type { LocalDay, Period, Stretch } from '../scope.ts'
import { details, empty, type Sheet, section, table } from './parts.ts'
import { type Clock, count, countOf, endReason } from './words.ts'

/** Units across; a line is stretched to the width there is. */
const ACROSS = 1000
const UP = 100
/** More labels than these would cover each other. */
const LABELS = 5

export function burndownSection(sheet: Sheet): Html {
  const { burndowns, period } = sheet.figures
  const { filters } = sheet.report
  const rest = burndowns.count - burndowns.lines.length
  const isAlone = burndowns.lines.length === 1
  return section(sheet, {
    id: 'burndown',
    title: filters.queue === null ? 'How the current queues burn down' : 'How the queue burns down',
    sentence: sentence(sheet),
    views: [['queue_burndown', period.days]],
    body:
      burndowns.lines.length === 0
        ? empty('Nobody holds a queue.')
        : html`<ul class="legend"><li><svg class="swatch" width="22" height="14" aria-hidden="true"><path class="line" d="M1 3H8V7H14V11H21"/></svg>left to call</li>
<li><svg class="swatch" width="14" height="14" aria-hidden="true"><path class="reset" d="M7 0V14"/></svg>reset, with what was not called</li>
<li><svg class="swatch" width="22" height="14" aria-hidden="true"><rect class="unread" width="22" height="14"/></svg>not read, or not known</li>
<li><svg class="swatch" width="22" height="14" aria-hidden="true"><path class="none" d="M0 12H22"/></svg>no queue</li></ul>
<div class="burndowns${isAlone ? ' alone' : ''}">${burndowns.lines.map((line) => figure(line, period, sheet))}</div>${
            rest > 0
              ? html`<p class="more">And ${countOf(rest, 'more queue')} with less left: choose a teammate to see theirs.</p>`
              : null
          }`,
  })
}

function sentence({ figures, clock }: Sheet): string {
  const { burndowns, period } = figures
  const left = burndowns.lines.reduce((sum, { remaining }) => sum + (remaining ?? 0), 0)
  const resets = burndowns.lines.flatMap(({ holdings }) => holdings.filter(isReset)).length
  const done = burndowns.lines.filter(({ remaining }) => remaining === 0).length
  const shown = burndowns.lines.length === burndowns.count ? '' : ' shown'
  const exhausted = done === 0 ? '' : `; ${done} of them ${done === 1 ? 'has' : 'have'} nothing left`
  return `${countOf(burndowns.lines.length, 'line')}${shown} since ${clock.when(period.from)}: ${countOf(left, 'number')} left${exhausted}, ${countOf(resets, 'reset')}.`
}

function isReset({ endReason: reason }: Holding): boolean {
  return reason === 'queue_replaced' || reason === 'queue_gone'
}

function figure(line: Burndown, period: Period, { clock, links, report }: Sheet): Html {
  const highest = Math.max(
    1,
    ...line.holdings.flatMap(({ steps }) => steps.map(({ remaining }) => remaining)),
  )
  const x = (instant: string) => {
    const since = Date.parse(period.from)
    const share = (Date.parse(instant) - since) / (Date.parse(period.to) - since)
    return Math.min(Math.max(share, 0), 1) * ACROSS
  }
  const y = (remaining: number) => UP - (remaining / highest) * UP
  const known = line.holdings.flatMap((holding) =>
    without(holding, line.gaps).map((piece) => ({ ...piece, holding })),
  )
  const drawn = known.map(({ holding, ...piece }) => drawPiece(holding, piece, { x, y }))
  const unknown = without(period, known)
  const resets = line.holdings.filter(isReset)
  const heading =
    line.remaining === null ? '' : html`<b>${count(line.remaining)}</b> of ${count(line.numbers ?? 0)} left`
  const name =
    links === null || report.filters.teammate !== null || report.filters.queue !== null
      ? line.name
      : html`<a href="${links.page({ teammate: line.userId })}">${line.name}</a>`
  return html`<figure><figcaption><h3>${name}</h3><span>${line.remaining === null ? 'no queue now, or not known' : heading}</span></figcaption>
<svg class="burndown" role="img" aria-label="${spoken(line, resets, clock)}" width="100%"><svg viewBox="0 0 ${ACROSS} ${UP}" preserveAspectRatio="none" width="100%" height="100%">${drawn.map(({ area }) => area)}</svg>
${unknown.map((stretch) => html`<rect class="unread" x="${share(x(stretch.from))}" width="${share(x(stretch.to) - x(stretch.from))}" y="0" height="100%"><title>Not read or not known: ${clock.when(stretch.from)} to ${clock.when(stretch.to)}</title></rect>`)}
<line class="grid" x1="0" x2="100%" y1="0" y2="0"/><line class="grid" x1="0" x2="100%" y1="100%" y2="100%"/>
<svg viewBox="0 0 ${ACROSS} ${UP}" preserveAspectRatio="none" width="100%" height="100%">${drawn.map((piece) => piece.line)}</svg>
${resets.map((holding) => resetMark(holding, share(x(holding.to)), { isLabelled: resets.length <= LABELS, isLate: x(holding.to) > ACROSS * 0.8, clock }))}
<text class="tick" x="2" y="12">${count(highest)}</text></svg>
<p class="axis"><span>${clock.day(period.from)}</span><span>${clock.when(period.to)}</span></p>
${details('As a table', dayTable(line, period, clock))}</figure>`
}

function share(units: number): string {
  return `${((units / ACROSS) * 100).toFixed(2)}%`
}

/** The stretch without those that are taken out of it, in order. */
export function without(stretch: Stretch, taken: readonly Stretch[]): Stretch[] {
  const pieces: Stretch[] = []
  let { from } = stretch
  const inOrder = [...taken].sort((a, b) => Date.parse(a.from) - Date.parse(b.from))
  for (const gap of inOrder) {
    if (Date.parse(gap.to) <= Date.parse(from) || Date.parse(gap.from) >= Date.parse(stretch.to)) continue
    if (Date.parse(gap.from) > Date.parse(from)) pieces.push({ from, to: gap.from })
    from = gap.to
  }
  if (Date.parse(from) < Date.parse(stretch.to)) pieces.push({ from, to: stretch.to })
  return pieces
}

function valueAt({ steps }: Holding, instant: string): Step | undefined {
  return steps.findLast(({ at }) => Date.parse(at) <= Date.parse(instant)) ?? steps[0]
}

function drawPiece(
  holding: Holding,
  piece: Stretch,
  { x, y }: { readonly x: (instant: string) => number; readonly y: (remaining: number) => number },
): { readonly line: Html; readonly area: Html } {
  const [from, to] = [x(piece.from).toFixed(1), x(piece.to).toFixed(1)]
  const first = valueAt(holding, piece.from)
  if (holding.queueId === null || first === undefined) {
    return { line: html`<path class="none" d="M${from} ${UP}H${to}"/>`, area: html`` }
  }
  const within = holding.steps.filter(
    ({ at }) => Date.parse(at) > Date.parse(piece.from) && Date.parse(at) < Date.parse(piece.to),
  )
  const steps = within.map(({ at, remaining }) => `H${x(at).toFixed(1)}V${y(remaining).toFixed(1)}`).join('')
  const path = `M${from} ${y(first.remaining).toFixed(1)}${steps}H${to}`
  return {
    line: html`<path class="line" d="${path}"/>`,
    area: html`<path class="area" d="${path}V${UP}H${from}Z"/>`,
  }
}

function resetMark(
  holding: Holding,
  x: string,
  {
    isLabelled,
    isLate,
    clock,
  }: { readonly isLabelled: boolean; readonly isLate: boolean; readonly clock: Clock },
): Html {
  const uncalled = holding.steps.at(-1)?.remaining ?? 0
  const label = isLabelled
    ? html`<text class="mark" x="${x}" y="12" dx="${isLate ? -4 : 4}" text-anchor="${isLate ? 'end' : 'start'}">−${count(uncalled)}</text>`
    : null
  return html`<g><title>${clock.when(holding.to)}: ${endReason(holding.endReason)}, ${countOf(uncalled, 'number')} not called</title><line class="reset" x1="${x}" x2="${x}" y1="0" y2="100%"/>${label}</g>`
}

function spoken(line: Burndown, resets: readonly Holding[], clock: Clock): string {
  const now =
    line.remaining === null
      ? 'no queue now, or not known'
      : `${count(line.remaining)} of ${count(line.numbers ?? 0)} left`
  const first = line.holdings.find(({ queueId }) => queueId !== null)
  const then =
    first?.steps[0] === undefined ? '' : `; ${count(first.steps[0].remaining)} on ${clock.day(first.from)}`
  return `${line.name}: ${now}${then}; ${countOf(resets.length, 'reset')}.`
}

function dayTable(line: Burndown, period: Period, clock: Clock): Html {
  const known = line.holdings.flatMap((holding) =>
    without(holding, line.gaps).map((piece) => ({ ...piece, holding })),
  )
  /** At the end of the day, or as last read. */
  const row = (day: LocalDay) => {
    const piece = known.findLast(
      ({ from, to }) => Date.parse(from) < Date.parse(day.to) && Date.parse(to) >= Date.parse(day.to) - 1,
    )
    const step = piece === undefined ? undefined : valueAt(piece.holding, day.to)
    const state = piece === undefined ? 'not known' : piece.holding.queueId === null ? 'no queue' : ''
    const resets = line.holdings.filter(
      (holding) =>
        isReset(holding) &&
        Date.parse(holding.to) > Date.parse(day.from) &&
        Date.parse(holding.to) <= Date.parse(day.to),
    )
    const thrownAway = resets.map(
      (holding) =>
        `${endReason(holding.endReason)}: ${count(holding.steps.at(-1)?.remaining ?? 0)} not called`,
    )
    return [
      clock.day(day.from),
      { n: state === '' ? count(step?.remaining ?? 0) : state },
      { n: state === '' ? count(step?.numbers ?? 0) : '' },
      thrownAway.join('; '),
    ]
  }
  return table(
    `${line.name}: left at the end of each day`,
    ['End of', { n: 'Left' }, { n: 'Of' }, 'Resets'],
    period.dates.map(row),
  )
}
