/** The last passes as bars, oldest first: height is how long they took, colour and shape what came of them. */

import { type Html, html } from '../page/html.ts'
import type { PassStatus } from '../store/queries/status.ts'
import { inWords } from '../text/duration.ts'

const WIDTH = 720
const HEIGHT = 120
/** So that also a pass of no time can be seen and pointed at. */
const LEAST = 6

export function passChart(newestFirst: readonly PassStatus[], when: (instant: string) => string): Html {
  const passes = [...newestFirst].reverse()
  const longest = Math.max(...passes.map(({ durationSeconds }) => durationSeconds), 1e-3)
  const slot = WIDTH / Math.max(passes.length, 16)
  const width = Math.max(slot - 3, 2)
  const from = WIDTH - passes.length * slot
  const bars = passes.map((pass, index) => {
    const x = (from + index * slot).toFixed(1)
    const height = LEAST + (pass.durationSeconds / longest) * (HEIGHT - LEAST - 10)
    const y = HEIGHT - height
    const took = `${when(pass.startedAt)}: ${pass.status}, ${inWords(pass.durationSeconds)}`
    // A cap, so that what failed stands out without colour, too.
    const cap =
      pass.status === 'failed' || pass.status === 'partial'
        ? html`<rect class="cap ${pass.status}" x="${x}" y="${(y - 7).toFixed(1)}" width="${width.toFixed(1)}" height="4" rx="2"/>`
        : null
    return html`<g><title>${took}</title><rect class="bar ${pass.status}" x="${x}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" rx="2"/>${cap}</g>`
  })
  const count = (status: PassStatus['status']) => passes.filter((pass) => pass.status === status).length
  const description = `${passes.length} passes, oldest first: ${count('ok')} ok, ${count('partial')} partial, ${count('failed')} failed. The longest took ${inWords(longest)}.`
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="chart-title chart-desc">
<title id="chart-title">How long the last passes took</title><desc id="chart-desc">${description}</desc>
<line class="axis" x1="0" y1="${HEIGHT}" x2="${WIDTH}" y2="${HEIGHT}"/>${bars}</svg>
<p class="legend"><span>longest ${inWords(longest)}</span><span class="key ok">ok</span><span class="key partial">partial</span><span class="key failed">failed</span></p>`
}
