import { AlloSurprisedError } from './errors.ts'
import { isRecord, type ParseRun, shownName, startParseRun, typeName } from './record.ts'
import type { Surprise } from './types.ts'

/**
 * What the parsers of the three answers share. They go from JSON to our values, and are pure but for `onSurprise`.
 *
 * Three things are indispensable, because without them a queue can't be told from another or a page from the whole:
 * `queue.id`, `position`, `pagination.has_more`. Without one of them the answer is an AlloSurprisedError; an answer
 * we don't understand must never look like an empty queue. Everything else bends (see record.ts), but for what is too
 * long or too much to be stored as it came (see limits.ts).
 */
export interface AnswerContext {
  readonly asked: string
  readonly requestId: string | null
  /** IANA name of the zone that timestamps without one belong to. */
  readonly naiveTimeZone: string
  readonly onSurprise: (surprise: Surprise) => void
}

export function startParseRunOf(context: AnswerContext): ParseRun {
  return startParseRun(context, (path, issue) => {
    throw surprised(context, path, issue)
  })
}

export function record(
  value: unknown,
  path: string,
  context: AnswerContext,
  subject = '',
): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  const issue = subject
    ? `${subject} not an object but ${typeName(value)}`
    : `an object is documented, ${typeName(value)} came`
  throw surprised(context, path, issue)
}

export function reportUnknown(
  raw: Readonly<Record<string, unknown>>,
  noun: string,
  known: ReadonlySet<string>,
  run: ParseRun,
): void {
  for (const name of Object.keys(raw)) {
    if (!known.has(name)) run.surprise(`${noun}.${shownName(name)}`, 'unknown field')
  }
}

export function surprised(context: AnswerContext, path: string, issue: string): AlloSurprisedError {
  return new AlloSurprisedError({
    asked: context.asked,
    requestId: context.requestId,
    status: 200,
    path,
    issue,
  })
}
