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
