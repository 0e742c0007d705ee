/** How far each queue got, and what was left uncalled when it ended. */
import { type Html, html } from '../../page/html.ts'
import type { OpenQueues, Queue } from '../queues.ts'
import { details, empty, more, type PageData, rateCell, rateScale, section, table } from './parts.ts'
import { count, countOf, duration, percent } from './words.ts'

export function queuesSection(page: PageData): Html {
  const { queues, period } = page.figures
  const { current, unknown, past, ended } = queues
  const moreOf = (rest: number, what: string) => more(rest, `${countOf(rest, what)} more.`)
  const isEmpty = current.shown.length + unknown.shown.length + past.length === 0
  return section(page, {
    id: 'queues',
    title: 'Queues, and what was not called when they ended',
    sentence: sentence(page),
    views: [['queues', period.asked], ['current_numbers']],
    body: isEmpty
      ? empty('No queue in this time.')
      : html`${openTable('Current queue', current, page)}${moreOf(current.queues - current.shown.length, 'current queue')}
${openTable('Queue with unknown holder', unknown, page)}${moreOf(unknown.queues - unknown.shown.length, 'queue')}
${past.length === 0 ? null : details(`How far queues got that ended: ${count(ended.queues)}`, html`${pastTable(past, page)}${moreOf(ended.queues - past.length, 'ended queue')}`, { isOpen: page.report.filters.queue !== null })}
<p class="fine">“Called” is of all numbers that ever were in the queue, also of those that were deleted. Between “last read before the end” and the end the queue was not read: what happened in that time was not seen.</p>`,
  })
}

function sentence({ figures, words }: PageData): string {
  const { queues } = figures
  const { ended, current, unknown } = queues
  const held = `${countOf(current.queues, 'current queue')} with ${countOf(current.remaining, 'number')} left to call.`
  const open =
    unknown.queues === 0
      ? held
      : `${held} ${countOf(unknown.queues, 'more queue')} whose holder is unknown: ${countOf(unknown.remaining, 'number')} in ${unknown.queues === 1 ? 'it' : 'them'} had no call when last read, and ${unknown.remaining === 1 ? 'is' : 'are'} not counted as left to call.`
  if (ended.queues === 0) return `${open} None ended ${words.within}.`
  return `${open} ${countOf(ended.queues, 'queue')} ended ${words.within}, ${count(ended.resets)} by a reset; ${countOf(ended.uncalled, 'number')} in them ${ended.uncalled === 1 ? 'was' : 'were'} not called.`
}

function openTable(name: string, { shown }: OpenQueues, page: PageData): Html | null {
  if (shown.length === 0) return null
  const scale = rateScale(shown.map(({ connected }) => connected))
  return table(
    `${name}s`,
    [
      name,
      { n: 'Left' },
      { n: 'Numbers' },
      { n: 'Called, of all that were in it' },
      'Connection rate, likely range',
      { n: 'Median to first dial' },
      'Since',
    ],
    shown.map((queue) => [
      queueName(queue, page),
      { n: html`<b>${count(queue.remaining)}</b>` },
      { n: count(queue.numbers) },
      { n: called(queue) },
      rateCell(queue.connected, scale),
      { n: median(queue) },
      page.clock.day(queue.firstSeenAt),
    ]),
  )
}

/** What was left in them uncalled is in the section of numbers that left. */
function pastTable(queues: readonly Queue[], page: PageData): Html {
  const scale = rateScale(queues.map(({ connected }) => connected))
  return table(
    'Queues that ended',
    [
      'Ended queue',
      { n: 'Numbers' },
      { n: 'Called, of all that were in it' },
      'Connection rate, likely range',
      { n: 'Last read before the end' },
      'End seen',
    ],
    queues.map((queue) => [
      queueName(queue, page),
      { n: count(queue.numbers) },
      { n: called(queue) },
      rateCell(queue.connected, scale),
      { n: queue.unseenSecondsBeforeEnd === null ? '–' : duration(queue.unseenSecondsBeforeEnd) },
      queue.endedAt === null ? '' : page.clock.when(queue.endedAt),
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
