import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { trackCredentials } from '../src/worker/credentials.ts'
import { backendNames, openJobBackend, queueNames } from '../src/worker/job-backend.ts'
import type { JobBackend, JobQueue } from '../src/worker/jobs.ts'
import { findChromium } from './support/browser.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { databaseAt, startTestServer, type TestServer } from './support/http.ts'
import { apiKey, runPass } from './support/pass.ts'
import { backendsOfJobs } from './support/shared-redis.ts'

const hostile = `<img src=x onerror=alert(1)>"'&amp; +15551234567 \u202egnp`

describe.each(await backendsOfJobs())('with the jobs in %s', (_, redisUrl) => {
  let database: TestDatabase
  let api: SimulatedAllo
  let jobs: JobBackend
  let passes: JobQueue
  let readings: JobQueue
  let server: TestServer
  const credentials = trackCredentials(() => undefined)

  beforeAll(async () => {
    database = await createTestDatabase()
    const world = createWorld({ seed: 3, teammates: 5, numbersPerQueue: 8, teamName: 'Acme <b>Sales</b>' })
    const [, second, third] = world.teammates()
    api = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
    await runPass(api, database.url)
    if (second) api.faults.add({ kind: 'unknown_fields', userId: second.id })
    if (third) api.faults.add({ kind: 'queue_missing', userId: third.id })
    await runPass(api, database.url)
    await database.pool.query(`update allo.teammates set name = $1 where user_id = $2`, [hostile, third?.id])

    jobs = await openJobBackend({ redisUrl, databaseUrl: database.url }, () => undefined)
    const names = queueNames(keyFingerprint(apiKey))
    passes = await jobs.openQueue(names.passes)
    readings = await jobs.openQueue(names.readings)
    await passes.upsertJobScheduler('one', { every: 3_600_000 }, { name: 'pass', data: {}, opts: {} })
    await readings.addBulk([{ name: 'reading', data: { userId: 'usr-1' }, opts: { jobId: 'job-1' } }])
    server = await startTestServer(
      {},
      {
        database: databaseAt(database.url),
        worker: { jobs, passes, readings, credentials, readsPerSecond: () => 18 },
      },
    )
  })
  afterAll(async () => {
    await server?.http.stop()
    await server?.state.database?.pool.end()
    await Promise.all([passes?.close(), readings?.close()])
    await jobs?.close()
    await api?.close()
    await database?.drop()
  })

  test('the worker is ready, and each check gives its reason', async () => {
    const { status, text } = await server.get('/readyz')
    expect([status, JSON.parse(text).ready]).toEqual([200, true])
    expect(JSON.parse(text).checks).toMatchObject({
      postgres: { ok: true },
      migrations: { ok: true, detail: 'current' },
      jobs: { ok: true, detail: `kept in ${backendNames[jobs.kind]}` },
      credentials: { ok: true, detail: 'accepted' },
    })
  })

  test('a refused key, or an unreachable Postgres, makes it not ready', async () => {
    const nowhere = databaseAt('postgresql://nobody@127.0.0.1:1/nothing')
    const { worker } = server.state
    const broken = await startTestServer({}, { database: nowhere, worker })
    const { status, text } = await broken.get('/readyz')
    expect(status).toBe(503)
    expect(JSON.parse(text).checks).toMatchObject({
      postgres: { ok: false },
      migrations: { ok: false },
      jobs: { ok: true },
      credentials: { ok: false },
    })
    expect((await broken.get('/')).text).toContain('<h1>Waiting for Postgres.</h1>')
    expect((await broken.get('/metrics')).status).toBe(200)
    await broken.http.stop()
    await nowhere.pool.end()

    await database.pool.query(
      `update allo.sync_passes set status = 'failed', stop_status = 'forbidden', error_message = 'no such key'
       where pass_id = (select max(pass_id) from allo.sync_passes)`,
    )
    const refused = await server.get('/readyz')
    expect(refused.status).toBe(503)
    expect(JSON.parse(refused.text).checks.credentials).toMatchObject({ ok: false, detail: 'no such key' })
    expect((await server.get('/')).text).toContain('Allo refuses the API key')
    // Another worker met the new key, or this one did: the last word counts.
    credentials.accepted()
    expect((await server.get('/readyz')).status).toBe(200)
    await database.pool.query(
      `update allo.sync_passes set status = 'partial', stop_status = null, error_message = null
       where pass_id = (select max(pass_id) from allo.sync_passes)`,
    )
  })

  test('the page says whether there is a problem, who has one, and lists the other teammates', async () => {
    const { status, text } = await server.get('/')
    expect(status).toBe(200)
    expect(text).toContain('The data are fresh, but 1 of 5 teammates could not be read last time.')
    expect(text).toContain('Teammates with problems')
    const names = api.world.teammates().flatMap(({ name }, index) => (index === 2 ? [] : (name ?? [])))
    for (const name of names) expect(text).toContain(name)
    expect(names).toHaveLength(4)
    expect(text.match(/<tr>/g)?.length).toBe(1 + 2 + 1 + 5)
    expect(text).toMatch(
      /<svg class="chart"[^>]*role="img"[\s\S]*<title id="chart-title">[\s\S]*<desc id="chart-desc">2 passes, oldest first: 1 ok, 1 partial, 0 failed\./,
    )
  })

  test('it shows the results of the checks, and not to trust the data while one of them fails', async () => {
    const { team } = api.world
    expect((await server.get('/')).text).not.toContain('Checks of the data')
    await database.pool.query(
      `insert into allo.quality_results (team_id, check_name, severity, checked, failing, status, sentence, checked_at)
         values ($1, 'orphans', 'error', 14, 0, 'passed', 'All 14 lead to rows.', now()),
           ($1, 'known_values', 'warn', 9, 1, 'failed', '1 of 9 is new.', now()),
           ($1, 'freshness', 'error', 5, 5, 'failed', 'Not in time.', now()),
           ($1, 'times_not_shifted', 'error', 0, 0, 'skipped', 'Nothing.', now())`,
      [team.id],
    )
    const warned = (await server.get('/')).text
    expect(warned).toContain('The data are fresh, but 1 of 5 teammates could not be read last time.')
    expect(warned).toContain('<summary>2 of 4 found something, ')
    await database.pool.query(
      `update allo.quality_results set status = 'failed', failing = 2, sentence = '2 of 14 lead nowhere.'
         where check_name = 'orphans'`,
    )
    const { text } = await server.get('/')
    expect(text).toContain('<h1>The data are fresh, but a check failed: don&#39;t trust them yet.</h1>')
    expect(text).toContain('<li>2 of 14 lead nowhere.</li>')
    expect(JSON.parse((await server.get('/status')).text).quality).toMatchObject({
      checkedAt: expect.stringMatching(/^20.*Z$/),
      results: [
        { name: 'freshness' },
        { name: 'orphans', failing: 2 },
        { status: 'skipped' },
        { severity: 'warn' },
      ],
    })
    const metrics = (await server.get('/metrics')).text
    expect(metrics).toContain('allo_queue_mirror_data_check_failed{check="orphans",severity="error"} 1')
    expect(metrics).toContain('allo_queue_mirror_data_check_failing{check="orphans",severity="error"} 2')
    expect(metrics).not.toContain('check="times_not_shifted"')
    expect(metrics).toMatch(/\nallo_queue_mirror_data_checked_timestamp_seconds \d+/)
    await database.pool.query('delete from allo.quality_results')
  })

  test('it shows when a teammate was verified and when looked at, and /metrics has the oldest look unless looks are off', async () => {
    const [first] = api.world.teammates()
    await database.pool.query(
      `insert into allo.looks (user_id, team_id, queue_id, planned_at, looked_at, interval_seconds)
       select user_id, team_id, queue_id, now(), now() - interval '70 s', 12.5 from allo.queues
       where user_id = $1 and is_current`,
      [first?.id],
    )
    const { text } = await server.get('/')
    expect(text).toContain('<th scope="col">Verified</th>')
    expect(text).toMatch(/<td class="when"><time datetime="20[^"]+">\d+\u00a0(?:s|min) ago<\/time><\/td>/)
    expect(text).toMatch(/<b>Live<\/b> no looks: no worker is running; no dial was seen in the last hour\./)
    const metrics = (await server.get('/metrics')).text
    const age = /\nallo_queue_mirror_look_age_max_seconds ([\d.]+)/.exec(metrics)?.[1]
    expect(Number(age)).toBeGreaterThanOrEqual(70)
    expect(metrics).toMatch(/\nallo_queue_mirror_look_interval_p50_seconds 12\.5/)
    const withoutLooks = await startTestServer({ LIVE_BUDGET_SHARE: '0' }, server.state)
    const { text: scraped } = await withoutLooks.get('/metrics')
    await withoutLooks.http.stop()
    expect(scraped).toContain('\nallo_queue_mirror_data_age_max_seconds ')
    expect(scraped).not.toMatch(/\nallo_queue_mirror_look_age_max_seconds/)
    await database.pool.query('delete from allo.looks')
    expect((await server.get('/metrics')).text).not.toMatch(/\nallo_queue_mirror_look_age_max_seconds/)
  })

  test('it shows how many calls have details, and /metrics counts them by state', async () => {
    expect((await server.get('/')).text).not.toContain('<b>Calls</b>')
    await database.pool.query(
      `insert into allo.calls (team_id, call_id, dialled_at, next_ask_at, known_at, result, given_up_at)
       select $1, 'cll-' || state, now(), case state when 1 then now() end, case state when 2 then now() end,
         case state when 2 then 'ANSWERED' end, case state when 3 then now() end from generate_series(1, 3) state`,
      [api.world.team.id],
    )
    expect((await server.get('/')).text).toContain(
      '<b>Calls</b> 1 known, 1 waiting, 1 given up; none is asked for: CALL_DETAILS is off.',
    )
    const { text } = await server.get('/metrics')
    for (const state of ['known', 'waiting', 'given_up'])
      expect(text).toMatch(new RegExp(`\nallo_queue_mirror_calls\\{state="${state}"\\} 1\n`))
    expect(text).toContain('allo_queue_mirror_call_requests_total{outcome="known"} 0')
    await database.pool.query('truncate allo.calls')
  })

  test('a name is shown as text, and a number in it is masked', async () => {
    const { text } = await server.get('/')
    expect(text).toContain(`&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;amp; [number] \ufffdgnp`)
    expect(text).toContain('Acme &lt;b&gt;Sales&lt;/b&gt;')
    expect(text).not.toMatch(/<img|<b>Sales|5551234567/)
    const json = await server.get('/status')
    expect(json.headers['content-type']).toMatch(/^application\/json/)
    expect(json.text).toContain('[number]')
    expect(json.text).not.toContain('5551234567')
  })

  test('the page has one style and one script, whose hashes are in the policy, and reloads itself without scripts', async () => {
    const { text, headers } = await server.get('/')
    expect(text).not.toMatch(/javascript:|<[^>]*\s(?:on\w+|style)=|https?:\/\//i)
    const hashesOf = (tag: RegExp) =>
      [...text.matchAll(tag)].map(([, part = '']) => createHash('sha256').update(part).digest('base64'))
    const [style, ...styles] = hashesOf(/<style[^>]*>([\s\S]*?)<\/style>/g)
    const [script, ...scripts] = hashesOf(/<script[^>]*>([\s\S]*?)<\/script>/g)
    expect([...styles, ...scripts]).toEqual([])
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${style}'; script-src 'sha256-${script}'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(text).toContain('<noscript><meta http-equiv="refresh" content="30"></noscript>')
    expect(text).toContain('<a href="">Reload</a>')
  })

  test('no page contains a phone number, an e-mail address or the key', async () => {
    const numbers = api.world
      .teammates()
      .flatMap(({ id }) => (api.world.currentQueue(id)?.rows() ?? []).map(({ number_to }) => number_to ?? ''))
    expect(numbers.length).toBeGreaterThan(20)
    for (const path of [
      '/',
      '/status',
      '/metrics',
      '/readyz',
      '/queues/api/queues?activeQueue=x',
      '/queues/',
    ]) {
      const { text } = await server.get(path)
      for (const number of numbers) expect(text).not.toContain(number.replace('+', ''))
      expect(text).not.toMatch(/@example|@acme/)
      expect(text).not.toContain(apiKey)
    }
  })

  test('/status has the same content as the page, as JSON', async () => {
    const status = JSON.parse((await server.get('/status')).text)
    expect(status).toMatchObject({
      verdict: { tone: 'warning' },
      freshness: { isFresh: true, staleAfterSeconds: 900 },
      counts: { teammates: 5, stale: 0, failing: 1, neverRead: 0 },
      schedule: { text: 'every 5 m' },
      jobs: { backend: jobs.kind, problem: null, workers: 0, counts: { readings: { waiting: 1 } } },
      database: 'own',
      version: '1.2.3',
      incidents: [],
    })
    expect(Date.parse(status.schedule.nextRunAt)).toBeGreaterThan(0)
    const ages = status.teammates.map((one: { ageSeconds: number }) => one.ageSeconds)
    expect(ages).toEqual([...ages].sort((a, b) => b - a))
    expect(status.passes.map((pass: { status: string }) => pass.status)).toEqual(['partial', 'ok'])
  })

  test('/metrics is in the format of Prometheus, and no label has an unbounded set of values', async () => {
    server.metrics.count({ type: 'answered', status: 200 })
    server.metrics.count({ type: 'answered', status: 429 })
    server.metrics.count({ type: 'answered', status: null })
    server.metrics.count({ type: 'look', result: 'changed' })
    server.metrics.observeLag('call_start_date', 4.2)
    server.metrics.observeLag('call_start_date', -0.5)
    const { text, headers } = await server.get('/metrics')
    expect(headers['content-type']).toMatch(/^text\/plain; version=0.0.4/)
    const sample =
      /^[a-z_][a-z0-9_]*(?:\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})? (?:-?[0-9.e+-]+|NaN|Nan|\+Inf)$/
    const lines = text
      .trim()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines.filter((line) => !sample.test(line))).toEqual([])
    const value = (name: string) =>
      Number(lines.find((line) => line.startsWith(`allo_queue_mirror_${name} `))?.split(' ')[1])
    expect(value('teammates')).toBe(5)
    expect(value('teammates_failing')).toBe(1)
    expect(value('teammates_stale')).toBe(0)
    expect(value('numbers_current')).toBe(40)
    expect(value('data_age_slo_seconds')).toBe(900)
    expect(value('data_age_max_seconds')).toBeLessThan(120)
    expect(value('read_budget_reads_per_second')).toBe(18)
    expect(value('jobs{queue="readings",state="waiting"}')).toBe(1)
    expect(value('api_requests_total{class="4xx"}')).toBe(1)
    expect(value('api_requests_total{class="none"}')).toBe(1)
    expect(value('api_throttled_total')).toBe(1)
    expect(value('dependency_up{dependency="credentials"}')).toBe(1)
    expect(value('looks_total{result="changed"}')).toBe(1)
    expect(value('looks_total{result="given_up"}')).toBe(0)
    expect(value('source_lag_seconds_bucket{le="1",source_time="call_start_date"}')).toBe(1)
    expect(value('source_lag_seconds_bucket{le="5",source_time="call_start_date"}')).toBe(2)
    expect(value('source_lag_seconds_count{source_time="updated_at"}')).toBe(0)
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes '))).toBe(true)
    expect(text).not.toMatch(/usr-|team-/)
  })

  describe('/queues', () => {
    test('shows both job queues, and its policy allows nothing from other sites', async () => {
      const { status, text, headers } = await server.get('/queues/')
      expect([status, text.includes('<div id="root">')]).toEqual([200, true])
      expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'")
      const { queues } = JSON.parse((await server.get('/queues/api/queues')).text)
      expect(queues.map(({ name }: { name: string }) => name)).toEqual([passes.name, readings.name])
      expect(queues.every((queue: { readOnlyMode: boolean }) => queue.readOnlyMode)).toBe(true)
      const [, script = ''] = /src="(static\/js\/main[^"]+)"/.exec(text) ?? []
      expect((await server.get(`/queues/${script}`)).status).toBe(200)
    })

    test('is read-only: every request that changes something is refused and changes nothing', async () => {
      const queue = `/queues/api/queues/${readings.name}`
      const actions = [
        ['PUT', `${queue}/pause`],
        ['PUT', `${queue}/resume`],
        ['PUT', `${queue}/empty`],
        ['PUT', `${queue}/obliterate`],
        ['PUT', `${queue}/clean/waiting`],
        ['PUT', `${queue}/retry/failed`],
        ['PUT', `${queue}/promote`],
        ['PUT', `${queue}/job-1/clean`],
        ['PUT', `${queue}/job-1/retry/waiting`],
        ['PUT', `${queue}/job-1/promote`],
        ['PUT', `${queue}/concurrency`],
        ['PATCH', `${queue}/job-1/update-data`],
        ['POST', `${queue}/add`],
        ['PUT', '/queues/api/queues/pause'],
        ['DELETE', `/queues/api/queues/${passes.name}/job-schedulers/one`],
        ['POST', `/queues/api/queues/${passes.name}/job-schedulers/one/run`],
      ] as const
      const before = await state()
      for (const [method, path] of actions) {
        expect([path, (await server.get(path, { method })).status]).toEqual([path, 405])
        const pretending = { 'x-http-method-override': method, 'x-method-override': method }
        await server.get(path, { headers: pretending })
        await server.get(`${path}?_method=${method}`)
      }
      expect(await state()).toEqual(before)
    })

    async function state() {
      const api = JSON.parse((await server.get('/queues/api/queues')).text)
      return {
        readings: await readings.getJobCounts(),
        schedulers: (await passes.getJobSchedulers()).map(({ key }) => key),
        isPaused: api.queues.map((queue: { isPaused: boolean }) => queue.isPaused),
        job: await readings.getJobState('job-1'),
      }
    }
  })

  const chromium = findChromium()
  if (chromium === null)
    console.warn('SKIPPED: no Chromium on PATH, the page is not looked at as a browser does.')
  test.skipIf(chromium === null)(
    'a browser shows the page styled, at 360 pixels too, without an error in its console',
    async () => {
      const home = mkdtempSync(join(tmpdir(), 'chromium-'))
      const browse = async (...more: string[]) =>
        promisify(execFile)(
          chromium ?? '',
          [
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            '--enable-logging=stderr',
            `--user-data-dir=${home}`,
            ...more,
            `${server.url}/`,
          ],
          { timeout: 45_000, maxBuffer: 1 << 26 },
        )
      try {
        const { stdout, stderr } = await browse('--dump-dom')
        expect(stdout).toContain('<h1>The data are fresh, but 1 of 5')
        expect(stdout).not.toContain('<img')
        expect(stderr).not.toMatch(/CONSOLE|Content Security Policy|Refused/)
        const picture = join(home, 'page.png')
        await browse('--window-size=360,800', `--screenshot=${picture}`)
        expect(statSync(picture).size).toBeGreaterThan(10_000)
      } finally {
        rmSync(home, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  )
})
