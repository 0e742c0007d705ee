/** What the store knows about a webhook of Allo: whether it came before, its teammate, and the place of its number. */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { likelySpellings, readPhoneNumber } from '../../snapshot/phone-number.ts'
import { wasLeftOut } from '../look/plan-looks.ts'
import type { Client, Pool } from '../postgres/database.ts'
import { anyOf, array, change, insertion, maybeOne } from '../postgres/query.ts'
import { apiKeys, queueNumbers, queues, teammates, webhookDeliveries } from '../schema.ts'

/** A signature is valid for up to ten minutes: five before its time, and five after it. */
const REMEMBERED_MINUTES = 15

const d = alias(webhookDeliveries, 'd')
const t = alias(teammates, 't')
const q = alias(queues, 'q')
const n = alias(queueNumbers, 'n')
const now = sql`clock_timestamp()`

/** Deletes deliveries that no valid signature can repeat. */
export async function forgetOldDeliveries(pool: Pool): Promise<void> {
  await change(
    pool,
    sql`delete from ${webhookDeliveries} ${d}
        where ${d.receivedAt} < ${now} - make_interval(mins => ${REMEMBERED_MINUTES})`,
  )
}

/** False: it is known. Waits for another transaction that records the same one. */
export async function rememberDelivery(client: Client, webhookId: string): Promise<boolean> {
  const recorded = await change(
    client,
    sql`insert into ${webhookDeliveries} ${insertion(webhookDeliveries, { webhookId, receivedAt: now })}
        on conflict do nothing`,
  )
  return recorded === 1
}

export interface NamedTeammate {
  readonly teamId: string
  readonly userId: string
  /** Null: they have no current queue, or passes leave them out. */
  readonly queueId: string | null
}

/** A listed teammate of the key's team. Null: the mirror knows none by these names. An id has priority over an e-mail. */
export function teammateNamed(
  client: Client,
  keyFingerprint: string,
  { userIds, emails }: { readonly userIds: readonly string[]; readonly emails: readonly string[] },
): Promise<NamedTeammate | null> {
  const hasId = sql`${t.userId} ${anyOf(userIds)}`
  return maybeOne(
    client,
    sql`select ${t.teamId} as "teamId", ${t.userId} as "userId", ${q.queueId} as "queueId"
        from ${teammates} ${t}
        left join ${queues} ${q}
          on ${q.userId} = ${t.userId} and ${q.teamId} = ${t.teamId} and ${q.isCurrent}
            and ${wasLeftOut(t.userId)} is not true
        where ${t.teamId} = (select ${apiKeys.teamId} from ${apiKeys} where ${apiKeys.keyFingerprint} = ${keyFingerprint})
          and ${t.isListed} and (${hasId} or lower(${t.email}) in (select lower(e) from unnest(${array(emails)}::text[]) e))
        order by ${hasId} desc, ${q.firstSeenAt} desc nulls last limit 1`,
  )
}

/**
 * The place of a number in the order of a queue, from 0; of several, the last. The number may be spelled differently.
 * Null: it is not in the queue.
 */
export async function rankOfNumber(
  client: Client,
  queueId: string,
  numberTo: string,
): Promise<number | null> {
  const found = await maybeOne<{ rank: number }>(
    client,
    sql`select (select count(*)::int from ${queueNumbers} ${n} where ${n.queueId} = ${queueId} and ${n.position} < found.position) as rank
        from (select ${n.position} from ${queueNumbers} ${n}
              where ${n.queueId} = ${queueId} and ${isNumber(numberTo)}
              order by ${n.position} desc limit 1) found`,
  )
  return found?.rank ?? null
}

/** The last two digits are compared first, because comparing the spellings of 25,000 numbers takes too long. */
function isNumber(numberTo: string): SQL {
  const phone = readPhoneNumber(numberTo)
  const same = sql`${n.numberTo} = ${numberTo}`
  if (phone === null || phone.extension !== '') return same
  const isSpelledSo = sql`translate(${n.numberTo}, ${'+-.()/ \u00a0'}, '') ${anyOf(likelySpellings(phone))}`
  return sql`(${same} or right(${n.numberTo}, 2) = ${phone.digits.slice(-2)} and ${isSpelledSo})`
}
