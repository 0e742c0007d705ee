/** What the words of the page mean, and what it can't say. */
import { type Html, html } from '../../page/html.ts'
import { noCalls } from '../funnel.ts'
import type { Report } from '../report.ts'
import { csvLinks, details, type Links, table } from './parts.ts'
import { outcomeName } from './words.ts'

export function definitionsSection({ definitions, figures }: Report, links: Links | null): Html {
  // A file is read and printed without the service: closed details would not be of use there.
  const isOpen = links === null
  return html`<section aria-labelledby="definitions"><header class="head"><h2 id="definitions">What the words mean</h2>${csvLinks(links, [['outcome_definitions']])}</header>
${details(
  'Outcomes',
  html`${table(
    'Outcomes',
    ['Outcome', 'Means', 'When (the first that fits)', 'Has a result'],
    definitions.map(({ outcome, meaning, rule, isResolved, isOurReading }) => [
      outcomeName(outcome),
      { text: html`${meaning}${isOurReading ? html` <small>our reading: Allo does not say</small>` : null}` },
      { text: rule },
      isResolved ? 'yes' : 'no',
    ]),
  )}`,
  { isOpen },
)}
${details(
  'Figures',
  html`<dl class="words">
<dt>Period</dt><dd>7, 28 or 90 times a day back from the last reading, or the last look that changed something, not from now: when the mirror stands still, nothing gets older silently. “Before” is as long and ends where it begins. The chart by day has whole local days instead, today so far: it leaves out the rest of the day on which the period begins. Today, yesterday, this week, this month and chosen dates are whole local days. They are compared with the same weekdays before, a month with the month before, and what is not over with the same part of it.</dd>
<dt>Change</dt><dd>Claimed only if less than 5 % of either time was not read. A change is a fact about counts; whether it is more than chance, only rates with their ranges say.</dd>
<dt>Dials an hour</dt><dd>Dials after a pause of at most 30 minutes, by the sum of these pauses: calls and breaks of half an hour included, nights not.</dd>
<dt>Runs out</dt><dd>When nothing is left at the pace of the teammate’s last 8 hours of dialling in this queue, without a pause and without new numbers.</dd>
<dt>Lies idle</dt><dd>A queue with numbers left whose holder has had it since before the last working day (Monday to Friday; holidays are not known) and was seen to make no dial on that day or since.</dd>
<dt>Connection rate</dt><dd>Answered dials, of dials with a result. Allo’s queues don’t say whether a person or a phone menu answered; the details of a call may. The range beside it (95 %) is what the true rate may well be: with few dials it is wide, and a difference within it may be chance. Rank people by counts.</dd>
<dt>Conversation, conversion</dt><dd>A call of more than 60 seconds that no phone menu answered, and one with a tag that was chosen to mean success: of answered dials whose details Allo was asked for. Of the others it is not known.</dd>
<dt>Beyond chance</dt><dd>Chance alone would hardly make the difference. Of ten teammates with the same luck, one has the highest rate: that alone says nothing. Fewer than ten dials with a result are not compared.</dd>
<dt>Left to call</dt><dd>Numbers in a current queue that were not dialled. “No queue” was seen twice in a row. “Not known”: it was not read, or the second reading is still to come.</dd>
<dt>Reset</dt><dd>The queue’s holder had a new one instead. The numbers left in it when it was read last were not called.</dd>
<dt>Left without a call</dt><dd>Uncalled numbers that a reading saw missing from their queue: deleted, or gone with the queue. Each time counts, also if the number comes back. What was added and removed between two readings was not seen, and what happened to the numbers of a teammate who left is unknown.</dd>
<dt>Time to first dial</dt><dd>From when a number was put into the queue until it was dialled, nights and weekends included.</dd>
<dt>Not read</dt><dd>There was no reading for longer than two intervals. What happened in that time may show later, or never.</dd>
<dt>Settings, files and methods</dt><dd>Two settings of the mirror: CALL_DETAILS says whether Allo is asked for the details of calls, CONVERSION_TAGS which tags are conversions. A name that ends in .csv is a file behind a link “CSV”. Words such as routing_result are fields of Allo. Ranges are Wilson intervals. Beyond chance: a χ² test of all finds p below 0.05, and the named one differs from the others together with p below 0.05 divided by how many are compared.</dd></dl>`,
  { isOpen },
)}
${details(
  'What this can’t say',
  html`<ul>${withoutDetails(figures)}
<li>What came and went between two readings and was seen by no look: a number that appeared, was dialled and vanished, a second dial of the same number, the end of a queue before its reset.</li>
<li>Who removed a number, and why.</li></ul>`,
  { isOpen },
)}</section>`
}

/** Null: the details of calls are known, or asked for. */
function withoutDetails(figures: Report['figures']): Html | null {
  const { known, waiting, givenUp } = figures?.funnel.total ?? noCalls
  return known + waiting + givenUp > 0
    ? null
    : html`<li>How long people talked, and which calls were conversations or conversions, without CALL_DETAILS=true: Allo’s queues show none of it.</li>`
}
