/**
 * Real processes, killed at random moments and run side by side. Afterwards a pass completes the mirror, and history
 * has no duplicate, no gap and no event that did not happen.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRandom } from '../src/simulation/random.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld, type World } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { watchEndings } from './support/endings.ts'
import { openMirror } from './support/mirror.ts'
import { createWorkplace, type Finished, type Running, startCli } from './support/run-cli.ts'
import { compareMirrorWithSource, findUnsettled } from './support/source.ts'
import { compareWithTruth } from './support/truth.ts'

const apiKey = 'ak_live_of_processes'
const pace = { reset: 1.5, reassign: 1.5, swap: 1, leave: 0.4, return: 0.6, remove_number: 3, refill: 3 }
const running = new Set<Running>()
let database: TestDatabase
let workplace: ReturnType<typeof createWorkplace>

beforeEach(async () => {
  database = await createTestDatabase()
  workplace = createWorkplace()
})

afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL')
  await database.drop()
  workplace.remove()
})

function sync(simulated: SimulatedAllo, env: Readonly<Record<string, string>>): Running {
  const started = startCli(
    ['sync', '--json'],
    {
      ALLO_API_KEY: apiKey,
      ALLO_API_URL: simulated.url,
      DATABASE_URL: database.url,
      LOG_LEVEL: 'error',
      ...env,
    },
    { cwd: workplace.folder },
  )
  running.add(started)
  void started.finished.finally(() => running.delete(started))
  return started
}

/** The world, and a call each time a page of it is about to be shown. */
function watched(world: World, onPage: () => void): World {
  return {
    ...world,
    currentQueue(userId) {
      onPage()
      return world.currentQueue(userId)
    },
  }
}

test('processes are killed at random moments, and the mirror loses nothing and invents nothing', async () => {
  const world = createWorld({
    seed: 'killed',
    teammates: 7,
    withoutQueue: 1,
    numbersPerQueue: [80, 250],
    calledBefore: 0.3,
    renumberOnRemoval: 'mixed',
    pace,
  })
  let onPage = () => {}
  const simulated = await startSimulatedAllo({
    world: watched(world, () => onPage()),
    apiKey,
    readsPerSecond: null,
    latencyMs: [0, 8],
  })
  const mirror = await openMirror({ simulated, databaseUrl: database.url, apiKey })
  const endings = await watchEndings(database.pool, world.truth)
  const random = createRandom('moments')
  const problems: string[] = []
  let killed = 0
  let unfinished = 0
  try {
    for (let round = 0; round < 40 && killed < 8; round += 1) {
      simulated.change({ movesBetweenPages: 1, movesInThatQueue: 0.6 })
      const { child, finished } = sync(simulated, { ALLO_READS_PER_SECOND: 'unlimited' })
      let pagesToGo = random.int(1, 13)
      const delayMs = random.int(0, 25)
      onPage = () => {
        pagesToGo -= 1
        if (pagesToGo === 0) setTimeout(() => child.kill('SIGKILL'), delayMs)
      }
      const { code } = await finished
      onPage = () => {}
      if (code === null) killed += 1
      const { rows } = await database.pool.query(`select from allo.sync_passes where status = 'running'`)
      unfinished = Math.max(unfinished, rows.length)

      // Some passes are closed as dead at once; others can't be distinguished from slow ones.
      if (random.chance(0.5)) {
        await database.pool.query(
          `update allo.sync_passes set lease_expires_at = clock_timestamp() where status = 'running'`,
        )
      }
      simulated.change({ movesBetweenPages: 0 })
      const { status } = await mirror.pass()
      expect(status).toBe('ok')
      problems.push(...(await endings.look()))
      problems.push(...(await compareMirrorWithSource(database.pool, world)))
    }
    for (let round = 0; round < 3; round += 1) await mirror.pass()
    problems.push(...(await findUnsettled(database.pool, world)))
    const { problems: found, readings } = await compareWithTruth(database.pool, world.truth)
    expect([...problems, ...found]).toEqual([])
    console.info(`${killed} processes killed, ${readings} readings compared, ${endings.endings} endings`)
    expect(killed).toBe(8)
    expect(unfinished).toBeGreaterThan(0)
  } finally {
    await mirror.close()
    await simulated.close()
  }
})

