/**
 * The report as a page that keeps itself up to date, or as one file to mail and print, without scripts. Without anything
 * from elsewhere, and with each figure's table beside it. All its data come from report.ts.
 */
import { type Html, html } from '../../page/html.ts'
import type { Updates } from '../../page/updates.ts'
import type { Figures, Report } from '../report.ts'
import { attemptsSection } from './attempts-table.ts'
import { burndownSection } from './burndowns.ts'
import { contents } from './contents.ts'
import { daysSection, textures } from './days-chart.ts'
import { definitionsSection } from './definitions.ts'
import { documentOf } from './document.ts'
import { filterBar } from './filter-bar.ts'
import { firstWeeksSection } from './first-weeks.ts'
import { followUpsSection } from './follow-ups.ts'
import { funnelSection } from './funnel-table.ts'
import { hoursSection } from './hours-table.ts'
import { listsSection } from './lists-table.ts'
import type { Links, PageData } from './parts.ts'
import { peopleSection } from './people-table.ts'
import { periodWords } from './period-words.ts'
import { queuesSection } from './queues-table.ts'
import { removalsSection } from './removals-table.ts'
import { tiles } from './tiles.ts'
import { todoSection } from './todo-list.ts'
import { sign, trustBox } from './trust-box.ts'
import { wastedSection } from './wasted-table.ts'
import { clockOf } from './words.ts'

export interface PageOptions {
  /** Null: a file, of which no link leads elsewhere. */
  readonly links: Links | null
  readonly version: string
  /** Of the page. Absent: it is a file, which does not change. */
  readonly etag?: string
}

/** It takes seconds to make when the history is long. */
const UPDATES = { everyMs: 60_000, says: 'Updates every minute if something changed.', saysWithoutScript: '' }

export function reportPage(report: Report, { links, version, etag }: PageOptions): string {
  const updates: Updates | null = etag === undefined ? null : { ...UPDATES, version: etag }
  const { team, figures } = report
  const body = figures === null ? nothingYet : figuresOf({ report, figures, links, ...wordsOf(figures) })
  return documentOf({
    title: `Report: ${team.name}`,
    team: team.name,
    base: links === null ? null : '',
    header: links === null ? null : html`<a class="status" href="${links.status}">Status</a>`,
    body: html`${body}
${definitionsSection(report, links)}`,
    footer: html`<p>Made <time datetime="${report.madeAt}">${report.madeAt.slice(0, 16).replace('T', ' ')} UTC</time> by allo-queue-mirror ${version}. No phone number is on this page.</p>`,
    updates,
  })
}

function wordsOf({ period }: Figures): Pick<PageData, 'clock' | 'words'> {
  return { clock: clockOf(period.timeZone), words: periodWords(period) }
}

function figuresOf(page: PageData): Html {
  return html`${trustBox(page)}
${todoSection(page)}
${firstWeeksSection(page)}
${contents}
${filterBar(page)}
${tiles(page)}
${peopleSection(page)}
${burndownSection(page)}
${daysSection(page)}
${funnelSection(page)}
${hoursSection(page)}
${attemptsSection(page)}
${wastedSection(page)}
${listsSection(page)}
${queuesSection(page)}
${removalsSection(page)}
${followUpsSection(page)}
<p class="only-print">On paper are the first twenty teammates and the charts. On the screen, the report also has all teammates, conversations, attempts, dials that were not needed, the state of the lists, queues, numbers that left without a call, single numbers to follow up, and what the words mean.</p>
${textures}`
}

const nothingYet = html`<section class="verdict warning">${sign('warning')}<div><h1>Nothing has been read yet.</h1>
<p>After the first pass that reads a queue, its figures are here.</p></div></section>`
