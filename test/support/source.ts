/** Compares the mirror with the source, field by field, after a pass in which nothing changed or failed. */
import type { World } from '../../src/simulation/world.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { groupBy, loadRecorded, type RecordedRow } from './recorded.ts'
import { fieldsOf, micros } from './truth.ts'

export async function compareMirrorWithSource(pool: Pool, world: World): Promise<string[]> {
  const problems: string[] = []
  const { numbers, queues, teammates } = await loadRecorded(pool)
  const rowsOf = groupBy(numbers, ({ queue_id }) => queue_id)
  const queueOf = new Map(queues.map((queue) => [queue.queue_id, queue]))
  const current = new Set<string>()
  const team = new Map(world.teammates().map((teammate) => [teammate.id, teammate]))

  for (const { id, ...teammate } of team.values()) {
    const recorded = teammates.find(({ user_id }) => user_id === id)
    const { name, email, role, status, image_url, is_listed, left_at } = recorded ?? {}
    expectSame(`teammate ${id}`, { name, email, role, status, image_url }, teammate)
    if (!is_listed || left_at !== null) problems.push(`teammate ${id} is on the team`)

    const held = world.currentQueue(id)
    if (!held) continue
    current.add(held.queue.id)
    const queue = queueOf.get(held.queue.id)
    expectSame(
      `queue ${held.queue.id}`,
      queue && {
        id: queue.queue_id,
        name: queue.name,
        creator_id: queue.creator_id,
        assignee_id: queue.assignee_id,
        voicemail_handling: queue.voicemail_handling,
        do_not_disturb: queue.do_not_disturb,
        created_at: queue.created_at,
        updated_at: queue.updated_at,
      },
      {
        ...held.queue,
        created_at: micros(held.queue.created_at),
        updated_at: micros(held.queue.updated_at),
      },
    )
    if (queue?.is_current !== true || queue.user_id !== id)
      problems.push(`queue ${held.queue.id} is current, with ${id}`)
    const mirrored = (rowsOf.get(held.queue.id) ?? []).map(wholeRow)
    const source = held.rows().map(wholeRow)
    const differing = source.findIndex((row, index) => row !== mirrored[index])
    if (mirrored.length !== source.length || differing >= 0)
      problems.push(`queue ${held.queue.id}: ${mirrored[differing]} instead of ${source[differing]}`)
  }
  for (const { queue_id, is_current } of queues) {
    if (is_current && !current.has(queue_id)) problems.push(`queue ${queue_id} has no holder`)
  }
  for (const { user_id, is_listed } of teammates) {
    if (is_listed && !team.has(user_id)) problems.push(`teammate ${user_id} is not on the team`)
  }
  return problems

  function expectSame(what: string, recorded: object | undefined, source: object): void {
    const [have, want] = [recorded, source].map((row) => JSON.stringify(row && Object.entries(row).sort()))
    if (have !== want) problems.push(`${what}: ${have} instead of ${want}`)
  }
}

/**
 * Once two passes agree nothing is unknown: a queue without a holder has ended, a queue of a teammate on the team is
 * current. Only queues whose last known holder has left are beyond knowing.
 */
export async function findUnsettled(pool: Pool, world: World): Promise<string[]> {
  const { queues } = await loadRecorded(pool)
  const fates = new Map(world.truth.queues().map((fate) => [fate.queueId, fate]))
  const team = new Set(world.teammates().map(({ id }) => id))
  return queues.flatMap(({ queue_id, user_id, is_current, ended_at }) => {
    const fate = fates.get(queue_id)
    if (!fate) return [`queue ${queue_id} was never there`]
    if (fate.standing === 'current') {
      return is_current !== true && team.has(fate.userId) ? [`queue ${queue_id} is not current`] : []
    }
    return ended_at === null && team.has(user_id) ? [`queue ${queue_id} has not ended`] : []
  })
}

function wholeRow(row: Omit<RecordedRow, 'queue_id' | 'entry_id'>): string {
  return `${fieldsOf(row)} ${micros(row.updated_at)}`
}
