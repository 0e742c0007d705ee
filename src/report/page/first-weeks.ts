/** In the first weeks of a mirror: what the report can say already, and from when on it can say the rest. */
import { type Html, html } from '../../page/html.ts'
import type { PageData } from './parts.ts'
import type { Clock } from './words.ts'

const DAY_MS = 86_400_000
/** Then every comparison of a week has two whole weeks. */
const FIRST_DAYS = 14
const DAYS_FOR_HOURS = 28

/** Null: the mirror began long enough ago, or never read. */
export function firstWeeksSection({ figures, clock }: PageData): Html | null {
  const { mirrorFrom } = figures.trust
  const { asOf } = figures.period
  if (mirrorFrom === null || Date.parse(asOf) - Date.parse(mirrorFrom) > FIRST_DAYS * DAY_MS) return null
  const item = (text: string) => html`<li>${text}</li>`
  return html`<section aria-labelledby="first-weeks"><header class="head"><h2 id="first-weeks">The first weeks</h2></header>
<p class="says">The mirror began on ${clock.when(mirrorFrom)}. From then on it has what the queues showed; of the time before, only what they still showed then.</p>
<div class="columns"><div><h3>Can be said already</h3><ul>${already.map(item)}</ul></div><div><h3>Not yet</h3><ul>${notYet(mirrorFrom, clock).map(item)}</ul></div></div></section>`
}

const already = [
  'What is left to call, in which queue, and since when it waits.',
  'Dials and people reached since the mirror began.',
  'When a queue runs out, from ten first dials of its holder on.',
]

function notYet(mirrorFrom: string, clock: Clock): string[] {
  const from = (days: number) => clock.day(new Date(Date.parse(mirrorFrom) + days * DAY_MS).toISOString())
  return [
    `Today against the same weekday a week ago: from ${from(7)}.`,
    `7 days against the 7 days before: from ${from(2 * 7)}.`,
    `The hours of the week, of ${DAYS_FOR_HOURS} whole days: from ${from(DAYS_FOR_HOURS)}.`,
    'What was cleared or reset before the mirror began: never. A dial counts as a first attempt if no earlier one was seen.',
  ]
}
