/**
 * Data that can't be stored, names that match no teammate, and a key that changes its team. The same faults through
 * `sync` and the worker must leave the same rows. Real processes are used where that makes a difference.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { openJobBackend, queueNames } from '../src/worker/job-backend.ts'
import type { JobBackend, JobQueue } from '../src/worker/jobs.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { type Mirror, openMirror } from './support/mirror.ts'
import { createWorkplace, type Finished, jsonOf, runCli } from './support/run-cli.ts'
import { type ScriptedAllo, startScriptedAllo } from './support/scripted-allo.ts'
import { environmentOf, spawnCommand, until, type WorkerProcess } from './support/worker.ts'

const apiKey = 'ak_live_of_the_scripted_team'
const long = 'x'.repeat(8192)
const { folder: cwd, remove } = createWorkplace()
afterAll(remove)

describe.each(['sync', 'worker'] as const)('through %s', (executor) => {
  let allo: ScriptedAllo
  let database: TestDatabase
  let mirror: Mirror | null = null
  let worker: WorkerProcess | null = null
  let jobs: JobBackend | null = null
  let passes: JobQueue | null = null
  beforeAll(async () => {
    allo = await startScriptedAllo()
    database = await createTestDatabase()
  })
  afterAll(async () => {
    await stopWorker()
    await mirror?.close()
    await allo.close()
    await database.drop()
  })

  const rows = async (sql: string) => (await database.pool.query(sql)).rows
  const settings = (env: Readonly<Record<string, string>>) =>
    environmentOf({ apiKey, apiUrl: allo.url, databaseUrl: database.url, redisUrl: null, env })

  /**
   * One pass: of one worker that stays, told to begin it; or of `sync`, as a process the first time, with an
   * environment of its own or where its exit code matters, and otherwise in this process. Returns its row.
   */
  async function pass({
    env,
    isProcess = false,
  }: {
    env?: Record<string, string>
    isProcess?: boolean
  } = {}) {
    const before = await lastPassId()
    let finished: Finished | null = null
    if (executor === 'worker') await passOfWorker(before, env)
    else if (isProcess || env !== undefined || before === '0') {
      finished = await runCli(['sync', '--json'], settings(env ?? {}), { cwd })
    } else {
      mirror ??= await openMirror({ simulated: allo, databaseUrl: database.url, apiKey })
      // What stops a pass is thrown, and stands in its row.
      await mirror.pass().catch(() => undefined)
    }
    return { finished, ...(await rows(lastPass))[0] }
  }

  async function passOfWorker(before: string, env: Record<string, string> | undefined) {
    // A worker begins its first pass by itself, and the next one on the next day.
    const isFirst = worker === null || env !== undefined
    if (isFirst) {
      await stopWorker()
      await database.pool.query('drop schema if exists allo_jobs cascade')
      worker = spawnCommand(['worker'], settings({ SYNC_EVERY: '1d', ...env }))
    } else {
      jobs ??= await openJobBackend({ redisUrl: null, databaseUrl: database.url }, () => undefined)
      passes ??= await jobs.openQueue(queueNames(keyFingerprint(apiKey)).passes)
      await passes.addBulk([{ name: 'pass', data: {}, opts: {} }])
    }
    await until('a pass is over', async () => {
      if (!worker?.isRunning()) throw new Error(`the worker ended: ${worker?.stderr()}`)
      const [over] = await rows(
        `select from allo.sync_passes where pass_id > ${before} and status <> 'running'`,
      ).catch(() => [])
      return over !== undefined
    })
  }
  async function stopWorker() {
    await passes?.close()
    await jobs?.close()
    worker?.kill('SIGTERM')
    await worker?.exited
    worker = null
    jobs = null
    passes = null
  }
  const lastPass =
    'select status, error_code, error_message, teammates from allo.sync_passes order by pass_id desc limit 1'
  async function lastPassId(): Promise<string> {
    const exists = await rows(`select to_regclass('allo.sync_passes') is not null as yes`)
    if (!exists[0].yes) return '0'
    return (await rows('select coalesce(max(pass_id), 0) as id from allo.sync_passes'))[0].id
  }
  const readings = () =>
    rows(`select user_id, status, error_code from allo.sync_reads
      where pass_id = (select max(pass_id) from allo.sync_passes) order by user_id`)

  test('what Postgres or the parser refuses is one teammate’s failed reading, and the other teammates are read', async () => {
    const person = (id: string) => ({ id, name: id, email: `${id}@sales.example`, status: 'ACTIVE' })
    allo.users = ['usr-a', 'usr-b', 'usr-c', 'usr-d'].map(person)
    for (const [index, id] of ['usr-a', 'usr-b', 'usr-c', 'usr-d'].entries()) {
      allo.queues.set(id, { id: `pdl-${id}`, numbers: [{ number_to: `+1212555001${index}` }] })
    }
    expect(await pass()).toMatchObject({ status: 'ok', teammates: 4 })

    // A customer's own index and rule: SQLSTATE 54000 for one number, 23514 for another, 23505 for a teammate.
    await database.pool.query(`
      create function public.eight_kilobytes(number text) returns text language sql immutable
        as $$ select case when number = '+12125550054' then
          (select string_agg(md5(i::text), '') from generate_series(1, 250) i) end $$;
      create index on allo.queue_entries (public.eight_kilobytes(number_to));
      alter table allo.queue_numbers add constraint theirs check (number_to <> '+12125550023');
      create unique index on allo.teammates (email)`)
    const add = (id: string, fields: object) =>
      allo.queues.set(id, { id: `pdl-${id}`, numbers: [{ number_to: '+12125550010' }, fields] })
    add('usr-a', { number_to: '+12125550099' })
    add('usr-b', { call_id: long })
    add('usr-c', { number_to: '+12125550054' })
    add('usr-d', { number_to: '+12125550023' })
    allo.users = [...allo.users, { ...person('usr-e'), email: 'usr-a@sales.example' }]

    const { finished, ...spoilt } = await pass({ isProcess: true })
    expect(spoilt).toMatchObject({ status: 'partial', error_code: 'incomplete_team', teammates: 4 })
    expect(spoilt.error_message).toContain('usr-e')
    expect(await readings()).toEqual([
      { user_id: 'usr-a', status: 'ok', error_code: null },
      { user_id: 'usr-b', status: 'error', error_code: 'surprised' },
      { user_id: 'usr-c', status: 'error', error_code: 'database_refused' },
      { user_id: 'usr-d', status: 'error', error_code: 'database_refused' },
    ])
    if (finished !== null) expect(finished.code).toBe(75)
    expect(
      await rows('select queue_id, count(*)::int from allo.queue_numbers group by 1 order by 1'),
    ).toEqual([
      { queue_id: 'pdl-usr-a', count: 2 },
      ...['b', 'c', 'd'].map((letter) => ({ queue_id: `pdl-usr-${letter}`, count: 1 })),
    ])

    // A row without an id can't be requested. The other teammates are read, and nothing ends.
    allo.users = [...allo.users.slice(0, 4), { id: long }, null]
    for (const id of ['usr-b', 'usr-c', 'usr-d']) add(id, { number_to: '+12125550098' })
    const nameless = await pass()
    expect(nameless).toMatchObject({ status: 'partial', error_code: 'incomplete_team' })
    expect(nameless.error_message).toMatch(/2 rows name no teammate .*data\[4\]\.id: longer than 256 bytes/)
    expect((await readings()).every(({ status }) => status === 'ok')).toBe(true)

    allo.users = allo.users.slice(0, 4)
    expect(await pass()).toMatchObject({ status: 'ok', error_code: null })
    expect(await rows(`select from allo.sync_passes where status = 'running'`)).toEqual([])
  })

  test('a key that names another team, or none, reads nothing and names both teams; one wrong response costs one pass', async () => {
    allo.queues.set('usr-a', { id: 'pdl-usr-a', numbers: [{ number_to: '+12125550010', call_id: 'cll-1' }] })
    expect(await pass()).toMatchObject({ status: 'ok' })
    const homes = () =>
      rows(`select team_id, count(*)::int from (select team_id from allo.teams union all
        select team_id from allo.teammates union all select team_id from allo.queues union all
        select team_id from allo.dials) t group by 1`)
    const before = await homes()
    expect(before).toHaveLength(1)
    for (const team of [null, { id: 'team-2', name: 'Other' }]) {
      allo.me = { api_key_id: 'key-9', team }
      const { finished, ...changed } = await pass({ isProcess: team === null })
      expect(changed).toMatchObject({ status: 'failed', error_code: 'team_changed' })
      expect(changed.error_message).toMatch(
        team === null ? /team team-1, .*no team.* key-key-9/ : /team-1, .*team-2/,
      )
      expect(changed.error_message).toContain(`select allo.move_team('team-1',`)
      if (finished !== null) expect(finished.code).toBe(75)
      expect(await homes()).toEqual(before)
    }
    allo.me = { team: { id: 'team-1', name: 'Acme' } }
    expect(await pass()).toMatchObject({ status: 'ok' })
    expect(await homes()).toEqual(before)
  })

  test('a queue shown for two teammates is reassigned once, and the other reading names its holder', async () => {
    const shared = { id: 'pdl-shared', numbers: [{ number_to: '+12125550031' }] }
    allo.queues.set('usr-c', shared).set('usr-d', shared)
    for (let round = 0; round < 3; round += 1) await pass()
    const holders = await rows(
      `select user_id from allo.queue_assignments where queue_id = 'pdl-shared' and valid_to is null`,
    )
    expect(holders).toHaveLength(1)
    expect(
      (await rows(`select from allo.queue_assignments where queue_id = 'pdl-shared'`)).length,
    ).toBeLessThan(3)
    const refused = await rows(
      `select user_id, error_message from allo.sync_reads where error_code = 'queue_shared' order by pass_id desc`,
    )
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused.map(({ user_id }) => user_id)).size).toBe(1)
    expect(refused[0].user_id).not.toBe(holders[0].user_id)
    expect(refused[0].error_message).toContain('pdl-shared both for usr-')

    allo.queues.set(holders[0].user_id, null)
    for (let round = 0; round < 2; round += 1) await pass()
    expect(
      await rows(
        `select user_id from allo.queue_assignments where queue_id = 'pdl-shared' and valid_to is null`,
      ),
    ).toEqual([{ user_id: refused[0].user_id }])
    expect(await rows(`select is_current from allo.queues where queue_id = 'pdl-shared'`)).toEqual([
      { is_current: true },
    ])
  })

  test('a name in the configuration that matches no teammate is an error, or a warning if other names match', async () => {
    const before = await lastPassId()
    const wrong = await pass({
      env: { ONLY_TEAMMATES: 'usr-aa,someone@else.example' },
    }).catch((error: Error) => error)
    if (executor === 'sync') {
      expect(wrong).toMatchObject({ finished: { code: 64 } })
      expect(await lastPassId()).toBe(before)
      const { finished } = wrong as { finished: Finished }
      expect(finished.stderr).toContain('did you mean usr-a?')
      expect(jsonOf(finished)).toMatchObject({ status: 'failed', error: { code: 'unknown_teammate' } })
    } else {
      expect(wrong).toMatchObject({ status: 'failed', error_code: 'unknown_teammate' })
      expect(wrong).toMatchObject({ error_message: expect.stringContaining('did you mean usr-a?') })
    }
    expect(await pass({ env: { ONLY_TEAMMATES: 'usr-a,usr-zz' } })).toMatchObject({
      status: 'ok',
      teammates: 1,
    })
    const none = await pass({ env: { ONLY_TEAMMATES: 'usr-a', EXCEPT_TEAMMATES: 'usr-a' } })
    if (executor === 'sync') expect(none.finished?.code).toBe(64)
    else expect(none).toMatchObject({ status: 'failed', error_code: 'unknown_teammate' })
  })
})
