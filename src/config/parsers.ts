/** From the text of a variable to its value, or the end of a sentence that says what to write instead. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'
import { faultOfProxyUrl, faultOfUrl, withScheme } from './connection-url.ts'
import { readCron } from './cron.ts'
import { isLoopback } from './loopback.ts'
import { escaping } from './secret.ts'
import { readZoneName } from './time-zone.ts'
import { readWorkingHours } from './working-hours.ts'

/** `value` where the variable is not set. */
export function or<Schema extends z.ZodType, const Value>(schema: Schema, value: Value) {
  return schema.optional().transform((parsed): z.output<Schema> | Value => parsed ?? value)
}

export const text = z.string()

export const yesOrNo = z.stringbool({
  truthy: ['true', '1', 'yes'],
  falsy: ['false', '0', 'no'],
  error: 'not a yes or no. Write true or false.',
})

/** `whenEmpty`: the message for a text without an item. */
function listOf(whenEmpty: string) {
  return z.string().transform((text, context) => {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
    return items.length > 0 ? Object.freeze(items) : wrong(context, whenEmpty)
  })
}

export const list = listOf('names no teammate. Write ids or e-mails separated by commas, or leave it out.')

export const tags = listOf('names no tag. Write tags separated by commas, or leave it out.')

export const zone = z.string().transform((text, context) => {
  const { name, fault } = readZoneName(text)
  return name ?? wrong(context, fault)
})

export const proxy = z.string().transform((text, context) => {
  const fault = faultOfProxyUrl(text)
  return fault === null
    ? new URL(withScheme(text)).href
    : wrong(context, `${fault}. Write http://user:password@host:port, ${escaping}.`)
})

export const apiUrl = z.string().transform((text, context) => {
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

export const cron = z.string().transform((text, context) => {
  const read = readCron(text)
  return 'cron' in read
    ? read.cron
    : wrong(context, `${read.fault}. Write five fields such as */10 8-19 * * 1-5, or use SYNC_EVERY.`)
})

/** Minutes of a week, see readWorkingHours. */
export const workingHours = z.string().transform((text, context) => {
  const read = readWorkingHours(text)
  return 'minutes' in read
    ? Object.freeze(read.minutes)
    : wrong(
        context,
        `holds ${read.fault}. Write days and hours such as Mon-Fri 09:00-18:00, separated by commas.`,
      )
})

/** Plain http is for a collector beside the worker. Credentials go in OTEL_EXPORTER_OTLP_HEADERS. */
export const collectorUrl = z.string().transform((text, context) => {
  if (/[@?#]/.test(text)) return wrong(context, 'holds an @, a query or a fragment. Write http://host:4318.')
  const fault = faultOfUrl(text, { schemes: ['https', 'http'] })
  return fault === null ? text.replace(/\/+$/, '') : wrong(context, `${fault}. Write http://host:4318.`)
})

/** Milliseconds. */
export function duration(least: string, most: string) {
  return z.string().transform((text, context) => {
    const ms = toMs(text)
    return ms !== null && ms >= (toMs(least) ?? 0) && ms <= (toMs(most) ?? Number.POSITIVE_INFINITY)
      ? ms
      : wrong(context, `not a time from ${least} to ${most}. Write a number and s, m, h or d, such as 5m.`)
  })
}

function toMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/i.exec(text)
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2]?.toLowerCase() ?? '']
  return unitMs === undefined ? null : Math.round(Number(match?.[1]) * unitMs)
}

export const authScheme = z.string().transform((text, context) => {
  if (text.toLowerCase() === 'none') return 'none'
  return /^[A-Z][A-Z0-9_-]*$/i.test(text)
    ? text
    : wrong(context, 'not one word. Write Api-Key, Bearer or none.')
})

export const readsPerSecond = z
  .string()
  .optional()
  .transform((text, context) => {
    if (text === undefined) return 'auto' as const
    if (text.toLowerCase() === 'unlimited') return 'unlimited' as const
    return numberIn(text, 0.1, 1000) ?? wrong(context, 'not a number from 0.1 to 1000, nor unlimited.')
  })

/** From 0 to 1. */
export const share = z.string().transform((text, context) => {
  const percent = numberIn(text.replace(/\s*%$/, ''), 0, 100)
  if (percent === null)
    return wrong(context, 'not a share from 0% to 100%. Write a number and %, such as 25%.')
  if (percent > 0 && percent < 1 && !text.endsWith('%'))
    return wrong(context, `could be ${text}% or ${percent * 100}%. Write the %.`)
  return percent / 100
})

/** Absolute. */
export const folder = z
  .string()
  .transform((text, context) =>
    /^~|\$\{?\w/.test(text)
      ? wrong(context, 'holds a ~ or $ that only a shell replaces. Write the path itself.')
      : resolve(text),
  )

export const host = z.string().transform((text, context) => {
  const name = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(name) || isHostName(name)) return name.toLowerCase()
  return wrong(context, 'not an address. Write 127.0.0.1, 0.0.0.0, or that of one network card.')
})

export const hostNames = list.transform((names, context) =>
  names.every(isHostName)
    ? Object.freeze(names.map((name) => name.toLowerCase()))
    : wrong(context, 'holds more than names. Write them without https:// and port.'),
)

export const rolePrefix = z.string().transform((text, context) => {
  if (text.toLowerCase() === 'none') return null
  // Postgres cuts names off after 63 bytes, and keeps those that begin with pg_ for itself.
  return /^[a-z][a-z0-9_-]{0,39}$/i.test(text) && !/^pg_/i.test(text)
    ? text
    : wrong(context, 'not the first word of a role. Write letters, digits, _ and - (40 at most), or none.')
})

/** Each says what the one before says, and more. */
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const

export const logLevel = z
  .string()
  .toLowerCase()
  .pipe(z.enum(logLevels, { error: 'unknown. Write silent, error, warn, info or debug.' }))

export function integer(least: number, most: number) {
  return z.string().transform((text, context) => {
    const value = numberIn(text, least, most)
    return value !== null && Number.isInteger(value)
      ? value
      : wrong(context, `not a whole number from ${least} to ${most}.`)
  })
}

function isHostName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(name)
}

function numberIn(text: string, least: number, most: number): number | null {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  return value >= least && value <= most ? value : null
}

function wrong(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}
