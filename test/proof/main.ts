/**
 * `npm run proof -- --depth 3 --only readings`: tries every schedule with up to so many moves. There is no seed, because
 * nothing is random. Exit 1 if something was false; then the shortest schedule that shows it is printed.
 */
import { parseArgs } from 'node:util'
import { startTemporaryPostgres } from '../../src/embedded/temporary-postgres.ts'
import { runInProcess } from '../../src/pass/run-in-process.ts'
import { takeSnapshot } from '../../src/snapshot/take-snapshot.ts'
import { migrateDatabase } from '../../src/store/migrate/migrate.ts'
import { comeBack, leave, type Move, ordinaryMoves, reassign, removeQueue, reset } from './moves.ts'
import { type PassesScope, tryAllPasses } from './passes.ts'
import type { FailedSchedule } from './readings.ts'
import { openRewindablePool, type RewindablePool } from './rewindable-pool.ts'
import { summaryOf, teamWith, tryQueues } from './scopes.ts'

const { values } = parseArgs({
  options: { depth: { type: 'string', default: '2' }, only: { type: 'string', default: '' } },
})
const depth = Number(values.depth)
if (!Number.isInteger(depth) || depth < 0 || !['', 'readings', 'passes'].includes(values.only)) {
  console.error('--depth takes a whole number of moves, --only takes readings or passes')
  process.exit(64)
}
const failures = [
  ...(values.only === 'passes' ? [] : await tryReadings()),
  ...(values.only === 'readings' ? [] : await tryPasses()),
]
const [shortest] = failures.sort((one, other) => one.moves - other.moves)
if (shortest === undefined) {
  console.log('Nothing was false. There is no seed: every schedule was tried.')
} else {
  console.log([`FALSE: ${shortest.why}`, ...shortest.story].join('\n'))
  process.exitCode = 1
}

async function tryReadings(): Promise<FailedSchedule[]> {
  const failures: FailedSchedule[] = []
  for (const queue of ['', 'a', 'ab', 'aa', 'a b', 'abc', 'aba', 'abcd', 'abcde']) {
    const seconds = stopwatch()
    const tried = await tryQueues(takeSnapshot, [queue], { maxMoves: depth })
    failures.push(...tried.flatMap(({ failure }) => failure ?? []))
    console.log(`readings of "${queue}", ${depth} moves, ${seconds()} s: ${summaryOf(tried)}`)
  }
  return failures
}

/** One event less where all moves are tried, because each is a whole pass. */
async function tryPasses(): Promise<FailedSchedule[]> {
  const server = await startTemporaryPostgres({
    name: 'proof',
    settings: { fsync: 'off', full_page_writes: 'off' },
  })
  try {
    await migrateDatabase(server.url)
    const rewindable = await openRewindablePool(server.url)
    const scopes: [name: string, moves: readonly Move[], scope: Partial<PassesScope>][] = [
      ['all moves', ordinaryMoves, { maxEvents: Math.max(0, depth - 1), opening: [] }],
      ['moves of queues and teammates', [reassign, removeQueue, reset, leave, comeBack], {}],
      ['failures', [reassign], { failures: ['no answer', 'stop'] }],
    ]
    const failures: FailedSchedule[] = []
    for (const [name, moves, scope] of scopes)
      failures.push(...(await tryScope(rewindable, name, { moves, ...scope })))
    await rewindable.close()
    return failures
  } finally {
    await server.remove()
  }
}

async function tryScope(
  rewindable: RewindablePool,
  name: string,
  scope: Pick<PassesScope, 'moves'> & Partial<PassesScope>,
): Promise<FailedSchedule[]> {
  const usual = { start: teamWith('a'), opening: [[]], passes: 2, maxEvents: depth, failures: [] }
  const seconds = stopwatch()
  const { schedules, passes, stopped, failure } = await tryAllPasses(runInProcess, rewindable, {
    ...usual,
    ...scope,
  })
  console.log(
    `passes, ${name}, ${seconds()} s: ${schedules} schedules, ${passes} passes, ${stopped} of them stopped`,
  )
  return failure === null ? [] : [failure]
}

function stopwatch(): () => string {
  const startedAt = performance.now()
  return () => ((performance.now() - startedAt) / 1000).toFixed(1)
}
