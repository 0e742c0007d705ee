import type { Pool } from '../../src/store/postgres/database.ts'
import { until } from '../../test/support/worker.ts'

/** Each queue is read twice then: 1,000 teammates take some minutes at Allo's limit. */
const WITHIN_MS = 900_000

/** Resolves when every teammate was read once. */
export async function untilFirstPass(pool: Pool): Promise<void> {
  const isOver = async () => {
    const { rows } = await pool.query(`select from allo.sync_passes where status = 'ok' limit 1`)
    return rows.length > 0
  }
  await until('the first pass is over', isOver, WITHIN_MS)
}
