/**
 * The remaining numbers as a line with steps: each count is valid until the next reading that saw another one. Where
 * nothing was read, or the queue is unknown, the area is hatched and has no line. The chart takes the width of its
 * container: horizontal positions are in percent, or scaled, but text is not scaled.
 */
import { type Content, type Html, html } from '../../page/html.ts'
import type { Burndown, Holding, Step } from '../burndown.ts'
import type { Period, TimeSpan } from '../period.ts'
import { type Clock, count, countOf, endReason } from './words.ts'

const ACROSS = 1000
const UP = 100
/** Above the highest point, for letters. */
const HEADROOM = 18
/** What a label takes of the width: of a chart among others, and of one that has the page to itself. */
const ROOM_OF_LABEL = { among: 125, alone: 45 }

export interface ChartOptions {
  readonly period: Period
  readonly clock: Clock
  /** What it shows, for people who do not see it. */
  readonly inWords: string
  /** It has the width of the page. */
  readonly isAlone: boolean
}

export function burndownChart(line: Burndown, { period, clock, inWords, isAlone }: ChartOptions): Html {
  const highest = Math.max(
    0,
    ...line.holdings.flatMap(({ steps }) => steps.map(({ remaining }) => remaining)),
  )
  const [since, until] = [Date.parse(period.from), Date.parse(period.to)]
  const scale: Scale = {
    x: (instant) => Math.min(Math.max((Date.parse(instant) - since) / (until - since), 0), 1) * ACROSS,
    y: (remaining) => UP - (remaining / Math.max(highest, 1)) * (UP - HEADROOM),
  }
  const known = knownPieces(line)
  const drawn = known.map((piece) => drawPiece(piece, scale))
  const scaled = (paths: readonly Content[]) =>
    html`<svg viewBox="0 0 ${ACROSS} ${UP}" preserveAspectRatio="none" width="100%" height="100%">${paths}</svg>`
  const unknown = without(period, known)
    .filter(isVisible)
    .map((span) => {
      const [from, to] = [scale.x(span.from), scale.x(span.to)]
      return html`<rect class="unread" x="${share(from)}" width="${share(to - from)}" y="0" height="100%"><title>Not read or not known: ${clock.when(span.from)} to ${clock.when(span.to)}</title></rect>`
    })
  return html`<svg class="burndown" role="img" aria-label="${inWords}" width="100%">${scaled(drawn.map(({ area }) => area))}${unknown}
<line class="grid" x1="0" x2="100%" y1="${HEADROOM}%" y2="${HEADROOM}%"/><line class="grid" x1="0" x2="100%" y1="100%" y2="100%"/>
${scaled(drawn.map((piece) => piece.path))}
${marks(line, scale, clock, isAlone ? ROOM_OF_LABEL.alone : ROOM_OF_LABEL.among)}${clearingMarks(line, scale, clock)}${highest === 0 ? null : highestLabel(highest, line, scale)}</svg>`
}

/** Teammates are read one after the other, so that most are last read some seconds before the period ends. */
function isVisible({ from, to }: TimeSpan): boolean {
  return Date.parse(to) - Date.parse(from) >= 60_000
}

interface Scale {
  readonly x: (instant: string) => number
  readonly y: (remaining: number) => number
}

function share(units: number): string {
  return `${((units / ACROSS) * 100).toFixed(2)}%`
}

export interface Piece extends TimeSpan {
  readonly holding: Holding
}

/** What is known of the period, without what is not. */
export function knownPieces({ holdings, gaps }: Burndown): Piece[] {
  return holdings.flatMap((holding) => without(holding, gaps).map((piece) => ({ ...piece, holding })))
}

/** The span without those that are taken out of it, in order. */
function without(span: TimeSpan, taken: readonly TimeSpan[]): TimeSpan[] {
  const end = Date.parse(span.to)
  const pieces: TimeSpan[] = []
  let { from } = span
  for (const gap of [...taken].sort((a, b) => Date.parse(a.from) - Date.parse(b.from))) {
    if (Date.parse(gap.to) <= Date.parse(from) || Date.parse(gap.from) >= end) continue
    if (Date.parse(gap.from) > Date.parse(from)) pieces.push({ from, to: gap.from })
    from = gap.to
  }
  if (Date.parse(from) < end) pieces.push({ from, to: span.to })
  return pieces
}

