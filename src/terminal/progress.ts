/**
 * How a pass shows itself on stderr: on a terminal one line that is drawn over, piped a plain line per teammate that
 * failed and a few in between.
 */
import type { WriteStream } from 'node:tty'
import type { LogLevel } from '../config.ts'
import type { SyncObserver } from '../sync.ts'

export interface Progress extends SyncObserver {
  stop(): void
}

export interface Meters {
  readonly requests: () => number
  readonly throttledMs: () => number
}

const REDRAW_MS = 100
const PLAIN_EVERY_MS = 5000

export function createProgress(out: WriteStream, level: LogLevel, meters: Meters): Progress {
  const isLive = out.isTTY && (level === 'info' || level === 'debug')
  const shows = (needed: LogLevel) => levels.indexOf(level) >= levels.indexOf(needed)
  const startedAt = performance.now()
  let teammates = 0
  let done = 0
  let numbers = 0
  let lastPlainAt = startedAt

  const line = () => {
    const seconds = (performance.now() - startedAt) / 1000
    const rate = (meters.requests() / Math.max(seconds, 0.001)).toFixed(1)
    const throttled =
      meters.throttledMs() > 0 ? `  throttled ${(meters.throttledMs() / 1000).toFixed(1)} s` : ''
    return `${done}/${teammates} teammates  ${numbers} numbers  ${rate} requests/s${throttled}`
  }
  const clear = () => isLive && out.write('\r\x1b[K')
  const draw = () => {
    if (isLive) out.write(`\r\x1b[K${line().slice(0, Math.max((out.columns || 80) - 1, 20))}`)
  }
  const say = (text: string, needed: LogLevel) => {
    if (!shows(needed)) return
    clear()
    out.write(`${text}\n`)
    draw()
  }
  const timer = isLive ? setInterval(draw, REDRAW_MS) : undefined

  return {
    passStarted(pass) {
      teammates = pass.teammates
      const name = pass.passId === null ? 'Dry run' : `Pass ${pass.passId}`
      say(`${name}: reading ${pass.teammates} teammates of ${pass.team.name ?? pass.team.teamId}`, 'info')
    },
    teammateRead(reading, teammate) {
      done += 1
      numbers += reading.numbers ?? 0
      if (reading.errorMessage !== null && reading.status !== 'not_found') {
        const name = teammate.name === null ? teammate.userId : `${teammate.name} (${teammate.userId})`
        say(`${name}: ${reading.status}: ${reading.errorMessage}`, 'warn')
      } else if (!isLive && performance.now() - lastPlainAt > PLAIN_EVERY_MS) {
        lastPlainAt = performance.now()
        say(line(), 'info')
      }
    },
    warn: (message) => say(message, 'warn'),
    stop() {
      clearInterval(timer)
      clear()
    },
  }
}

const levels: readonly LogLevel[] = ['silent', 'error', 'warn', 'info', 'debug']
