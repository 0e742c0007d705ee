import { stripVTControlCharacters } from 'node:util'
import type { Line } from './demo-output.ts'

const COLUMNS = 108
const ROWS = 27
const CELL = { width: 7.8, height: 18 }
const MARGIN = { side: 18, top: 44, bottom: 16 }
/** The recording ends with a still picture, then begins again. */
const RUN_MS = 26_500
const LOOP_MS = 30_000
/** A wait of the demo is shown as at most this long, and each line for at least as long as it takes to notice it. */
const LONGEST_WAIT_MS = 1200
const LINE_MS = 110

/**
 * An SVG that shows a command and its output as on a terminal, scrolling, in a loop of 30 seconds. Waits are shortened,
 * and lines that came at once come one after the other. It needs no script: CSS moves a cover down over the lines, and
 * all lines up. Who prefers no motion sees the end.
 */
export function recordingOf(command: string, output: readonly Line[]): string {
  const lines = [{ text: `\x1b[1m$ ${command}\x1b[22m`, at: 0 }, ...output]
  const frames = framesOf(lines)
  const total = lines.length
  const inner = { width: COLUMNS * CELL.width, height: ROWS * CELL.height }
  const width = inner.width + 2 * MARGIN.side
  const height = inner.height + MARGIN.top + MARGIN.bottom
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (colour, index) => `<circle cx="${22 + 20 * index}" cy="20" r="6" fill="${colour}"/>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">The output of ${command}, with waits shortened</title>
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d6dde6;white-space:pre}
.b{font-weight:700;fill:#fff}.d{fill:#8fa1b3}
.lines{transform:translateY(${-scrolled(total)}px);animation:scroll ${LOOP_MS}ms step-end infinite}
.cover{transform:translateY(${covered(total)}px);animation:uncover ${LOOP_MS}ms step-end infinite}
${keyframes('scroll', frames, (shown) => -scrolled(shown))}
${keyframes('uncover', frames, covered)}
@media (prefers-reduced-motion:reduce){.lines,.cover{animation:none}}
</style>
<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="9" fill="#12181f" stroke="#4a5562"/>
${dots.join('')}
<svg x="${MARGIN.side}" y="${MARGIN.top}" width="${inner.width}" height="${inner.height}">
<g class="lines">
${styled(lines).flatMap(svgLine).join('\n')}
<rect class="cover" width="100%" height="${total * CELL.height}" fill="#12181f"/>
</g>
</svg>
</svg>
`
}

interface Frame {
  readonly shown: number
  readonly at: number
}

/** When each line is shown: the waits of the demo, each within bounds, all of them scaled to the same length. */
function framesOf(lines: readonly Line[]): Frame[] {
  let at = 0
  const frames = lines.map(({ text, at: was }, index) => {
    const wait = Math.min(was - (lines[index - 1]?.at ?? 0), LONGEST_WAIT_MS)
    at += Math.max(wait, text === '' ? 0 : LINE_MS)
    return { shown: index + 1, at }
  })
  return frames.map((frame) => ({ ...frame, at: (frame.at / at) * RUN_MS }))
}

function keyframes(name: string, frames: readonly Frame[], position: (shown: number) => number): string {
  // Of several positions at one instant, only the last one is seen.
  const steps = new Map(frames.map(({ shown, at }) => [((100 * at) / LOOP_MS).toFixed(2), position(shown)]))
  const rules = [['0', position(0)], ...steps].map(
    ([percent, y]) => `${percent}%{transform:translateY(${y}px)}`,
  )
  return `@keyframes ${name}{${rules.join('')}}`
}

const covered = (shown: number) => shown * CELL.height
const scrolled = (shown: number) => Math.max(0, shown - ROWS) * CELL.height

interface StyledLine {
  readonly text: string
  /** Class of the text: bold, dim or neither. */
  readonly style: 'b' | 'd' | null
}

/** A style begins in one line and may end in a later one. */
function styled(lines: readonly Line[]): StyledLine[] {
  let style: StyledLine['style'] = null
  return lines.map(({ text }) => {
    if (text.includes('\x1b[1m')) style = 'b'
    if (text.includes('\x1b[2m')) style = 'd'
    const line = { text: stripVTControlCharacters(text).trimEnd().slice(0, COLUMNS), style }
    if (text.includes('\x1b[22m')) style = null
    return line
  })
}

/** Each text has the length of its cells, so that columns are aligned in every font. */
function svgLine({ text, style }: StyledLine, row: number): string[] {
  if (text === '') return []
  const words = text.trimStart()
  const name = style === null ? '' : ` class="${style}"`
  const x = ((text.length - words.length) * CELL.width).toFixed(1)
  const length = (words.length * CELL.width).toFixed(1)
  const place = `x="${x}" y="${row * CELL.height + 13}" textLength="${length}"`
  return [`<text${name} ${place} lengthAdjust="spacingAndGlyphs">${escaped(words)}</text>`]
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
