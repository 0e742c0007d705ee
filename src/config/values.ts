/** What each variable's text must be, and what it becomes. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { faultOfProxyUrl, faultOfUrl, withScheme } from './connection-url.ts'
import { readCron } from './cron.ts'
import { isLoopback } from './loopback.ts'
import { escaping } from './secret.ts'
import { readZoneName } from './time-zone.ts'

const booleanText = z.string().transform((text, context) => {
  const word = text.toLowerCase()
  if (['true', '1', 'yes'].includes(word)) return true
  if (['false', '0', 'no'].includes(word)) return false
  return wrong(context, 'not a yes or no. Write true or false.')
})

const listText = z.string().transform((text, context) => {
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
  return items.length > 0
    ? items
    : wrong(context, 'names nobody. Write ids or e-mails separated by commas, or leave it out.')
})

const zoneText = z.string().transform((text, context) => {
  const { name, fault } = readZoneName(text)
  return name ?? wrong(context, fault)
})

const proxyText = z.string().transform((text, context) => {
  const fault = faultOfProxyUrl(text)
  return fault === null
    ? new URL(withScheme(text)).href
    : wrong(context, `${fault}. Write http://user:password@host:port, ${escaping}.`)
})

const apiUrlText = z.string().transform((text, context) => {
  if (text.includes('@'))
    return wrong(
      context,
      'holds an @, as before a user or password. Remove it; the key goes in ALLO_API_KEY.',
    )
  if (/[?#]/.test(text)) return wrong(context, 'has a query or fragment. Remove what follows the path.')
  const fault = faultOfUrl(text, { schemes: ['https', 'http'] })
  if (fault !== null) return wrong(context, `${fault}. Write https://host.`)
  const url = new URL(text)
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return wrong(
      context,
      'the key would travel in clear text. Write https://, plain http is for this machine only.',
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
})

/** Milliseconds. Function declarations, because the table below is made while this file is read. */
function durationText(least: string, most: string) {
  return z.string().transform((text, context) => {
    const ms = toMs(text)
    return ms !== null && ms >= (toMs(least) ?? 0) && ms <= (toMs(most) ?? Number.POSITIVE_INFINITY)
      ? ms
      : wrong(context, `not a time from ${least} to ${most}. Write a number and s, m, h or d, such as 5m.`)
  })
}

function daysText(least: number) {
  return z.string().transform((text, context) => integerIn(text, least, 36_500, context))
}

function toMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/i.exec(text)
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2]?.toLowerCase() ?? '']
  return unitMs === undefined ? null : Math.round(Number(match?.[1]) * unitMs)
}

const cronText = z.string().transform((text, context) => {
  const read = readCron(text)
  return 'cron' in read
    ? read.cron
    : wrong(context, `${read.fault}. Write five fields such as */10 8-19 * * 1-5, or use SYNC_EVERY.`)
})

/** By variable. The two secrets are read by `secret` below, which also knows their files. */
export const settings = z.object({
  ALLO_API_URL: apiUrlText,
  ALLO_AUTH_SCHEME: z.string().transform((text, context) => {
    if (text.toLowerCase() === 'none') return 'none'
    return /^[A-Z][A-Z0-9_-]*$/i.test(text)
      ? text
      : wrong(context, 'not one word. Write Api-Key, Bearer or none.')
  }),
  ALLO_READS_PER_SECOND: z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return text
      if (text.toLowerCase() === 'unlimited') return 'unlimited' as const
      return numberIn(text, 0.1, 1000) ?? wrong(context, 'not a number from 0.1 to 1000, nor unlimited.')
    }),
  ALLO_REQUEST_TIMEOUT_MS: z.string().transform((text, context) => integerIn(text, 1, 600_000, context)),
  ALLO_CONCURRENCY: z
    .string()
    .optional()
    .transform((text, context) => (text === undefined ? text : integerIn(text, 1, 100, context))),
  ALLO_TIME_ZONE: zoneText,
  DATA_DIR: z
    .string()
    .transform((text, context) =>
      /^~|\$\{?\w/.test(text)
        ? wrong(context, 'holds a ~ or $ that only a shell replaces. Write the path itself.')
        : text,
    ),
  AUTO_MIGRATE: booleanText,
  INCLUDE_BLOCKED: booleanText,
  ONLY_TEAMMATES: listText.optional(),
  EXCEPT_TEAMMATES: listText.optional(),
  REPORT_TIME_ZONE: zoneText,
  RETAIN_NUMBERS_DAYS: daysText(1).optional(),
  // Reports look back on four weeks, and must find them whole.
  RETAIN_HISTORY_DAYS: daysText(30).optional(),
  RETAIN_READS_DAYS: daysText(1),
  SYNC_EVERY: durationText('1s', '7d'),
  SYNC_CRON: cronText.optional(),
  SYNC_TIME_ZONE: zoneText,
  FRESHNESS_SLO: durationText('1s', '30d').optional(),
  SHUTDOWN_TIMEOUT: durationText('1s', '10m'),
  HTTP_PORT: z.string().transform((text, context) => integerIn(text, 0, 65_535, context)),
  HTTP_HOST: z.string().transform((text, context) => {
    const host = text.replace(/^\[(.*)\]$/, '$1')
    if (isIP(host) || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host)) return host.toLowerCase()
    return wrong(context, 'not an address. Write 127.0.0.1, 0.0.0.0, or that of one network card.')
  }),
  HTTP_ALLOWED_HOSTS: listText.optional().transform((names, context) => {
    if (names?.some((name) => !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name)))
      return wrong(context, 'holds more than names. Write them without https:// and port.')
    return (names ?? []).map((name) => name.toLowerCase())
  }),
  HTTP_OPEN_PROBES: booleanText,
  ROLE_PREFIX: z.string().transform((text, context) => {
    if (text.toLowerCase() === 'none') return null
    // Postgres cuts names off after 63 bytes, and keeps those that begin with pg_ for itself.
    return /^[a-z][a-z0-9_-]{0,39}$/i.test(text) && !/^pg_/i.test(text)
      ? text
      : wrong(context, 'not the first word of a role. Write letters, digits, _ and - (40 at most), or none.')
  }),
  LOG_LEVEL: z
    .string()
    .toLowerCase()
    .pipe(
      z.enum(['silent', 'error', 'warn', 'info', 'debug'], {
        error: 'unknown. Write silent, error, warn, info or debug.',
      }),
    ),
  HTTPS_PROXY: proxyText.optional(),
  HTTP_PROXY: proxyText.optional(),
  NO_PROXY: z.string().optional(),
})

function numberIn(text: string, least: number, most: number): number | null {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : null
}

function integerIn(text: string, least: number, most: number, context: z.RefinementCtx): number {
  const value = numberIn(text, least, most)
  return value !== null && Number.isInteger(value)
    ? value
    : wrong(context, `not a whole number from ${least} to ${most}.`)
}

function wrong(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
