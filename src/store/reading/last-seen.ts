/** When an entry was last seen, for entries that left. */
import { type SQL, sql } from 'drizzle-orm'
import { alias, type PgColumn } from 'drizzle-orm/pg-core'
import { queueNumberVersions } from '../schema.ts'

const opened = alias(queueNumberVersions, 'opened')

/** The last reading of its queue, or the later look that opened its last version. */
export function lastSeen(entryId: PgColumn, lastReading: SQL | PgColumn): SQL {
  return sql`greatest(${lastReading}, (
    select max(${opened.validFrom}) from ${queueNumberVersions} ${opened} where ${opened.entryId} = ${entryId}))`
}
