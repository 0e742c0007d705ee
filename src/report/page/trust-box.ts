/** The first thing on the page: as of when it is, and whether to believe it. */
import { type Content, type Html, html } from '../../page/html.ts'
import { signPaths, type Tone } from '../../page/sign.ts'
import type { Check, Gap } from '../trust.ts'
import { csvLinks, details, more, type PageData, table } from './parts.ts'
import { type Clock, countOf, duration, percent } from './words.ts'

/** Less of a period than this may go unread without a warning. */
const HARDLY_UNREAD = 0.02

interface Verdict {
  readonly tone: Tone
  readonly headline: Content
}

export function trustBox(page: PageData): Html {
  const { figures, clock, links } = page
  const { trust, period } = figures
  const { tone, headline } = judge(page)
  const failed = trust.checks.filter(({ status }) => status === 'failed')
  return html`<section class="verdict ${tone}" aria-label="Can this be trusted?">${sign(tone)}
<div><p class="asof">Data as of <time datetime="${period.asOf}"><b>${clock.when(period.asOf)}</b></time> ${clock.timeZone}</p>
<h1>${headline}</h1>
<details${tone === 'bad' ? html` open` : null}><summary>How far to trust this</summary>
<ul>${notes(page).map((note) => html`<li>${note}</li>`)}</ul>
${failed.length === 0 ? null : details(findingsInWords(failed), checkTable(failed))}
${trust.gaps.count === 0 ? null : details(`Not read: ${countOf(trust.gaps.count, 'gap')}`, gapTable(trust.gaps.longest, trust.gaps.count, clock))}
${csvLinks(links, [['data_freshness'], ['data_quality'], ['coverage_gaps', period.asked]])}</details></div></section>`
}

export function sign(tone: Tone): Html {
  return html`<svg class="sign" viewBox="0 0 36 36" aria-hidden="true"><circle cx="18" cy="18" r="17"/><path d="${signPaths[tone]}"/></svg>`
}

function judge({ figures, clock }: PageData): Verdict {
  const { trust, unread, period } = figures
  const { teammates, stale, staleAfterSeconds } = trust
  const errors = failedOf(trust.checks, 'error')
  if (errors > 0) {
    return { tone: 'bad', headline: `Don’t rely on this: ${countOf(errors, 'check')} of the data failed.` }
  }
  if (stale > 0) {
    const who = stale === teammates ? 'everyone' : `${stale} of ${countOf(teammates, 'teammate')}`
    return { tone: 'bad', headline: `The data of ${who} are older than ${duration(staleAfterSeconds)}.` }
  }
  // Before freshness: fresh data say nothing about a period that was not read.
  if (trust.mirrorFrom !== null && trust.mirrorFrom > period.from) {
    return {
      tone: 'warning',
      headline: `Recorded since ${clock.day(trust.mirrorFrom)}: the period began earlier.${sinceThen(unread.recorded)}`,
    }
  }
  if ((unread.period ?? 0) >= HARDLY_UNREAD) {
    return {
      tone: 'warning',
      headline: `${percent(unread.period ?? 0)} of the period was not read: its figures are incomplete.`,
    }
  }
  if (trust.checks.length === 0) {
    return { tone: 'warning', headline: 'The data are fresh, but no check of them has run yet.' }
  }
  const warnings = failedOf(trust.checks, 'warn')
  if (warnings > 0) {
    return {
      tone: 'warning',
      headline: `The data are fresh; ${countOf(warnings, 'check')} should be looked into.`,
    }
  }
  return { tone: 'good', headline: 'These figures can be relied on.' }
}

function sinceThen(unread: number | null): string {
  if (unread === null || unread < HARDLY_UNREAD) return ''
  return ` ${percent(unread)} of the time since was not read.`
}

function failedOf(checks: readonly Check[], severity: Check['severity']): number {
  return checks.filter((check) => check.status === 'failed' && check.severity === severity).length
}

function notes({ figures: { trust, unread, period }, words, clock }: PageData): Content[] {
  const { checks, checkedAt, oldestSeconds, gaps, leftOut, historyFrom, mirrorFrom } = trust
  const isNewer = (instant: string | null) => instant !== null && instant > period.previous.from
  return [
    trust.stale === 0 && oldestSeconds !== null
      ? `Everyone was read within the last ${duration(oldestSeconds)}.`
      : null,
    checkedAt === null
      ? 'Checks compare the data with themselves; no check of them has run yet. The worker runs them every hour; there is nothing to do.'
      : html`${checksInWords(checks)}, <time datetime="${checkedAt}">${clock.when(checkedAt)}</time>.`,
    gaps.count === 0
      ? `No gap ${period.calendar === null ? `in ${words.noun}` : words.within}.`
      : `${percent(unread.period ?? 0)} of ${words.noun} was not read: ${countOf(gaps.count, 'gap')}, of ${countOf(gaps.teammates, 'teammate')}, the longest ${duration(gaps.longest[0]?.seconds ?? 0)}.`,
    leftOut === 0 ? null : `${countOf(leftOut, 'teammate')} left out on purpose, by configuration.`,
    isNewer(mirrorFrom)
      ? `The mirror began on ${clock.when(mirrorFrom ?? '')}: before that, only what the queues still showed is known.`
      : null,
    isNewer(historyFrom)
      ? `What ended before ${clock.day(historyFrom ?? '')} was deleted, as configured.`
      : null,
  ].filter((note) => note !== null)
}

function findingsInWords(failed: readonly Check[]): string {
  const isLegal = failed.every(({ severity }) => severity === 'note')
  return `${isLegal ? 'Good to know of the data' : 'What the checks found'}: ${countOf(failed.length, 'finding')}`
}

/** A note that is not as usual is legal, and no failure. */
function checksInWords(checks: readonly Check[]): string {
  const failed = failedOf(checks, 'error') + failedOf(checks, 'warn')
  const skipped = checks.filter(({ status }) => status === 'skipped').length
  const run = checks.length - skipped
  const verdict =
    failed === 0 ? `All ${countOf(run, 'check')} passed` : `${failed} of ${countOf(run, 'check')} failed`
  return skipped === 0 ? verdict : `${verdict}; ${skipped} had nothing to check`
}

const severities = { error: 'don’t trust the data', warn: 'investigate it', note: 'good to know' } as const

function checkTable(failed: readonly Check[]): Html {
  return table(
    'Findings of the checks',
    ['Check', 'Weight', 'Finding'],
    failed.map(({ name, severity, sentence }) => [
      name.replaceAll('_', ' '),
      severities[severity],
      { text: sentence },
    ]),
  )
}

function gapTable(gaps: readonly Gap[], all: number, clock: Clock): Html {
  const rows = gaps.map(({ name, from, to, seconds, reason }) => [
    name,
    clock.when(from),
    to === null ? 'continues' : clock.when(to),
    { n: duration(seconds) },
    reason.replaceAll('_', ' '),
  ])
  const rest = all - gaps.length
  return html`${table('Gaps, longest first', ['Teammate', 'From', 'Until', { n: 'Not read' }, 'Why'], rows)}${more(rest, `${countOf(rest, 'shorter gap')}.`)}`
}
