import type { TeamState, When } from './team-state.ts'

/**
 * A move about `Fields`. Changes the team, or throws and changes nothing. A position is one of the teammate's current
 * queue.
 */
export type ApplyMove<Fields> = (team: TeamState, fields: Fields, when: When) => MoveResult

export interface MoveResult {
  readonly userIds: readonly string[]
  readonly queueId?: string
  readonly positions?: readonly number[]
  /** Of a move of one number: the id of its call; null: none yet. */
  readonly callId?: string | null
}