test('two processes at the same time stay within the limit of the key and record one history', async () => {
  const world = createWorld({
    seed: 'side by side',
    teammates: 5,
    numbersPerQueue: [80, 180],
    calledBefore: 0.3,
    renumberOnRemoval: 'mixed',
    pace,
  })
  const simulated = await startSimulatedAllo({ world, apiKey, readsPerSecond: 20, latencyMs: [5, 20] })
  const endings = await watchEndings(database.pool, world.truth)
  const problems: string[] = []
  const results: Finished[] = []
  try {
    for (let round = 0; round < 4; round += 1) {
      simulated.change({ movesBetweenPages: 0.6, movesInThatQueue: 0.6 })
      const [one, other] = [sync(simulated, {}), sync(simulated, {})]
      results.push(...(await Promise.all([one.finished, other.finished])))
      problems.push(...(await endings.look()))
    }
    simulated.change({ movesBetweenPages: 0, latencyMs: 0 })
    for (let round = 0; round < 3; round += 1) results.push(await sync(simulated, {}).finished)
    problems.push(...(await compareMirrorWithSource(database.pool, world)))
    problems.push(...(await findUnsettled(database.pool, world)))
    const { problems: found, readings } = await compareWithTruth(database.pool, world.truth)
    expect([...problems, ...found]).toEqual([])
    console.info(
      `${results.length} processes, ${readings} readings compared, ${simulated.requests.count()} requests, ` +
        `at most ${simulated.requests.maxInAnySlidingSecond()} in a second, exit codes ${results.map(({ code }) => code)}`,
    )
    expect(readings).toBeGreaterThan(20)
    expect(simulated.requests.maxInAnySlidingSecond()).toBeLessThanOrEqual(20)
    expect(simulated.requests.countOf(429)).toBe(0)
    expect(results.filter(({ code }) => code !== 0 && code !== 75)).toEqual([])
    expect(results.slice(-3).map(({ code }) => code)).toEqual([0, 0, 0])
  } finally {
    await simulated.close()
  }
})

test('the connection to the database is lost in random moments, and every reading is saved completely or not at all', async () => {
  const world = createWorld({
    seed: 'cut off',
    teammates: 6,
    numbersPerQueue: [80, 250],
    calledBefore: 0.3,
    renumberOnRemoval: 'mixed',
    pace,
  })
  let onPage = () => {}
  const page = watched(world, () => onPage())
  const simulated = await startSimulatedAllo({ world: page, apiKey, readsPerSecond: null, latencyMs: [0, 4] })
  const open = () => openMirror({ simulated, databaseUrl: database.url, apiKey })
  const endings = await watchEndings(database.pool, world.truth)
  const random = createRandom('cuts')
  const problems: string[] = []
  let broken = 0
  try {
    for (let round = 0; round < 12; round += 1) {
      simulated.change({ movesBetweenPages: 1, movesInThatQueue: 0.6 })
      const disturbed = await open()
      let pagesToGo = random.int(2, 18)
      let cutting: Promise<unknown> = Promise.resolve()
      onPage = () => {
        pagesToGo -= 1
        if (pagesToGo !== 0) return
        cutting = database.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name like '%mirror under test'`,
        )
      }
      const isWhole = await disturbed.pass().then(
        ({ status }) => status === 'ok',
        () => false,
      )
      await cutting
      onPage = () => {}
      if (!isWhole) broken += 1
      await disturbed.close()

      simulated.change({ movesBetweenPages: 0 })
      const mirror = await open()
      const { status } = await mirror.pass()
      await mirror.close()
      expect(status).toBe('ok')
      problems.push(...(await endings.look()))
      problems.push(...(await compareMirrorWithSource(database.pool, world)))
    }
    const { problems: found } = await compareWithTruth(database.pool, world.truth)
    expect([...problems, ...found]).toEqual([])
    expect(broken).toBeGreaterThan(2)
  } finally {
    await simulated.close()
  }
})
