import { ask, type Client } from '../store/postgres/database.ts'
import type { Stay } from '../store/reading/erase-numbers.ts'
import { forQueuesWithStays, isOver, type RetentionRun } from './retention-run.ts'

/**
 * Deletes the entries that ended before `before`, completely: with their versions, their dials and their rows in ended
 * queues. Also deletes settings and assignments that ended before. Entries that have not ended keep their complete
 * history, and counts of queues stay for ever. Returns the number of deleted entries.
 *
 * First sets `teams.history_from`, so that the remaining rows do not look complete.
 */
export async function retainHistory(run: RetentionRun, before: string): Promise<number> {
  await recordBeginning(run, before)
  const due = { due: isOver, before, doing: 'deleting old history' }
  const stays = await forQueuesWithStays(run, due, deleteStays)
  if (!run.signal?.aborted) await deleteSettingsAndAssignments(run, before)
  return stays
}

/** Of one queue. */
async function deleteStays(client: Client, stays: readonly Stay[]): Promise<void> {
  await client.query(
    `with versions as (
       delete from allo.queue_number_versions where entry_id = any ($2)
     ), dials as (
       delete from allo.dials where entry_id = any ($2)
     ), slots as (
       delete from allo.queue_numbers where queue_id = $1 and entry_id = any ($2) returning entry_id
     ), mirrored as (
       update allo.queues set numbers = numbers - (select count(*) from slots), membership_digest = '',
         content_digest = ''
       where queue_id = $1 and exists (select from slots)
     )
     delete from allo.queue_entries where entry_id = any ($2)`,
    [stays[0]?.queue_id, stays.map(({ entry_id }) => entry_id)],
  )
}

const oldSettings = `allo.queue_versions v join allo.queues q using (queue_id)
  where q.team_id = $1 and v.valid_to < $2`
/** Except those that are needed to attribute versions that stay. */
const oldAssignments = `allo.queue_assignments a join allo.teammates t using (user_id)
  where t.team_id = $1 and a.valid_to < $2 and not exists (
    select from allo.queue_number_versions v join allo.queue_entries e using (entry_id)
    where v.queue_id = a.queue_id and v.valid_from >= a.valid_from and v.valid_from < a.valid_to and not (${isOver}))`
const oldStays = `allo.queue_entries e join allo.queues q using (queue_id) where q.team_id = $1 and ${isOver}`

async function recordBeginning({ pool, teamId }: RetentionRun, before: string): Promise<void> {
  await ask(
    pool,
    'recording from when on history is whole',
    `update allo.teams set history_from = $2
     where team_id = $1 and (history_from is null or history_from < $2)
       and (exists (select from ${oldStays}) or exists (select from ${oldSettings})
            or exists (select from ${oldAssignments}))`,
    [teamId, before],
  )
}

async function deleteSettingsAndAssignments({ pool, teamId }: RetentionRun, before: string): Promise<void> {
  for (const [table, old] of [
    ['queue_versions', `select v.ctid from ${oldSettings}`],
    ['queue_assignments', `select a.ctid from ${oldAssignments}`],
  ]) {
    await ask(
      pool,
      'deleting old settings and assignments',
      `delete from allo.${table} where ctid = any (array(${old}))`,
      [teamId, before],
    )
  }
}
