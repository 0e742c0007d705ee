/** How far the details of calls are known, from Postgres alone. */
import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { amount, type Output } from '../../json-output.ts'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { one } from '../postgres/query.ts'
import { calls, readSlots } from '../schema.ts'

/** Number of calls. */
export const callStatusSchema = z.object({
  known: amount,
  waiting: amount.describe('Without details, and to be asked for.'),
  givenUp: amount,
  heldBackBy: z
    .string()
    .nullable()
    .describe(
      'Code of the answer because of which no call is asked for now. Null: nothing holds requests back.',
    ),
})

export type CallStatus = Output<typeof callStatusSchema>

const c = alias(calls, 'c')
const s = alias(readSlots, 's')

export function callStatus(pool: Pool, teamId: string, keyFingerprint: string): Promise<CallStatus> {
  const isHeld = sql`exists (select from ${readSlots} ${s}
    where ${s.keyFingerprint} = ${keyFingerprint} and ${s.nextCallAt} > clock_timestamp())`
  const lastReason = sql`select ${c.reason} from ${calls} ${c}
    where ${c.teamId} = ${teamId} and ${c.nextAskAt} is not null and ${c.reason} is not null
    order by ${c.askedAt} desc nulls last limit 1`
  return withDatabaseErrors('counting calls', () =>
    one<CallStatus>(
      pool,
      sql`select count(*) filter (where ${c.knownAt} is not null)::int as known,
            count(*) filter (where ${c.knownAt} is null and ${c.givenUpAt} is null)::int as waiting,
            count(*) filter (where ${c.givenUpAt} is not null)::int as "givenUp",
            case when ${isHeld} then coalesce((${lastReason}), 'no answer') end as "heldBackBy"
          from ${calls} ${c} where ${c.teamId} = ${teamId}`,
    ),
  )
}
