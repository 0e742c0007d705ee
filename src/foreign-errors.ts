/** The edge at which errors of others become ours. */
import { exitCodes, MirrorError, messageOf } from './errors.ts'
import { asDatabaseError } from './store/postgres/database.ts'
import { asSystemError } from './text/system-error.ts'

/** Nothing of ours made it on purpose, so it is a bug until shown otherwise. */
class UnexpectedError extends MirrorError {
  readonly code = 'bug'
  readonly exitCode = exitCodes.bug
}

/** Never throws. An error of ours is returned as it is. */
export function toMirrorError(thrown: unknown): MirrorError {
  const error = asSystemError(asDatabaseError(thrown))
  return error instanceof MirrorError ? error : new UnexpectedError(messageOf(error), { cause: thrown })
}
