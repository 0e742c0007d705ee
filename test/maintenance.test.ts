/** How several workers agree on which of them runs a periodic task. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPool } from '../src/store/postgres/database.ts'
import { type Claim, claimTask, finishTask } from '../src/store/postgres/maintenance.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

const DAY = 86_400
let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

async function rowOf(teamId: string) {
  const { rows } = await database.pool.query(
    `select finished_at is not null as is_finished, summary, error_message from allo.maintenance where team_id = $1`,
    [teamId],
  )
  return rows[0]
}

/** As if everything that happened so far had happened that much earlier. */
async function letPass(teamId: string, seconds: number) {
  await database.pool.query(
    `update allo.maintenance set started_at = started_at - make_interval(secs => $2),
       finished_at = finished_at - make_interval(secs => $2) where team_id = $1`,
    [teamId, seconds],
  )
}

function claimed(claim: Claim | null): Claim {
  if (claim === null) throw new Error('nothing was claimed')
  return claim
}

describe('a periodic task', () => {
  test('is given to one of several workers that ask at once, separately for each team and task', async () => {
    const pools = Array.from({ length: 4 }, () => openPool(database.url, { max: 4, name: 'chores' }))
    try {
      const ask = () => pools.flatMap((pool) => [1, 2, 3].map(() => claimTask(pool, 'many', 'retain', DAY)))
      const first = (await Promise.all(ask())).filter((claim) => claim !== null)
      expect(first.length).toBe(1)
      expect(await claimTask(database.pool, 'many', 'check', DAY)).not.toBeNull()
      expect(await claimTask(database.pool, 'others', 'retain', DAY)).not.toBeNull()

      await finishTask(database.pool, claimed(first[0] ?? null), { summary: 'done' })
      await letPass('many', DAY)
      expect((await Promise.all(ask())).filter((claim) => claim !== null).length).toBe(1)
    } finally {
      for (const pool of pools) await pool.end()
    }
  })

  test('that was done is due again one interval after it began, not earlier', async () => {
    const claim = claimed(await claimTask(database.pool, 'usual', 'retain', DAY))
    await finishTask(database.pool, claim, { summary: 'erased 3 numbers' })
    expect(await rowOf('usual')).toEqual({
      is_finished: true,
      summary: 'erased 3 numbers',
      error_message: null,
    })
    await letPass('usual', DAY - 60)
    expect(await claimTask(database.pool, 'usual', 'retain', DAY)).toBeNull()
    await letPass('usual', 60)
    expect(await claimTask(database.pool, 'usual', 'retain', DAY)).not.toBeNull()
    expect(await rowOf('usual')).toMatchObject({ is_finished: false, summary: 'erased 3 numbers' })
  })

  test.each([
    ['failed', 'the disk is full'],
    ['was left by a worker that died', null],
  ])('that %s is due again within the hour', async (_, error) => {
    const team = `left ${error}`
    const claim = claimed(await claimTask(database.pool, team, 'retain', DAY))
    if (error !== null) await finishTask(database.pool, claim, { error })
    expect(await rowOf(team)).toEqual({ is_finished: false, summary: null, error_message: error })
    await letPass(team, 3540)
    expect(await claimTask(database.pool, team, 'retain', DAY)).toBeNull()
    await letPass(team, 60)
    const next = claimed(await claimTask(database.pool, team, 'retain', DAY))

    await finishTask(database.pool, { ...claim, startedAt: '2020-01-01' }, { summary: 'by one who is late' })
    expect(await rowOf(team)).toMatchObject({ is_finished: false, summary: null })
    await finishTask(database.pool, next, { summary: 'done' })
    expect(await rowOf(team)).toEqual({ is_finished: true, summary: 'done', error_message: null })
  })
})
