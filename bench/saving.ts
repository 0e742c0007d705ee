/**
 * How long saving a reading takes, as a ratio to a bare COPY: of all rows for the first reading, of the numbers only for
 * later ones.
 */
import { stepsOfACall } from '../src/simulation/calls.ts'
import { createRandom } from '../src/simulation/random.ts'
import { createWorld, type World } from '../src/simulation/world.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { type BareTable, copyRows, createBareTables, emptyBareTables, rowsOf } from './bare-copy.ts'
import { bounded, type Figure, ratio } from './figures.ts'
import { type Lab, walPosition } from './lab.ts'
import { type Comparison, compare, median, type Rounds, timed } from './measure.ts'
import { openSource, type QueueReading, save } from './source.ts'

export async function benchSaving(lab: Lab, { isQuick }: { readonly isQuick: boolean }): Promise<Figure[]> {
  const large = { numbers: 25_000, warmUps: 1, rounds: isQuick ? 3 : 11 }
  const small = { numbers: 500, warmUps: isQuick ? 15 : 30, rounds: isQuick ? 25 : 80 }
  const unchanged = await savingAgain(lab, large, leaveAlone)
  const renumbered = await savingAgain(lab, { ...large, rounds: isQuick ? 1 : 3 }, removeHead)
  return [
    ratio('25,000 numbers, first time', await savingFirst(lab, large), 2.2),
    ratio('25,000 numbers, unchanged', unchanged, 1),
    bounded('  WAL it writes', unchanged.walBytes, { atMost: 5000 }, { unit: ' B', digits: 0 }),
    ratio('25,000 numbers, 1 % changed', await savingAgain(lab, large, dialSome), 1.5),
    ratio('25,000 numbers, all moved up by one', renumbered, null),
    bounded('  WAL it writes', renumbered.walBytes / 1e6, null, { unit: ' MB', digits: 1 }),
    ratio('500 numbers, first time', await savingFirst(lab, small), 3),
    ratio('500 numbers, unchanged', await savingAgain(lab, small, leaveAlone), 3),
    ratio('500 numbers, 1 % changed', await savingAgain(lab, small, dialSome), 3),
    ...(isQuick ? [] : [ratio(whatOfDialled, await savingFirst(lab, { ...large, dialled: 1 / 3 }), null)]),
  ]
}

/** Its dials are written too, but the baseline does not copy them. */
const whatOfDialled = '25,000 numbers, a third dialled, first time'

const tablesOfFirstSaving: readonly BareTable[] = ['queue_numbers', 'queue_entries', 'queue_number_versions']

/** A new queue in each round. The baseline copies the rows that this reading has written. */
function savingFirst(
  lab: Lab,
  { numbers, dialled = 0, ...rounds }: Rounds & { readonly numbers: number; readonly dialled?: number },
): Promise<Comparison> {
  return lab.withDatabase(async ({ pool }) => {
    await createBareTables(pool)
    const teammates = rounds.warmUps + rounds.rounds + 1
    const world = createWorld({ seed: 1, teammates, numbersPerQueue: numbers, calledBefore: dialled })
    const source = await openSource(world, pool)
    const [first, ...others] = world.teammates()
    const waiting = others.values()
    let reading = await source.read(first?.id ?? '')
    await save(pool, reading)
    const ours = async () => {
      const { value: teammate } = waiting.next()
      reading = await source.read(teammate?.id ?? '')
      return timed(() => save(pool, reading))
    }
    const baseline = () => copyAgain(pool, reading, tablesOfFirstSaving)
    return compare({ ours, baseline }, rounds)
  })
}

/** The same queue in each round, after `move`. */
function savingAgain(
  lab: Lab,
  options: Rounds & { readonly numbers: number },
  move: (world: World) => void,
): Promise<Comparison & { readonly walBytes: number }> {
  return lab.withDatabase(({ pool }) => savingAgainIn(pool, options, move))
}

/** In a database that may have other teams. */
export async function savingAgainIn(
  pool: Pool,
  { numbers, ...rounds }: Rounds & { readonly numbers: number },
  move: (world: World) => void,
): Promise<Comparison & { readonly walBytes: number }> {
  await createBareTables(pool)
  const world = createWorld({ seed: 1, teammates: 1, numbersPerQueue: numbers, calledBefore: 0.2 })
  const source = await openSource(world, pool)
  let reading = await source.read(world.keyOwner())
  await save(pool, reading)
  const walBytes: number[] = []
  const ours = async () => {
    move(world)
    reading = await source.read(world.keyOwner())
    const walBefore = await walPosition(pool)
    const ms = await timed(async () => {
      const { changed, moved } = await save(pool, reading)
      if (changed + moved > 0 !== (move !== leaveAlone)) throw new Error('not what was to be measured')
    })
    walBytes.push((await walPosition(pool)) - walBefore)
    return ms
  }
  const baseline = () => copyAgain(pool, reading, ['queue_numbers'])
  const comparison = await compare({ ours, baseline }, rounds)
  return { ...comparison, walBytes: median(walBytes.slice(rounds.warmUps)) }
}

async function copyAgain(
  pool: Pool,
  { result }: QueueReading,
  tables: readonly BareTable[],
): Promise<number> {
  await emptyBareTables(pool)
  const rows = await Promise.all(tables.map((table) => rowsOf(pool, table, result.queue.id)))
  const copied = tables.map((table, index) => ({ table, rows: rows[index] ?? [] }))
  return timed(() => copyRows(pool, copied))
}

function leaveAlone(): void {}

const random = createRandom('who is dialled')

/** One number in a hundred, anywhere in the queue, with the result of its call. */
export function dialSome(world: World): void {
  const userId = world.keyOwner()
  const size = world.currentQueue(userId)?.size ?? 0
  const positions = new Set<number>()
  while (positions.size < size / 100) positions.add(random.int(0, size - 1))
  for (const position of positions) {
    world.apply({ type: 'dial', userId, position })
    for (const step of stepsOfACall(random, true)) {
      if (step !== 'id') world.apply({ type: 'result', userId, position, result: step })
    }
  }
}

function removeHead(world: World): void {
  world.apply({ type: 'remove_positions', userId: world.keyOwner(), positions: [0], renumber: true })
}
