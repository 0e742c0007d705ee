/** How far each queue got, and what was left uncalled when it ended. */
import { type Html, html } from '../../page/html.ts'
import type { Queue } from '../queues.ts'
import { empty, more, type PageData, rateCell, rateScale, section, table } from './parts.ts'
import { count, countOf, duration, endReason, percent } from './words.ts'

export function queuesSection(page: PageData): Html {
  const { queues, period } = page.figures
  const { current, currentCount, past, ended } = queues
  const moreOf = (rest: number, what: string) => more(rest, `${countOf(rest, what)} more.`)
  return section(page, {
    id: 'queues',
    title: 'Queues, and what was not called when they ended',
    sentence: sentence(page),
    views: [['queues', period.days]],
    body:
      current.length + past.length === 0
        ? empty('No queue in this time.')
        : html`${current.length === 0 ? null : currentTable(current, page)}${moreOf(currentCount - current.length, 'current queue')}
${past.length === 0 ? null : pastTable(past, page)}${moreOf(ended.queues - past.length, 'ended queue')}
<p class="fine">“Called” counts everyone who ever stood in the queue. Between “last read before the end” and the end the queue was not read: what happened in that time was not seen.</p>`,
  })
}

function sentence({ figures }: PageData): string {
  const { queues, period } = figures
  const { ended, currentCount, unknownCount } = queues
  const unknown =
    unknownCount === 0 ? '' : `, and ${unknownCount} of which it is not known whether it still is`
  const current = `${countOf(currentCount - unknownCount, 'current queue')}${unknown}.`
  if (ended.queues === 0) return `${current} None ended in ${period.days} days.`
  return `${current} ${countOf(ended.queues, 'queue')} ended in ${period.days} days, ${ended.resets} by a reset; ${countOf(ended.uncalled, 'number')} in them ${ended.uncalled === 1 ? 'was' : 'were'} not called.`
}

function currentTable(queues: readonly Queue[], page: PageData): Html {
  const scale = rateScale(queues.map(({ connected }) => connected))
  return table(
    'Current queues',
    [
      'Current queue',
      { n: 'Left' },
      { n: 'Numbers' },
      { n: 'Called' },
      'Connection rate, likely range',
      { n: 'Median to first dial' },
      'Since',
    ],
    queues.map((queue) => [
      queueName(queue, page),
      { n: html`<b>${count(queue.remaining)}</b>` },
      { n: count(queue.numbers) },
      { n: called(queue) },
      rateCell(queue.connected, scale),
      { n: median(queue) },
      html`${page.clock.day(queue.firstSeenAt)}${queue.state === 'unknown' ? html` <small class="unknown">not known any more</small>` : null}`,
    ]),
  )
}

function pastTable(queues: readonly Queue[], page: PageData): Html {
  const scale = rateScale(queues.map(({ connected }) => connected))
  return table(
    'Queues that ended',
    [
      'Ended queue',
      { n: 'Not called' },
      { n: 'Numbers' },
      { n: 'Called' },
      'Connection rate, likely range',
      { n: 'Last read before the end' },
      'End',
    ],
    queues.map((queue) => [
      queueName(queue, page),
      { n: html`<b>${count(queue.uncalledAtEnd ?? 0)}</b>` },
      { n: count(queue.numbers) },
      { n: called(queue) },
      rateCell(queue.connected, scale),
      { n: queue.unseenSecondsBeforeEnd === null ? '–' : duration(queue.unseenSecondsBeforeEnd) },
      html`${queue.endedAt === null ? '' : page.clock.when(queue.endedAt)} <small>${endReason(queue.endReason)}</small>`,
    ]),
  )
}

function queueName({ name, queueId, teammate }: Queue, { links, report }: PageData): Html {
  const shown =
    links === null || report.filters.queue !== null
      ? name
      : html`<a href="${links.page({ queue: queueId, teammate: null })}">${name}</a>`
  return html`${shown} <small>${teammate}</small>`
}

function called({ penetration: { rate } }: Queue): string {
  return rate === null ? '–' : percent(rate)
}

function median({ medianSecondsToFirstDial: seconds }: Queue): string {
  return seconds === null ? '–' : duration(seconds)
}
