/** The status page: all its facts and verdicts come from overview.ts. It works without any script, too. */

import { type Content, Html, html } from '../page/html.ts'
import { signPaths } from '../page/sign.ts'
import { style } from '../page/style.ts'
import { type Updates, updatesLine, updatesScript } from '../page/updates.ts'
import type { CheckResult } from '../quality/check.ts'
import { count, duration } from '../report/page/words.ts'
import { FAILURES_COUNTED, type PassStatus, type TeammateStatus } from '../store/queries/status.ts'
import { backendNames } from '../worker/job-backend.ts'
import { passChart } from './chart.ts'
import { gistOf, type Overview, type Trouble, troublesOf, type Verdict } from './overview.ts'

/** Without scripts. */
const RELOAD_SECONDS = 30
/** Its ages count seconds, so each answer is a new page. */
const updates: Updates = {
  everyMs: 5000,
  says: 'Updates every 5 s.',
  version: null,
  saysWithoutScript: `Reloads every ${RELOAD_SECONDS} s.`,
}
const PASSES_IN_SIGHT = 8
/** Oldest first, so that what is left out is the freshest. */
const TEAMMATES_IN_SIGHT = 200
const PROBLEMS_IN_SIGHT = 10

export function statusPage(overview: Overview, timeZone: string): string {
  const { team, at, verdict, version } = overview
  const when = formatterFor(timeZone, at)
  const name = team?.name ?? team?.teamId ?? 'Allo queue mirror'
  return page(
    `${verdict.tone === 'good' ? 'Fresh' : verdict.tone === 'bad' ? 'Look here' : 'Mind this'}: ${name}`,
    html`<header><strong>${name}</strong><span>Allo queue mirror</span>
<span class="at">as of <time datetime="${at}">${when(at)}</time> ${timeZone}</span></header>
<main>
${verdictBox(verdict)}
${tiles(overview, when)}
<p class="live"><b>Live</b> ${overview.liveInWords}.</p>
<p class="live"><b>Requests</b> ${overview.requestsInWords}.</p>
${overview.callsInWords === null ? '' : html`<p class="live"><b>Calls</b> ${overview.callsInWords}.</p>`}
${problems(overview)}
${checks(overview)}
${passes(overview.passes, when)}
${teammates(overview, when)}
</main>
<footer><a href="report">Report</a><a href="queues">Jobs</a><a href="status">JSON</a><a href="metrics">Metrics</a><a href="readyz">Ready?</a>
<span class="end">Version ${version}. ${updatesLine(updates)}</span></footer>`,
  )
}

