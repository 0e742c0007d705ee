import type { Move, Outcome, When } from './move.ts'
import { dialMoves } from './moves-dials.ts'
import { numberMoves } from './moves-numbers.ts'
import { teamMoves } from './moves-team.ts'
import type { Present } from './present.ts'

/** Makes one move. Atomic: if it throws, nothing is changed. */
export function applyMove(present: Present, move: Move): Outcome {
  const when = { at: present.timeline.now(), sourceTime: present.sourceTime() }
  const outcome = { at: when.at, ...perform(present, move, when) }
  present.timeline.recordMove({ at: when.at, type: move.type, userIds: outcome.userIds })
  return outcome
}

function perform(present: Present, move: Move, when: When): Omit<Outcome, 'at'> {
  switch (move.type) {
    case 'dial':
      return dialMoves.dial(present, move, when)
    case 'place_call':
      return dialMoves.placeCall(present, move, when)
    case 'result':
      return dialMoves.result(present, move, when)
    case 'sync':
      return dialMoves.sync(present, move, when)
    case 'touch':
      return dialMoves.touch(present, move, when)
    case 'append':
      return numberMoves.append(present, move, when)
    case 'refill':
      return numberMoves.refill(present, move, when)
    case 'remove_number':
      return numberMoves.removeNumber(present, move, when)
    case 'remove_positions':
      return numberMoves.removePositions(present, move, when)
    case 'clear_uncalled':
      return numberMoves.clearUncalled(present, move, when)
    case 'settings':
      return teamMoves.settings(present, move, when)
    case 'reset':
      return teamMoves.reset(present, move, when)
    case 'remove_queue':
      return teamMoves.removeQueue(present, move, when)
    case 'reassign':
      return teamMoves.reassign(present, move, when)
    case 'swap':
      return teamMoves.swap(present, move, when)
    case 'leave':
    case 'return':
    case 'block':
    case 'unblock':
      return teamMoves.membership(present, move, when)
    case 'join':
      return teamMoves.join(present, move, when)
    case 'edit_teammate':
      return teamMoves.edit(present, move, when)
  }
}
