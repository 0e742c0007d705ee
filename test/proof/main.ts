/** `npm run proof`: see `usage`. */
import { parseArgs } from 'node:util'
import { startTemporaryPostgres } from '../../src/embedded/temporary-postgres.ts'
import { lookAtTeammate } from '../../src/live/look-at-teammate.ts'
import { runInProcess } from '../../src/pass/run-in-process.ts'
import { takeSnapshot } from '../../src/snapshot/take-snapshot.ts'
import { migrateDatabase } from '../../src/store/migrate/migrate.ts'
import { tryAllLooks } from './looks.ts'
import { comeBack, leave, type Move, ordinaryMoves, reassign, removeQueue, reset } from './moves.ts'
import { type PassesScope, tryAllPasses } from './passes.ts'
import type { FailedSchedule } from './readings.ts'
import { openRewindablePool, type RewindablePool } from './rewindable-pool.ts'
import { summaryOf, teamWith, tryQueues } from './scopes.ts'

const usage = `npm run proof -- [--depth <moves>] [--only readings|passes|looks]

Runs the program on a small Allo in memory and on a temporary Postgres, and tries every schedule: up to so many moves
(2 if not given) between any two requests, in each order. A move is what can happen in Allo: a number is added, a queue
is reassigned, a call goes on. After each reading, pass and look, what the program says is compared with what was.

Nothing is random, so there is no seed. Depth 1 takes a quarter of a minute, depth 2 two minutes, and each move more about
twenty times as long. Exit 1 if something was false, with the shortest schedule that shows it.`

const legend = `How to read it: 1@0. is number 1 at position 0, with a dot for each visible step of its call, and ' for each time that
it was added again. pdl-0 is queue 0. Requests of a pass count from its list of teammates on.`

const parts = { readings: tryReadings, passes: tryPasses, looks: tryLooks }

const options = readOptions()
if (options === null) {
  console.error(usage)
  process.exit(64)
}
const { depth, only } = options
console.log(`Trying every schedule with up to ${depth} moves; --help says what that is.`)
const failures: FailedSchedule[] = []
for (const [part, tryPart] of Object.entries(parts))
  if (only === '' || only === part) failures.push(...(await tryPart()))
const [shortest] = failures.sort((one, other) => one.moves - other.moves)
if (shortest === undefined) {
  console.log('Nothing was false.')
} else {
  console.log(`\nFALSE: ${shortest.why}\n\n${shortest.story.join('\n')}\n\n${legend}`)
  process.exitCode = 1
}

/** Null: they can't be read. */
function readOptions(): { readonly depth: number; readonly only: string } | null {
  try {
    const { values } = parseArgs({
      options: {
        depth: { type: 'string', default: '2' },
        only: { type: 'string', default: '' },
        help: { type: 'boolean', default: false },
      },
    })
    const isRight = /^\d$/.test(values.depth) && ['', ...Object.keys(parts)].includes(values.only)
    if (!values.help) return isRight ? { depth: Number(values.depth), only: values.only } : null
  } catch {
    return null
  }
  console.log(usage)
  process.exit(0)
}

async function tryReadings(): Promise<FailedSchedule[]> {
  const failures: FailedSchedule[] = []
  for (const queue of ['', 'a', 'ab', 'aa', 'a b', 'abc', 'aba', 'abcd', 'abcde']) {
    const seconds = stopwatch()
    const tried = await tryQueues(takeSnapshot, [queue], { maxMoves: depth })
    failures.push(...tried.flatMap(({ failure }) => failure ?? []))
    console.log(`readings of a queue "${queue}", ${seconds()} s: ${summaryOf(tried)}`)
  }
  return failures
}

async function withRewindable<T>(work: (pool: RewindablePool) => Promise<T>): Promise<T> {
  const server = await startTemporaryPostgres({
    name: 'proof',
    settings: { fsync: 'off', full_page_writes: 'off' },
  })
  try {
    await migrateDatabase(server.url)
    const rewindable = await openRewindablePool(server.url)
    return await work(rewindable).finally(() => rewindable.close())
  } finally {
    await server.remove()
  }
}

/** One event less where all moves are tried, because each is a whole pass. */
function tryPasses(): Promise<FailedSchedule[]> {
  return withRewindable(async (rewindable) => {
    const scopes: [name: string, moves: readonly Move[], scope: Partial<PassesScope>][] = [
      ['all moves', ordinaryMoves, { maxEvents: Math.max(0, depth - 1), opening: [] }],
      ['moves of queues and teammates', [reassign, removeQueue, reset, leave, comeBack], {}],
      ['failures', [reassign], { failures: ['no answer', 'stop'] }],
    ]
    const failures: FailedSchedule[] = []
    for (const [name, moves, scope] of scopes)
      failures.push(...(await tryScope(rewindable, name, { moves, ...scope })))
    return failures
  })
}

/** One move, because its order with the steps of two looks counts: a second one takes hours. */
function tryLooks(): Promise<FailedSchedule[]> {
  return withRewindable(async (rewindable) => {
    const failures: FailedSchedule[] = []
    for (const looks of [1, 2] as const) {
      const seconds = stopwatch()
      const maxMoves = looks === 1 ? depth : Math.min(depth, 1)
      const scope = { start: teamWith('ab'), moves: ordinaryMoves, maxMoves, looks }
      const { schedules, failure, ...tried } = await tryAllLooks(
        lookAtTeammate,
        runInProcess,
        rewindable,
        scope,
      )
      if (failure !== null) failures.push(failure)
      const results = Object.entries(tried.looks).map(([result, count]) => `${count} ${result}`)
      console.log(`${looks} looks, ${seconds()} s: ${schedules} schedules, ${results.join(', ')}`)
    }
    return failures
  })
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
