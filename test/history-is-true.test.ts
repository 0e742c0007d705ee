/**
 * Long random days of simulated teams that change while they are read, with an API that fails. Afterwards every past
 * state on record must have been true. HISTORY_SEEDS worlds (4) have HISTORY_PASSES passes (30) each. To repeat a world
 * that failed: `-t 'world 17'`.
 */
import { expect, test } from 'vitest'
import { AlloError } from '../src/allo/errors.ts'
import { type FaultKind, TRANSIENT_FAULTS } from '../src/simulation/faults.ts'
import { createRandom, type Random } from '../src/simulation/random.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import type { TimestampStyle } from '../src/simulation/timestamps.ts'
import { createWorld, type World, type WorldOptions } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { watchEndings } from './support/endings.ts'
import { type Mirror, openMirror } from './support/mirror.ts'
import { compareMirrorWithSource, findUnsettled } from './support/source.ts'
import { compareWithTruth } from './support/truth.ts'

const { HISTORY_SEEDS = '4', HISTORY_PASSES = '30' } = process.env
const worlds = Number(HISTORY_SEEDS)
const passes = Number(HISTORY_PASSES)

/** What every fourth world has in common. */
const climates: readonly {
  readonly world: Partial<WorldOptions>
  readonly timestamps: TimestampStyle
  readonly nodeZone: string
  readonly databaseSettings: readonly string[]
  /** Answers that are wrong as a whole: the reading must fail or be made again. */
  readonly lies: readonly FaultKind[]
}[] = [
  {
    world: { renumberOnRemoval: true },
    timestamps: 'naive',
    nodeZone: 'Pacific/Kiritimati',
    databaseSettings: [`timezone to 'America/St_Johns'`],
    lies: ['wrong_owner', 'lost_row', 'duplicated_row'],
  },
  {
    world: { renumberOnRemoval: false, timestampPrecision: 'microsecond' },
    timestamps: 'micros',
    nodeZone: 'America/Los_Angeles',
    databaseSettings: [`timezone to 'Asia/Kathmandu'`, `datestyle to 'German'`],
    lies: ['repeated_page', 'endless_pages', 'total_count_wrong'],
  },
  {
    world: { renumberOnRemoval: 'mixed' },
    timestamps: 'mixed',
    nodeZone: 'Europe/Paris',
    databaseSettings: [`timezone to 'Pacific/Chatham'`, `datestyle to 'SQL, DMY'`],
    lies: ['odd_no_queue'],
  },
  {
    world: { renumberOnRemoval: 'mixed', numbersPerQueue: [90, 210] },
    timestamps: 'offset',
    nodeZone: 'UTC',
    databaseSettings: [`timezone to 'UTC'`, `datestyle to 'Postgres, MDY'`],
    lies: ['total_count_missing', 'unknown_fields'],
  },
]

/** More of what is rare on a real day and hard to tell the truth about. */
const pace = {
  second_dial: 5,
  append: 6,
  duplicate: 2,
  remove_number: 3,
  remove_positions: 3,
  refill: 3,
  reset: 1.5,
  remove_queue: 0.4,
  restore_queue: 0.4,
  reassign: 1.2,
  swap: 1,
  leave: 0.5,
  return: 0.6,
  block: 0.3,
  unblock: 0.3,
}

/** Every retry of these waits; of 429s only that they say nothing about how long. */
const TRANSIENT: readonly FaultKind[] = [
  ...TRANSIENT_FAULTS.filter((kind) => kind !== 'rate_limited'),
  'invalid_json',
]

