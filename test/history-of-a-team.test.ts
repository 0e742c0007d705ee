/** Teammates join, leave, are blocked and return: what the mirror records about their queues. */
import { describe, expect, test } from 'vitest'
import { knownTeammates, recordTeam, recordTeammates } from '../src/store/pass/teammates.ts'
import { openMirror } from './support/mirror.ts'
import { compareMirrorWithSource } from './support/source.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

async function queueOf(stage: Stage, userId: string) {
  return (await stage.recorded()).queues.find(({ user_id }) => user_id === userId)
}

async function teammateOf(stage: Stage, userId: string) {
  return (await stage.recorded()).teammates.find(({ user_id }) => user_id === userId)
}

/** Everything on record but passes and readings, and when teammates were last listed. */
async function contents(stage: Stage): Promise<unknown> {
  const { passes, readings, ...rest } = await stage.recorded()
  return rest
}

describe('a teammate who leaves', () => {
  test('has left when two passes got a 404, and their queue is unobservable, not ended', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    await stage.pass()
    const queue = await queueOf(stage, userId)
    stage.apply({ type: 'leave', userId })
    await stage.pass()
    expect(await queueOf(stage, userId)).toMatchObject({ is_current: null, unobservable_since: null })
    expect(await teammateOf(stage, userId)).toMatchObject({ is_listed: false, left_at: null })
    expect((await stage.recorded()).versions.every(({ valid_to }) => valid_to === null)).toBe(true)

    await stage.pass()
    const recorded = await stage.recorded()
    const notFound = recorded.readings.filter(({ status }) => status === 'not_found')
    const since = notFound[0]?.observed_at
    expect(notFound).toHaveLength(2)
    expect(await teammateOf(stage, userId)).toMatchObject({ left_at: since })
    expect(await queueOf(stage, userId)).toMatchObject({
      is_current: null,
      ended_at: null,
      end_reason: null,
      unobservable_since: since,
    })
    const isTheirs = ({ queue_id }: { queue_id: string | null }) => queue_id === queue?.queue_id
    for (const version of recorded.versions.filter(isTheirs))
      expect(version).toMatchObject({ valid_to: since, end_reason: 'unobservable' })
    for (const entry of recorded.entries.filter(isTheirs))
      expect(entry).toMatchObject({ removed_at: null, removal_reason: 'unobservable' })
    expect(recorded.assignments.find(isTheirs)).toMatchObject({
      valid_to: since,
      end_reason: 'unobservable',
    })
    expect(recorded.numbers.filter(isTheirs)).toHaveLength(5)
  })

  test('is requested until the API has said so twice, and then no more', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    for (let round = 0; round < 4; round += 1) await stage.pass()
    const { readings } = await stage.recorded()
    expect(readings.filter(({ user_id }) => user_id === userId)).toHaveLength(3)
  })

  test('and returns has the same entries again, and the gap stays', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    await stage.pass()
    const before = await stage.recorded()
    stage.apply({ type: 'leave', userId })
    await stage.pass()
    await stage.pass()
    stage.apply({ type: 'return', userId })
    await stage.pass()
    const after = await stage.recorded()
    expect(await teammateOf(stage, userId)).toMatchObject({ is_listed: true, left_at: null })
    expect(await queueOf(stage, userId)).toMatchObject({ is_current: true, unobservable_since: null })
    expect(after.entries).toEqual(before.entries)
    const theirs = (await queueOf(stage, userId))?.queue_id
    const versions = after.versions.filter(({ queue_id }) => queue_id === theirs)
    expect(versions.map(({ end_reason }) => end_reason)).toEqual([
      ...Array(5).fill('unobservable'),
      ...Array(5).fill(null),
    ])
    expect(await compareMirrorWithSource(stage.database.pool, stage.world)).toEqual([])
  })

  test('for one pass only has not left, and nothing closes', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    await stage.pass()
    stage.apply({ type: 'return', userId })
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    await stage.pass()
    const { versions } = await stage.recorded()
    expect(versions.every(({ valid_to }) => valid_to === null)).toBe(true)
    expect(await teammateOf(stage, userId)).toMatchObject({ left_at: null })
  })

  test('after one wrong "no queue" leaves their queue unended, and the assignment is unobservable from that response on', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    await stage.pass()
    stage.simulated.faults.add({ kind: 'odd_no_queue', userId, times: 1 })
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    for (let round = 0; round < 3; round += 1) await stage.pass()
    const { readings, assignments, versions } = await stage.recorded()
    const odd = readings.find(({ status }) => status === 'no_queue')
    const queue = await queueOf(stage, userId)
    expect(queue).toMatchObject({ is_current: null, ended_at: null })
    expect(assignments.filter(({ user_id }) => user_id === userId)).toMatchObject([
      { queue_id: queue?.queue_id, valid_to: odd?.observed_at, end_reason: 'unobservable' },
    ])
    for (const version of versions.filter(({ queue_id }) => queue_id === queue?.queue_id))
      expect(version).toMatchObject({ valid_to: odd?.observed_at, end_reason: 'unobservable' })
  })

  test('who never had a queue has no assignment', async () => {
    const stage = await openStage({ world: { withoutQueue: 1 } })
    const userId = stage.ids[2] ?? ''
    await stage.pass()
    stage.apply({ type: 'leave', userId })
    await stage.pass()
    await stage.pass()
    const { assignments } = await stage.recorded()
    expect(assignments.filter(({ user_id }) => user_id === userId)).toEqual([])
  })
})

