/** Faults of a reader, as edits of its source, each with a scope that is large enough to show it. */
import type { takeSnapshot as TakeSnapshot } from '../../src/snapshot/take-snapshot.ts'
import { type Move, ordinaryMoves, remove, removeAndAppend, swap } from './moves.ts'
import { edit, type Fault } from './patched-source.ts'
import { type FailedSchedule, tryAllReadings } from './readings.ts'
import { teamWith } from './scopes.ts'

export interface ReadingFault extends Fault {
  /** See queueOf. */
  readonly queue: string
  readonly moves: readonly Move[]
  readonly maxMoves: number
  /** Whether the mirror holds the queue; undefined: both are tried. */
  readonly isMirrored?: boolean
}

/** Enough for a fault that takes three moves, with a tenth of the schedules. */
const replaceInSlot: Move = {
  name: 'remove a number without renumbering and append a new one',
  steps: (model, fresh) =>
    removeAndAppend
      .steps(model, fresh)
      .filter(({ what }) => !what.includes('and renumber') && !what.includes("'")),
}

const take = 'snapshot/take-snapshot.ts'
const walk = 'snapshot/walk-queue.ts'
const membership = 'snapshot/membership.ts'

const oneMove = { queue: 'abc', moves: ordinaryMoves, maxMoves: 1 }
const threeMoves = { queue: 'abc', moves: [removeAndAppend], maxMoves: 3 }

const count = { find: 'announced !== numbers.length', replace: 'announced < numbers.length' }

export const faults: readonly ReadingFault[] = [
  {
    title: 'believes the first walk',
    edits: [edit(take, 'earlier?.queueId === walk.queue.id && earlier.digest === digest', 'true')],
    ...oneMove,
  },
  {
    title: 'compares two walks without created_at',
    edits: [edit(membership, ', number.createdAt]', ']')],
    ...threeMoves,
    maxMoves: 2,
  },
  {
    title: 'compares two walks without the number',
    edits: [edit(membership, ', number.numberTo, number.createdAt]', ']')],
    ...threeMoves,
    maxMoves: 1,
  },
  {
    title: 'accepts a total_count that changes',
    edits: [
      edit(walk, 'if (answer.totalCount !== first.totalCount)', 'if (false)'),
      { file: walk, ...count },
    ],
    ...oneMove,
  },
  {
    title: 'takes an empty page for the end of the first one',
    edits: [
      edit(walk, 'answer.totalCount !== first.totalCount', 'answer.totalCount > first.totalCount'),
      { file: walk, ...count },
    ],
    ...oneMove,
  },
  {
    title: 'ends a walk at the first page',
    edits: [edit(walk, '!answer.hasMore', 'page > 0'), { file: walk, find: count.find, replace: 'false' }],
    ...oneMove,
    maxMoves: 0,
  },
  {
    title: 'accepts a position that occurs twice',
    edits: [edit(walk, 'if (positions.has(number.position))', 'if (false)')],
    queue: 'a bc',
    moves: [replaceInSlot],
    maxMoves: 3,
  },
  {
    title: 'accepts a later page of another queue',
    edits: [edit(walk, 'if (queue.id !== first.queue.id)', 'if (false)')],
    queue: 'abc',
    moves: [swap],
    maxMoves: 3,
  },
  {
    title: 'believes one walk of a queue that is new',
    edits: [edit(take, 'return cameInOneResponse', 'return true')],
    ...threeMoves,
    maxMoves: 1,
  },
  {
    title: 'believes one walk with appended numbers, wherever a page began',
    edits: [edit(take, 'cameInOneResponse || walk.lastPageStart < known.numbers', 'true')],
    queue: 'ab',
    moves: ordinaryMoves,
    maxMoves: 2,
  },
  {
    title: 'compares with the mirror by the count alone',
    edits: [edit(take, 'return known.membershipDigest === digest', 'return true')],
    ...threeMoves,
    maxMoves: 1,
  },
  {
    title: 'believes one walk that has fewer numbers than the mirror',
    edits: [
      edit(
        take,
        'known.numbers > walk.numbers.length) return false',
        'known.numbers > walk.numbers.length) return true',
      ),
    ],
    queue: 'abcd',
    moves: [remove, removeAndAppend],
    maxMoves: 2,
    isMirrored: true,
  },
  {
    title: 'believes one walk over several pages without total_count',
    edits: [edit(take, 'if (walk.announced === null && walk.pages > 1) return false', '')],
    ...oneMove,
    maxMoves: 1,
  },
  {
    title: 'dates a reading from its end',
    edits: [edit(take, 'agrees && earlier !== undefined ? earlier.startedAt : startedAt', 'observedAt')],
    ...oneMove,
    maxMoves: 0,
  },
  {
    title: 'takes a failed request for the last page',
    edits: [
      edit(
        walk,
        'const answer = await allo.readQueuePage(userId, page, signal)',
        'const answer = await allo.readQueuePage(userId, page, signal).catch(() => null); if (answer === null) return',
      ),
    ],
    ...oneMove,
    maxMoves: 0,
  },
]

/** Null: the scope shows no fault of this reader. */
export async function failureOf(
  takeSnapshot: typeof TakeSnapshot,
  { queue, moves, maxMoves, isMirrored: only }: Omit<ReadingFault, 'title' | 'edits'>,
): Promise<FailedSchedule | null> {
  for (const isMirrored of only === undefined ? [false, true] : [only]) {
    for (const announcesTotal of [true, false]) {
      const scope = {
        start: teamWith(queue),
        isMirrored,
        announcesTotal,
        moves,
        maxMoves,
        stopsAtFailure: true,
      }
      const { failure } = await tryAllReadings(takeSnapshot, scope)
      if (failure !== null) return failure
    }
  }
  return null
}
