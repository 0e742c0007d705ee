/** What all pages of the report are in: head, header and footer, and the script that keeps them up to date. */
import { type Content, Html, html } from '../../page/html.ts'
import { type Updates, updatesLine, updatesScript } from '../../page/updates.ts'
import { reportStyle } from './style.ts'

export interface Document {
  readonly title: string
  readonly team: string
  /** Where the page is; `''` for /report, `../` for a page below it. Null: it is a file, of which no link leads elsewhere. */
  readonly base: '' | '../' | null
  readonly header: Content
  readonly body: Content
  readonly footer: Content
  /** Null: a file, which does not change. */
  readonly updates: Updates | null
}

export function documentOf({ title, team, base, header, body, footer, updates }: Document): string {
  const icon = base === null ? null : html`<link rel="icon" href="${base}favicon.svg" type="image/svg+xml">`
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>${title}</title>
${icon}<style>${new Html(reportStyle)}</style></head>
<body><header class="top"><strong>${team}</strong><span>Allo power dialer queues</span>${header}</header>
<main>${body}</main>
<footer><p>This shows the performance of named people: it is employee data. Pass it on only to those who may have it, and keep it no longer than it is needed.</p>
${footer}${updates === null ? null : html`<p class="updates">${updatesLine(updates)}</p>`}</footer>
${updates === null ? null : updatesScript(updates)}</body></html>
`.text
}
