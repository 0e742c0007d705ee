import type { ApplyMove, MoveResult } from './move.ts'
import { dialMoves } from './moves-dials.ts'
import { numberMoves } from './moves-numbers.ts'
import { teamMoves } from './moves-team.ts'
import type { TeamState } from './team-state.ts'

const moves = { ...dialMoves, ...numberMoves, ...teamMoves }

/** Everything that can happen to a team and its queues: the name of a move, and what it is about. */
export type Move = {
  [Type in keyof typeof moves]: { readonly type: Type } & Parameters<(typeof moves)[Type]>[1]
}[keyof typeof moves]

export interface Outcome extends MoveResult {
  /** Time in the timeline. */
  readonly at: number
}

/** Makes one move. Atomic: if it throws, nothing is changed. */
export function applyMove(team: TeamState, move: Move): Outcome {
  const apply = moves[move.type] as ApplyMove<Move>
  const when = { at: team.timeline.now(), sourceTime: team.sourceTime() }
  const result = apply(team, move, when)
  team.timeline.recordMove({ at: when.at, type: move.type, userIds: result.userIds })
  return { at: when.at, ...result }
}
