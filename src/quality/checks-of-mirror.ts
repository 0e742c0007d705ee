/** Checks that the mirror contains everything that was read. */
import { sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { list } from '../store/postgres/query.ts'
import { OUTCOME_DEFINITION_VERSION, outcomeOf, outcomes } from '../store/reading/outcome-counts.ts'
import { queueNumbers } from '../store/schema.ts'
import { type Check, changedFromOutside } from './check.ts'
import { wholeQueues } from './queues.ts'

/** The reading itself compared its announced count with what it read. This check compares both with the stored rows. */
export const countMatchesApi: Check = {
  name: 'count_matches_api',
  severity: 'error',
  rows: (teamId) => sql`select q.queue_id as id,
      coalesce(n.numbers, 0) <> q.numbers or coalesce(r.numbers_announced <> q.numbers, false) as is_wrong
    from (${wholeQueues(teamId)}) q
    left join (select queue_id, count(*) as numbers from allo.queue_numbers group by queue_id) n using (queue_id)
    left join allo.sync_reads r on r.user_id = q.user_id and r.observed_at = q.last_observed_at and r.status = 'ok'`,
  items: ['queue', 'queues'],
  right: ['has as many numbers as Allo announced', 'have as many numbers as Allo announced'],
  wrong: ['does not have as many numbers as Allo announced', 'do not have as many numbers as Allo announced'],
  advice: changedFromOutside,
}

const columns = outcomes.map((outcome) => sql.identifier(outcome))

/** Counts of an older outcome definition can't be recomputed; of these only the total is compared. */
export const snapshotEqualsMirror: Check = {
  name: 'snapshot_equals_mirror',
  severity: 'error',
  rows: (teamId) => sql`with counted as (
      select queue_id, count(*) as numbers,
        ${list(columns.map((column, index) => sql`count(*) filter (where outcome = ${outcomes[index]}) as ${column}`))}
      from (
        select n.queue_id, ${outcomeOf(alias(queueNumbers, 'n'))} as outcome
        from allo.queues q join allo.queue_numbers n using (queue_id) where q.team_id = ${teamId}) o
      group by queue_id
    )
    select q.queue_id as id, s.numbers is distinct from coalesce(c.numbers, 0)
        or s.definition_version = ${OUTCOME_DEFINITION_VERSION}
          and (${list(columns.map((column) => sql`s.${column}`))})
            <> (${list(columns.map((column) => sql`coalesce(c.${column}, 0)`))}) as is_wrong
    from (${wholeQueues(teamId)}) q
    left join counted c using (queue_id)
    left join lateral (
      select * from allo.queue_snapshots where queue_id = q.queue_id order by observed_at desc limit 1
    ) s on true`,
  items: ['queue', 'queues'],
  right: ['has counts that match its numbers', 'have counts that match their numbers'],
  wrong: ['has counts that do not match its numbers', 'have counts that do not match their numbers'],
  advice: changedFromOutside,
}

/** Each reference between two tables, with its columns. */
const references = [
  // With queue_id, so that all these rows have the queue of their entry.
  ...['queue_numbers', 'queue_number_versions', 'dials'].map((from) => ({
    from,
    to: 'queue_entries',
    by: ['entry_id', 'queue_id'],
  })),
  ...['queue_entries', 'queue_versions', 'queue_snapshots', 'queue_assignments'].map((from) => ({
    from,
    to: 'queues',
    by: ['queue_id'],
  })),
  ...['queues', 'queue_snapshots', 'queue_assignments', 'dials'].map((from) => ({
    from,
    to: 'teammates',
    by: ['user_id'],
  })),
]

/** Replaces the foreign keys that these tables do not have. A row whose queue does not exist counts for every team. */
export const orphans: Check = {
  name: 'orphans',
  severity: 'error',
  rows: (teamId) =>
    sql.join(
      references.map(({ from, to, by }) => {
        const [column] = by.map((name) => sql.identifier(name))
        const isTheirs = by.map((name) => sql`r.${sql.identifier(name)} = o.${sql.identifier(name)}`)
        return sql`select format('%s rows of %s without %s', count(*), ${from}::text, ${to}::text) as id,
            count(*) > 0 as is_wrong
          from allo.${sql.identifier(from)} o
          left join allo.${sql.identifier(to)} r on ${sql.join(isTheirs, sql` and `)}
          left join allo.queues q on q.queue_id = o.queue_id
          where o.${column} is not null and r.${column} is null and (q.team_id = ${teamId} or q.queue_id is null)`
      }),
      sql` union all `,
    ),
  items: ['reference between two tables', 'references between tables'],
  right: ['is valid', 'are valid'],
  wrong: ['refers to missing rows', 'refer to missing rows'],
  advice: changedFromOutside,
}

export const positionsContiguous: Check = {
  name: 'positions_contiguous',
  severity: 'note',
  rows: (teamId) => sql`select queue_id as id, min(position) <> 0 or max(position) <> count(*) - 1 as is_wrong
    from allo.queues q join allo.queue_numbers n using (queue_id)
    where q.team_id = ${teamId} and q.is_current group by queue_id`,
  items: ['current queue', 'current queues'],
  right: ['has no gaps between its positions', 'have no gaps between their positions'],
  wrong: ['has gaps between its positions', 'have gaps between their positions'],
  advice: 'That is legal: count numbers, not positions.',
}

export const duplicateNumbers: Check = {
  name: 'duplicate_numbers',
  severity: 'note',
  rows: (teamId) => sql`select 'entry ' || min(entry_id) as id, count(*) > 1 as is_wrong
    from allo.queues q join allo.queue_numbers n using (queue_id)
    where q.team_id = ${teamId} and q.is_current and n.number_to is not null group by queue_id, n.number_to`,
  items: ['number in a current queue', 'numbers in current queues'],
  right: ['occurs once in its queue', 'occur once in their queue'],
  wrong: ['occurs more than once in its queue', 'occur more than once in their queue'],
  advice: 'That is legal: each occurrence is an entry of its own, and may be called.',
}
