import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { createLogger } from '../src/logger.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { openPool } from '../src/store/postgres/database.ts'
import { createAlerts } from '../src/worker/alerts.ts'
import type { PeriodicChore } from '../src/worker/chore.ts'
import { createMetrics } from '../src/worker/metrics.ts'
import { createWebhook } from '../src/worker/webhook.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { apiKey } from './support/pass.ts'
import { until } from './support/worker.ts'

interface Message {
  readonly text: string
  readonly kind: string
  readonly state: string
  readonly [field: string]: unknown
}

let database: TestDatabase
let cleanups: (() => unknown)[] = []
let posts: Message[] = []
let answers: number[] = []
let logged: { event: string; msg: string }[] = []
let webhookUrl = ''

beforeEach(async () => {
  posts = []
  answers = []
  logged = []
  cleanups = []
  database = await createTestDatabase()
  cleanups.push(() => database.drop())
  webhookUrl = await listen()
  await sql(`insert into allo.teams values ('team-1', 'Acme', now(), now())`)
  await sql(`insert into allo.api_keys (key_fingerprint, team_id) values ($1, 'team-1')`, [
    keyFingerprint(apiKey),
  ])
  await sql(`insert into allo.teammates (user_id, team_id, name, is_listed, first_seen_at, last_seen_at)
    select 'usr-' || n, 'team-1', 'N' || n, true, now(), now() from generate_series(1, 3) n`)
  await readBefore('0 s')
})
afterEach(async () => {
  for (const cleanUp of cleanups.reverse()) await cleanUp()
})

const sql = (text: string, values: unknown[] = []) => database.pool.query(text, values)

/** How long ago everyone, or one of them, was read. */
const readBefore = (interval: string, userId = '%') =>
  sql('update allo.teammates set last_observed_at = clock_timestamp() - $1::interval where user_id like $2', [
    interval,
    userId,
  ])

const passEnded = (status: string, stopStatus: string | null = null, message: string | null = null) =>
  sql(
    `insert into allo.sync_passes (team_id, trigger, is_whole_team, status, started_at, finished_at, lease_expires_at,
       version, stop_status, error_message)
     values ('team-1', 'schedule', true, $1, clock_timestamp(), clock_timestamp(), now(), '1', $2, $3)`,
    [status, stopStatus, message],
  )

