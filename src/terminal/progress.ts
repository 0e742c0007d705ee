/**
 * Shows the progress of a pass on stderr: on a terminal one live line; in a pipe a line every few seconds. In both cases
 * each failed teammate and each warning gets a permanent line.
 */
import type { WriteStream } from 'node:tty'
import type { ProcessPacer } from '../allo/pacer.ts'
import { withoutNumbers } from '../allo/text.ts'
import type { AlloClient } from '../allo/types.ts'
import type { LogLevel } from '../config/config.ts'
import { logLevels } from '../config/parsers.ts'
import type { SyncObserver } from '../pass/run-in-process.ts'
import { printable } from '../text/printable.ts'

export interface Progress extends SyncObserver {
  /** Shows a step before the pass begins. */
  step(text: string): void
  /** From now on the line shows these figures. */
  watch(meters: Meters): void
  /** Removes the live line. Idempotent. */
  stop(): void
}

export interface Meters {
  readonly allo: Pick<AlloClient, 'counts'>
  readonly pacer: Pick<ProcessPacer, 'throttledMs' | 'pausedMs'>
}

export type ProgressStream = Pick<WriteStream, 'isTTY' | 'columns' | 'write'>

const REDRAW_MS = 100
const PLAIN_EVERY_MS = 5000

export function createProgress(
  out: ProgressStream,
  level: LogLevel,
  { isLive = out.isTTY && isAtLeast(level, 'info') }: { isLive?: boolean } = {},
): Progress {
  let meters: Meters | null = null
  let startedAt = performance.now()
  let lastPlainAt = startedAt
  let doing = ''
  let teammates = 0
  let done = 0
  let numbers = 0

  const line = () => {
    if (meters === null) return doing
    const seconds = Math.max((performance.now() - startedAt) / 1000, 0.001)
    const { allo, pacer } = meters
    const rate = `${(allo.counts.requests / seconds).toFixed(1)} requests/s`
    const parts = teammates === 0 ? [doing] : [`${done}/${teammates} teammates`, `${numbers} numbers`, rate]
    if (pacer.throttledMs > 0) parts.push(`throttled ${(pacer.throttledMs / 1000).toFixed(1)} s`)
    if (pacer.pausedMs > 500) parts.push(`paused by Allo: ${Math.ceil(pacer.pausedMs / 1000)} s`)
    return parts.join('  ')
  }
  const clear = () => isLive && out.write('\r\x1b[K')
  const draw = () => {
    if (isLive) out.write(`\r\x1b[K${printable(line()).slice(0, Math.max((out.columns || 80) - 1, 20))}`)
  }
  const say = (text: string, needed: LogLevel) => {
    if (!isAtLeast(level, needed)) return
    clear()
    out.write(`${printable(text)}\n`)
    draw()
  }
  let timer = isLive ? setInterval(draw, REDRAW_MS).unref() : null

  return {
    step(text) {
      doing = text
      if (isLive) draw()
      else say(text, 'info')
    },
    watch(given) {
      meters = given
      doing = 'Reading the lists of teammates'
      startedAt = performance.now()
    },
    passStarted(pass) {
      teammates = pass.teammates
      const name = pass.passId === null ? 'Dry run' : `Pass ${pass.passId}`
      const team = withoutNumbers(printable(pass.team.name ?? pass.team.teamId))
      say(`${name}: reading ${pass.teammates} teammates of ${team}`, 'info')
    },
    teammateRead(reading, teammate) {
      done += 1
      numbers += reading.numbers ?? 0
      if (reading.errorMessage !== null && reading.status !== 'not_found') {
        const { userId } = teammate
        // Piped output is a log, where names are personal data. The id is enough.
        const name =
          teammate.name === null || !isLive
            ? userId
            : `${withoutNumbers(printable(teammate.name))} (${userId})`
        say(`${name}: ${reading.status}: ${printable(reading.errorMessage)}`, 'warn')
      } else if (!isLive && performance.now() - lastPlainAt > PLAIN_EVERY_MS) {
        lastPlainAt = performance.now()
        say(line(), 'info')
      }
    },
    warn: (message) => say(printable(message), 'warn'),
    stop() {
      if (timer === null) return
      clearInterval(timer)
      timer = null
      clear()
    },
  }
}

export function isAtLeast(level: LogLevel, needed: LogLevel): boolean {
  return logLevels.indexOf(level) >= logLevels.indexOf(needed)
}
