/**
 * Two processes: one looks at a teammate, the other runs a pass, in every order in which one of them is held up once:
 * before each of its statements that change something, while the other one runs until it ends or waits for a lock. The
 * model changes before each, and once more while the one is held up. Then a pass follows, and everything that the
 * database says is compared with what was.
 */
import type { runInProcess as RunInProcess } from '../../src/pass/run-in-process.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { emptyTables } from '../support/database.ts'
import { loadRecorded } from '../support/recorded.ts'
import { openGate } from './gate.ts'
import { findFalsehoods, findUnsettled } from './history-truth.ts'
import { type Look, lookOnce } from './look.ts'
import type { Model } from './model.ts'
import { clockOf, dependencies, type Instant, modelAt, options } from './pass.ts'
import { isChange, type OrdersTried, waitsForLock } from './two-processes.ts'
import { watched } from './watched-pool.ts'

export interface LookAndPass {
  readonly lookAtTeammate: Look
  readonly runInProcess: typeof RunInProcess
  readonly pools: readonly [Pool, Pool]
  /** What the mirror holds, what it becomes before the two, and what it becomes while one is held up. */
  readonly models: readonly [Model, Model, Model]
}

export async function tryLookAndPass(
  heldUp: 'look' | 'pass' | 'other look',
  { lookAtTeammate, runInProcess, pools, models }: LookAndPass,
): Promise<OrdersTried> {
  const [pool, otherPool] = pools
  const [mirrored, before, during] = models
  const tried: OrdersTried = { orders: 0, waited: 0, problems: [] }
  for (let heldUpAt = 1; ; heldUpAt += 1) {
    await emptyTables(pool)
    const timeline: Instant[] = [{ at: await clockOf({ pool }), model: mirrored }]
    const become = async (model: Model) => timeline.push({ at: await clockOf({ pool }), model })
    const now = async () => modelAt(timeline)
    const pass = (of: Pool) => runInProcess(dependencies(of, now), options)
    const look = (of: Pool) => lookOnce(lookAtTeammate, of, 'usr-a', now)
    await pass(pool)
    await become(before)
    const [held, free] = heldUp === 'pass' ? [pass, look] : [look, heldUp === 'look' ? pass : look]
    const { wasHeldUp, hasWaited, problems } = await atOnce({
      held: (gated) => held(gated),
      free: async () => {
        await become(during)
        return free(otherPool)
      },
      pool,
      heldUpAt,
    })
    const compare = async () => findFalsehoods(pool, await loadRecorded(pool), timeline, { hasLooks: true })
    tried.problems = [...problems, ...(await compare())]
    await pass(pool)
    tried.problems = [
      ...tried.problems,
      ...(await compare()),
      ...findUnsettled(await loadRecorded(pool), modelAt(timeline)),
    ]
    if (!wasHeldUp || tried.problems.length > 0) return tried
    tried.orders += 1
    if (hasWaited) tried.waited += 1
  }
}

async function atOnce({
  held,
  free,
  pool,
  heldUpAt,
}: {
  readonly held: (pool: Pool) => Promise<unknown>
  readonly free: () => Promise<unknown>
  readonly pool: Pool
  readonly heldUpAt: number
}): Promise<{ wasHeldUp: boolean; hasWaited: boolean; problems: string[] }> {
  const gate = openGate()
  let changes = 0
  const first = held(
    watched(pool, async (statement) => {
      if (!isChange(statement)) return
      changes += 1
      if (changes === heldUpAt) await gate.reached()
    }),
  )
  const ended = first.then(
    () => false,
    () => false,
  )
  const wasHeldUp = await Promise.race([gate.isReached, ended])
  const other = free()
  const hasWaited = wasHeldUp && (await waitsForLock(pool, other))
  gate.open()
  const both = await Promise.allSettled([first, other])
  const problems = both.flatMap((one) => (one.status === 'rejected' ? [`one failed: ${one.reason}`] : []))
  return { wasHeldUp, hasWaited, problems }
}
