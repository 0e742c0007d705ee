/** The one error of the library, and the edge at which all others become one. */
import { ConfigError } from '../config/config.ts'
import type { MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { sentenceOf } from '../terminal/describe-error.ts'
import { optionOf } from './configuration.ts'

/**
 * Why a function of the library rejected; the message says what to do. It has no cause, because a cause may hold what a
 * caller must not log: no property of it holds a secret, a phone number or a row.
 */
export class MirrorFailure extends Error {
  override readonly name = 'MirrorFailure'
  /** A stable word, as in `sync --json`: `torn`, `rate_limited`, `configuration`, a code of Allo. */
  readonly code: string
  /** The same call may succeed if it is repeated later. */
  readonly retryable: boolean
  /** Of the request to Allo, for their support. Null: the failure is not about one request. */
  readonly requestId: string | null

  constructor(message: string, { code, retryable, requestId }: Omit<MirrorFailure, keyof Error>) {
    super(message)
    this.code = code
    this.retryable = retryable
    this.requestId = requestId
  }
}

/** What `work` resolves with. Rejects with a MirrorFailure, or with the reason of `signal` if it is aborted. */
export async function orMirrorFailure<T>(
  {
    secrets,
    signal,
  }: { readonly secrets: () => readonly string[]; readonly signal: AbortSignal | undefined },
  work: () => Promise<T>,
): Promise<T> {
  try {
    signal?.throwIfAborted()
    return await work()
  } catch (error) {
    signal?.throwIfAborted()
    throw toMirrorFailure(error, secrets())
  }
}

function toMirrorFailure(thrown: unknown, secrets: readonly string[]): MirrorFailure {
  const error = inOptions(toMirrorError(thrown))
  const failure = new MirrorFailure(sentenceOf(error, secrets), error)
  if (error.code === 'bug') failure.stack = [String(failure), ...framesOf(thrown)].join('\n')
  return failure
}

function inOptions(error: MirrorError): MirrorError {
  if (!(error instanceof ConfigError)) return error
  return new ConfigError(
    error.problems.map(({ variable, problem }) => ({
      variable: optionOf.get(variable) ?? variable,
      problem,
    })),
  )
}

/** Places in the source: they hold no values. */
function framesOf(thrown: unknown): string[] {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : ''
  return stack.split('\n').filter((line) => /^\s+at /.test(line))
}
