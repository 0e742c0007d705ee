/** The end of a pass: its status and reason follow from what its readings recorded. */
import { AlloError } from '../allo/errors.ts'
import type { Conclusions } from '../store/pass/finish-pass.ts'
import { PassClosedError } from '../store/reading/reading.ts'
import { IncompleteTeamError, readingOf, reasonOf } from './failure.ts'
import type { Effort, PassRecord } from './pass-record.ts'

/** What the readings don't say about their pass. */
export interface PassPlan {
  /** How many teammates the pass asks. */
  readonly asked: number
  /** Requests that belong to no recorded reading: the beginning, and readings that were given up. */
  readonly spent: Pick<Effort, 'requests' | 'throttled'>
  /** Why not all on the lists can be asked; null: all can. */
  readonly incomplete: string | null
}

export interface FinishedPass {
  readonly status: 'ok' | 'partial' | 'failed'
  /** Why the pass did not ask everyone, when this process knows it. */
  readonly stoppedBy: unknown
  readonly requests: number
  readonly throttled: number
  readonly conclusions: Conclusions
}

/**
 * `stoppedBy`: what this process knows the pass to be stopped by; what its readings recorded comes first. Returns null
 * when the pass was closed meanwhile: it was taken for dead, or another run of the same job was first.
 */
export async function finish(
  record: PassRecord,
  { asked, spent, incomplete }: PassPlan,
  stoppedBy: unknown = null,
): Promise<FinishedPass | null> {
  // For `status` and the alerts: a refused key is told from any other failure by what stopped the pass.
  if (stoppedBy instanceof AlloError) await record.stop(readingOf(stoppedBy))
  const read = await record.totals()
  if (read === null) return null
  const error = stoppedBy ?? (incomplete === null ? null : new IncompleteTeamError(incomplete))
  const { stop, answered } = read
  const reason =
    stop === null
      ? reasonOf(error)
      : { errorCode: stop.code, errorMessage: stop.message, errorRequestId: stop.requestId }
  const status = outcomeOf(asked, answered, stop ?? error)
  const requests = spent.requests + read.requests
  const throttled = spent.throttled + read.throttled
  try {
    const conclusions = await record.close({ status, teammates: asked, requests, throttled, ...reason })
    return { status, stoppedBy: error, requests, throttled, conclusions }
  } catch (closing) {
    if (closing instanceof PassClosedError) return null
    throw closing
  }
}

/** `ok` when everyone asked was answered about; a teammate Allo does not know is an answer. */
function outcomeOf(asked: number, answered: number, stoppedBy: unknown): FinishedPass['status'] {
  if (stoppedBy === null && answered === asked) return 'ok'
  return answered > 0 ? 'partial' : 'failed'
}