test.each(Array.from({ length: worlds }, (_, index) => index + 1))(
  'world %i: every recorded past state was true',
  { timeout: 300_000 + passes * 3000 },
  async (seed) => {
    const climate = climates[(seed - 1) % climates.length]
    if (!climate) throw new Error('there is no such climate')
    const zoneBefore = process.env.TZ
    process.env.TZ = climate.nodeZone
    expect(new Intl.DateTimeFormat().resolvedOptions().timeZone).toBe(climate.nodeZone)
    const database = await createTestDatabase()
    await setForEverySession(database, climate.databaseSettings)
    const world = createWorld({
      seed,
      teammates: 9,
      blocked: 1,
      withoutQueue: 2,
      numbersPerQueue: [80, 350],
      calledBefore: 0.3,
      pace,
      ...climate.world,
    })
    const apiKey = `ak_live_of_world_${seed}`
    const { timestamps } = climate
    const simulated = await startSimulatedAllo({ world, apiKey, readsPerSecond: null, timestamps, seed })
    const mirror = await openMirror({ simulated, databaseUrl: database.url, apiKey })
    const random = createRandom(`order of day ${seed}`)
    const endings = await watchEndings(database.pool, world.truth)
    const problems: string[] = []
    const looks: Record<string, number> = {}
    try {
      for (let round = 1; round <= passes; round += 1) {
        const isQuiet = round % 6 === 0
        if (isQuiet) rest(simulated)
        else {
          world.act(random.int(0, 15))
          stir(simulated, { seed: `${seed} ${round}`, lies: round % 2 === 0 ? climate.lies : [] })
          await lookAround({ mirror, world, random }, looks)
        }
        const { readings } = await mirror.pass()
        problems.push(...(await endings.look()))
        if (!isQuiet) continue
        // A queue that was reassigned while both were read stays with the first until it is seen without the queue.
        if (readings.some(({ errorCode }) => errorCode === 'queue_shared')) {
          await mirror.pass()
          problems.push(...(await endings.look()))
        }
        problems.push(...(await compareMirrorWithSource(database.pool, world)))
        // Only sometimes, so that a false row is not repaired before it is compared.
        if (round % 12 === 0) problems.push(...(await compareWithTruth(database.pool, world.truth)).problems)
        expect(problems, `after ${round} passes`).toEqual([])
      }
      rest(simulated)
      for (let round = 0; round < 4; round += 1) {
        const { status } = await mirror.pass()
        expect(status).toBe('ok')
        problems.push(...(await endings.look()))
      }
      problems.push(...(await findUnsettled(database.pool, world)))
      problems.push(...(await compareMirrorWithSource(database.pool, world)))
      const { readings, odd, problems: found } = await compareWithTruth(database.pool, world.truth)
      expect([...problems, ...found]).toEqual([])

      const injected = simulated.faults.injected()
      const moves = new Set(world.truth.moves().map(({ type }) => type))
      console.info(
        `world ${seed}: ${passes + 4} passes, ${readings} readings compared, looks ${JSON.stringify(looks)}, ${simulated.requests.count()} requests, ` +
          `${world.truth.moves().length} moves, ${endings.endings} endings (${endings.excused} beyond knowing), faults ${JSON.stringify(injected)}`,
      )
      // Asked about another teammate, an API that answers for the owner of the key may also say "no queue".
      expect(odd.length).toBeLessThanOrEqual((injected.odd_no_queue ?? 0) + (injected.wrong_owner ?? 0))
      expect(readings).toBeGreaterThan(passes * 3)
      expect(looks).toMatchObject({ changed: expect.any(Number), unexpected: expect.any(Number) })
      expect(TRANSIENT.filter((kind) => injected[kind]).length).toBeGreaterThan(3)
      expect(climate.lies.some((kind) => injected[kind])).toBe(true)
      expect([...moves]).toEqual(expect.arrayContaining(['dial', 'reset', 'append', 'remove_positions']))
    } finally {
      if (zoneBefore === undefined) delete process.env.TZ
      else process.env.TZ = zoneBefore
      await mirror.close()
      await simulated.close()
      await database.drop()
    }
  },
)

async function setForEverySession({ pool, name }: TestDatabase, settings: readonly string[]): Promise<void> {
  for (const setting of settings) await pool.query(`alter database ${name} set ${setting}`)
}

/** Looks at random teammates, while the team goes on. A look that fails changes nothing. */
async function lookAround(
  { mirror, world, random }: { readonly mirror: Mirror; readonly world: World; readonly random: Random },
  looks: Record<string, number>,
): Promise<void> {
  const ids = world.teammates().map(({ id }) => id)
  for (let nth = 0; nth < 4; nth += 1) {
    const userId = random.pick(ids)
    const { kind } = await mirror.look(world.team.id, userId).catch((error: unknown) => {
      if (error instanceof AlloError) return { kind: 'failed' }
      throw error
    })
    looks[kind] = (looks[kind] ?? 0) + 1
    world.act(random.int(0, 2))
  }
}

/** Nothing moves, nothing fails. */
function rest(simulated: SimulatedAllo): void {
  simulated.change({ movesBetweenPages: 0, latencyMs: 0 })
  simulated.faults.clear()
}

/** Lies come in every other pass only: told twice in a row, a lie that says "no queue" is proof. */
function stir(simulated: SimulatedAllo, { seed, lies }: { seed: string; lies: readonly FaultKind[] }): void {
  simulated.change({ movesBetweenPages: 1.2, movesInThatQueue: 0.5, latencyMs: [0, 3] })
  simulated.faults.clear()
  simulated.faults.chaos({ seed, probability: 0.03, kinds: TRANSIENT })
  const retryAfter = { retryAfterSeconds: 'missing', retryAfterHeader: 'none' } as const
  simulated.faults.add({ kind: 'rate_limited', probability: 0.02, ...retryAfter })
  for (const kind of lies) simulated.faults.add({ kind, endpoint: 'queue', probability: 0.03 })
}
