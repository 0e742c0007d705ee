/** Records the waits after 429s and the surprises of the API with the pass that this process works on. */
import type { SurpriseLog } from '../allo/surprises.ts'
import type { SideEffects } from '../store/pass/passes.ts'
import type { PassRecord } from './pass-record.ts'

export interface SideEffectSources {
  readonly pacer: { readonly throttledMs: number; forgetThrottling(): void }
  readonly surprises: Pick<SurpriseLog, 'take' | 'renew'>
}

export interface SideEffectsOfPass {
  /**
   * Begins a pass: its waits count from zero, and surprises are reported again. `waitedMs`: the time that was waited
   * for it before. A no-op for the current pass.
   */
  enter(passId: string | null, waitedMs?: number): void
  /** Records waits and surprises since the last call. Rejects if they can't be recorded. */
  tell(record: PassRecord, onTold: (effects: SideEffects) => void): Promise<void>
}

export function followSideEffects({ pacer, surprises }: SideEffectSources): SideEffectsOfPass {
  let current: string | null | undefined
  let toldMs = 0
  return {
    enter(passId, waitedMs = 0) {
      if (passId === current) return
      current = passId
      toldMs = -waitedMs
      surprises.renew()
      pacer.forgetThrottling()
    },
    async tell(record, onTold) {
      const effects = { throttledMs: pacer.throttledMs - toldMs, surprises: surprises.take() }
      if (effects.surprises.length === 0 && effects.throttledMs < 1) return
      toldMs += effects.throttledMs
      onTold(effects)
      await record.noteSideEffects(effects)
    },
  }
}
