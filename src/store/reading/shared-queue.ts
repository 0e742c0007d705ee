/** Whether Allo shows one queue for two teammates, or has given it from one to the other. */
import { and, desc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Client } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { queues, syncReads } from '../schema.ts'
import { appliedStatuses } from './reading.ts'

/**
 * For a queue that another teammate holds on record: true as long as neither of the two was seen without it since both
 * were seen with it. Then the queue stays with the holder on record.
 *
 * A teammate who hands a queue over is seen without it. A holder who can't be read does not keep the queue for ever:
 * it goes to the other teammate, who was seen with it twice since. A reading that began before the holder's ended
 * proves nothing by itself, since the queue may have gone over in between; it counts when the one before was refused,
 * too.
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

/** The last reading of a teammate that showed a queue, believed or not, or that there is none; or an `earlier` one. */
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