/** As read last by then. */
export function stepAt({ steps }: Holding, instant: string): Step | undefined {
  return steps.findLast(({ at }) => Date.parse(at) <= Date.parse(instant)) ?? steps[0]
}

function drawPiece(
  { holding, ...piece }: Piece,
  { x, y }: Scale,
): { readonly path: Html; readonly area: Html | null } {
  const [from, to] = [x(piece.from).toFixed(1), x(piece.to).toFixed(1)]
  const first = stepAt(holding, piece.from)
  if (holding.queueId === null || first === undefined) {
    return { path: html`<path class="none" d="M${from} ${UP}H${to}"/>`, area: null }
  }
  const steps = holding.steps
    .filter(({ at }) => Date.parse(at) > Date.parse(piece.from) && Date.parse(at) < Date.parse(piece.to))
    .map(({ at, remaining }) => `H${x(at).toFixed(1)}V${y(remaining).toFixed(1)}`)
  const path = `M${from} ${y(first.remaining).toFixed(1)}${steps.join('')}H${to}`
  return {
    path: html`<path class="line" d="${path}"/>`,
    area: html`<path class="area" d="${path}V${UP}H${from}Z"/>`,
  }
}

export function isEnded({ endReason: reason }: Holding): boolean {
  return reason === 'queue_replaced' || reason === 'queue_gone'
}

/** Numbers not called when the queue was read last before it ended. */
export function uncalledAtEnd({ steps }: Holding): number {
  return steps.at(-1)?.remaining ?? 0
}

/** Queues that ended, and other queues that were handed over. */
function marks({ holdings }: Burndown, scale: Scale, clock: Clock, roomOfLabel: number): Html[] {
  const { x } = scale
  const labelled = withLabels(holdings, scale, roomOfLabel)
  return holdings.flatMap((holding, index) => {
    const at = x(holding.to)
    const line = (kind: string) =>
      html`<line class="${kind}" x1="${share(at)}" x2="${share(at)}" y1="0" y2="100%"/>`
    if (isEnded(holding)) {
      const uncalled = uncalledAtEnd(holding)
      const label = labelled.has(holding)
        ? html`<text class="mark" x="${share(at)}" y="${HEADROOM}%" dy="-3" dx="${isLate(at) ? -4 : 4}" text-anchor="${isLate(at) ? 'end' : 'start'}">${count(uncalled)}</text>`
        : null
      return [
        html`<g><title>seen ${clock.when(holding.to)}: ${endReason(holding.endReason)}, ${countOf(uncalled, 'number')} not called</title>${line('reset')}${label}</g>`,
      ]
    }
    const next = holdings[index + 1]
    if (holding.queueId === null || next === undefined || next.queueId === holding.queueId) return []
    return [html`<g><title>seen ${clock.when(holding.to)}: another queue</title>${line('other')}</g>`]
  })
}

/** The label of a mark this far right stands left of it. */
function isLate(at: number): boolean {
  return at > ACROSS * 0.8
}

/** The marks whose labels do not cover each other, the latest first. */
function withLabels(holdings: readonly Holding[], { x }: Scale, room: number): ReadonlySet<Holding> {
  const labelled = new Set<Holding>()
  const taken: [number, number][] = []
  for (const holding of [...holdings].reverse().filter(isEnded)) {
    const at = x(holding.to)
    const [from, to]: [number, number] = isLate(at) ? [at - room, at] : [at, at + room]
    if (taken.some(([otherFrom, otherTo]) => from < otherTo && otherFrom < to)) continue
    taken.push([from, to])
    labelled.add(holding)
  }
  return labelled
}

/** A triangle that points at the line. */
function clearingMarks({ clearings }: Burndown, { x }: Scale, clock: Clock): Html[] {
  return clearings.map(
    ({ at, numbers }) =>
      html`<g><title>seen ${clock.when(at)}: ${countOf(numbers, 'uncalled number')} deleted at once</title><svg class="cleared" x="${share(x(at))}" y="100%" overflow="visible"><path d="M0 -11l5 8h-10z"/></svg></g>`,
  )
}

/** Where no mark is. */
function highestLabel(highest: number, { holdings }: Burndown, { x }: Scale): Html {
  const isTaken = holdings.some((holding) => isEnded(holding) && x(holding.to) < ACROSS * 0.15)
  return html`<text class="tick" x="${isTaken ? '100%' : '0'}" text-anchor="${isTaken ? 'end' : 'start'}" y="${HEADROOM}%" dy="-3">${count(highest)}</text>`
}
