/** The cost of a query, from Postgres' own counters: rows read from tables, whether returned or filtered out. */
import { z } from 'zod'
import type { Pool } from '../src/store/postgres/database.ts'

export interface Cost {
  /** In tables that grow with every pass. Tables of queues, holders, gaps and teammates stay small enough for a full scan. */
  readonly read: number
  readonly returned: number
  readonly ms: number
}

export interface Query {
  readonly sql: string
  readonly values: readonly unknown[]
}

interface Node {
  readonly table: string
  readonly rows: number
  readonly loops: number
  readonly refused: number
  readonly children: readonly Node[]
}

const node: z.ZodType<Node> = z
  .looseObject({
    'Relation Name': z.string().default(''),
    'Actual Rows': z.number(),
    'Actual Loops': z.number(),
    'Rows Removed by Filter': z.number().default(0),
    'Rows Removed by Index Recheck': z.number().default(0),
    get Plans() {
      return z.array(node).default([])
    },
  })
  .transform((plan) => ({
    table: plan['Relation Name'],
    rows: plan['Actual Rows'],
    loops: plan['Actual Loops'],
    refused: plan['Rows Removed by Filter'] + plan['Rows Removed by Index Recheck'],
    children: plan.Plans,
  }))
const explained = z.tuple([
  z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: node, 'Execution Time': z.number() })]) }),
])

/** Measures the second run, because the first one includes planning and loading into memory. */
export async function costOf(pool: Pool, { sql, values }: Query): Promise<Cost> {
  const explain = () => pool.query(`explain (analyze, timing off, format json) ${sql}`, [...values])
  await explain()
  const [
    {
      'QUERY PLAN': [{ Plan: plan, 'Execution Time': ms }],
    },
  ] = explained.parse((await explain()).rows)
  return { read: readBy(plan), returned: plan.rows * plan.loops, ms }
}

/** For functions: their plan shows only the call, so the rows come from the server's counters. */
export async function costOfCall(pool: Pool, { sql, values }: Query): Promise<Cost> {
  await pool.query(sql, [...values])
  const client = await pool.connect()
  try {
    await client.query('begin')
    const startedAt = performance.now()
    const { rowCount } = await client.query(sql, [...values])
    const ms = performance.now() - startedAt
    const { rows } = await client.query<{ read: number }>(
      `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as read from pg_stat_xact_user_tables
       where schemaname = 'allo' and relname = any ($1)`,
      [[...growing]],
    )
    return { read: rows[0]?.read ?? 0, returned: rowCount ?? 0, ms }
  } finally {
    await client.query('rollback')
    client.release()
  }
}

const growing = new Set([
  'queue_numbers',
  'queue_entries',
  'queue_number_versions',
  'dials',
  'queue_snapshots',
  'sync_passes',
  'sync_reads',
])

function readBy({ table, rows, loops, refused, children }: Node): number {
  const own = growing.has(table) ? (rows + refused) * loops : 0
  return children.reduce((sum, child) => sum + readBy(child), own)
}
