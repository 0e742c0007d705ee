/** A figure beside what it was before. A change is claimed only where both times were read. */
import { type Content, type Html, html } from '../../page/html.ts'
import { count, PARTLY_UNREAD, percent, UNREAD } from './words.ts'

export interface Compared {
  readonly now: number
  readonly then: number
  /** Which time `then` is of, in words. */
  readonly when: string
  /** Shares that were not read; null: there was no teammate. */
  readonly unreadNow: number | null
  readonly unreadThen: number | null
}

/** `+28 (+9 %) from 294, 7 days before`. */
export function changeWords({ now, then, when, unreadNow, unreadThen }: Compared): Content {
  const unknown = unknownBefore(when, unreadThen)
  if (unknown !== null) return unknown
  const doubt = doubtOf({ unreadNow, unreadThen })
  if (doubt !== null) return `${when}: ${count(then)}. ${doubt}.`
  return html`<b class="change">${signed(now - then)}</b>${share(now, then)} from ${count(then)}, ${when}`
}

/** In words why no change is claimed; null: it is known, because enough of both times was read. */
export function doubtOf({
  unreadNow,
  unreadThen,
}: Pick<Compared, 'unreadNow' | 'unreadThen'>): string | null {
  const [now, then] = [unreadNow ?? 0, unreadThen ?? 0]
  if (Math.max(now, then) < PARTLY_UNREAD) return null
  return `${percent(Math.max(now, then))} of the time ${then >= now ? 'then' : 'now'} was not read, so the change is not known`
}

/** In words why it is not known what was before; null: it is known, at least in part. */
export function unknownBefore(when: string, unread: number | null): string | null {
  if (unread === null) return `${when}: there was no teammate`
  return unread > UNREAD ? `${when}: not read` : null
}

function share(now: number, then: number): Html | null {
  if (then === 0 || now === then) return null
  const change = (now - then) / then
  return html` <small>(${change > 0 ? '+' : '−'}${percent(Math.abs(change))})</small>`
}

/** `+28`, `−3`, `±0`. */
function signed(difference: number): string {
  if (difference === 0) return '±0'
  return `${difference > 0 ? '+' : '−'}${count(Math.abs(difference))}`
}