describe('a blocked teammate', () => {
  test('does not look like a teammate who left, and their queue continues', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    await stage.pass()
    stage.apply({ type: 'block', userId }, { type: 'append', userId, count: 2 })
    for (let round = 0; round < 3; round += 1) await stage.pass()
    expect(await teammateOf(stage, userId)).toMatchObject({
      status: 'BLOCKED',
      is_listed: true,
      left_at: null,
    })
    expect(await queueOf(stage, userId)).toMatchObject({ is_current: true })
    expect(await compareMirrorWithSource(stage.database.pool, stage.world)).toEqual([])
  })

  test.each([
    ['INCLUDE_BLOCKED', () => 'false'],
    ['EXCEPT_TEAMMATES', (userId: string) => userId],
  ])('left out by %s is skipped, and their queue does not end', async (variable, value) => {
    const stage = await openStage({ world: { blocked: 1 } })
    const [, userId = ''] = stage.ids
    await stage.pass()
    const mirror = await openMirror({
      ...stage,
      databaseUrl: stage.database.url,
      env: { [variable]: value(userId) },
    })
    for (let round = 0; round < 5; round += 1) await mirror.pass()
    // They may hold the missing queue, so it is unknown while they are not read.
    const owner = stage.world.keyOwner()
    stage.apply({ type: 'remove_queue', userId: owner })
    for (let round = 0; round < 5; round += 1) await mirror.pass()
    await mirror.close()
    expect(await queueOf(stage, owner)).toMatchObject({ is_current: null, ended_at: null })
    expect(await queueOf(stage, userId)).toMatchObject({ is_current: true, ended_at: null })
    const { readings } = await stage.recorded()
    const theirs = readings.filter(({ user_id }) => user_id === userId)
    expect(theirs.map(({ status }) => status)).toEqual(['ok', ...Array(10).fill('skipped')])
  })
})

