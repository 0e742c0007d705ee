/** A queue is reassigned while its holders are read one after the other: it does not end. */
import { describe, expect, test } from 'vitest'
import type { World } from '../src/simulation/world.ts'
import { assignmentsOf, currentQueue, queueOf, useStages } from './support/stage.ts'

const openStage = useStages()

describe('a reassigned queue', () => {
  /** Moves the world just before one teammate is asked, once. */
  function justBefore(): { move: (userId: string, world: World) => void; plan: (plan: Plan) => void } {
    let planned: Plan | null = null
    return {
      plan: (plan) => {
        planned = plan
      },
      move: (userId, world) => {
        if (planned?.before !== userId) return
        const { moves } = planned
        planned = null
        for (const move of moves) world.apply(move)
      },
    }
  }
  interface Plan {
    before: string
    moves: Parameters<World['apply']>[0][]
  }

  test.each(['earlier', 'later'] as const)(
    'reassigned during a pass to a teammate who was read %s, never ends',
    async (when) => {
      const { move, plan } = justBefore()
      const stage = await openStage({ world: { teammates: 4 }, beforePage: move })
      await stage.pass()
      const [first = '', second = '', third = ''] = await stage.readingOrder()
      const to = when === 'earlier' ? first : third
      const queue = currentQueue(stage, second)
      const replaced = currentQueue(stage, to)
      plan({ before: second, moves: [{ type: 'reassign', userId: second, to }] })
      const { conclusions } = await stage.pass()
      // The new holder was read earlier, with their own queue, so the reassigned queue was seen with no teammate.
      expect(conclusions.unknown).toEqual([when === 'earlier' ? queue : replaced])
      await stage.pass()
      await stage.pass()
      expect(await queueOf(stage, queue)).toMatchObject({
        is_current: true,
        user_id: to,
        ended_at: null,
      })
      expect(await queueOf(stage, replaced)).toMatchObject({
        end_reason: 'queue_replaced',
        replaced_by_queue_id: queue,
      })
      const { versions } = await stage.recorded()
      const closed = versions.filter(({ queue_id, valid_to }) => queue_id === queue && valid_to !== null)
      expect(closed).toEqual([])
      expect(await assignmentsOf(stage, second)).toEqual([queue, null])
      expect(await assignmentsOf(stage, to)).toEqual([replaced, queue])
    },
  )

  test.each([0, 1, 2])(
    'does not end when two teammates swap queues before teammate %i is read',
    async (index) => {
      const { move, plan } = justBefore()
      const stage = await openStage({ beforePage: move })
      await stage.pass()
      const order = await stage.readingOrder()
      const [one = '', other = ''] = order
      const [queue, otherQueue] = [currentQueue(stage, one), currentQueue(stage, other)]
      plan({ before: order[index] ?? '', moves: [{ type: 'swap', userId: one, with: other }] })
      for (let round = 0; round < 3; round += 1) expect((await stage.pass()).conclusions.ended).toEqual([])
      expect(await queueOf(stage, queue)).toMatchObject({ user_id: other, is_current: true })
      expect(await queueOf(stage, otherQueue)).toMatchObject({ user_id: one, is_current: true })
      expect(await assignmentsOf(stage, one)).toEqual([queue, otherQueue])
      expect(await assignmentsOf(stage, other)).toEqual([otherQueue, queue])
    },
  )

  test('reassigned back and forth in every pass does not end while its holder is read', async () => {
    const stage = await openStage({ world: { teammates: 2, withoutQueue: 1 } })
    const [one = '', other = ''] = stage.ids
    const queue = currentQueue(stage, one)
    for (let round = 0; round < 6; round += 1) {
      await stage.pass()
      const [from, to] = round % 2 === 0 ? [one, other] : [other, one]
      stage.apply({ type: 'reassign', userId: from, to })
    }
    expect(await queueOf(stage, queue)).toMatchObject({ is_current: true, ended_at: null })
    expect(await assignmentsOf(stage, one)).toEqual([queue, queue, queue, 'null unconfirmed'])
    expect(await assignmentsOf(stage, other)).toEqual([queue, queue, queue])
  })
})
