/** What the operating system refuses: files, folders and its own limits, in words for a person. */
import { exitCodes, foreignCodeOf, MirrorError, messageOf } from '../errors.ts'

export interface SystemProblem {
  /** `the disk is full (ENOSPC)` */
  readonly reason: string
  /** What can't be done, why, and the way out. */
  readonly sentence: string
  /** Whether it can go well later with nothing changed in how we are started. */
  readonly retryable: boolean
}

const temporary: Readonly<Record<string, readonly [reason: string, wayOut: string]>> = {
  ENOSPC: ['the disk is full', 'Free some space, then try again'],
  EDQUOT: ['the disk quota of this user is used up', 'Free some space, then try again'],
  EFBIG: ['the file would be larger than this process may make one (ulimit -f)', 'Raise the limit'],
  EMFILE: ['this process has as many files open as it may (ulimit -n)', 'Raise the limit, then try again'],
  ENFILE: ['this machine has as many files open as it can', 'Try again later'],
  EIO: ['the disk reports an error', 'Check the disk, then try again'],
  ENOMEM: ['this machine has no memory left', 'Try again later'],
  EAGAIN: ['this user has as many processes as it may have (ulimit -u)', 'Try again later'],
  EBUSY: ['it is in use', 'Try again later'],
}

const permanent: Readonly<Record<string, readonly [reason: string, wayOut: string]>> = {
  ENOENT: ['there is no such file or folder', 'Check the path'],
  ENOTDIR: ['a part of its path is a file and no folder', 'Check the path'],
  EISDIR: ['it is a folder', 'Check the path'],
  EEXIST: ['something else is there', 'Check the path'],
  ELOOP: ['its symbolic links lead in a circle', 'Check the path'],
  ENAMETOOLONG: ['its name is too long', 'Choose a shorter one'],
  EACCES: ['this user has no right to it', 'Give it the right, or run as another user'],
  EPERM: ['this user has no right to it', 'Give it the right, or run as another user'],
  EROFS: ['its disk is read-only', 'Choose another place'],
  EXDEV: ['it is on another disk', 'Choose another place'],
  EINVAL: ['the system does not take such a path', 'Check the path'],
}

/** About connections: their own errors say more. A file is read too, which only the reader knows: see `isFile`. */
const ofTheNetwork = new Set(['connect', 'getaddrinfo', 'bind', 'listen', 'accept', 'read'])

const done: Readonly<Record<string, string>> = {
  open: 'opened',
  read: 'read',
  scandir: 'read',
  mkdir: 'made',
  mkdtemp: 'made',
  write: 'written',
  unlink: 'removed',
  rm: 'removed',
  rmdir: 'removed',
}

/**
 * Something that the program runs on can't be used: a disk, Postgres, a key. `retryable`: it can pass by itself; the
 * default is what the system error in `cause` says. Anything else needs a change of the configuration.
 */
export abstract class UnusableError extends MirrorError {
  override readonly retryable: boolean

  constructor(message: string, options: { readonly cause?: unknown; readonly retryable?: boolean } = {}) {
    const { cause, retryable = explainSystemError(cause)?.retryable ?? false } = options
    super(message, { cause })
    this.retryable = retryable
  }

  get exitCode() {
    return this.retryable ? exitCodes.tryAgain : exitCodes.configuration
  }
}

export class SystemError extends UnusableError {
  get code() {
    return this.retryable ? 'temporary' : 'configuration'
  }
}

interface Origin {
  /** The error is known to be of a file, not of a connection. */
  readonly isFile?: boolean
}

/** A SystemError for what the operating system refused; any other error stays as it is. */
export function asSystemError(error: unknown, origin: Origin = {}): unknown {
  const problem = explainSystemError(error, origin)
  return problem === null
    ? error
    : new SystemError(problem.sentence, { cause: error, retryable: problem.retryable })
}

/** Null: it is no such error. */
export function explainSystemError(error: unknown, { isFile = false }: Origin = {}): SystemProblem | null {
  const code = foreignCodeOf(error)
  if (!(error instanceof Error) || code === null) return null
  if (!('syscall' in error) || typeof error.syscall !== 'string') return null
  const { syscall } = error
  if (ofTheNetwork.has(syscall) && !isFile) return null
  if (syscall === 'uv_cwd') {
    const reason = 'the folder this was started in does not exist any more'
    return { reason, sentence: `${reason}: change to one that does, and start it there.`, retryable: false }
  }
  const [words, wayOut] = temporary[code] ?? permanent[code] ?? []
  if (words === undefined) return null
  const path = 'path' in error && typeof error.path === 'string' ? error.path : null
  const what = path === null ? 'a file' : `the path ${path}`
  const reason = `${words} (${code})`
  return {
    reason,
    sentence: `${what} can't be ${done[syscall] ?? 'used'}: ${reason}. ${wayOut}.`,
    retryable: code in temporary,
  }
}

/** In words where it is an error of the system, else as it was said. */
export function reasonInWords(error: unknown): string {
  return explainSystemError(error)?.reason ?? messageOf(error)
}
