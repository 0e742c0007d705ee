/** Whether the API took the key, as the last finished pass found. */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { z } from 'zod'
import { instant, type Output } from '../../json-output.ts'
import type { Pool } from '../postgres/database.ts'
import { maybeOne } from '../postgres/query.ts'
import { apiKeys, syncPasses } from '../schema.ts'
import { iso } from './iso.ts'

export const credentialsVerdictSchema = z.object({
  isRefused: z.boolean(),
  reason: z.string().nullable(),
  at: instant,
})

export type CredentialsVerdict = Output<typeof credentialsVerdictSchema>

/** Null when no finished pass says: none yet, or the API could not be asked. */
export function credentialsVerdict(pool: Pool, keyFingerprint: string): Promise<CredentialsVerdict | null> {
  const teamId = sql`(select ${apiKeys.teamId} from ${apiKeys} where ${apiKeys.keyFingerprint} = ${keyFingerprint})`
  return maybeOne(pool, verdictOnKeyOf(teamId))
}

/** A pass that was stopped by anything else than the key says nothing about it. */
export function verdictOnKeyOf(teamId: string | SQL): SQL {
  const p = alias(syncPasses, 'p')
  return sql`select ${p.stopStatus} is not distinct from 'forbidden' as "isRefused", ${p.errorMessage} as reason,
      ${iso(p.finishedAt)} as at
    from ${syncPasses} ${p}
    where ${p.teamId} = ${teamId} and ${p.finishedAt} is not null
      and (${p.stopStatus} = 'forbidden' or ${p.status} in ('ok', 'partial'))
    order by ${p.startedAt} desc limit 1`
}
