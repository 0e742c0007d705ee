/** Faults of a pass, as edits of its source, each with a scope that is large enough to show it. */
import type { runInProcess as RunInProcess } from '../../src/pass/run-in-process.ts'
import { append, dial, leave, type Move, remove, removeQueue, reset } from './moves.ts'
import { type PassesScope, tryAllPasses } from './passes.ts'
import { edit, type Fault } from './patched-source.ts'
import type { FailedSchedule } from './readings.ts'
import type { RewindablePool } from './rewindable-pool.ts'
import { teamWith } from './scopes.ts'

export interface PassFault extends Fault {
  readonly moves: readonly Move[]
  readonly failures?: PassesScope['failures']
  /** See queueOf. */
  readonly queue?: string
  readonly opening?: PassesScope['opening']
}

const endQueues = 'store/pass/end-queues.ts'
const writeNumbers = 'store/reading/write-numbers.ts'

/** Neither reading sees it: each teammate is read while the other one holds it. */
const reassignedBetweenReadings = {
  before: 3,
  what: 'queue 1 reassigned to usr-a',
  model: {
    ...teamWith('a'),
    queues: teamWith('a')
      .queues.map((queue) => ({ ...queue, holder: 'usr-a' as const }))
      .reverse(),
  },
}

export const faults: readonly PassFault[] = [
  {
    title: 'ends a queue in the first pass that misses it',
    edits: [
      edit(endQueues, '${q.isCurrent} is null and ${q.endedAt} is null', '${q.endedAt} is null'),
      edit(
        endQueues,
        'and ${q.missingSince} < ${q.unknownSince} and ${q.unknownSince} < ${startedAt}',
        'and ${q.missingSince} is not null and ${startedAt}::timestamptz is not null',
      ),
    ],
    moves: [removeQueue],
  },
  {
    title: 'ends a queue although a teammate was not read',
    edits: [edit('store/pass/finish-pass.ts', 'notRead.all > 0', 'false')],
    moves: [],
    failures: ['no answer'],
    opening: [[], [reassignedBetweenReadings]],
  },
  {
    title: 'dates an ending to the pass that concluded it',
    edits: [edit(endQueues, 'endedAt: sql`${queues.missingSince}`', 'endedAt: sql`clock_timestamp()`')],
    moves: [removeQueue],
  },
  {
    title: 'does not notice a queue that was replaced',
    edits: [edit('store/reading/apply-queue.ts', 'state.queuesTouched > 1', 'false')],
    moves: [reset],
  },
  {
    title: 'says that a change came after the end of the reading before, not after its start',
    edits: [
      edit(
        'store/reading/apply-queue.ts',
        'changedAfter: known?.lastReadStartedAt ?? null,',
        'changedAfter: known?.lastObservedAt ?? null,',
      ),
    ],
    moves: [append],
  },
  {
    title: 'takes a number that moved for a new one',
    edits: [edit('store/reading/match-entries.ts', 'await matchOtherSlots(client, queue, sameOrder)', '')],
    moves: [remove],
    queue: 'ab',
  },
  {
    title: 'keeps the version open that another one follows',
    edits: [
      edit(
        writeNumbers,
        "and ${i.isPresent} and ${i.fate} in ('changed', 'moved')`",
        "and ${i.isPresent} and ${i.fate} = 'moved'`",
      ),
    ],
    moves: [dial],
  },
  {
    title: 'counts without what was added',
    edits: [edit(writeNumbers, 'difference[outcome] += rows', 'difference[outcome] += 0')],
    moves: [append],
  },
  {
    title: 'does not close the versions of numbers that left',
    edits: [edit(writeNumbers, '${v.entryId} = gone.entry_id', 'false')],
    moves: [remove],
  },
  {
    title: 'saves the numbers of a reading before the rest of it',
    edits: [
      edit(
        'store/reading/apply-queue.ts',
        'if (state.queuesTouched > 1)',
        "await client.query('commit')\n  await client.query('begin')\n  if (state.queuesTouched > 1)",
      ),
    ],
    moves: [],
    failures: ['stop'],
    opening: [],
  },
  {
    title: 'takes a failed request for a teammate without a queue',
    edits: [
      edit(
        'snapshot/walk-queue.ts',
        'const answer = await allo.readQueuePage(userId, page, signal)',
        "const answer = await allo.readQueuePage(userId, page, signal).catch(() => ({ kind: 'no_queue', requestId: null }) as const)",
      ),
    ],
    moves: [leave],
    failures: ['no answer'],
  },
]

/** Null: the scope shows no fault of this program. */
export async function failureOf(
  runInProcess: typeof RunInProcess,
  rewindable: RewindablePool,
  fault: Omit<PassFault, 'title' | 'edits'>,
): Promise<FailedSchedule | null> {
  const { moves, failures = [], queue = 'a', opening = [[]] } = fault
  const start = teamWith(queue)
  const scope = { start, opening, passes: 1, maxEvents: 1, moves, failures, stopsAtFailure: true }
  return (await tryAllPasses(runInProcess, rewindable, scope)).failure
}
