/**
 * Two processes that each run a pass at the same time, in every order in which one is held up once: before each of its
 * statements that change something, while the other one runs until it ends or waits for a lock. Each order is tried
 * after the model changed, and once more after it changed back. After each, passes follow until nothing is open, and
 * everything that the database says is compared with what was.
 */
import type { runInProcess as RunInProcess } from '../../src/pass/run-in-process.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { emptyTables } from '../support/database.ts'
import { loadRecorded } from '../support/recorded.ts'
import { openGate } from './gate.ts'
import { findFalsehoods, findUnsettled } from './history-truth.ts'
import type { Model } from './model.ts'
import { clockOf, dependencies, type Instant, modelAt, options } from './pass.ts'
import { edit, type Fault } from './patched-source.ts'
import { watched } from './watched-pool.ts'

export interface TwoProcesses {
  /** The model, and what it changes to. */
  readonly models: readonly [Model, Model]
  /** Of an empty database. */
  readonly pools: readonly [Pool, Pool]
}

export interface OrdersTried {
  /** How many orders, and in how many of them one process waited for a lock of the other. */
  orders: number
  waited: number
  /** Of the first order that shows something false. */
  problems: readonly string[]
}

export async function tryTwoProcesses(
  runInProcess: typeof RunInProcess,
  { models, pools }: TwoProcesses,
): Promise<OrdersTried> {
  const [first, then] = models
  const [pool] = pools
  const tried: OrdersTried = { orders: 0, waited: 0, problems: [] }
  for (let heldUpAt = 1; ; heldUpAt += 1) {
    await emptyTables(pool)
    const timeline: Instant[] = [{ at: await clockOf({ pool }), model: first }]
    const pass = (of: Pool) =>
      runInProcess(
        dependencies(of, async () => modelAt(timeline)),
        options,
      )
    await pass(pool)
    for (const model of [then, first]) {
      timeline.push({ at: await clockOf({ pool }), model })
      const { wasHeldUp, hasWaited, failed } = await passAtOnce(pass, pools, heldUpAt)
      tried.problems = [...failed, ...(await falsehoods(pool, timeline))]
      for (let quiet = 0; quiet < 2; quiet += 1) await pass(pool)
      const unsettled = findUnsettled(await loadRecorded(pool), model)
      tried.problems = [...tried.problems, ...(await falsehoods(pool, timeline)), ...unsettled]
      if (!wasHeldUp || tried.problems.length > 0) return tried
      tried.orders += 1
      if (hasWaited) tried.waited += 1
    }
  }
}

async function falsehoods(pool: Pool, timeline: readonly Instant[]): Promise<string[]> {
  return findFalsehoods(pool, await loadRecorded(pool), timeline)
}

/** One pass, held up before its change number `heldUpAt`, and another one. */
async function passAtOnce(
  pass: (of: Pool) => Promise<unknown>,
  [pool, otherPool]: readonly [Pool, Pool],
  heldUpAt: number,
) {
  const gate = openGate()
  let changes = 0
  const heldUp = pass(
    watched(pool, async (statement) => {
      if (!isChange(statement)) return
      changes += 1
      if (changes === heldUpAt) await gate.reached()
    }),
  )
  const ended = heldUp.then(
    () => false,
    () => false,
  )
  const wasHeldUp = await Promise.race([gate.isReached, ended])
  const other = pass(otherPool)
  const hasWaited = wasHeldUp && (await waitsForLock(pool, other))
  gate.open()
  const passes = await Promise.allSettled([heldUp, other])
  const failed = passes.flatMap((one) => (one.status === 'rejected' ? [`a pass failed: ${one.reason}`] : []))
  return { wasHeldUp, hasWaited, failed }
}

/** Statements that write, take locks, or end a transaction. */
export function isChange(statement: string): boolean {
  return /^\s*(insert|update|delete|with|copy|commit)\b/i.test(statement)
}

/** Resolves when the other pass has ended (false) or waits for a lock of the one that is held up (true). */
export async function waitsForLock(pool: Pool, other: Promise<unknown>): Promise<boolean> {
  let hasEnded = false
  other.then(
    () => (hasEnded = true),
    () => (hasEnded = true),
  )
  while (!hasEnded) {
    const { rows } = await pool.query<{ waits: boolean }>(
      `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waits`,
    )
    if (rows[0]?.waits) return true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return false
}

export const withoutLocks: Fault = {
  title: 'takes no locks',
  edits: [
    edit(
      'store/postgres/locks.ts',
      'return (await one<{ count: number }>(client, statement)).count',
      'return 2',
    ),
  ],
}
