/** Checks that the tables of history agree with each other and with the mirror. */
import { type SQL, sql } from 'drizzle-orm'
import { alias, type PgColumn } from 'drizzle-orm/pg-core'
import { columns, list, name } from '../store/postgres/query.ts'
import { outcomeOf } from '../store/reading/outcome-counts.ts'
import { settingNames } from '../store/reading/queue-settings.ts'
import { callFieldNames, queueNumberVersions, queueVersions } from '../store/schema.ts'
import { type Check, changedFromOutside } from './check.ts'
import { teamQueues, wholeQueues } from './queues.ts'

const callFields = Object.values(columns(queueNumberVersions, ...callFieldNames))
const settings = Object.values(columns(queueVersions, ...settingNames))

const of = (table: string, columns: readonly PgColumn[]): SQL =>
  list(columns.map((column) => sql`${sql.identifier(table)}.${name(column)}`))

/**
 * The mirror must equal the open versions; for a closed queue, the versions that its end closed. Closed queues do not
 * change, so they are checked only for a week. Their counts are always compared.
 */
export const mirrorEqualsHistory: Check = {
  name: 'mirror_equals_history',
  severity: 'error',
  rows: (teamId) => sql`with team as materialized (
      select * from (${wholeQueues(teamId)}) q where not is_closed or closed_at > now() - interval '7 days'
    ), shown as (
      select v.entry_id, v.queue_id, v.position, ${of('v', callFields)}, t.is_closed and v.valid_to is null as is_left_open
      from team t join allo.queue_number_versions v using (queue_id)
      where v.valid_to is null or t.is_closed and v.valid_to = t.closed_at and v.end_reason <> 'deleted'
    ), mirrored as (
      select n.*, not t.is_closed
        and (n.number_to, n.created_at) is distinct from (e.number_to, e.source_created_at) as is_another
      from team t join allo.queue_numbers n using (queue_id)
      left join allo.queue_entries e on e.entry_id = n.entry_id and not t.is_closed
    )
    select 'entry ' || entry_id as id, coalesce(s.is_left_open, true) or coalesce(m.is_another, true)
        or (m.queue_id, m.position, ${of('m', callFields)})
          is distinct from (s.queue_id, s.position, ${of('s', callFields)}) as is_wrong
    from mirrored m full join shown s using (entry_id)
    union all
    select t.queue_id, not t.is_closed and (${of('t', settings)}) is distinct from (${of('v', settings)})
    from team t left join allo.queue_versions v on v.queue_id = t.queue_id and v.valid_to is null`,
  items: ['entry or queue', 'entries and queues'],
  right: ['equals its history', 'equal their history'],
  wrong: ['differs from its history', 'differ from their history'],
  advice: changedFromOutside,
}

/**
 * Compares an entry with its first version, its last version and its dials, and a queue with its settings and holder.
 * A version that closed as unobservable keeps this reason, even if the number is later found to be removed.
 */
export const lifecycleEqualsHistory: Check = {
  name: 'lifecycle_equals_history',
  severity: 'error',
  rows: (teamId) => sql`with team as materialized (${teamQueues(teamId)}), dialled as (
      select entry_id, count(*) as dials, min(coalesce(dialled_at, first_seen_at)) as first_at,
        max(coalesce(dialled_at, first_seen_at)) as last_at
      from allo.dials group by entry_id
    )
    select 'entry ' || e.entry_id as id, v.entry_id is null
        or first.valid_from <> e.first_seen_at
        or e.outcome <> ${outcomeOf(alias(queueNumberVersions, 'v'))}
        or (e.dial_count, e.first_dialled_at, e.last_dialled_at)
             is distinct from (coalesce(d.dials, 0), d.first_at, d.last_at)
        or case
             when e.last_seen_at is null then v.valid_to is not null
             when v.end_reason is null or e.last_seen_at not between v.valid_from and v.valid_to then true
             when v.end_reason = 'unobservable' then (e.removal_reason = 'unobservable') <> (e.removed_at is null)
             else (e.removal_reason, e.removed_at) is distinct from (v.end_reason, v.valid_to)
           end as is_wrong
    from team t join allo.queue_entries e using (queue_id) left join dialled d using (entry_id)
    left join lateral (
      select * from allo.queue_number_versions where entry_id = e.entry_id order by valid_from desc limit 1
    ) v on true
    left join lateral (
      select valid_from from allo.queue_number_versions where entry_id = e.entry_id order by valid_from limit 1
    ) first on true
    union all
    select t.queue_id, t.is_closed = exists (
          select from allo.queue_versions v where v.queue_id = t.queue_id and v.valid_to is null)
        or (t.is_current is false) <> (t.ended_at is not null)
        or t.is_closed and a.queue_id is not null
        or t.is_current and t.missing_since is null and a.user_id is distinct from t.user_id
    from team t left join allo.queue_assignments a on a.queue_id = t.queue_id and a.valid_to is null`,
  items: ['entry or queue', 'entries and queues'],
  right: ['agrees with its versions and dials', 'agree with their versions and dials'],
  wrong: ['contradicts its versions or dials', 'contradict their versions or dials'],
  advice: changedFromOutside,
}

const isCutOff = (partition: SQL): SQL =>
  sql`coalesce(lead(valid_from) over (partition by ${partition} order by valid_from) < coalesce(valid_to, 'infinity'), false)`

/** No entry, position, queue or teammate has two versions at one moment. */
export const versionsDoNotOverlap: Check = {
  name: 'versions_do_not_overlap',
  severity: 'error',
  rows: (
    teamId,
  ) => sql`select 'entry ' || entry_id as id, ${isCutOff(sql`entry_id`)} or ${isCutOff(sql`queue_number, position`)} as is_wrong
    from (select queue_id, row_number() over () as queue_number from allo.queues where team_id = ${teamId}) q
    join allo.queue_number_versions using (queue_id)
    union all
    select 'settings of ' || queue_id, ${isCutOff(sql`queue_id`)}
    from allo.queues q join allo.queue_versions using (queue_id) where team_id = ${teamId}
    union all
    select 'holder ' || user_id, ${isCutOff(sql`user_id`)}
      or a.queue_id is not null and ${isCutOff(sql`a.queue_id`)}
    from allo.teammates join allo.queue_assignments a using (user_id) where team_id = ${teamId}`,
  items: ['version', 'versions'],
  right: ['ends before the next begins', 'end before the next begins'],
  wrong: ['ends after the next begins', 'end after the next begins'],
  advice: changedFromOutside,
}
