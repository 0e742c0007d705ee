/**
 * The output of the worker's log. A log that can't be written must not stop the worker: on a full (ENOSPC, EDQUOT) or
 * broken disk (EIO) lines are dropped. When writing works again, one line gives their number.
 *
 * A Node stream to a file is unusable after its first error, so files are written without a stream.
 */
import { fstatSync, writeSync } from 'node:fs'
import { foreignCodeOf } from '../errors.ts'
import type { LogTarget } from '../logger.ts'

export function logOutput(stream: NodeJS.WriteStream & { readonly fd: number }): LogTarget {
  // Errors of pipes and terminals are stream events, which cli.ts handles.
  if (!isFile(stream)) return stream
  return fileOutput((bytes) => writeSync(stream.fd, bytes))
}

/** `write` returns the number of bytes written, and throws if it can write none. */
export function fileOutput(write: (bytes: Buffer) => number): LogTarget {
  let lost = 0
  /** The last line was written incompletely. */
  let isCut = false

  const tryToWrite = (text: string): string | null => {
    let rest = Buffer.from(text)
    try {
      while (rest.length > 0) {
        rest = rest.subarray(write(rest))
        isCut = rest.length > 0
      }
      return null
    } catch (error) {
      return foreignCodeOf(error) ?? String(error)
    }
  }
  let lastCode = ''
  return {
    write(line) {
      if (lost > 0) {
        const entry = {
          level: 'error',
          time: new Date().toISOString(),
          event: 'log_lines_lost',
          lost,
          code: lastCode,
          msg: `${lost} lines of the log could not be written (${lastCode})`,
        }
        const code = tryToWrite(`${isCut ? '\n' : ''}${JSON.stringify(entry)}\n`)
        if (code !== null) {
          lost += 1
          return
        }
        lost = 0
      }
      const code = tryToWrite(line)
      if (code === null) return
      lost += 1
      lastCode = code
    },
  }
}

function isFile(stream: NodeJS.WriteStream & { readonly fd: number }): boolean {
  if (stream.isTTY) return false
  try {
    const found = fstatSync(stream.fd)
    return found.isFile() || found.isCharacterDevice()
  } catch {
    return false
  }
}
