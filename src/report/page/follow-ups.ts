/** Single numbers and calls to look at. Their queue, and the whole number, are in Allo. */
import { type Html, html } from '../../page/html.ts'
import { COUNTED, type Excerpt } from '../follow-ups.ts'
import { csvLinks, details, type PageData, section, table } from './parts.ts'
import { count, countOf, duration } from './words.ts'

export function followUpsSection(page: PageData): Html {
  const { figures, clock, links } = page
  const { stale, queuedAgain, unresolved } = figures.followUps
  const { days } = figures.period
  return section(page, {
    id: 'follow-ups',
    title: 'To follow up',
    sentence: `${numbers(stale, 'number')} ${stale.count === 1 ? 'waits' : 'wait'} longer than 7 days; ${numbers(queuedAgain, 'number')} ${queuedAgain.count === 1 ? 'is' : 'are'} to be called again after a person had answered; ${numbers(unresolved, 'dial')} of ${days} days never got a result.`,
    views: [],
    body: [
      list(
        stale,
        'Waiting longer than 7 days',
        (some) =>
          table(
            'Numbers that wait longest',
            ['Number', 'Teammate', { n: 'Waits for' }, { n: 'Position' }],
            some.map(({ number, teammate, waitingSeconds, position }) => [
              number ?? 'erased',
              teammate,
              { n: duration(waitingSeconds) },
              { n: count(position) },
            ]),
          ),
        csvLinks(links, [['stale_numbers']]),
      ),
      list(
        queuedAgain,
        'To be called again, though a person had answered',
        (some) =>
          table(
            'Numbers queued again after a connection',
            ['Number', 'Teammate', 'Queued again', { n: 'Times queued' }],
            some.map(({ number, teammate, queuedAt, stays }) => [
              number ?? 'erased',
              teammate,
              clock.when(queuedAt),
              { n: count(stays) },
            ]),
          ),
        csvLinks(links, [['requeued_numbers']]),
      ),
      list(
        unresolved,
        'Dials that never got a result',
        (some) =>
          table(
            'Dials without a result',
            ['Number', 'Teammate', 'Dialled'],
            some.map(({ number, teammate, at }) => [number ?? 'erased', teammate, clock.when(at)]),
          ),
        csvLinks(links, [['dials', days]]),
      ),
    ],
  })
}

/** Counting stops somewhere. */
function numbers({ count: found }: Excerpt<unknown>, what: string): string {
  return found >= COUNTED ? `${count(COUNTED)} or more ${what}s` : countOf(found, what)
}

function list<T>(
  some: Excerpt<T>,
  title: string,
  toTable: (first: readonly T[]) => Html,
  links: Html | null,
): Html {
  if (some.count === 0) return html`<p class="none">${title}: none.</p>`
  const rest = some.count - some.first.length
  const more =
    rest > 0 ? html`<p class="more">And ${some.count >= COUNTED ? 'many' : count(rest)} more.</p>` : null
  return details(
    html`${title}: <b>${some.count >= COUNTED ? `${count(COUNTED)}+` : count(some.count)}</b>`,
    html`${toTable(some.first)}${more}${links}`,
  )
}
