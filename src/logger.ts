/**
 * The log of the service: one JSON object per line, with a stable `event` and fields that are ids and counts. On a
 * terminal it is formatted for people. No field contains a key or a phone number, and text that looks like one is masked
 * in every field and message before it is written.
 */
import { type Logger, pino } from 'pino'
import type { LogLevel } from './config/config.ts'
import { printable, printableJson } from './text/printable.ts'

export interface LogTarget {
  readonly isTTY?: boolean
  write(line: string): unknown
}

/** `secrets`: asked at each line, since keys rotate. */
export function createLogger(level: LogLevel, out: LogTarget, secrets: () => readonly string[]): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line: string) {
        const masked = mask(line, secrets())
        out.write(out.isTTY ? forPeople(masked) : printableJson(masked))
      },
    },
  )
}

/** With its +, however it is grouped, and with its extension. */
const internationalNumber = /[+＋]\p{Nd}(?:[ \u00a0().-]*\p{Nd}){6,}(?:(?:;ext=| ?(?:x|ext\.?) ?)\p{Nd}+)?/giu

/** Phone numbers, and the secrets we know but for plain words, as they are and as JSON writes them. */
export function mask(text: string, secrets: readonly string[]): string {
  const withoutSecrets = secrets.reduce((masked, secret) => {
    if (!canBeTold(secret)) return masked
    return masked.replaceAll(secret, '[secret]').replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]')
  }, text)
  return withoutSecrets.replace(internationalNumber, '[number]')
}

/** A plain word is everywhere: to mask the password `postgres` would take keys of JSON and names of metrics along. */
function canBeTold(secret: string): boolean {
  return secret.length >= 12 || (secret.length >= 6 && !/^[a-z_-]+$/i.test(secret))
}

const colours: Readonly<Record<string, number>> = { debug: 90, info: 32, warn: 33, error: 31 }

/** `16:07:26 warn  reading error  passId=4 userId=usr-1` */
function forPeople(line: string): string {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return line
  }
  if (typeof entry !== 'object' || entry === null) return line
  const { time, level, event: _, msg, ...fields } = { time: '', level: '', event: '', msg: '', ...entry }
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const colour = (code: number, text: string) => `\x1b[${code}m${text}\x1b[0m`
  const start = `${colour(90, printable(String(time).slice(11, 19)))} ${colour(colours[level] ?? 0, level.padEnd(5))}`
  return `${start} ${printable(msg)}${rest.length === 0 ? '' : colour(90, `  ${printable(rest.join(' '))}`)}\n`
}
