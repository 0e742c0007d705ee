/**
 * Where the service writes its log. A log that can't be written must not end the service: on a full disk (ENOSPC,
 * EDQUOT) or a broken one (EIO) lines are dropped, and as soon as there is room again one line says how many.
 *
 * Node gives up a stream to a file after its first error, so a file is written without one.
 */
import { fstatSync, writeSync } from 'node:fs'
import type { LogTarget } from '../logger.ts'

export function logOutput(stream: NodeJS.WriteStream & { readonly fd: number }): LogTarget {
  // Errors of pipes and terminals are events of the stream, which the command survives (cli.ts).
  if (!isFile(stream)) return stream
  return fileOutput((bytes) => writeSync(stream.fd, bytes))
}

/** `write` returns how many bytes it took, and throws when it can take none. */
export function fileOutput(write: (bytes: Buffer) => number): LogTarget {
  let lost = 0
  /** A line was cut off in the middle. */
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
      return error instanceof Error && 'code' in error ? String(error.code) : String(error)
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
