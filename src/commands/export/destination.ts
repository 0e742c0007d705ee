/** Where an export is written: it contains phone numbers, so only the current user may read it. */
import { existsSync, fchmodSync, fstatSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { foreignCodeOf, InterruptedError, UsageError } from '../../errors.ts'
import { asSystemError, explainSystemError, reasonInWords } from '../../text/system-error.ts'

export interface Destination {
  readonly stream: Writable
  /** Call when everything was written. Until then there is no file of that name. */
  complete(): Promise<void>
  /** Leaves nothing behind. */
  discard(): Promise<void>
}

/** `-`: stdout. Throws UsageError for a terminal, and for a file that exists or can't be written. */
export async function openDestination(path: string): Promise<Destination> {
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

async function openFile(path: string): Promise<Destination> {
  if (existsSync(path)) throw new UsageError(`There is a file ${path} already: name another, or remove it.`)
  const part = `${path}.part`
  try {
    const file = await open(part, 'wx', 0o600)
    return {
      stream: file.createWriteStream({ flush: true }),
      complete: () => rename(part, path),
      discard: () => rm(part, { force: true }),
    }
  } catch (error) {
    if (foreignCodeOf(error) !== 'EEXIST') throw asWriteError(error, path)
    throw new UsageError(
      `There is a file ${part}: another export is writing it, or one was killed. Remove it if none is running.`,
      { cause: error },
    )
  }
}

/** What to say of an error of the stream. */
export function asWriteError(error: unknown, path: string): unknown {
  if (foreignCodeOf(error) === 'EPIPE')
    return new InterruptedError('the command that reads the export ended before it was complete', {
      cause: error,
    })
  if (path === '-' || explainSystemError(error)?.retryable) return asSystemError(error)
  return new UsageError(`The export can't be written to ${path}: ${reasonInWords(error)}.`, { cause: error })
}
