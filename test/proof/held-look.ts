/** A look of the real program that goes on step by step: it begins, its request is answered, and it is saved. */
import type { LookResult } from '../../src/live/look-at-teammate.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { openGate } from './gate.ts'
import { type Look, lookOnce } from './look.ts'
import type { Model, UserId } from './model.ts'

export interface HeldLook {
  /** Reads the mirror. Resolves when the request is sent (true), or when the look ended without one (false). */
  begin(): Promise<boolean>
  /** The request is answered from this model, and the answer is still on its way. The first one counts. */
  answer(model: Model): void
  /** The answer arrives. */
  save(): Promise<LookResult>
}

export function holdLook(lookAtTeammate: Look, pool: Pool, userId: UserId): HeldLook {
  const gate = openGate()
  let answered: Model | undefined
  let result: Promise<LookResult> | undefined
  return {
    begin() {
      const look = lookOnce(lookAtTeammate, pool, userId, async () => {
        await gate.reached()
        if (answered === undefined) throw new Error('a look is answered before it is saved')
        return answered
      })
      result = look
      return Promise.race([
        gate.isReached,
        look.then(
          () => false,
          () => false,
        ),
      ])
    },
    answer(model) {
      answered ??= model
    },
    save() {
      if (result === undefined) throw new Error('a look begins before it is saved')
      gate.open()
      return result
    },
  }
}
