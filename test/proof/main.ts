/**
 * `npm run proof -- --depth 3`: tries every schedule with up to so many moves. There is no seed, because nothing is
 * random. Exit 1 if a reading was false; then the shortest schedule that shows it is printed.
 */
import { parseArgs } from 'node:util'
import { takeSnapshot } from '../../src/snapshot/take-snapshot.ts'
import type { FailedSchedule } from './readings.ts'
import { summaryOf, tryQueues } from './scopes.ts'

const { values } = parseArgs({ options: { depth: { type: 'string', default: '2' } } })
const maxMoves = Number(values.depth)
if (!Number.isInteger(maxMoves) || maxMoves < 0) {
  console.error('--depth takes a whole number of moves')
  process.exit(64)
}

const failures: FailedSchedule[] = []
for (const queue of ['', 'a', 'ab', 'aa', 'a b', 'abc', 'aba', 'abcd', 'abcde']) {
  const startedAt = performance.now()
  const tried = await tryQueues(takeSnapshot, [queue], { maxMoves })
  failures.push(...tried.flatMap(({ failure }) => failure ?? []))
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`queue "${queue}", ${maxMoves} moves, ${seconds} s: ${summaryOf(tried)}`)
}
const [shortest] = failures.sort((one, other) => one.moves - other.moves)
if (shortest === undefined) {
  console.log(
    'Each reading that was returned as whole was true while it was read. No seed: every schedule was tried.',
  )
} else {
  console.log([`FALSE: ${shortest.why}`, ...shortest.story].join('\n'))
  process.exitCode = 1
}
