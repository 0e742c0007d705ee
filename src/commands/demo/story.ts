/**
 * The chapters of the demo: what happens to the simulated team. A pass follows each. The same seed gives the same team;
 * only moves between two page requests depend on timing.
 */
import type { SimulatedAllo } from '../../simulation/server.ts'
import type { TeammateRow } from '../../simulation/shapes.ts'
import { createWorld, type World } from '../../simulation/world.ts'

export interface Chapter {
  readonly title: string
  /** Moves the world, and returns a few lines about it. */
  readonly happens: (stage: Stage) => string[]
}

export interface Stage {
  readonly world: World
  readonly allo: SimulatedAllo
  readonly cast: Cast
  /** The number whose history is shown at the end. It is in the owner's queue. */
  readonly followed: string
}

/** The teammates by their role in the chapters. */
type Cast = Readonly<
  Record<'owner' | 'remover' | 'restless' | 'resetter' | 'giver' | 'leaver' | 'taker', TeammateRow>
>

/** Random dials, results and appends. The chapters make all other moves. */
const dialling = {
  ...{ remove_number: 0, remove_positions: 0, clear_uncalled: 0, refill: 0, duplicate: 0, second_dial: 0 },
  ...{ reset: 0, first_queue: 0, remove_queue: 0, restore_queue: 0, settings: 0, reassign: 0, swap: 0 },
  ...{ leave: 0, return: 0, block: 0, unblock: 0, join: 0, edit_teammate: 0 },
}

export function createDemoWorld(): World {
  return createWorld({
    seed: 8,
    teammates: 8,
    blocked: 1,
    withoutQueue: 1,
    numbersPerQueue: [30, 260],
    calledBefore: 0.35,
    teamName: 'Acme Sales',
    pace: dialling,
  })
}

export function setStage(world: World, allo: SimulatedAllo): Stage {
  const [owner, , remover, restless, resetter, giver, leaver, taker] = world.teammates()
  if (!owner || !remover || !restless || !resetter || !giver || !leaver || !taker) {
    throw new Error('the demo needs a team of eight')
  }
  const followed = world.currentQueue(owner.id)?.rowAt(40)?.number_to
  if (followed === undefined) throw new Error('the demo needs a longer queue')
  return { world, allo, followed, cast: { owner, remover, restless, resetter, giver, leaver, taker } }
}

export const chapters: readonly Chapter[] = [
  {
    title: 'A team that has called a third of its numbers',
    happens({ world }) {
      const everyone = world.teammates()
      const sizes = everyone.map(({ id }) => world.currentQueue(id)?.size ?? null)
      const queues = sizes.filter((size) => size !== null)
      return [
        `${everyone.length} teammates, one of them blocked, one without a queue`,
        `${queues.length} queues of ${queues.reduce((sum, size) => sum + size, 0)} numbers`,
      ]
    },
  },
  {
    title: 'A morning of dialling, between two page reads too',
    happens({ world, allo, cast, followed }) {
      const before = world.truth.moves().length
      world.act(80)
      world.apply({ type: 'dial', ...placeOf(world, cast.owner, followed), callId: false })
      allo.change({ movesBetweenPages: 1, movesInThatQueue: 0.5 })
      return [countMoves(world, before), `one of them: ${cast.owner.name} dials ${followed}`]
    },
  },
  {
    title: 'Numbers are removed, and the API has errors',
    happens({ world, allo, cast, followed }) {
      const before = world.truth.moves().length
      world.act(30)
      const renumber = true
      world.apply({ type: 'remove_positions', userId: cast.remover.id, positions: [4, 50, 51], renumber })
      world.apply({ type: 'remove_positions', userId: cast.owner.id, positions: [12], renumber })
      world.apply({ type: 'dial', ...placeOf(world, cast.owner, followed) })
      const times = 1
      allo.faults.add({ kind: 'rate_limited', endpoint: 'queue', retryAfterSeconds: 1, times })
      allo.faults.add({ kind: 'server_error', endpoint: 'queue', times })
      allo.faults.add({ kind: 'cut_off', endpoint: 'queue', times })
      allo.faults.add({ kind: 'repeated_page', userId: cast.restless.id, page: 2, times: 4 })
      return [
        countMoves(world, before),
        `3 numbers are removed from ${possessive(cast.remover)} queue and 1 from ${possessive(cast.owner)}: later positions change`,
        `${cast.owner.name} dials ${followed} a second time`,
        `the API sends a 429, a 500 and half a body, and ${possessive(cast.restless)} pages never agree`,
      ]
    },
  },
  {
    title: 'A reset, a reassignment, and a teammate who leaves',
    happens({ world, cast }) {
      const before = world.truth.moves().length
      const { resetter, giver, taker, leaver } = cast
      world.act(20)
      world.apply({ type: 'reset', userId: resetter.id, fill: 20 })
      world.apply({ type: 'reassign', userId: giver.id, to: taker.id })
      world.apply({ type: 'leave', userId: leaver.id })
      return [
        countMoves(world, before),
        `${resetter.name} resets: a new queue of 20 numbers, and Allo deletes the old one`,
        `${possessive(giver)} queue goes to ${taker.name}; ${leaver.name} leaves the team`,
      ]
    },
  },
  {
    title: 'A second pass, because one response proves nothing',
    happens({ world, allo, cast, followed }) {
      const before = world.truth.moves().length
      world.act(15)
      world.apply({ type: 'dial', ...placeOf(world, cast.owner, followed) })
      const answered = { routing_result: 'ANSWERED' } as const
      world.apply({ type: 'result', ...placeOf(world, cast.owner, followed), result: answered })
      allo.change({ movesBetweenPages: 0 })
      return [
        countMoves(world, before),
        `${cast.owner.name} dials ${followed} a third time, and a person answers`,
        'from now on the queues do not change while they are read',
      ]
    },
  },
  {
    title: 'Lunch',
    happens: () => ['nothing changes'],
  },
]

function placeOf(world: World, { id }: TeammateRow, number: string): { userId: string; position: number } {
  const row = world
    .currentQueue(id)
    ?.rows()
    .find(({ number_to }) => number_to === number)
  if (row === undefined) throw new Error('the followed number is not where the story has it')
  return { userId: id, position: row.position }
}

function possessive({ name }: TeammateRow): string {
  return `${name}'s`
}

const words = new Map([
  ['dial', 'dials'],
  ['place_call', 'call ids'],
  ['result', 'results'],
  ['append', 'appends'],
])

/** `41 moves: dials 12, results 20, appends 3, others 6` */
function countMoves(world: World, from: number): string {
  const made = world.truth.moves().slice(from)
  const counts = [...words].map(
    ([type, word]) => [word, made.filter((move) => move.type === type).length] as const,
  )
  const others = made.length - counts.reduce((sum, [, count]) => sum + count, 0)
  const parts = [...counts, ['others', others] as const].filter(([, count]) => count > 0)
  return `${made.length} moves: ${parts.map(([word, count]) => `${word} ${count}`).join(', ')}`
}
