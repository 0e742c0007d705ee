import { AlloSurprisedError } from './errors.ts'
import { isRecord, type ParseRun, shownName, startParseRun, typeName } from './record.ts'
import type { Surprise } from './types.ts'

/**
 * Shared by the parsers of the three answers, which convert JSON to our types. They are pure except for `onSurprise`.
 *
 * Three fields are required: `queue.id`, `position` and `pagination.has_more`. Without them, two queues, or a page and
 * a whole queue, can't be distinguished. If one is missing, an AlloSurprisedError is thrown, because an answer that we
 * don't understand must never look like an empty queue. All other fields are optional and of any type (see record.ts),
 * within the sizes of limits.ts.
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
