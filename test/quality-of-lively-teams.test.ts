/**
 * No activity of a team, no fault of the API and no moment of a pass makes a check fail. The checks run while passes
 * are being written, over teams that change while they are read. QUALITY_SEEDS worlds (3) have QUALITY_PASSES passes
 * (16) each.
 */
import { expect, test } from 'vitest'
import { retain } from '../src/personal-data/retain.ts'
import type { CheckResult } from '../src/quality/check.ts'
import { checks } from '../src/quality/checks.ts'
import { deepChecks } from '../src/quality/deep/deep-checks.ts'
import { runChecks } from '../src/quality/run-checks.ts'
import type { FaultKind } from '../src/simulation/faults.ts'
import { createRandom } from '../src/simulation/random.ts'
import { startSimulatedAllo } from '../src/simulation/server.ts'
import type { NumberRow } from '../src/simulation/shapes.ts'
import { createWorld, type World, type WorldOptions } from '../src/simulation/world.ts'
import { createTestDatabase } from './support/database.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { openMirror } from './support/mirror.ts'

const { QUALITY_SEEDS = '3', QUALITY_PASSES = '16' } = process.env

const pace = {
  second_dial: 5,
  duplicate: 3,
  remove_number: 3,
  remove_positions: 3,
  refill: 3,
  reset: 2,
  remove_queue: 1,
  restore_queue: 1,
  reassign: 2,
  swap: 1.5,
  leave: 1,
  return: 1.2,
  block: 0.3,
  unblock: 0.3,
}

const climates: readonly { world: Partial<WorldOptions>; lies: readonly FaultKind[] }[] = [
  { world: { renumberOnRemoval: true }, lies: ['wrong_owner', 'lost_row', 'duplicated_row'] },
  { world: { renumberOnRemoval: false }, lies: ['odd_no_queue', 'null_number', 'null_assignee'] },
  {
    world: { renumberOnRemoval: 'mixed' },
    lies: ['total_count_missing', 'unknown_fields', 'underscore_ids', 'repeated_page'],
  },
]
const failures: readonly FaultKind[] = [
  'server_error',
  'connection_reset',
  'cut_off',
  'empty_body',
  'conflict',
]

const WEEKEND_MS = 60 * 3_600_000

/** The world as it is, but that what happened before each of these weekends happened that much earlier. */
function olderBy(world: World, weekends: readonly number[]): World {
  const shifted = <T extends string | null>(naive: T) => {
    if (naive === null) return naive
    const ms = Date.parse(`${naive}Z`)
    const since = weekends.filter((weekend) => ms < weekend).length
    return new Date(ms - since * WEEKEND_MS).toISOString().slice(0, 23)
  }
  const row = (shown: NumberRow) =>
    Object.assign(
      { ...shown },
      {
        created_at: shifted(shown.created_at),
        updated_at: shifted(shown.updated_at),
        call_start_date: shifted(shown.call_start_date),
      },
    )
  return {
    ...world,
    currentQueue(userId) {
      const current = world.currentQueue(userId)
      if (!current) return current
      const { queue } = current
      const times = { created_at: shifted(queue.created_at), updated_at: shifted(queue.updated_at) }
      return {
        ...current,
        queue: { ...queue, ...times },
        rows: (from, count) => current.rows(from, count).map(row),
      }
    },
  }
}

/** Gives every open call a result at the end of the week, so that no dial stays unresolved. */
function endAllCalls(world: World): void {
  for (const { id: userId } of world.teammates()) {
    for (const { position, call_start_date, ...results } of world.currentQueue(userId)?.rows() ?? []) {
      if (call_start_date === null || results.routing_result !== null) continue
      world.apply({ type: 'dial', userId, position })
      world.apply({ type: 'result', userId, position, result: { routing_result: 'CLOSED' } })
    }
  }
}

/** Those are legal, and only said. */
const isCrying = ({ status, severity }: CheckResult) => status === 'failed' && severity !== 'note'

