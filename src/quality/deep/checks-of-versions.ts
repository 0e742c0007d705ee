/** Deep checks that versions leave no hole, and that the counts and readings on record are those of the versions. */
import { type SQL, sql } from 'drizzle-orm'
import { alias, type PgColumn } from 'drizzle-orm/pg-core'
import { columns, list, name } from '../../store/postgres/query.ts'
import { OUTCOME_DEFINITION_VERSION, outcomeOf, outcomes } from '../../store/reading/outcome-counts.ts'
import { callFieldNames, queueNumberVersions } from '../../store/schema.ts'
import { changedFromOutside } from '../check.ts'
import { type DeepCheck, queuesOf, teammatesOf } from './deep-check.ts'

const v = alias(queueNumberVersions, 'v')
const content = Object.values(columns(queueNumberVersions, 'position', ...callFieldNames))

const of = (row: SQL, columns: readonly PgColumn[]): SQL =>
  list(columns.map((column) => sql`${row}.${name(column)}`))

/**
 * Only an end with a reason may be followed by nothing, or by a later return, which is marked, because removals of
 * uncalled numbers are searched for there. A version differs from the one before.
 */
export const versionsLeaveNoHole: DeepCheck = {
  name: 'versions_leave_no_hole',
  severity: 'error',
  by: 'queue',
  rows: (batch) => sql`with q as (${queuesOf(batch)})
    select format('entry %s at %s', entry_id, valid_from) as id, valid_to is not null and end_reason is null
      and (next_from is distinct from valid_to or (${of(sql`v`, content)}) is not distinct from (${of(sql`next`, content)}))
      or reason_before is not null and is_reopened is false as is_wrong
    from (
      select v.*, lead(valid_from) over entry as next_from, lag(v.end_reason) over entry as reason_before,
        ${list(content.map((column) => sql`lead(v.${name(column)}) over entry as ${nextOf(column)}`))}
      from q join allo.queue_number_versions v using (queue_id)
      window entry as (partition by entry_id order by valid_from)
    ) v
    cross join lateral (select ${list(content.map((column) => sql`v.${nextOf(column)} as ${name(column)}`))}) next
    union all
    select format('settings of %s at %s', queue_id, valid_from), valid_to is not null and end_reason is null
      and next_from is distinct from valid_to
    from (
      select v.*, lead(v.valid_from) over (partition by v.queue_id order by v.valid_from) as next_from
      from q join allo.queue_versions v using (queue_id)
    ) v`,
  items: ['version', 'versions'],
  right: ['lasts until the next', 'last until the next'],
  wrong: [
    'ends without a reason before the next, or equals it, or is a return without a mark',
    'end without a reason before the next, or equal it, or are returns without a mark',
  ],
  advice: changedFromOutside,
}

const nextOf = (column: PgColumn): SQL => sql`${sql.identifier(`next_${column.name}`)}`

const counts = outcomes.map((outcome) => sql.identifier(outcome))

/**
 * At each instant at which versions of a queue begin or end by a reading, and at each recorded count, the last recorded
 * count equals the number of versions. An end of the whole queue is no reading, and has no count.
 */
export const countsEqualVersions: DeepCheck = {
  name: 'counts_equal_versions',
  severity: 'error',
  by: 'queue',
  rows: (batch) => sql`with q as (${queuesOf(batch)}), step as (
      select v.queue_id, v.valid_from as at, true as is_read, ${outcomeOf(v)} as outcome, 1 as change
      from q join allo.queue_number_versions v using (queue_id)
      union all
      select v.queue_id, v.valid_to, coalesce(v.end_reason, 'deleted') = 'deleted', ${outcomeOf(v)}, -1
      from q join allo.queue_number_versions v using (queue_id) where v.valid_to is not null
      union all
      select s.queue_id, s.observed_at, true, null, 0 from q join allo.queue_snapshots s using (queue_id)
    ), instant as (
      select queue_id, at, bool_or(is_read) as is_read,
        ${list(counts.map((count, index) => sql`coalesce(sum(change) filter (where outcome = ${outcomes[index]}), 0) as ${count}`))}
      from step group by queue_id, at
    ), counted as (
      select queue_id, at, is_read,
        ${list(counts.map((count) => sql`sum(${count}) over (partition by queue_id order by at) as ${count}`))}
      from instant
    )
    select format('queue %s at %s', c.queue_id, c.at) as id,
      s.numbers is distinct from ${sum(counts.map((count) => sql`c.${count}`))}
        or s.definition_version = ${OUTCOME_DEFINITION_VERSION}
          and (${list(counts.map((count) => sql`s.${count}`))}) <> (${list(counts.map((count) => sql`c.${count}`))}) as is_wrong
    from counted c join q using (queue_id)
    left join lateral (
      select * from allo.queue_snapshots where queue_id = c.queue_id and observed_at <= c.at order by observed_at desc limit 1
    ) s on true
    where c.is_read and c.at >= q.history_from`,
  items: ['count of a queue', 'counts of queues'],
  right: ['equals the number of its versions', 'equal the number of their versions'],
  wrong: ['differs from the number of its versions', 'differ from the number of their versions'],
  advice: changedFromOutside,
}

const sum = (terms: readonly SQL[]): SQL => sql`(${sql.join([...terms], sql` + `)})`

/**
 * A reading stored as many numbers as the last counts say, and changed what `number_changes` shows at its instant. When
 * a queue could be seen again, entries may have left whose versions had ended before.
 */
export const readingsEqualChanges: DeepCheck = {
  name: 'readings_equal_changes',
  severity: 'error',
  by: 'teammate',
  rows: (batch) => sql`select format('reading of %s at %s', r.user_id, r.observed_at) as id,
      s.numbers is distinct from r.numbers_stored
        or (c.added, c.changed, c.moved) is distinct from (r.added, r.changed, r.moved)
        or c.removed > r.removed or c.removed < r.removed and not seen_again.is_so as is_wrong
    from (${teammatesOf(batch)}) t join allo.sync_reads r using (user_id)
    left join lateral (
      select numbers from allo.queue_snapshots
      where queue_id = r.queue_id and observed_at <= r.observed_at order by observed_at desc limit 1
    ) s on true
    cross join lateral (
      select count(*) filter (where change_type in ('added', 'reappeared')) as added,
        count(*) filter (where change_type in ('changed', 'sync_changed')) as changed,
        count(*) filter (where change_type = 'moved') as moved,
        count(*) filter (where removal_reason = 'deleted') as removed
      from reporting.number_changes where queue_id = r.queue_id and changed_at = r.observed_at
    ) c
    cross join lateral (
      select count(*) filter (where valid_from = r.observed_at) > count(*) filter (where valid_to = r.observed_at) as is_so
      from allo.queue_versions where queue_id = r.queue_id
    ) seen_again
    where r.status = 'ok' and r.observed_at >= t.history_from`,
  items: ['reading', 'readings'],
  right: ['changed what history shows', 'changed what history shows'],
  wrong: ['changed something else than history shows', 'changed something else than history shows'],
  advice: changedFromOutside,
}
