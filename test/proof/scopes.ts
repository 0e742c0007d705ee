/** What is tried: queues of up to five numbers, known to the mirror or not, with and without `total_count`. */
import type { takeSnapshot as TakeSnapshot } from '../../src/snapshot/take-snapshot.ts'
import type { Model, ModelQueue } from './model.ts'
import { type Move, ordinaryMoves } from './moves.ts'
import { type ReadingsTried, tryAllReadings } from './readings.ts'

/** `text` has one letter per number: the same letter stands for twins, a space for a free slot. */
export function queueOf(text: string, queue: Pick<ModelQueue, 'id' | 'holder'>): ModelQueue {
  const rows = Array.from(text, (letter, position) => ({
    number: letter.charCodeAt(0) - 'a'.charCodeAt(0),
    created: 0,
    position,
    call: 0,
  }))
  return { ...queue, rows: rows.filter(({ number }) => number >= 0), left: null }
}

/** The teammate who is read holds the numbers of `text`, the other one a queue of one number. */
export function teamWith(text: string): Model {
  return {
    team: ['usr-a', 'usr-b'],
    queues: [queueOf('z', { id: 1, holder: 'usr-b' }), queueOf(text, { id: 0, holder: 'usr-a' })],
  }
}

export interface TriedQueue extends ReadingsTried {
  readonly queue: string
}

/** Each of these queues, with `maxMoves` moves. */
export async function tryQueues(
  takeSnapshot: typeof TakeSnapshot,
  queues: readonly string[],
  { maxMoves, moves = ordinaryMoves }: { readonly maxMoves: number; readonly moves?: readonly Move[] },
): Promise<TriedQueue[]> {
  const tried: TriedQueue[] = []
  for (const queue of queues) {
    for (const isMirrored of [false, true]) {
      for (const announcesTotal of [true, false]) {
        const scope = { start: teamWith(queue), isMirrored, announcesTotal, moves, maxMoves }
        const found = await tryAllReadings(takeSnapshot, scope)
        const name = `${queue || 'empty'}${isMirrored ? ', mirrored' : ''}${announcesTotal ? '' : ', no total_count'}`
        tried.push({ queue: name, ...found })
      }
    }
  }
  return tried
}

/** Sums, for a line of text. */
export function summaryOf(tried: readonly ReadingsTried[]): string {
  const sum = (count: (one: ReadingsTried) => number) => tried.reduce((total, one) => total + count(one), 0)
  const kinds = ['queue', 'no_queue', 'not_found', 'torn', 'failed'] as const
  const outcomes = kinds.map((kind) => `${kind} ${sum(({ outcomes }) => outcomes[kind])}`)
  return `${sum(({ schedules }) => schedules)} schedules, ${sum(({ sequences }) => sequences)} sequences of answers: ${outcomes.join(', ')}`
}
