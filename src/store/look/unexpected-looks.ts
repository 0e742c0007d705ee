/** Looks that did not count, in a row for each teammate. */
import { eq, sql } from 'drizzle-orm'
import { type Pool, withDatabaseErrors } from '../postgres/database.ts'
import { orm } from '../postgres/query.ts'
import { looks } from '../schema.ts'

const now = sql`clock_timestamp()`

export interface UnexpectedLook {
  readonly teamId: string
  readonly userId: string
  readonly reason: string
}

/**
 * The look did not count. Looks at the teammate become rarer until one counts, also if a reading in between found
 * nothing: if Allo ignores `size`, for example, no look can count, and each would request a reading.
 */
export function recordUnexpected(pool: Pool, { teamId, userId, reason }: UnexpectedLook): Promise<unknown> {
  return withDatabaseErrors('recording an unexpected look', () =>
    orm(pool)
      .insert(looks)
      .values({
        userId,
        teamId,
        plannedAt: now,
        unexpectedInARow: 1,
        unexpectedAt: now,
        unexpectedReason: reason,
      })
      .onConflictDoUpdate({
        target: looks.userId,
        set: {
          unexpectedInARow: sql`${looks.unexpectedInARow} + 1`,
          unexpectedAt: now,
          unexpectedReason: reason,
        },
      }),
  )
}

/** A reading found what the looks did not expect. */
export function clearUnexpected(pool: Pool, userId: string): Promise<unknown> {
  const none = { unexpectedInARow: 0, unexpectedAt: null, unexpectedReason: null }
  return withDatabaseErrors('clearing unexpected looks', () =>
    orm(pool).update(looks).set(none).where(eq(looks.userId, userId)),
  )
}
