/** A small chart of bars without axis beside a figure: its rise and fall, not its values. */
import { type Html, html } from '../../page/html.ts'

export interface SparkBar {
  readonly value: number
  /** Partly not read: the bar may be too short. */
  readonly isDoubtful: boolean
  /** It is not over. */
  readonly isOpen: boolean
}

const HEIGHT = 28
/** Fewer bars say nothing. */
const LEAST = 3

/** Null: there are too few bars, or nothing to show. The tables of the page have the values. */
export function spark(bars: readonly SparkBar[]): Html | null {
  const most = Math.max(0, ...bars.map(({ value }) => value))
  if (bars.length < LEAST || most === 0) return null
  const slot = 100 / bars.length
  const bar = ({ value, isDoubtful, isOpen }: SparkBar, index: number) => {
    const place = html`x="${(index * slot + slot * 0.12).toFixed(2)}%" width="${(slot * 0.76).toFixed(2)}%"`
    const height = value === 0 ? 0 : Math.max((value / most) * HEIGHT, 1)
    const unread = isDoubtful ? html`<rect class="unread" ${place} y="0" height="${HEIGHT}"/>` : null
    return html`${unread}<rect class="${isOpen ? 'open' : 'over'}" ${place} y="${(HEIGHT - height).toFixed(1)}" height="${height.toFixed(1)}"/>`
  }
  return html`<svg class="spark" aria-hidden="true" width="100%" height="${HEIGHT}">${bars.map(bar)}</svg>`
}