describe('a team', () => {
  test('with a new teammate reads that teammate in the same pass', async () => {
    const stage = await openStage()
    await stage.pass()
    stage.apply({ type: 'join', numbers: 3 })
    expect((await stage.pass()).teammates).toBe(4)
    expect(await compareMirrorWithSource(stage.database.pool, stage.world)).toEqual([])
  })

  test('without an active teammate fails the pass, which changes nothing', async () => {
    const stage = await openStage()
    await stage.pass()
    const before = await contents(stage)
    stage.simulated.faults.add('empty_users')
    for (let round = 0; round < 3; round += 1)
      await expect(stage.pass()).rejects.toThrow('no active teammate')
    expect(await contents(stage)).toEqual(before)
    expect((await stage.recorded()).passes.map(({ status }) => status)).toEqual([
      'ok',
      ...Array(3).fill('failed'),
    ])
  })

  test('is the team last recorded for the key while /me fails', async () => {
    const stage = await openStage()
    stage.simulated.faults.add({ kind: 'server_error', endpoint: 'me' })
    await expect(stage.pass()).rejects.toThrow('account')
    stage.simulated.faults.clear()
    await stage.pass()
    stage.simulated.faults.add({ kind: 'server_error', endpoint: 'me' })
    const { status, team } = await stage.pass()
    expect({ status, team }).toEqual({
      status: 'ok',
      team: { teamId: stage.world.team.id, name: 'Acme Sales' },
    })
    expect(await stage.sql('select from allo.teams')).toHaveLength(1)
  })

  test('may share a database with another team, and neither affects the other', async () => {
    const one = await openStage({ world: { seed: 'one' } })
    const other = await openStage({ world: { seed: 'another' } })
    one.letTheApiLie()
    other.letTheApiLie()
    await one.pass()
    await other.pass()
    const [, userId = ''] = one.ids
    one.apply({ type: 'remove_queue', userId: one.world.keyOwner() }, { type: 'leave', userId })
    for (let round = 0; round < 5; round += 1) await other.pass()
    const untouched = (await one.recorded()).queues.filter(({ team_id }) => team_id === one.world.team.id)
    expect(untouched.map(({ is_current }) => is_current)).toEqual([true, true, true])
    await one.pass()
    for (let round = 0; round < 5; round += 1) await other.pass()
    expect((await queueOf(one, one.world.keyOwner()))?.ended_at).toBeNull()
    await one.pass()
    expect((await queueOf(one, one.world.keyOwner()))?.end_reason).toBe('queue_gone')
    expect(
      (await one.recorded()).queues.filter(({ team_id }) => team_id === other.world.team.id),
    ).toHaveLength(3)
    for (const { is_current, team_id } of (await one.recorded()).queues) {
      if (team_id === other.world.team.id) expect(is_current).toBe(true)
    }
  })

  test('does not end the queue of a teammate who moved to another team', async () => {
    const stage = await openStage()
    const [, userId = ''] = stage.ids
    await stage.pass()
    const { pool } = stage.database
    const listed = stage.world.teammates().find(({ id }) => id === userId)
    await recordTeam(pool, { teamId: 'another', name: null }, 'another key')
    await recordTeammates(pool, 'another', [
      { userId, name: null, email: null, role: null, status: 'ACTIVE', imageUrl: null, extra: null },
    ])
    expect(listed).toBeDefined()
    stage.apply({ type: 'leave', userId })
    for (let round = 0; round < 6; round += 1) await stage.pass()
    expect(await queueOf(stage, userId)).toMatchObject({ is_current: true, ended_at: null })
  })

  test('can be listed by two processes at the same time, in any order', async () => {
    const stage = await openStage()
    const { pool } = stage.database
    const { team } = stage.world
    await recordTeam(pool, { teamId: team.id, name: team.name }, 'a key')
    const listed = Array.from({ length: 200 }, (_, index) => ({
      userId: `usr-${index}`,
      name: null,
      email: null,
      role: null,
      status: 'ACTIVE',
      imageUrl: null,
      extra: null,
    }))
    const rounds = Array.from({ length: 60 }, (_, round) => (round % 2 === 0 ? listed : listed.toReversed()))
    const recorded = await Promise.all(rounds.map((list) => recordTeammates(pool, team.id, list)))
    expect(recorded.flat()).toEqual([])
    expect(await knownTeammates(stage.database.pool, stage.world.team.id)).toHaveLength(200)
  })
})
