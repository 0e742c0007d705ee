/** A dependency that responds but can't do the work is not ready, and its own error is shown. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkDatabase } from '../src/commands/doctor/database.ts'
import { checkJobs } from '../src/commands/doctor/jobs.ts'
import { createReport } from '../src/commands/doctor/report.ts'
import { loadConfig } from '../src/config/config.ts'
import { startEmbeddedPostgres } from '../src/embedded/postgres.ts'
import { migrateDatabase } from '../src/store/migrate/migrate.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { openPool } from '../src/store/postgres/database.ts'
import { createDatabaseProbe } from '../src/store/postgres/probe.ts'
import { trackCredentials } from '../src/worker/credentials.ts'
import { openJobBackend, queueNames } from '../src/worker/job-backend.ts'
import { createDatabase, createTestDatabase, dropDatabase, type TestDatabase } from './support/database.ts'
import { databaseAt, startTestServer } from './support/http.ts'
import { apiKey } from './support/pass.ts'
import { startPrivatePostgres } from './support/private-postgres.ts'
import { startTestRedis, type TestRedis } from './support/redis.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { until, type WorkerProcess } from './support/worker.ts'
import { openScene, withScene } from './support/worker-scene.ts'

const backends = await backendsOfJobs()
let redis: TestRedis | null
let database: TestDatabase
beforeAll(async () => {
  ;[redis, database] = await Promise.all([startTestRedis(), createTestDatabase()])
})
afterAll(async () => {
  await Promise.all([redis?.stop(), database.drop()])
})

/** What /readyz, /metrics and doctor say of the jobs there. */
async function judge(redisUrl: string) {
  const jobs = await openJobBackend({ redisUrl, databaseUrl: database.url }, () => undefined)
  const names = queueNames(keyFingerprint(apiKey))
  const [passes, readings] = await Promise.all([jobs.openQueue(names.passes), jobs.openQueue(names.readings)])
  const credentials = trackCredentials(() => undefined)
  const server = await startTestServer(
    {},
    {
      database: databaseAt(database.url),
      worker: { jobs, passes, readings, credentials, readsPerSecond: () => 18 },
    },
  )
  try {
    const ready = await server.get('/readyz')
    const metrics = await server.get('/metrics')
    const lines: string[] = []
    const report = createReport((line) => lines.push(line), [])
    await checkJobs(report, loadConfig({ ALLO_API_KEY: apiKey, REDIS_URL: redisUrl }), null)
    return {
      status: ready.status,
      jobs: JSON.parse(ready.text).checks.jobs,
      up: /dependency_up\{dependency="jobs"\} (\d)/.exec(metrics.text)?.[1],
      doctor: lines.join('\n'),
      exitCode: report.finish(),
    }
  } finally {
    await server.http.stop()
    await server.state.database?.pool.end()
    await Promise.race([
      Promise.all([passes.close(), readings.close()]),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ])
    await jobs.close()
  }
}

