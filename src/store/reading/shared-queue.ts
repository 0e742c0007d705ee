/** Whether Allo shows one queue for two teammates at once, or has reassigned it from one to the other. */
import { and, desc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { queues, syncReads } from '../schema.ts'
import { appliedStatuses } from './reading.ts'

/**
 * For a queue that another teammate holds on record. True as long as neither of the two was seen without it after both
 * were seen with it. Then the queue stays with the holder on record.
 *
 * After a real reassignment, the earlier holder is seen without the queue. If the holder can't be read, the other
 * teammate gets the queue after being seen with it two more times. A reading that overlaps with the holder's proves
 * nothing alone, because the queue may have been reassigned between the two. It counts if the reading before was
 * refused too.
 */
export async function isSharedQueue(
  client: Client,
  queue: { readonly queueId: string; readonly userId: string },
  { userId }: { readonly userId: string },
  readStartedAt: string,
): Promise<boolean> {
  const theirs = sighting(client, 'theirs', { userId: queue.userId, earlier: 0 })
  const own = sighting(client, 'own', { userId, earlier: 0 })
  const ownBefore = sighting(client, 'own_before', { userId, earlier: 1 })
  const [found] = await orm(client)
    .select({
      isShared: sql<boolean>`(${own.queueId} = ${queues.queueId} and ${theirs.queueId} = ${queues.queueId}
        and (${queues.lastObservedAt} <= ${readStartedAt} or ${own.errorCode} is not null)
        and (${ownBefore.observedAt} > ${theirs.observedAt}) is not true) is true`,
    })
    .from(queues)
    .leftJoin(theirs, sql`true`)
    .leftJoin(own, sql`true`)
    .leftJoin(ownBefore, sql`true`)
    .where(eq(queues.queueId, queue.queueId))
  return found?.isShared ?? false
}

/** The last reading of a teammate that showed a queue or none, applied or refused; with `earlier`, one before it. */
function sighting(
  client: Client,
  name: string,
  { userId, earlier }: { readonly userId: string; readonly earlier: number },
) {
  const { queueId, observedAt, errorCode, status } = syncReads
  const isRefused = inArray(errorCode, ['queue_shared', 'queue_overtaken'])
  return orm(client)
    .select({ queueId, observedAt, errorCode })
    .from(syncReads)
    .where(and(eq(syncReads.userId, userId), or(inArray(status, appliedStatuses), isRefused)))
    .orderBy(desc(observedAt))
    .limit(1)
    .offset(earlier)
    .as(name)
}
