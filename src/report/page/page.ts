/**
 * The report as a page that keeps itself up to date, or as one file to mail and print, without scripts. Without anything
 * from elsewhere, and with each figure's table beside it. All its data come from report.ts.
 */
import { Html, html } from '../../page/html.ts'
import { type Updates, updatesLine, updatesScript } from '../../page/updates.ts'
import type { Figures, Report } from '../report.ts'
import { burndownSection } from './burndowns.ts'
import { daysSection, textures } from './days-chart.ts'
import { definitionsSection } from './definitions.ts'
import { filterBar } from './filter-bar.ts'
import { followUpsSection } from './follow-ups.ts'
import { hoursSection } from './hours-table.ts'
import type { Links, PageData } from './parts.ts'
import { peopleSection } from './people-table.ts'
import { periodWords } from './period-words.ts'
import { queuesSection } from './queues-table.ts'
import { removalsSection } from './removals-table.ts'
import { reportStyle } from './style.ts'
import { tiles } from './tiles.ts'
import { sign, trustBox } from './trust-box.ts'
import { clockOf } from './words.ts'

export interface PageOptions {
  /** Null: a file, from which no link leads anywhere. */
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
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>Report: ${team.name}</title>
${links === null ? null : html`<link rel="icon" href="favicon.svg" type="image/svg+xml">`}<style>${new Html(reportStyle)}</style></head>
<body><header class="top"><strong>${team.name}</strong><span>Allo power dialer queues</span>${links === null ? null : html`<a class="status" href="${links.status}">Status</a>`}</header>
<main>${body}
${definitionsSection(report, links)}</main>
<footer><p>This shows the performance of named people: it is employee data. Pass it on only to those who may have it, and keep it no longer than it is needed.</p>
<p>Made <time datetime="${report.madeAt}">${report.madeAt.slice(0, 16).replace('T', ' ')} UTC</time> by allo-queue-mirror ${version}. No phone number is on this page.</p>${updates === null ? null : html`<p class="updates">${updatesLine(updates)}</p>`}</footer>
${updates === null ? null : updatesScript(updates)}</body></html>
`.text
}

function wordsOf({ period }: Figures): Pick<PageData, 'clock' | 'words'> {
  return { clock: clockOf(period.timeZone), words: periodWords(period) }
}

function figuresOf(page: PageData): Html {
  return html`${trustBox(page)}
${filterBar(page)}
${tiles(page)}
${burndownSection(page)}
${daysSection(page)}
${hoursSection(page)}
${peopleSection(page)}
${queuesSection(page)}
${removalsSection(page)}
${followUpsSection(page)}
${textures}`
}

const nothingYet = html`<section class="verdict warning">${sign('warning')}<div><h1>Nothing has been read yet.</h1>
<p>After the first pass that reads a queue, its figures are here.</p></div></section>`
