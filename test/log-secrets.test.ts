/**
 * Runs real workers with an API that fails in every way and a database that refuses rows, at log level debug. Searches
 * all output for the key, the passwords and every phone number of the world.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, inject, test } from 'vitest'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { signWebhook } from '../src/simulation/webhooks.ts'
import { createWorld } from '../src/simulation/world.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { queueNames } from '../src/worker/job-backend.ts'
import { createTestDatabase } from './support/database.ts'
import { executable } from './support/executable.ts'
import { ask } from './support/http.ts'
import { backendsOfJobs } from './support/shared-redis.ts'
import { environmentOf, until } from './support/worker.ts'

const apiKey = 'ak_live_5e3cr3t_0f_a_t3st'
const pagePassword = 'pages-5e3cr3t'
const numberKey = '5ec7e7'.repeat(11).slice(0, 64)
const webhookSecret = `whsec_5e3cr3t${'A'.repeat(33)}`
const webhookPath = '/hooks/T000/B000/5e3cr3t-hook'

describe.each(await backendsOfJobs())('with the jobs in %s', (_, redisUrl) => {
  test('no output of a worker with problems contains a secret or a phone number', async () => {
    const database = await createTestDatabase()
    const world = createWorld({ seed: 'secrets', teammates: 8, numbersPerQueue: 12, calledBefore: 0.5 })
    const api = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
    const hook = await startHook()
    const numbers = numbersOf(api)
    const databasePassword = decodeURIComponent(new URL(inject('serverUrl')).password)
    const emitted: [string, string][] = []
    const worker = start({
      ...environmentOf({ apiKey, apiUrl: api.url, databaseUrl: database.url, redisUrl }),
      LOG_LEVEL: 'debug',
      SYNC_EVERY: '1s',
      FRESHNESS_SLO: '1s',
      HTTP_BASIC_AUTH: `ops:${pagePassword}`,
      NUMBER_KEY: numberKey,
      ALLO_WEBHOOK_SECRET: webhookSecret,
      ALERT_WEBHOOK_URL: `${hook.url}${webhookPath}`,
      ALLO_REQUEST_TIMEOUT_MS: '500',
    })
    try {
      await until('a pass is over', () => worker.said().includes('"pass_finished"'))
      await makeTrouble(api, database.pool, worker)
      for (const path of ['/', '/status', '/metrics', '/readyz', '/healthz', '/queues/', ...queuePaths]) {
        const headers = { authorization: `Basic ${Buffer.from(`ops:${pagePassword}`).toString('base64')}` }
        const { status, text } = await ask(worker.url() + path, { headers })
        expect([path, status === 200 || status === 503]).toEqual([path, true])
        emitted.push([path, text])
      }
      for (const secret of [webhookSecret, otherWebhookSecret]) {
        const { status, text } = await sendCompletedCall(worker.url(), secret, [...numbers])
        expect([secret, [200, 401, 503].includes(status)]).toEqual([secret, true])
        emitted.push(['a webhook of Allo', text])
      }
      emitted.push(['metrics without a password', (await ask(`${worker.url()}/metrics`)).text])
    } finally {
      worker.process.kill('SIGTERM')
      await worker.exited
      await api.close()
      hook.stop()
    }
    emitted.push(['stdout and stderr', worker.said()], ['the webhook', hook.bodies.join('\n')])
    emitted.push(...(await auditTexts(database.pool)), ...(await jobTexts(database.pool)))
    if (redisUrl !== null) emitted.push(['Redis', await everythingIn(redisUrl)])
    await database.drop()

    for (const number of numbersOf(api)) numbers.add(number)
    const secrets = [
      apiKey,
      pagePassword,
      numberKey,
      '5e3cr3t',
      ...(databasePassword ? [databasePassword] : []),
    ]
    const leaks = emitted.flatMap(([where, text]) => {
      const found = [...secrets, ...numbers].filter((secret) => text.includes(secret))
      return found.map((secret) => `${where}: ${secret}`)
    })
    expect(leaks).toEqual([])
    // What was looked through was really there, and the trouble really happened.
    const sizes = Object.fromEntries(emitted.map(([where, text]) => [where, text.length]))
    for (const [where, size] of Object.entries(sizes)) expect([where, size > 10]).toEqual([where, true])
    for (const trouble of [
      'database_refused',
      'P0001',
      'credentials_refused',
      'incident_opened',
      'api_surprise',
    ]) {
      expect([trouble, worker.said().includes(trouble)]).toEqual([trouble, true])
    }
    expect(hook.bodies.length).toBeGreaterThan(0)
    expect(numbers.size).toBeGreaterThan(80)
  })
})

const otherWebhookSecret = `whsec_${'B'.repeat(40)}`

/** Of a number in every field that a webhook may have. */
function sendCompletedCall(url: string, secret: string, [number = '']: readonly string[]) {
  const data = { user_email: number, user_id: number, to_number: number, summary: `Called ${number}` }
  const body = JSON.stringify({ topic: 'call.completed', data })
  const headers = signWebhook(secret, { id: 'msg_1', at: Date.now(), body })
  return ask(`${url}/hooks/allo`, { method: 'POST', headers, body })
}

