/** Checks that the values of the API are known and consistent. */
import { getTableColumns as columnsOf, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import {
  notReachedReasons,
  roles,
  routingResults,
  statuses,
  switches,
  syncStatuses,
  voicemailHandlings,
} from '../allo/documented-words.ts'
import { array } from '../store/postgres/query.ts'
import { outcomeOf } from '../store/reading/outcome-counts.ts'
import { dials, queueNumbers } from '../store/schema.ts'
import type { Check } from './check.ts'

const currentNumbers = (
  teamId: string,
): SQL => sql`select n.*, q.last_observed_at, ${outcomeOf(alias(queueNumbers, 'n'))} as outcome
  from allo.queues q join allo.queue_numbers n using (queue_id) where q.team_id = ${teamId} and q.is_current`

/**
 * Only numbers that are still in a queue: a number that was removed or dialled again can't get its result any more.
 * Some calls never get a result.
 */
export const unresolvedDials: Check = {
  name: 'unresolved_dials',
  severity: 'warn',
  rows: (teamId) => sql`select 'entry ' || n.entry_id as id, n.outcome = 'in_progress' as is_wrong
    from (${currentNumbers(teamId)}) n join allo.queue_entries e using (entry_id)
    where e.last_dialled_at < n.last_observed_at - allo.unresolved_after()`,
  items: ['dial', 'dials'],
  right: ['has a result', 'have a result'],
  wrong: ['has no result after two hours', 'have no result after two hours'],
  advice:
    'They count as dialled and are in no rate. This many are not normal: ask Allo whether results come late.',
  usual: { atMost: 5, share: 0.2 },
}

/** An outcome is the first rule that matches, which hides contradictory fields and results without a call. */
export const outcomeConsistent: Check = {
  name: 'outcome_consistent',
  severity: 'warn',
  rows: (
    teamId,
  ) => sql`select 'dial ' || dial_id as id, outcome <> ${outcomeOf({ ...columnsOf(dials), callStartDate: dials.dialledAt })} as is_wrong
    from allo.dials where team_id = ${teamId}
    union all
    select queue_id || ' at ' || position, outcome <> 'remaining' and call_start_date is null and call_id is null
      or not_reached_destination_reason is not null and allo.number_outcome(null, null, routing_result, null, null, null)
        = 'connected'
    from (${currentNumbers(teamId)}) n`,
  items: ['dial or number', 'dials and numbers'],
  right: ['has one outcome', 'have one outcome'],
  wrong: [
    'has contradictory results, or a result without a call',
    'have contradictory results, or a result without a call',
  ],
  advice: 'The first matching rule of reporting.outcome_definitions counts.',
}

export const callIdUnique: Check = {
  name: 'call_id_unique',
  severity: 'warn',
  rows: (teamId) => sql`select call_id as id, count(*) > 1 as is_wrong from (${currentNumbers(teamId)}) n
    where call_id is not null group by call_id
    union all
    select call_id, true from allo.dials where team_id = ${teamId} and call_id is not null group by call_id having count(*) > 1`,
  items: ['call', 'calls'],
  right: ['belongs to one number', 'belong to one number each'],
  wrong: ['belongs to more than one number', 'belong to more than one number'],
  advice: 'Each counts as one dial of the number that had it first.',
}

/** Allo's documentation writes the same id as `usr-abc` and `usr_abc`. */
const comparable = (id: SQL): SQL => sql`regexp_replace(${id}, '^([A-Za-z]+)[-_]', '\\1-')`

/** Null is legal. A reading with another assignee is refused, so only a row that was edited later fails. */
export const assigneeIsOwner: Check = {
  name: 'assignee_is_owner',
  severity: 'warn',
  rows: (
    teamId,
  ) => sql`select queue_id as id, coalesce(${comparable(sql`assignee_id`)} <> ${comparable(sql`user_id`)}, false) as is_wrong
    from allo.queues where team_id = ${teamId} and is_current`,
  items: ['current queue', 'current queues'],
  right: ['is assigned to its holder', 'are assigned to their holders'],
  wrong: ['is not assigned to its holder', 'are not assigned to their holders'],
  advice: 'Their history may be attributed to the wrong teammate: run `sync`, and report it if it remains.',
}

const words = [
  { table: 'number', field: 'routing_result', known: routingResults },
  { table: 'number', field: 'not_reached_destination_reason', known: notReachedReasons },
  { table: 'number', field: 'sync_status', known: syncStatuses },
  { table: 'queue', field: 'voicemail_handling', known: voicemailHandlings },
  { table: 'queue', field: 'do_not_disturb', known: switches },
  { table: 'teammate', field: 'role', known: roles },
  { table: 'teammate', field: 'status', known: statuses },
] as const

const valuesOf = ({ table, field, known }: (typeof words)[number]): SQL =>
  sql`select distinct ${field}::text as field, ${sql.identifier(field)} as value, ${array([...known])}::text[] as known
    from ${sql.identifier(table)}`

/** Only present rows. A value that may not be a plain word is not repeated. */
export const knownValues: Check = {
  name: 'known_values',
  severity: 'warn',
  rows: (teamId) => sql`with number as (${currentNumbers(teamId)}),
    queue as (select * from allo.queues where team_id = ${teamId} and is_current),
    teammate as (select * from allo.teammates where team_id = ${teamId} and is_listed)
    select field || ' ' || case when value ~ '^[A-Za-z0-9_]{1,40}$' and value !~ '[0-9]{6}' then value else '(no word)' end as id,
      value <> all (known) as is_wrong
    from (${sql.join(words.map(valuesOf), sql` union all `)}) v
    where value is not null`,
  items: ['word of the API', 'words of the API'],
  right: ['is known', 'are known'],
  wrong: ['is new', 'are new'],
  advice:
    'It is stored as it is, and a new routing_result counts as `other`. Check whether a newer version knows it.',
}
