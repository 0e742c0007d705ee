/** One team, one database and any number of worker processes on one backend, with helpers for tests. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type SimulatedAllo, startSimulatedAllo } from '../../src/simulation/server.ts'
import { createWorld, type WorldOptions } from '../../src/simulation/world.ts'
import { keyFingerprint } from '../../src/store/pass/read-budget.ts'
import { openPool, type Pool } from '../../src/store/postgres/database.ts'
import { spawnWorker, until, type WorkerProcess } from './worker.ts'

export interface PassRow {
  readonly pass_id: string
  readonly trigger: string
  readonly status: string
  readonly started_at: number
  readonly finished_at: number | null
  readonly teammates: number | null
  readonly error_code: string | null
  /** When its tick was due, in milliseconds since 1970, and by which schedule; null: it had no tick. */
  readonly tick: { readonly schedule: string; readonly at: number } | null
}

export interface Scene {
  readonly api: SimulatedAllo
  readonly apiKey: string
  readonly fingerprint: string
  readonly pool: Pool
  readonly databaseUrl: string
  readonly redisUrl: string | null
  start(env?: Readonly<Record<string, string>>): WorkerProcess
  /** In the order they began; times in milliseconds since 1970. */
  passes(): Promise<PassRow[]>
  /** Waits for `count` passes that are over, and of that status if one is given, begun after `since`. */
  finished(options?: {
    readonly count?: number
    readonly status?: string
    readonly since?: number
  }): Promise<PassRow[]>
  /** Milliseconds since 1970 by the clock of the passes. */
  now(): Promise<number>
  /** What can never be true, whatever happened: empty. */
  contradictions(): Promise<string[]>
  /** The end of what the workers logged, for a failure that can't be understood otherwise. */
  story(): string
  /** Kills what still runs. What the workers wrote to stderr, all together. */
  close(): Promise<string>
}

export async function openScene(options: {
  readonly databaseUrl: string
  readonly redisUrl: string | null
  readonly world?: Partial<WorldOptions>
  readonly apiKey?: string
}): Promise<Scene> {
  const { databaseUrl, redisUrl, apiKey = `ak_live_${randomBytes(12).toString('hex')}` } = options
  const world = createWorld({ seed: 'worker', teammates: 6, numbersPerQueue: 15, ...options.world })
  const api = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
  const pool = openPool(databaseUrl, { max: 3, name: 'scene' })
  const workers: WorkerProcess[] = []

  const passes = async () => {
    const { rows } = await pool.query<PassRow>(
      `select pass_id, trigger, status, (extract(epoch from started_at) * 1000)::float8 as started_at,
         (extract(epoch from finished_at) * 1000)::float8 as finished_at, teammates, error_code,
         case when job_id like '%repeat:%' then jsonb_build_object(
           'schedule', substring(job_id from 'repeat:(.*):\\d+$'),
           'at', substring(job_id from ':(\\d+)$')::bigint) end as tick
       from allo.sync_passes where team_id = $1 order by sync_passes.started_at, pass_id`,
      [world.team.id],
    )
    return rows
  }
  return {
    api,
    apiKey,
    fingerprint: keyFingerprint(apiKey),
    pool,
    databaseUrl,
    redisUrl,
    start(env = {}) {
      const worker = spawnWorker({ apiKey, apiUrl: api.url, databaseUrl, redisUrl, env })
      workers.push(worker)
      return worker
    },
    passes,
    async finished({ count = 1, status, since = 0 } = {}) {
      return until(`${count} passes that are ${status ?? 'over'}`, async () => {
        const over = (await passes().catch(() => [])).filter(
          (pass) =>
            pass.finished_at !== null &&
            pass.started_at > since &&
            (status === undefined || pass.status === status),
        )
        return over.length >= count && over
      })
    },
    async now() {
      const { rows } = await pool.query<{ ms: number }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
      )
      return rows[0]?.ms ?? 0
    },
    async contradictions() {
      const { rows } = await pool.query<{ what: string }>(
        `select format('passes %s and %s of one team ran at once', a.pass_id, b.pass_id) as what
           from allo.sync_passes a join allo.sync_passes b
             on a.team_id = b.team_id and a.trigger = 'schedule' and b.trigger = 'schedule' and a.pass_id < b.pass_id
             and b.started_at < coalesce(a.finished_at, 'infinity')
         union all
         select format('entry %s has %s open versions', entry_id, count(*))
           from allo.queue_number_versions where valid_to is null group by entry_id having count(*) > 1
         union all
         select format('entry %s has the same version twice in a row', entry_id) from (
           select entry_id, to_jsonb(v) - array['valid_from', 'valid_to', 'changed_after', 'end_reason', 'version_id', 'updated_at'] as content,
             lag(to_jsonb(v) - array['valid_from', 'valid_to', 'changed_after', 'end_reason', 'version_id', 'updated_at'])
               over (partition by entry_id order by valid_from) as before
           from allo.queue_number_versions v) w where content = before
         union all
         select format('%s was recorded %s times in pass %s', user_id, count(*), pass_id)
           from allo.sync_reads group by pass_id, user_id having count(*) > 1`,
      )
      return rows.map(({ what }) => what)
    },
    story: () =>
      workers
        .map(({ pid, logs, stderr }) => {
          const lines = logs.slice(-25).map((line) => JSON.stringify(line))
          return [`worker ${pid}`, ...lines, stderr()].join('\n')
        })
        .join('\n\n'),
    async close() {
      for (const worker of workers) if (worker.isRunning()) worker.kill('SIGKILL')
      await Promise.all(workers.map(({ exited }) => exited))
      await api.close()
      await pool.end()
      return workers.map((worker) => worker.stderr()).join('')
    },
  }
}

/** A scene that must leave no contradiction in the database and nothing on stderr. */
export async function withScene(
  options: Parameters<typeof openScene>[0],
  work: (scene: Scene) => Promise<void>,
): Promise<void> {
  const scene = await openScene(options)
  let stderr = ''
  try {
    await work(scene)
    assert.deepEqual(await scene.contradictions(), [])
  } catch (error) {
    console.error(scene.story())
    throw error
  } finally {
    stderr = await scene.close()
  }
  assert.equal(stderr, '')
}
