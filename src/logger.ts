/**
 * The log of the service: one JSON object a line, with a stable `event` and fields that are ids and counts. No field
 * holds a key or a phone number, and what looks like either is masked before it is written, whatever it came in.
 */
import { type Logger, pino } from 'pino'
import type { LogLevel } from './config.ts'

/** `secrets`: asked at each line, since keys rotate. */
export function createLogger(
  level: LogLevel,
  out: { write(line: string): unknown },
  secrets: () => readonly string[],
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => out.write(mask(line, secrets())) },
  )
}

/** E.164 numbers, and the secrets we know. */
export function mask(text: string, secrets: readonly string[]): string {
  const withoutSecrets = secrets.reduce(
    (masked, secret) => (secret === '' ? masked : masked.replaceAll(secret, '[secret]')),
    text,
  )
  return withoutSecrets.replace(/\+\d{7,15}\b/g, '[number]')
}
