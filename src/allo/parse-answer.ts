import { AlloSurprisedError } from './errors.ts'
import { shownName } from './extra-fields.ts'
import type { Surprise } from './types.ts'
import { isRecord, typeName } from './value.ts'

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

/** One answer while it is parsed. */
export interface Answer extends Omit<AnswerContext, 'onSurprise'> {
  /** Reported once per answer, not once per row. */
  readonly surprise: (where: string, what: string) => void
  /** `YYYY-MM-DD`. */
  readonly latestPlausibleDay: string
}

/** Further kinds of surprises in one answer are not reported. */
const mostSurprises = 1000

const dayMs = 24 * 60 * 60 * 1000

export function startAnswer({ onSurprise, ...context }: AnswerContext): Answer {
  const told = new Set<string>()
  return {
    ...context,
    latestPlausibleDay: new Date(Date.now() + 2 * dayMs).toISOString().slice(0, 10),
    surprise(where, what) {
      const key = `${where}\n${what}`
      if (told.has(key) || told.size >= mostSurprises) return
      told.add(key)
      onSurprise({ where, what })
    },
  }
}

export function record(
  value: unknown,
  path: string,
  answer: Answer,
  subject = '',
): Readonly<Record<string, unknown>> {
  if (isRecord(value)) return value
  const issue = subject
    ? `${subject} not an object but ${typeName(value)}`
    : `an object is documented, ${typeName(value)} came`
  throw surprised(answer, path, issue)
}

export function reportUnknown(
  raw: Readonly<Record<string, unknown>>,
  noun: string,
  known: ReadonlySet<string>,
  answer: Answer,
): void {
  for (const name of Object.keys(raw)) {
    if (!known.has(name)) answer.surprise(`${noun}.${shownName(name)}`, 'unknown field')
  }
}

/** The whole answer can't be used. */
export function surprised(
  { asked, requestId }: Pick<Answer, 'asked' | 'requestId'>,
  path: string,
  issue: string,
): AlloSurprisedError {
  return new AlloSurprisedError({ asked, requestId, status: 200, path, issue })
}
