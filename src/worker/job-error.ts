/** What BullMQ is told about our errors. */
import { UnrecoverableError } from 'bullmq'

/** Can trying again help? Then the error itself, which BullMQ retries with backoff; else one that it gives up on. */
export function toJobError(error: unknown): unknown {
  if (canHelp(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new UnrecoverableError(message)
}

export function canHelp(error: unknown): boolean {
  return error instanceof Error && 'retryable' in error && error.retryable === true
}
