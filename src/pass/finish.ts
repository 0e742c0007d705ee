/**
 * The last step of a pass: computes its status and reason from its recorded readings. Whether queues end then is
 * decided in store/pass/finish-pass.ts.
 */
import { AlloError } from '../allo/errors.ts'
import type { Conclusions } from '../store/pass/finish-pass.ts'
import { PassClosedError } from '../store/reading/reading.ts'
import { IncompleteTeamError, readingOf, reasonOf } from './failure.ts'
import type { Effort, PassRecord } from './pass-record.ts'

/** What finishing a pass needs and its readings do not record. */
export interface PassPlan {
  /** Number of teammates to read. */
  readonly asked: number
  /** Requests that belong to no recorded reading: those of the first steps, and of abandoned readings. */
  readonly spent: Pick<Effort, 'requests' | 'throttled'>
  /** Why the queues of some listed teammates can't be requested; null: all can. */
  readonly incomplete: string | null
}

export interface FinishedPass {
  readonly status: 'ok' | 'partial' | 'failed'
  /** Why the pass did not read all teammates, if this process knows it. */
  readonly stoppedBy: unknown
  readonly requests: number
  readonly throttled: number
  readonly conclusions: Conclusions
}

/**
 * `stoppedBy`: the error by which this process stopped the pass; a recorded reason has priority. Returns null if the
 * pass is closed already, because its lease expired or another run of the same job finished it.
 */
export async function finish(
  record: PassRecord,
  { asked, spent, incomplete }: PassPlan,
  stoppedBy: unknown = null,
): Promise<FinishedPass | null> {
  // `status` and the alerts recognise a refused key by the recorded reason.
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

/** `ok` if Allo answered for all teammates. That it does not know a teammate is an answer too. */
function outcomeOf(asked: number, answered: number, stoppedBy: unknown): FinishedPass['status'] {
  if (stoppedBy === null && answered === asked) return 'ok'
  return answered > 0 ? 'partial' : 'failed'
}
