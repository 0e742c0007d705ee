/** From a webhook to the look or reading that it asks for. */
import { type Client, inTransaction, type Pool } from '../../store/postgres/database.ts'
import { remember } from '../../store/postgres/remember.ts'
import {
  forgetOldDeliveries,
  type NamedTeammate,
  rankOfNumber,
  rememberDelivery,
  teammateNamed,
} from '../../store/queries/webhook-deliveries.ts'
import { within } from '../../waiting.ts'
import type { LookRequests } from '../../worker/look-jobs.ts'
import { createOneAtATime } from '../one-at-a-time.ts'
import type { CallEvent } from './call-event.ts'

export interface Webhook {
  readonly id: string
  readonly event: CallEvent
}

type Outcome = 'accepted' | 'ignored' | 'repeated' | 'unknown_teammate'

const FORGET_EVERY_MS = 60_000
/** One webhook at a time leaves connections of the pool to the pages and probes. */
const MOST_WAITING = 100

/**
 * Asks for what a webhook needs, once. It is remembered in the transaction that asks: if that fails, this rejects, and
 * the next delivery of the webhook is not a repetition. `jobsTimeoutMs`: how long the transaction waits for the job
 * backend.
 */
export function createLookRequester(
  keyFingerprint: string,
  jobsTimeoutMs: number,
): (webhook: Webhook, pool: Pool, looks: LookRequests) => Promise<Outcome> {
  const takeTurn = createOneAtATime(MOST_WAITING)
  const forgetters = new WeakMap<Pool, () => Promise<void>>()

  return async ({ id, event }, pool, looks) => {
    const endTurn = await takeTurn()
    try {
      const forget = forgetters.get(pool) ?? remember(FORGET_EVERY_MS, () => forgetOldDeliveries(pool))
      forgetters.set(pool, forget)
      await forget()
      return await inTransaction(pool, 'taking a webhook', async (client) => {
        if (!(await rememberDelivery(client, id))) return 'repeated'
        const teammate = await teammateNamed(client, keyFingerprint, event)
        if (teammate === null) return 'unknown_teammate'
        if (teammate.queueId === null) return 'ignored'
        const ask = await whatToAsk(client, teammate.queueId, event)
        await within(jobsTimeoutMs, ask(looks, teammate))
        return 'accepted'
      })
    } finally {
      endTurn()
    }
  }
}

type Ask = (looks: LookRequests, teammate: NamedTeammate) => Promise<void>

/**
 * A completed call may have left the page where dialling stands. That a call was answered is rarely in the queue before
 * it is completed, so this webhook takes no look from the others.
 */
async function whatToAsk(client: Client, queueId: string, { topic, numberTo }: CallEvent): Promise<Ask> {
  const lookAt =
    (rank: number | null): Ask =>
    (looks, { teamId, userId }) =>
      looks.lookNow(teamId, userId, rank, topic === 'call.answered' ? 'spare' : 'urgent')
  if (topic !== 'call.completed' || numberTo === null) return lookAt(null)
  const rank = await rankOfNumber(client, queueId, numberTo)
  return rank === null
    ? (looks, { teamId, userId }) => looks.readNow(teamId, userId, 'a completed call of an unknown number')
    : lookAt(rank)
}