test.each(Array.from({ length: Number(QUALITY_SEEDS) }, (_, index) => index + 1))(
  'no check fails in world %i',
  { timeout: 300_000 + Number(QUALITY_PASSES) * 3000 },
  async (seed) => {
    const climate = climates[(seed - 1) % climates.length]
    const database = await createTestDatabase()
    const world = createWorld({
      seed: `quality ${seed}`,
      teammates: 8,
      blocked: 1,
      withoutQueue: 2,
      numbersPerQueue: [30, 150],
      calledBefore: 0.3,
      timestampPrecision: 'microsecond',
      pace,
      ...climate?.world,
    })
    const apiKey = `ak_live_of_quality_${seed}`
    const weekends: number[] = []
    const simulated = await startSimulatedAllo({
      world: olderBy(world, weekends),
      apiKey,
      readsPerSecond: null,
      seed,
    })
    // More than all weekends together: who comes back after them and can't be read at once has old data indeed.
    const env = { FRESHNESS_SLO: '30d' }
    const mirror = await openMirror({ simulated, databaseUrl: database.url, apiKey, env })
    const random = createRandom(`quality ${seed}`)
    const cries: string[] = []
    const looked = new Map<string, number>()
    let erased = 0
    const look = async (when: string, isDeep = false) => {
      const { results } = await runChecks(database.pool, world.team.id, isDeep ? { deep: () => {} } : {})
      const expected = isDeep ? [...checks, ...deepChecks] : checks
      expect(results.map(({ name }) => name)).toEqual(expected.map(({ name }) => name))
      for (const result of results) {
        if (isCrying(result)) cries.push(`${when}: ${result.name}: ${result.sentence}`)
        if (result.status === 'passed') looked.set(result.name, (looked.get(result.name) ?? 0) + 1)
      }
    }
    try {
      for (let round = 1; round <= Number(QUALITY_PASSES); round += 1) {
        simulated.change({ movesBetweenPages: 1.2, movesInThatQueue: 0.5, latencyMs: [0, 4] })
        simulated.faults.clear()
        simulated.faults.chaos({ seed: `${seed} ${round}`, probability: 0.04, kinds: failures })
        // In every other pass only: a teammate who can't be read three times in a row is worth a word.
        for (const kind of round % 2 === 0 ? (climate?.lies ?? []) : [])
          simulated.faults.add({ kind, endpoint: 'queue', probability: 0.05 })
        world.act(random.int(0, 20))
        if (round % 8 === 0) {
          endAllCalls(world)
          await mirror.pass()
          await letTimePass(database.pool, `${WEEKEND_MS} ms`)
          weekends.push(performance.timeOrigin + performance.now())
          // What ended before the weekend before goes, numbers even earlier.
          const run = { pool: database.pool, teamId: world.team.id, numberKeys: null }
          const isErasing = seed % 2 === 0
          const retained = isErasing
            ? await retain(run, { numbersDays: 1, historyDays: 4, readsDays: 2 })
            : null
          erased += retained?.stays ?? 0
          await look(`after a weekend, before pass ${round}`, true)
        }
        let isOver = false
        const pass = mirror.pass({ users: round % 5 === 0 ? [world.keyOwner()] : [] }).finally(() => {
          isOver = true
        })
        for (let looks = 0; !isOver; looks += 1) await look(`look ${looks} into pass ${round}`)
        await pass
        await look(`after pass ${round}`, true)
        expect(cries).toEqual([])
      }
      const { results } = await runChecks(database.pool, world.team.id)
      const phoneNumbers = results.filter(({ sentence }) => /\+?\d{7,}/.test(sentence))
      expect(phoneNumbers).toEqual([])
      console.info(`world ${seed}: ${erased} stays erased, ${JSON.stringify(Object.fromEntries(looked))}`)
    } finally {
      await mirror.close()
      await simulated.close()
      await database.drop()
    }
  },
)