/** While there is no database to ask. */
export function waitingPage(what: string, version: string): string {
  const verdict: Verdict = {
    tone: 'warning',
    headline: `Waiting for ${what}.`,
    notes: ['The worker continues by itself as soon as it answers.'],
  }
  return page(
    'Waiting: Allo queue mirror',
    html`<header><strong>Allo queue mirror</strong></header><main>${verdictBox(verdict)}</main>
<footer><a href="readyz">Ready?</a><span class="end">Version ${version}. ${updatesLine(updates)}</span></footer>`,
  )
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>
<title>${title}</title><link rel="icon" href="favicon.svg" type="image/svg+xml"><style>${new Html(style)}</style></head>
<body>${body}
${updatesScript(updates)}</body></html>
`.text
}

function verdictBox({ tone, headline, notes }: Verdict): Html {
  return html`<div class="verdict ${tone}"><svg viewBox="0 0 36 36" aria-hidden="true"><circle class="disc" cx="18" cy="18" r="17"/><path class="sign" d="${signPaths[tone]}"/></svg>
<div><h1>${headline}</h1>${notes.length === 0 ? null : html`<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>`}</div></div>`
}

type When = (instant: string) => string

function tiles(overview: Overview, when: When): Html {
  const { freshness, counts, jobs, schedule, passes, at } = overview
  const last = passes.find(({ status }) => status !== 'running')
  const limit = duration(freshness.staleAfterSeconds)
  const oldest = freshness.oldestSeconds === null ? '–' : duration(freshness.oldestSeconds)
  const tile = (name: string, value: Content, more: Content) =>
    html`<div><dt>${name}</dt><dd><b>${value}</b><small>${more}</small></dd></div>`
  const throttledSeconds = last?.throttledSeconds ?? 0
  return html`<dl class="tiles">
${tile('Oldest data', oldest, `stale after ${limit}`)}
${tile(
  'Last pass',
  last === undefined ? '–' : html`<span class="word ${last.status}">${last.status}</span>`,
  last === undefined ? 'none yet' : `${ago(at, last.finishedAt)}, took ${duration(last.durationSeconds)}`,
)}
${tile(
  'Next pass',
  schedule.nextRunAt === null ? '–' : until(at, schedule.nextRunAt),
  html`${schedule.text}${schedule.nextRunAt === null ? null : html`, <time datetime="${schedule.nextRunAt}">${when(schedule.nextRunAt)}</time>`}`,
)}
${tile('Teammates', count(counts.teammates), counts.failing === 0 ? 'none with problems' : html`<span class="word warning">${count(counts.failing)} with problems</span>`)}
${tile('Numbers', count(counts.numbers), 'in current queues')}
${tile(
  'Workers',
  jobs.workers ?? '–',
  html`jobs in ${backendNames[jobs.backend]}${throttledSeconds >= 1 ? `, throttled ${duration(throttledSeconds)}` : null}`,
)}
</dl>`
}

function problems({ teammates, at }: Overview): Html | null {
  const all = troublesOf(teammates)
  if (all.length === 0) return null
  const inARow = (readings: number) =>
    readings === 1
      ? null
      : `, ${readings}${readings === FAILURES_COUNTED ? ' or more' : ''} readings in a row`
  const item = ({ name, failure, reason }: Trouble) =>
    html`<li><p><b>${name}</b> <span class="word warning">${failure.status}</span>
<span class="muted">since <time datetime="${failure.since}">${ago(at, failure.since)}</time>${inARow(failure.readings)}</span></p>
<p class="muted">${reason}</p></li>`
  const list = (some: readonly Trouble[]) => html`<ul>${some.map(item)}</ul>`
  const rest = all.slice(PROBLEMS_IN_SIGHT, TEAMMATES_IN_SIGHT)
  return html`<section class="problems"><h2>Teammates with problems</h2>${list(all.slice(0, PROBLEMS_IN_SIGHT))}
${rest.length === 0 ? null : html`<details><summary>${count(all.length - PROBLEMS_IN_SIGHT)} more</summary>${list(rest)}${more(all.length)}</details>`}</section>`
}

/** Notes are legal, and stand below with what passed. */
function checks({ quality, at }: Overview): Html | null {
  if (quality === null) return null
  const { results, checkedAt } = quality
  const isWrong = ({ status, severity }: CheckResult) => status === 'failed' && severity !== 'note'
  const word = ({ status, severity }: CheckResult) =>
    status !== 'failed'
      ? html`<span class="word ${status === 'passed' ? 'good' : 'muted'}">${status}</span>`
      : html`<span class="word ${{ error: 'bad', warn: 'warning', note: 'muted' }[severity]}">${severity === 'warn' ? 'warning' : severity}</span>`
  const wrong = results.filter(isWrong)
  const list = html`<ul>${wrong.map((result) => html`<li><p><b>${result.name}</b> ${word(result)}</p><p class="muted">${result.sentence}</p></li>`)}</ul>`
  const summary =
    wrong.length === 0 ? 'Nothing is wrong' : `${wrong.length} of ${results.length} found something`
  const row = (result: CheckResult) =>
    html`<tr><td>${result.name}</td><td>${word(result)}</td><td>${result.sentence}</td></tr>`
  return html`<section class="${wrong.length === 0 ? 'checks' : 'problems'}"><h2>Checks of the data</h2>${wrong.length === 0 ? null : list}
<details><summary>${summary}, <time datetime="${checkedAt}">${ago(at, checkedAt)}</time></summary><div class="scroll"><table>
<thead><tr><th scope="col">Check</th><th scope="col">Found</th><th scope="col">In words</th></tr></thead><tbody>${results.map(row)}</tbody></table></div></details></section>`
}

function passes(all: readonly PassStatus[], when: When): Html {
  if (all.length === 0) return html`<section><h2>Last passes</h2><p class="muted">None yet.</p></section>`
  const head = html`<thead><tr><th scope="col">Began</th><th scope="col">Outcome</th><th scope="col" class="n">Took</th><th scope="col" class="n">Requests</th><th scope="col" class="n"><abbr title="HTTP 429: Allo asked for a wait">429s</abbr></th></tr></thead>`
  /** Night after night the same reason is said once, at the newest. */
  const reasonOf = (pass: PassStatus, newer: PassStatus | undefined) => {
    if (pass.errorMessage === null) return null
    const isSaid = gistOf(pass.errorMessage) === gistOf(newer?.errorMessage ?? '')
    return html`<tr class="why"><td colspan="5">${isSaid ? 'as above' : pass.errorMessage}</td></tr>`
  }
  const row = (
    pass: PassStatus,
    index: number,
    some: readonly PassStatus[],
  ) => html`<tr><td class="when"><time datetime="${pass.startedAt}">${when(pass.startedAt)}</time></td>
<td><span class="word ${pass.status}">${pass.status}</span>${pass.trigger === 'manual' ? ' by hand' : null}</td>
<td class="n">${duration(pass.durationSeconds)}</td><td class="n">${pass.requests ?? '–'}</td>
<td class="n">${pass.throttled === null || pass.throttled === 0 ? '–' : `${pass.throttled}×`}${pass.throttledSeconds >= 1 ? html`<small>${duration(pass.throttledSeconds)}</small>` : null}</td></tr>${reasonOf(pass, some[index - 1])}`
  const table = (some: readonly PassStatus[]) =>
    html`<div class="scroll"><table>${head}<tbody>${some.map(row)}</tbody></table></div>`
  const rest = all.slice(PASSES_IN_SIGHT)
  return html`<section><h2>Last passes</h2>${passChart(all, when)}${table(all.slice(0, PASSES_IN_SIGHT))}
${rest.length === 0 ? null : html`<details><summary>${rest.length} before</summary>${table(rest)}</details>`}</section>`
}

function teammates({ teammates: all, at }: Overview, when: When): Html | null {
  if (all.length === 0) return null
  const row = ({ userId, name, observedAt, isStale, numbers, ...look }: TeammateStatus) => {
    const tone = isStale ? 'word bad' : ''
    const age = observedAt === null ? 'never read' : ago(at, observedAt)
    return html`<tr><td class="name">${name ?? userId}</td><td class="when"><span class="${tone}">${age}</span></td>
<td class="when wide">${observedAt === null ? null : html`<time datetime="${observedAt}">${when(observedAt)}</time>`}</td>
<td class="when">${look.lookedAt === null ? '–' : html`<time datetime="${look.lookedAt}">${ago(at, look.lookedAt)}</time>`}</td>
<td class="when wide">${look.lookIntervalSeconds === null ? null : duration(look.lookIntervalSeconds)}</td><td class="n">${numbers ?? 'no queue'}</td></tr>`
  }
  return html`<section><h2>Teammates, oldest data first</h2><div class="scroll"><table>
<thead><tr><th scope="col">Teammate</th><th scope="col">Verified</th><th scope="col" class="wide">At</th><th scope="col">Looked at</th><th scope="col" class="wide">Every</th><th scope="col" class="n">Numbers</th></tr></thead>
<tbody>${all.slice(0, TEAMMATES_IN_SIGHT).map(row)}</tbody></table></div>${more(all.length)}</section>`
}

function more(all: number): Html | null {
  if (all <= TEAMMATES_IN_SIGHT) return null
  return html`<p class="muted">And ${count(all - TEAMMATES_IN_SIGHT)} more: <a href="status">/status</a> has everyone.</p>`
}

function ago(now: string, instant: string | null): string {
  if (instant === null) return ''
  const seconds = (Date.parse(now) - Date.parse(instant)) / 1000
  return seconds < 1 ? 'just now' : `${duration(seconds)} ago`
}

function until(now: string, instant: string): string {
  const seconds = (Date.parse(instant) - Date.parse(now)) / 1000
  return seconds < 1 ? 'now' : `in ${duration(seconds)}`
}

/** `14:05:09` of the day it is, `24 Nov 14:05:09` of another. */
function formatterFor(timeZone: string, now: string): When {
  const day = new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short' })
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium', hourCycle: 'h23' })
  const today = day.format(new Date(now))
  return (instant) => {
    const at = new Date(instant)
    return day.format(at) === today ? time.format(at) : `${day.format(at)} ${time.format(at)}`
  }
}
