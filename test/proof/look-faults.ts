/** Faults of looks, as edits of the source, each with a scope that is large enough to show it. */
import type { runInProcess as RunInProcess } from '../../src/pass/run-in-process.ts'
import { namesNeverUsed } from './fresh-names.ts'
import type { Look } from './look.ts'
import { anyDial, anyDialStep, dialOfReader, swapTwins } from './look-moves.ts'
import { type LooksScope, tryAllLooks } from './looks.ts'
import { tryLooksInPasses } from './looks-in-passes.ts'
import type { Model } from './model.ts'
import { append, dial, type Move, removeAndAppend, reset } from './moves.ts'
import { type Edit, edit, type Fault } from './patched-source.ts'
import type { FailedSchedule } from './readings.ts'
import type { RewindablePool } from './rewindable-pool.ts'
import { queueOf, teamWith } from './scopes.ts'

/** Not faults: pages of two numbers, so that a look at a small queue shows a part of it. */
const smallPageEdits: readonly Edit[] = [
  edit('allo/client.ts', 'export const pageSize = 100', 'export const pageSize = 2'),
  edit('live/dialling-pages.ts', 'const BEFORE = 5', 'const BEFORE = 0'),
  edit('live/dialling-pages.ts', 'const AFTER = 5', 'const AFTER = 0'),
]

export const smallPages: Fault = { title: 'has pages of two numbers', edits: smallPageEdits }

export interface LookFault extends Fault {
  /** Null: a look in a pass, with a step of a call. */
  readonly scope: (Partial<LooksScope> & { readonly moves: readonly Move[] }) | null
}

const comparePage = 'live/compare-page.ts'
const saveLook = 'store/look/save-look.ts'

/** The first number was called, and the second one is next. */
const oneCalled: Model = {
  ...teamWith('a'),
  queues: teamWith('abc').queues.map((queue) => ({
    ...queue,
    rows: queue.rows.map((row, index) => (queue.id === 0 && index === 0 ? { ...row, call: 3 } : row)),
  })),
}

/** The first number is being called. */
export function dialled(text: string): Model {
  const [step] = dialOfReader.steps(teamWith(text), namesNeverUsed([]))
  return step?.model ?? teamWith(text)
}

/** Two numbers that differ in nothing but `created_at`, both called. */
const twins: Model = {
  team: ['usr-a', 'usr-b'],
  queues: [
    {
      ...queueOf('', { id: 0, holder: 'usr-a' }),
      rows: [0, 1].map((position) => ({ number: 0, created: position, position, call: 0 })),
    },
  ],
}

export const faults: readonly LookFault[] = [
  {
    title: 'counts a look at another number of rows',
    edits: [
      edit(
        comparePage,
        "if (answer.totalCount !== queue.numbers) return { unexpected: 'another total_count' }",
        '',
      ),
    ],
    scope: { start: teamWith('abc'), moves: [append] },
  },
  {
    title: 'counts a look at another queue',
    edits: [
      edit(comparePage, "if (answer.queue.id !== queue.queueId) return { unexpected: 'another queue' }", ''),
    ],
    scope: { start: teamWith(''), moves: [reset] },
  },
  {
    title: 'takes another number at the same position for the same',
    edits: [
      edit(
        comparePage,
        'number.position === row?.position && number.numberTo === row.numberTo',
        'number.position === row?.position',
      ),
      edit(saveLook, 'if (!written.isSameMembership)', 'if (written.added < 0)'),
    ],
    scope: { moves: [removeAndAppend] },
  },
  {
    title: 'moves numbers',
    edits: [
      edit(
        saveLook,
        'if (!written.isSameMembership)',
        'if (written.added + written.moved + written.removed > 0)',
      ),
    ],
    scope: { start: twins, moves: [swapTwins] },
  },
  {
    title: 'does not notice that the mirror has changed since it began',
    edits: [
      edit(
        saveLook,
        'and ${t.lastObservedAt} = ${teammateObservedAt} and ${q.lastObservedAt} = ${queueObservedAt}',
        '',
      ),
      edit(saveLook, "if (overtakenBy !== null) return 'dropped'", ''),
    ],
    scope: null,
  },
  {
    title: 'does not notice that another look has changed the mirror since it began',
    edits: [
      edit(saveLook, 'and ${q.lastLookAppliedAt} is not distinct from ${lookAppliedAt}::timestamptz', ''),
      edit(saveLook, "if (overtakenBy !== null) return 'dropped'", ''),
    ],
    scope: { moves: [dialOfReader], maxMoves: 2, looks: 2, order: 'one within the other' },
  },
  {
    title: 'applies a look while a pass is about to read the teammate',
    edits: [
      edit(saveLook, 'and not ${isAboutToBeRead(teamId, userId)}`', '`'),
      edit('store/look/mirrored-page.ts', 'and not ${isAboutToBeRead(teamId, userId)}`', '`'),
    ],
    scope: null,
  },
  {
    title: 'dates a change after a look that did not show the number',
    edits: [
      edit(
        saveLook,
        'and ${l.firstPosition} <= ${firstDiffering} and ${l.lastPosition} >= ${lastDiffering}',
        'and ${firstDiffering}::int is not null and ${lastDiffering}::int is not null',
      ),
    ],
    scope: { start: oneCalled, moves: [anyDial], maxMoves: 2, looks: 2, order: 'one after the other' },
  },
  {
    title: 'dates a change after a look that overlaps with the one that saw it',
    edits: [
      edit(saveLook, 'and ${l.lookedAt} <= ${startedAt})', 'and ${startedAt}::timestamptz is not null)'),
    ],
    scope: {
      start: teamWith('a'),
      moves: [anyDialStep],
      maxMoves: 2,
      looks: 2,
      order: 'one within the other',
    },
  },
  {
    title: 'keeps the digest of the last reading',
    edits: [
      edit(
        saveLook,
        "sql`'looked at ' || allo.rows_mark(${queueId})`",
        "sql`split_part(${queues.contentDigest}, ' ', 1) || ' ' || allo.rows_mark(${queueId})`",
      ),
    ],
    scope: { start: teamWith('a'), moves: [anyDialStep], maxMoves: 2, looks: 1 },
  },
  {
    title: 'does not count what changed',
    edits: [
      edit(saveLook, 'difference: written.difference', 'difference: noOutcomes()'),
      edit(
        saveLook,
        'import { recordCounts } from',
        "import { noOutcomes } from '../reading/outcome-counts.ts'\nimport { recordCounts } from",
      ),
    ],
    scope: { moves: [dial] },
  },
]

/** Null: the scope shows no fault of this program. */
export async function failureOf(
  lookAtTeammate: Look,
  runInProcess: typeof RunInProcess,
  rewindable: RewindablePool,
  { scope }: Pick<LookFault, 'scope'>,
): Promise<FailedSchedule | null> {
  const start = teamWith('ab')
  const tried =
    scope === null
      ? await tryLooksInPasses(lookAtTeammate, runInProcess, rewindable, {
          mirrored: teamWith('a'),
          start: dialled('a'),
          moves: [dialOfReader],
          stopsAtFailure: true,
        })
      : await tryAllLooks(lookAtTeammate, runInProcess, rewindable, {
          start,
          maxMoves: 1,
          looks: 1,
          stopsAtFailure: true,
          ...scope,
        })
  return tried.failure
}

/** The faulty program has small pages. */
export function withSmallPages({ title, edits }: Fault): Fault {
  return { title, edits: [...edits, ...smallPageEdits] }
}
