/** Where an export is written: it contains phone numbers, so only the current user may read it. */
import { existsSync, fchmodSync, fstatSync } from 'node:fs'
import { link, open, rename, rm } from 'node:fs/promises'
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
  hideFromOthers(process.stdout.fd)
  const nothing = async () => undefined
  return { stream: process.stdout, complete: nothing, discard: nothing }
}

/** A file that the shell created is readable for others. */
function hideFromOthers(fd: number): void {
  const file = fstatSync(fd)
  if (!file.isFile() || (file.mode & 0o077) === 0) return
  try {
    fchmodSync(fd, 0o600)
  } catch (cause) {
    throw new UsageError(
      `Others can read the file that stdout leads to, and its rights can't be changed (${reasonInWords(cause)}): name a file instead, such as mirror.jsonl.gz.`,
      { cause },
    )
  }
}

async function openFile(path: string): Promise<Destination> {
  if (existsSync(path)) throw new UsageError(`There is a file ${path} already: name another, or remove it.`)
  const part = `${path}.part`
  try {
    const file = await open(part, 'wx', 0o600)
    return {
      stream: file.createWriteStream({ flush: true }),
      complete: () => moveTo(path, part),
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

/** Unlike a rename, a link replaces no file that another process made meanwhile. Not every file system has links. */
async function moveTo(path: string, part: string): Promise<void> {
  try {
    await link(part, path)
  } catch (error) {
    if (foreignCodeOf(error) !== 'EEXIST') return rename(part, path)
    throw new UsageError(
      `A file ${path} was made during the export: name another. It was not changed, and nothing was exported.`,
      { cause: error },
    )
  }
  await rm(part)
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