/** Each kind for as long as it takes to be met. */
async function makeTrouble(api: SimulatedAllo, pool: Pool, worker: Worker): Promise<void> {
  const [, second, third] = api.world.teammates()
  const next = async (what: string, event: string) => {
    const from = worker.said().length
    await until(what, () => worker.said().slice(from).includes(event))
  }
  for (const kind of [
    'unknown_fields',
    'unknown_values',
    'wrong_types',
    'nul_in_text',
    'absurd_timestamps',
  ] as const) {
    api.faults.add({ kind, userId: second?.id ?? '', times: 3 })
  }
  for (const kind of ['invalid_json', 'queue_missing', 'wrong_owner', 'duplicate_positions'] as const) {
    api.faults.add({ kind, userId: third?.id ?? '', times: 3 })
  }
  await next('strange answers were read', '"pass_finished"')
  await next('strange answers were read', '"pass_finished"')
  api.faults.clear()

  // Postgres quotes the row in the detail of the first, and the text of the second comes from a trigger of another program.
  await pool.query(
    `alter table allo.queue_entries add constraint refused check (number_to not like '+%') not valid`,
  )
  api.world.act(60)
  await next('Postgres refused rows', 'database_refused')
  await pool.query('alter table allo.queue_entries drop constraint refused')
  await pool.query(
    `create function public.refuse() returns trigger language plpgsql as
       $$ begin raise exception 'no % here', new.number_to; end $$`,
  )
  await pool.query(
    'create trigger refuse before insert or update on allo.queue_entries for each row execute function public.refuse()',
  )
  api.world.act(60)
  await next('a trigger refused rows', 'P0001')
  await pool.query('drop function public.refuse() cascade')

  api.change({ apiKey: 'ak_live_another' })
  await next('the key was refused', 'credentials_refused')
  await sleep(1500)
  api.change({ apiKey })
  await next('the key was accepted', 'credentials_accepted')
}

interface Worker {
  readonly process: ChildProcess
  readonly exited: Promise<unknown>
  /** Everything on stdout and stderr so far, as it was. */
  said(): string
  url(): string
}

function start(env: Readonly<Record<string, string>>): Worker {
  const home = mkdtempSync(join(tmpdir(), 'secrets-'))
  const child = spawn(process.execPath, [executable, 'worker'], { cwd: home, env: { HOME: home, ...env } })
  let said = ''
  const listen = (chunk: string) => {
    said += chunk
  }
  child.stdout.setEncoding('utf8').on('data', listen)
  child.stderr.setEncoding('utf8').on('data', listen)
  const exited = new Promise((resolve) => child.once('close', resolve))
  void exited.then(() => rmSync(home, { recursive: true, force: true }))
  return {
    process: child,
    exited,
    said: () => said,
    url: () => /status page at (http:\S+?)"/.exec(said)?.[1] ?? '',
  }
}

/** The jobs themselves, with their data and why they failed. */
const queuePaths = Object.values(queueNames(keyFingerprint(apiKey))).flatMap((queue) =>
  ['completed', 'failed', 'delayed', 'waiting', 'active', 'latest'].map(
    (status) => `/queues/api/queues?activeQueue=${queue}&status=${status}&page=1&jobsPerPage=500`,
  ),
)

async function startHook() {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      bodies.push(body)
      // The second is refused, so that failing to deliver is in the log, too.
      response.writeHead(bodies.length === 2 ? 410 : 200).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    bodies,
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Without the plus, so that a number in any notation is found. */
function numbersOf({ world }: SimulatedAllo): Set<string> {
  return new Set(
    world
      .teammates()
      .flatMap(({ id }) => world.currentQueue(id)?.rows() ?? [])
      .flatMap(({ number_to }) => (number_to ? [number_to.replace('+', '')] : [])),
  )
}

async function auditTexts(pool: Pool): Promise<[string, string][]> {
  return Promise.all(
    ['sync_passes', 'sync_reads', 'incidents'].map(async (table): Promise<[string, string]> => {
      const { rows } = await pool.query<{ row: string }>(`select t::text as row from allo.${table} t`)
      return [table, rows.map(({ row }) => row).join('\n')]
    }),
  )
}

async function jobTexts(pool: Pool): Promise<[string, string][]> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relkind in ('r', 'p') and c.relnamespace = to_regnamespace('allo_jobs')`,
  )
  if (tables.length === 0) return []
  const texts = await Promise.all(
    tables.map(async ({ name }) => {
      const { rows } = await pool.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`)
      return rows.map(({ row }) => row).join('\n')
    }),
  )
  return [['allo_jobs', texts.join('\n')]]
}

async function everythingIn(url: string): Promise<string> {
  const client = new Redis(url)
  const texts: unknown[] = []
  for (const key of await client.keys('*')) {
    const read: Record<string, () => Promise<unknown>> = {
      string: () => client.get(key),
      hash: () => client.hgetall(key),
      list: () => client.lrange(key, '0', '-1'),
      set: () => client.smembers(key),
      zset: () => client.zrange(key, '0', '-1'),
      stream: () => client.xrange(key, '-', '+'),
    }
    texts.push(key, await read[await client.type(key)]?.())
  }
  client.disconnect()
  return JSON.stringify(texts)
}
