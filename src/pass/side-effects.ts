/** What this process waits because of 429s, and what it notices of the API, told to the pass it works on. */
import type { Surprise } from '../allo/types.ts'
import type { SideEffects } from '../store/pass/passes.ts'
import type { PassRecord } from './pass-record.ts'

export interface SideEffectSources {
  readonly pacer: { readonly throttledMs: number; forgetThrottling(): void }
  /** What the API did that is not documented, since it was asked last: each kind once in a pass. */
  readonly takeSurprises: () => readonly Surprise[]
  readonly renewSurprises: () => void
}

export interface SideEffectsOfPass {
  /**
   * A new pass has its own time to wait, and is told of each surprise once more; `waitedMs` was waited for it already.
   * The same pass again is a no-op.
   */
  enter(passId: string | null, waitedMs?: number): void
  /** Records what came since it was told last. Rejects when it could not be recorded. */
  tell(record: PassRecord, onTold: (effects: SideEffects) => void): Promise<void>
}

export function followSideEffects({
  pacer,
  takeSurprises,
  renewSurprises,
}: SideEffectSources): SideEffectsOfPass {
  let current: string | null | undefined
  let toldMs = 0
  return {
    enter(passId, waitedMs = 0) {
      if (passId === current) return
      current = passId
      toldMs = -waitedMs
      renewSurprises()
      pacer.forgetThrottling()
    },
    async tell(record, onTold) {
      const effects = { throttledMs: pacer.throttledMs - toldMs, surprises: takeSurprises() }
      if (effects.surprises.length === 0 && effects.throttledMs < 1) return
      toldMs += effects.throttledMs
      onTold(effects)
      await record.noteSideEffects(effects)
    },
  }
}
