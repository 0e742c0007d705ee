/** One look of the real program at a teammate of the model. */
import type { lookAtTeammate as LookAtTeammate, LookResult } from '../../src/live/look-at-teammate.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import type { Model, UserId } from './model.ts'
import { clientOf } from './pass.ts'

export type Look = typeof LookAtTeammate

/** `next` is called before each request, and returns the model that answers it. */
export function lookOnce(
  lookAtTeammate: Look,
  pool: Pool,
  userId: UserId,
  next: () => Promise<Model>,
): Promise<LookResult> {
  const sources = { pool, numberKeys: null, allo: clientOf(next) }
  const target = { teamId: 'team', userId, plannedAt: null, rank: null }
  return lookAtTeammate(sources, target, new AbortController().signal)
}