/** Speaks just enough of Redis's protocol to refuse every command. */
async function startLoadingRedis(): Promise<{ url: string; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (data) => {
      const commands = data.toString().match(/^\*\d+\r$/gm)?.length ?? 1
      socket.write('-LOADING Redis is loading the dataset in memory\r\n'.repeat(commands))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { url: `redis://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, server }
}

describe('a Redis that answers PING', () => {
  test('and is full, a replica, or unable to save, is not ready, and its own error is shown', async ({
    skip,
  }) => {
    if (redis?.server == null) return skip('no Redis of our own')
    const { url } = redis
    const admin = new Redis(url)
    const config = (name: string, value: string) => admin.config('SET', name, value)
    try {
      expect(await judge(url)).toMatchObject({ jobs: { ok: true }, up: '1', exitCode: 0 })
      expect(await admin.pttl('bull:allo-queue-mirror-probe')).toBeGreaterThan(0)

      await config('maxmemory', '1')
      expect(await judge(url)).toMatchObject({
        status: 503,
        jobs: { ok: false, detail: expect.stringMatching(/^OOM command not allowed/) },
        up: '0',
        doctor: expect.stringMatching(/✗ Redis .*OOM command not allowed.*Increase its maxmemory/),
        exitCode: 75,
      })
      await config('maxmemory', '0')

      await admin.replicaof('127.0.0.1', '1')
      expect(await judge(url)).toMatchObject({
        status: 503,
        jobs: { ok: false, detail: expect.stringMatching(/^READONLY/) },
        doctor: expect.stringMatching(/✗ Redis .*READONLY.*point REDIS_URL at the primary/),
      })
      await admin.replicaof('NO', 'ONE')

      const [, folder = ''] = (await admin.config('GET', 'dir')) as string[]
      // A folder where the file is to go.
      mkdirSync(join(folder, 'dump.rdb', 'inside'), { recursive: true })
      await config('save', '3600 1')
      await admin.set('something', 'to save')
      await admin.bgsave()
      await until('saving failed', async () =>
        (await admin.info('persistence')).includes('rdb_last_bgsave_status:err'),
      )
      expect(await judge(url)).toMatchObject({
        status: 503,
        jobs: { ok: false, detail: expect.stringMatching(/^MISCONF/) },
        doctor: expect.stringMatching(/✗ Redis .*MISCONF.*see its log/),
      })
      await config('save', '')
      rmSync(join(folder, 'dump.rdb'), { recursive: true })
    } finally {
      admin.disconnect()
    }
  })

  test('or is still loading, is not ready', async () => {
    const { url, server } = await startLoadingRedis()
    try {
      expect(await judge(url)).toMatchObject({
        status: 503,
        jobs: { ok: false, detail: 'LOADING Redis is loading the dataset in memory' },
        doctor: expect.stringMatching(/✗ Redis .*LOADING.*Wait until it has finished/),
        exitCode: 75,
      })
    } finally {
      server.close()
    }
  })
})

describe('a Postgres that answers', () => {
  const server = () => {
    const url = new URL(database.url)
    return openPool(url.href, { max: 1, name: 'test' })
  }
  const postgresOf = async (url: string) => {
    const found = databaseAt(url)
    const server = await startTestServer({}, { database: found })
    try {
      const metrics = await server.get('/metrics')
      expect(metrics.status).toBe(200)
      const { checks } = JSON.parse((await server.get('/readyz')).text)
      return { ...checks.postgres, up: /dependency_up\{dependency="postgres"\} (\d)/.exec(metrics.text)?.[1] }
    } finally {
      await server.http.stop()
      await found.pool.end()
    }
  }

  const doctorOf = async (url: string, { withJobs = false } = {}) => {
    const pool = openPool(url, { max: 1, name: 'doctor' })
    const lines: string[] = []
    const report = createReport((line) => lines.push(line), [])
    const config = loadConfig({ ALLO_API_KEY: apiKey, AUTO_MIGRATE: 'false', ROLE_PREFIX: 'none' })
    await checkDatabase(report, { pool, url, isEmbedded: false }, config)
    if (withJobs) await checkJobs(report, config, { pool, url, isEmbedded: false })
    await pool.end()
    const exitCode = report.finish()
    return { exitCode, wrong: lines.filter((line) => line.startsWith('  ✗')) }
  }

  test('and is read-only, has no connection left, or lacks a table or a right, is not ready, and its own error is shown', async () => {
    const admin = server()
    const login = `probe_${database.name}`
    const sql = (text: string) => admin.query(text)
    const url = new URL(database.url)
    url.username = login
    url.password = 'of-the-probe'
    try {
      await sql(`create role ${login} login password 'of-the-probe'`)
      await sql(`grant usage on schema allo to ${login}`)
      await sql(`grant select, insert, update, delete on all tables in schema allo to ${login}`)
      expect(await postgresOf(url.href)).toMatchObject({ ok: true, detail: 'can be written', up: '1' })

      await sql(`revoke insert on allo.dials from ${login}`)
      expect(await postgresOf(url.href)).toMatchObject({
        ok: false,
        detail: 'its login may not read and write allo.dials',
        up: '0',
      })
      const doctor = await doctorOf(url.href)
      expect(doctor.exitCode).toBe(78)
      expect(doctor.wrong).toEqual([
        expect.stringMatching(/rights +this login may not read and write allo\.dials\. Grant these rights/),
      ])
      await sql(`grant insert on allo.dials to ${login}`)

      await sql('alter table allo.dials rename to moved')
      expect(await postgresOf(url.href)).toMatchObject({ ok: false, detail: 'there is no table allo.dials' })
      await sql('alter table allo.moved rename to dials')

      await sql(`alter role ${login} connection limit 0`)
      expect(await postgresOf(url.href)).toMatchObject({
        ok: false,
        detail: expect.stringMatching(/too many connections for role/),
      })
      await sql(`alter role ${login} connection limit -1`)

      await sql(`alter role ${login} set default_transaction_read_only = on`)
      expect(await postgresOf(url.href)).toMatchObject({
        ok: false,
        detail: expect.stringMatching(/cannot execute INSERT in a read-only transaction \(code 25006/),
        up: '0',
      })
    } finally {
      await sql(`drop owned by ${login}`)
      await sql(`drop role ${login}`)
      await admin.end()
    }
  })

  test('and is probed often, is written once in five seconds', async () => {
    const probe = createDatabaseProbe(database.url)
    const versions = async () => {
      const { rows } = await database.pool.query(
        `select xmin::text, count(*) over ()::int as rows from allo.maintenance where task = 'probe'`,
      )
      return rows
    }
    await probe.ask()
    const before = await versions()
    await Promise.all(Array.from({ length: 50 }, () => probe.ask()))
    expect(await versions()).toEqual(before)
    expect(before).toMatchObject([{ rows: 1 }])
  })

  test('and does not allow writing the tables of the jobs, is not ready for jobs', async () => {
    const own = await createTestDatabase()
    const login = `jobs_${own.name}`
    const url = new URL(own.url)
    url.username = login
    url.password = 'of-the-jobs'
    await own.pool.query(`create role ${login} login password 'of-the-jobs'`)
    await own.pool.query(`grant create on database ${own.name} to ${login}`)
    const jobs = await openJobBackend({ redisUrl: null, databaseUrl: url.href }, () => undefined)
    const probeRow = async () =>
      (await own.pool.query(`select value from allo_jobs.meta where field = 'probe'`)).rows
    const says = () => jobs.ping().catch((error: Error) => error.message)
    try {
      await Promise.all([jobs.ping(), jobs.ping()])
      expect(await probeRow()).toHaveLength(1)
      expect(
        (await doctorOf(url.href, { withJobs: true })).wrong.filter((line) => line.includes(' jobs ')),
      ).toEqual([])

      await own.pool.query(`revoke update on allo_jobs.meta from ${login}`)
      expect(await until('the answer is no longer remembered', says)).toMatch(
        /^writing to the tables of the jobs: permission denied for table meta \(code 42501\)$/,
      )
      expect(
        (await doctorOf(url.href, { withJobs: true })).wrong.filter((line) => line.includes(' jobs ')),
      ).toEqual([expect.stringMatching(/may not make and fill schema allo_jobs/)])
    } finally {
      await jobs.close()
      await own.pool.query(`drop owned by ${login} cascade`)
      await own.pool.query(`drop role ${login}`)
      await own.drop()
    }
  })

  test('and has a full disk, is not ready', async ({ skip }) => {
    const disk = mountSmallDisk()
    if (disk === null) return skip('a small disk takes the right to mount one')
    const postgres = await startEmbeddedPostgres({
      dataDir: join(disk.folder, 'postgres'),
      settings: { fsync: 'off' },
    })
    try {
      await migrateDatabase(postgres.url)
      expect(await postgresOf(postgres.url)).toMatchObject({ ok: true })
      disk.fill()
      expect(await postgresOf(postgres.url)).toMatchObject({
        ok: false,
        detail: expect.stringMatching(/No space left on device \(code 53100/),
        up: '0',
      })
    } finally {
      disk.empty()
      await postgres.stop()
      disk.remove()
    }
  })
})

describe('a worker', { concurrent: true }, () => {
  test('whose Redis is full says so in its log, and continues when there is space', async ({ skip }) => {
    const full = await startTestRedis()
    if (full?.server == null) return skip('no Redis of our own')
    const admin = new Redis(full.url)
    const { url, name } = await createDatabase(serverUrl())
    try {
      await withScene({ databaseUrl: url, redisUrl: full.url }, async (scene) => {
        const worker = scene.start()
        await scene.finished({ status: 'ok' })
        await admin.config('SET', 'maxmemory', '1')
        expect((await worker.logged('jobs_unreachable')).msg).toMatch(/^waiting for Redis: OOM command/)
        await admin.config('SET', 'maxmemory', '0')
        await worker.logged('jobs_reachable')
        await scene.finished({ status: 'ok', since: await scene.now() })
      })
    } finally {
      admin.disconnect()
      await full.stop()
      await dropDatabase(serverUrl(), name)
    }
  })

  test('whose Redis refuses the first command of BullMQ says so, and stops on SIGTERM', async ({ skip }) => {
    if (redis?.server == null) return skip('no Redis of our own')
    const admin = new Redis(redis.url)
    const { url, name } = await createDatabase(serverUrl())
    const redisUrl = redis.url.replace('//', '//no-info:of-the-login-1@')
    await admin.call('acl', 'setuser', 'no-info', 'on', '>of-the-login-1', '~bull:*', '+@all', '-info')
    // Its stderr is not empty: ioredis warns there.
    const scene = await openScene({ databaseUrl: url, redisUrl })
    try {
      const worker = scene.start()
      expect((await worker.logged('jobs_unreachable')).msg).toMatch(/^waiting for Redis: NOPERM .*info/)
      worker.kill('SIGTERM')
      expect((await worker.exited).code).toBe(0)
    } finally {
      await scene.close()
      await admin.call('acl', 'deluser', 'no-info')
      admin.disconnect()
      await dropDatabase(serverUrl(), name)
    }
  })

  test.each(backends)(
    'with its jobs in %s waits for a Postgres that is read-only, at the start or later, and then continues',
    async (_, redisUrl) => {
      const admin = openPool(serverUrl(), { max: 1, name: 'test' })
      const { url, name } = await createDatabase(serverUrl())
      const sql = (text: string) => admin.query(text)
      try {
        await sql(`alter database ${name} set default_transaction_read_only = on`)
        await withScene({ databaseUrl: url, redisUrl }, async (scene) => {
          const worker = scene.start()
          expect((await worker.logged('waiting')).msg).toMatch(/is read-only .* a failover/)
          await sql(`alter database ${name} reset default_transaction_read_only`)
          await scene.finished({ status: 'ok' })

          // Sessions that began while it was read only stay so: the worker has to open others.
          await sql(`alter database ${name} set default_transaction_read_only = on`)
          // A probe opens one each time. If it lost this one, it would report that first.
          await sql(`select pg_terminate_backend(pid) from pg_stat_activity
            where datname = '${name}' and application_name <> 'allo-queue-mirror probe'`)
          expect((await worker.logged('database_unusable')).msg).toMatch(/read-only transaction \(code 25006/)
          await sql(`alter database ${name} reset default_transaction_read_only`)
          const since = await until('its time', () => scene.now().catch(() => null))
          await scene.finished({ count: 2, status: 'ok', since })
          await worker.logged('database_usable')
          expect(worker.isRunning()).toBe(true)
        })
      } finally {
        await admin.end()
        await dropDatabase(serverUrl(), name)
      }
    },
  )

  test('whose Postgres is down sends one alert, and another when it is back', async () => {
    const postgres = await startPrivatePostgres()
    const posts: { kind: string; state: string; text: string; incident_id: string }[] = []
    const hook = createHttpServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        posts.push(JSON.parse(body))
        response.end()
      })
    })
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
    const address = hook.address()
    const hookUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hook`
    try {
      const { url } = await createDatabase(postgres.url)
      await withScene({ databaseUrl: url, redisUrl: null }, async (scene) => {
        const env = { ALERT_WEBHOOK_URL: hookUrl, FRESHNESS_SLO: '1h' }
        const worker = scene.start(env)
        await scene.finished({ status: 'ok' })
        await postgres.halt()
        const late = scene.start({ ...env, HTTP_PORT: '0' })
        await until('both processes tell', () => posts.length >= 2)
        const secret = new URL(url).password
        for (const { kind, state, text } of posts) {
          expect([kind, state]).toEqual(['database', 'open'])
          expect(text).toMatch(/process \d+\): Postgres can't be used: /)
          if (secret.length > 7) expect(text).not.toContain(secret)
        }
        expect((await worker.logged('database_unusable')).msg).toMatch(/^Postgres can't be used: /)
        expect(await databaseIncidents(worker)).toEqual(['1', '1'])
        await postgres.start()
        await until('both are over', () => posts.length >= 4)
        await scene.finished({ status: 'ok', since: await scene.now() })
        expect(posts.map(({ state }) => state)).toEqual(['open', 'open', 'closed', 'closed'])
        expect(new Set(posts.map(({ incident_id }) => incident_id)).size).toBe(2)
        await Promise.all([worker.logged('database_usable'), late.logged('database_usable')])
        expect(await databaseIncidents(worker)).toEqual(['0', '1'])
      })
    } finally {
      hook.closeAllConnections()
      hook.close()
      await postgres.stop()
    }
  })
})

/** Open now, and opened so far. */
async function databaseIncidents(worker: WorkerProcess) {
  const { address } = await worker.logged('http_listening')
  const text = await (await fetch(`${address}/metrics`)).text()
  const sample = (metric: string) =>
    new RegExp(`^allo_queue_mirror_${metric}\\{kind="database"\\} (\\d+)$`, 'm').exec(text)?.[1]
  return [sample('incidents_open'), sample('incidents_total')]
}

function serverUrl(): string {
  const url = new URL(database.url)
  url.pathname = '/postgres'
  return url.href
}

/** Null where this user may not mount. */
function mountSmallDisk() {
  const folder = mkdtempSync(join(tmpdir(), 'allo-queue-mirror-disk-'))
  const filler = join(folder, 'filler')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256m', 'none', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return null
  }
  chmodSync(folder, 0o755)
  return {
    folder,
    fill() {
      const { bavail, bsize } = statfsSync(folder)
      writeFileSync(filler, Buffer.alloc(Number(bavail) * Number(bsize)))
    },
    empty: () => rmSync(filler, { force: true }),
    remove() {
      // Lazily: the last process of the server may take a moment to be gone.
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    },
  }
}
