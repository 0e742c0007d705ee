/** Where an export is written: it contains phone numbers, so only the current user may read it. */
import { createWriteStream, existsSync, fchmodSync, fstatSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { foreignCodeOf, UsageError } from '../../errors.ts'
import { explainSystemError, reasonInWords } from '../../text/system-error.ts'

export interface Destination {
  readonly stream: Writable
  /** Call when everything was written. Until then there is no file of that name. */
  complete(): Promise<void>
  /** Leaves nothing behind. */
  discard(): Promise<void>
}

/** `-`: stdout. Throws UsageError for a terminal and for a file that exists. */
export function openDestination(path: string): Destination {
  return path === '-' ? openStdout() : openFile(path)
}

function openStdout(): Destination {
  if (process.stdout.isTTY) {
    throw new UsageError(
      'An export is compressed data, and contains phone numbers: name a file, such as mirror.jsonl.gz, or pipe it into `allo-queue-mirror import -`.',
    )
  }
  // A file that the shell created is readable for others.
  if (fstatSync(process.stdout.fd).isFile()) fchmodSync(process.stdout.fd, 0o600)
  const nothing = async () => undefined
  return { stream: process.stdout, complete: nothing, discard: nothing }
}

function openFile(path: string): Destination {
  if (existsSync(path)) throw new UsageError(`${path} exists: name another file, or remove it.`)
  const part = `${path}.part`
  const stream = createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true })
  let isOurs = true
  stream.once('error', (error) => {
    isOurs = foreignCodeOf(error) !== 'EEXIST'
  })
  return {
    stream,
    complete: () => rename(part, path),
    discard: async () => {
      if (isOurs) await rm(part, { force: true })
    },
  }
}

/** What to say of an error of the stream. */
export function asWriteError(error: Error, path: string): unknown {
  if (foreignCodeOf(error) === 'EPIPE')
    return new UsageError('The command that reads the export ended before it was complete.', { cause: error })
  if (foreignCodeOf(error) === 'EEXIST')
    return new UsageError(
      `${path}.part exists: another export is writing it, or one was killed. Remove it if none is running.`,
      { cause: error },
    )
  if (path === '-' || explainSystemError(error)?.retryable) return error
  return new UsageError(`The export can't be written to ${path}: ${reasonInWords(error)}.`, { cause: error })
}
