/**
 * A deep check compares a whole history with itself. It is too slow for every hour, so only `check --deep` runs it. Its
 * query sees a batch of queues or teammates at a time, so that neither this program nor Postgres has to hold a long
 * history in memory.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Client } from '../../store/postgres/database.ts'
import { array, run } from '../../store/postgres/query.ts'
import { queues, teammates } from '../../store/schema.ts'
import { type Check, type CheckResult, countItems, type Found, judge } from '../check.ts'

export interface DeepCheck extends Omit<Check, 'rows'> {
  /** What a batch is made of. */
  readonly by: 'queue' | 'teammate'
  /** As `rows` of a Check, for the items of one batch. An id names rows, positions and instants, never a person. */
  readonly rows: (batch: Batch) => SQL
}

export interface Batch {
  readonly teamId: string
  /** An array of ids: of queues or of teammates. */
  readonly ids: SQL
}

/** The ids of a team, a list of batches for each kind. */
export type Batches = Readonly<Record<DeepCheck['by'], readonly (readonly string[])[]>>

const BATCH = 20

export async function findBatches(client: Client, teamId: string): Promise<Batches> {
  const found = await run<{ kind: DeepCheck['by']; id: string }>(
    client,
    sql`select 'queue' as kind, queue_id as id from ${queues} where team_id = ${teamId}
        union all select 'teammate', user_id from ${teammates} where team_id = ${teamId}
        order by kind, id`,
  )
  const batchesOf = (kind: DeepCheck['by']) => inBatches(found.filter((row) => row.kind === kind))
  return { queue: batchesOf('queue'), teammate: batchesOf('teammate') }
}

function inBatches(rows: readonly { readonly id: string }[]): string[][] {
  const count = Math.ceil(rows.length / BATCH)
  return Array.from({ length: count }, (_, index) =>
    rows.slice(index * BATCH, (index + 1) * BATCH).map(({ id }) => id),
  )
}

/** Calls `onBatch` after each batch. */
export async function runDeepCheck(
  client: Client,
  check: DeepCheck,
  {
    teamId,
    batches,
    onBatch,
  }: { readonly teamId: string; readonly batches: Batches; readonly onBatch: () => void },
): Promise<CheckResult> {
  let found: Found = { checked: 0, failing: 0, first: null, last: null }
  for (const ids of batches[check.by]) {
    const rows = check.rows({ teamId, ids: sql`${array(ids)}::text[]` })
    found = together(found, await countItems(client, rows))
    onBatch()
  }
  return judge(check, found)
}

function together(before: Found, after: Found): Found {
  return {
    checked: before.checked + after.checked,
    failing: before.failing + after.failing,
    first: before.first ?? after.first,
    last: after.last ?? before.last,
  }
}

/** The queues of a batch. Before `history_from` retention deleted what was over. */
export function queuesOf({ teamId, ids }: Batch): SQL {
  return sql`select q.*, ${historyFrom} as history_from
    from allo.queues q join allo.teams team using (team_id) where q.team_id = ${teamId} and q.queue_id = any (${ids})`
}

export function teammatesOf({ teamId, ids }: Batch): SQL {
  return sql`select t.*, ${historyFrom} as history_from
    from allo.teammates t join allo.teams team using (team_id) where t.team_id = ${teamId} and t.user_id = any (${ids})`
}

const historyFrom = sql`coalesce(team.history_from, '-infinity')`