/** A webhook that answers what `answers` says, then 200. */
async function listen(): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const status = answers.shift() ?? 200
      if (status === 200) posts.push(JSON.parse(body))
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/hooks/s3cret-part`
}

function worker({
  url = webhookUrl as string | null,
  databaseUrl = database.url,
  env = {},
} = {}): PeriodicChore {
  const config = loadConfig({
    ALLO_API_KEY: apiKey,
    SYNC_EVERY: '5m',
    ...(url ? { ALERT_WEBHOOK_URL: url } : {}),
    ...env,
  })
  const pool = openPool(databaseUrl, { max: 2, name: 'alerts' })
  const retry = { retries: 2, minTimeout: 10, maxTimeout: 20 }
  const { alertWebhookUrl } = config
  const webhook =
    alertWebhookUrl === null
      ? null
      : createWebhook(
          alertWebhookUrl,
          { httpsProxy: '', httpProxy: '', noProxy: '' },
          {
            userAgent: 'test',
            retry,
          },
        )
  const alerts = createAlerts({
    ...config,
    pool,
    keyFingerprint: keyFingerprint(apiKey),
    webhook,
    metrics: createMetrics(),
    logger: createLogger('debug', { write: (line: string) => logged.push(JSON.parse(line)) }, () => []),
    version: '1.2.3',
    tryAgainAfterMs: 1,
  })
  cleanups.push(async () => {
    await alerts.stop()
    await webhook?.close()
    await pool.end()
  })
  return alerts
}

const lookTogether = (workers: readonly PeriodicChore[]) => Promise.all(workers.map((one) => one.runNow()))
const states = () => posts.map(({ kind, state }) => `${kind} ${state}`)
const events = () => logged.map(({ event }) => event)

describe('stale data', () => {
  test('send one alert when they become stale and one when they are fresh again, with any number of workers', async () => {
    const workers = [worker(), worker(), worker(), worker()]
    await lookTogether(workers)
    expect(posts).toEqual([])

    await readBefore('16 min', 'usr-2')
    for (let round = 0; round < 3; round += 1) await lookTogether(workers)
    expect(posts).toEqual([
      {
        text: ':warning: Allo queue mirror of Acme: The data of one teammate are older than 15 min.',
        kind: 'stale_data',
        state: 'open',
        incident_id: '1',
        team_id: 'team-1',
        team_name: 'Acme',
        summary: 'The data of one teammate are older than 15 min.',
        opened_at: expect.stringMatching(/^20.*Z$/),
        closed_at: null,
        stale_after_seconds: 900,
        version: '1.2.3',
      },
    ])

    await readBefore('0 s')
    for (let round = 0; round < 3; round += 1) await lookTogether(workers)
    expect(states()).toEqual(['stale_data open', 'stale_data closed'])
    expect(posts[1]?.text).toMatch(/^:white_check_mark: .*Acme: The data are fresh again, after \d/)

    await readBefore('1 h')
    await lookTogether(workers)
    expect(states()).toEqual(['stale_data open', 'stale_data closed', 'stale_data open'])
    expect(events().filter((event) => event === 'incident_opened')).toHaveLength(2)
    expect(events().filter((event) => event === 'alert_delivered')).toHaveLength(3)
  })

  test('include teammates who were never read, but not those who left or are left out by configuration', async () => {
    await readBefore('1 h')
    await passEnded('ok')
    await sql(`insert into allo.sync_reads (pass_id, user_id, status, observed_at, walks, requests, throttled, duration_ms, error_code)
      values (1, 'usr-1', 'skipped', now(), 0, 0, 0, 0, 'not_asked')`)
    await sql(`update allo.teammates set is_listed = false, left_at = now() where user_id = 'usr-2'`)
    await sql(
      `update allo.teammates set last_observed_at = null, first_seen_at = now() where user_id = 'usr-3'`,
    )
    const alerts = worker()
    await alerts.runNow()
    expect(posts).toEqual([])
    await sql(`update allo.teammates set first_seen_at = now() - interval '1 h' where user_id = 'usr-3'`)
    await alerts.runNow()
    expect(states()).toEqual(['stale_data open'])
  })

  test('do not include a teammate who came back, until a pass has read the team', async () => {
    const passRead = async (...ids: readonly string[]) => {
      await passEnded('ok')
      await sql(
        `insert into allo.sync_reads (pass_id, user_id, status, observed_at, walks, requests, throttled, duration_ms)
         select max(pass_id), unnest($1::text[]), 'ok', clock_timestamp(), 1, 1, 0, 1 from allo.sync_passes`,
        [ids],
      )
    }
    await passRead('usr-1', 'usr-2', 'usr-3')
    await readBefore('1 h', 'usr-3')
    await passRead('usr-1', 'usr-2')
    const alerts = worker()
    await alerts.runNow()
    expect(posts).toEqual([])
    await passRead('usr-1', 'usr-2', 'usr-3')
    await alerts.runNow()
    expect(states()).toEqual(['stale_data open'])
  })

  test('are judged by FRESHNESS_SLO if it is set', async () => {
    await readBefore('16 min')
    await worker({ env: { FRESHNESS_SLO: '20m' } }).runNow()
    expect(posts).toEqual([])
    await worker({ env: { FRESHNESS_SLO: '10m' } }).runNow()
    expect(states()).toEqual(['stale_data open'])
  })
})

describe('a refused key', () => {
  test('sends one alert, and the incident ends only when a pass has read a teammate', async () => {
    const workers = [worker(), worker(), worker()]
    await passEnded('ok')
    await lookTogether(workers)
    expect(posts).toEqual([])

    for (let pass = 0; pass < 3; pass += 1) {
      await passEnded('failed', 'forbidden', 'Allo says that the key was revoked')
      await lookTogether(workers)
    }
    expect(states()).toEqual(['credentials open'])
    expect(posts[0]?.text).toContain('Allo refuses the API key: Allo says that the key was revoked')

    await passEnded('failed', 'error', 'Allo is down')
    await lookTogether(workers)
    expect(states()).toEqual(['credentials open'])

    await passEnded('partial')
    await lookTogether(workers)
    expect(states()).toEqual(['credentials open', 'credentials closed'])
  })

  test('and stale data are two incidents', async () => {
    await readBefore('1 d')
    await passEnded('failed', 'forbidden')
    await worker().runNow()
    expect(states().sort()).toEqual(['credentials open', 'stale_data open'])
  })
})

describe('a failed data check', () => {
  const checked = (name: string, severity: string, status: string) =>
    sql(
      `insert into allo.quality_results values ('team-1', $1, $2, 3, 1, $3, '1 of 3 ' || $1, now())
       on conflict (team_id, check_name) do update set status = excluded.status`,
      [name, severity, status],
    )

  test('sends one alert, and another when it passes again; warnings and the check freshness send none here', async () => {
    const workers = [worker(), worker(), worker()]
    await checked('known_values', 'warn', 'failed')
    await checked('duplicate_numbers', 'note', 'failed')
    await checked('freshness', 'error', 'failed')
    await checked('orphans', 'error', 'passed')
    await lookTogether(workers)
    expect(posts).toEqual([])

    await checked('orphans', 'error', 'failed')
    for (let round = 0; round < 2; round += 1) await lookTogether(workers)
    await checked('times_plausible', 'error', 'failed')
    await lookTogether(workers)
    expect(posts.map(({ text }) => text)).toEqual([
      ':warning: Allo queue mirror of Acme: A check of the data failed. 1 of 3 orphans',
    ])
    await checked('orphans', 'error', 'passed')
    await checked('times_plausible', 'error', 'skipped')
    for (let round = 0; round < 2; round += 1) await lookTogether(workers)
    expect(states()).toEqual(['data_quality open', 'data_quality closed'])
    expect(posts[1]?.text).toMatch(/Acme: The checks of the data pass again, after \d/)
  })
})

describe('a webhook', () => {
  test('is called again after a short failure', async () => {
    await readBefore('1 h')
    answers = [500, 503]
    await worker().runNow()
    expect(states()).toEqual(['stale_data open'])
  })

  test('that refuses a message is called again later, not at once, and its URL is in no log', async () => {
    await readBefore('1 h')
    answers = [404]
    const alerts = worker()
    await alerts.runNow()
    // Whether its own second look came already is a matter of milliseconds.
    await until('it is told', async () => {
      await alerts.runNow()
      return posts.length > 0
    })
    expect(states()).toEqual(['stale_data open'])
    expect(logged.find(({ event }) => event === 'alert_failed')?.msg).toBe(
      'the alert webhook: it answered 404',
    )
    expect(JSON.stringify(logged)).not.toContain('s3cret')
  })

  test('that does not answer blocks no worker, and another worker sends the alert', async () => {
    await readBefore('1 h')
    const unlucky = worker({ url: 'http://127.0.0.1:1/hooks/s3cret-part' })
    await unlucky.runNow()
    expect(events()).toContain('alert_failed')
    expect(JSON.stringify(logged)).not.toContain('s3cret')
    await until('another tells', async () => {
      await worker().runNow()
      return posts.length > 0
    })
    expect(states()).toEqual(['stale_data open'])
  })

  test('is called by another worker if the claiming worker died, but not while its claim is valid', async () => {
    await readBefore('1 h')
    await worker({ url: null }).runNow()
    await sql(`update allo.incidents set claimed_until = clock_timestamp() + interval '1 minute'`)
    const alerts = worker()
    await alerts.runNow()
    expect(posts).toEqual([])
    await sql(`update allo.incidents set claimed_until = clock_timestamp() - interval '1 second'`)
    await alerts.runNow()
    expect(states()).toEqual(['stale_data open'])
  })

  test('gets one message about an incident that was over before delivery, and none about an incident of yesterday', async () => {
    await readBefore('1 h')
    const silent = worker({ url: null })
    await silent.runNow()
    await readBefore('0 s')
    await silent.runNow()
    await worker().runNow()
    expect(states()).toEqual(['stale_data closed'])

    await sql(`update allo.incidents set opened_at = now() - interval '2 days', closed_at = now() - interval '1 day',
      closing_told_at = null`)
    await worker().runNow()
    expect(states()).toEqual(['stale_data closed'])
  })
})

test('incidents are recorded and logged without a webhook too', async () => {
  await readBefore('1 h')
  await worker({ url: null }).runNow()
  const { rows } = await sql('select kind, summary, closed_at, opening_told_at from allo.incidents')
  expect(rows).toEqual([
    {
      kind: 'stale_data',
      summary: 'The data of 3 teammates are older than 15 min.',
      closed_at: null,
      opening_told_at: null,
    },
  ])
  expect(events()).toEqual(['incident_opened'])
})

test('an unreachable database causes one log line and nothing else', async () => {
  await worker({ databaseUrl: 'postgresql://nobody@127.0.0.1:1/nothing' }).runNow()
  expect(events()).toEqual(['alerts_failed'])
})

test('two teams in one database have separate incidents', async () => {
  await sql(`insert into allo.teams values ('team-2', 'Other', now(), now())`)
  await sql(`insert into allo.teammates (user_id, team_id, is_listed, first_seen_at, last_seen_at)
    values ('usr-9', 'team-2', true, now() - interval '1 d', now())`)
  await worker().runNow()
  expect(posts).toEqual([])
  await sql(`update allo.api_keys set team_id = 'team-2'`)
  await worker().runNow()
  expect(posts).toMatchObject([{ team_id: 'team-2', state: 'open' }])
})
