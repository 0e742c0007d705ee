import type { AnswerOptions, Model, View } from './model.ts'
import type { Move } from './moves.ts'

export interface ReadingScope extends AnswerOptions {
  readonly start: Model
  /** Whether the mirror holds the queue as it is in `start`, or has never seen it. */
  readonly isMirrored: boolean
  readonly moves: readonly Move[]
  readonly maxMoves: number
  /** Where a walk begins, how many walks before it a reader remembers. The real one: one. */
  readonly walksRemembered?: number
  /** Without looking for a shorter one. */
  readonly stopsAtFailure?: boolean
}

/** What the queue has been, by text, and the last walk during which it was so. Walks count from 1. */
export type Visited = ReadonlyMap<string, { readonly view: View; readonly walk: number }>
