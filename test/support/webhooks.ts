/** The worker's HTTP server with webhooks, a team in a real Postgres, and a list of the looks that were asked for. */
import { signWebhook } from '../../src/simulation/webhooks.ts'
import { keyFingerprint } from '../../src/store/pass/read-budget.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { databaseAt, type Reply, startTestServer, type TestServer } from './http.ts'
import { apiKey } from './pass.ts'

export const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
export const otherSecret = `whsec_${Buffer.alloc(32, 2).toString('base64')}`
export const numberInQueue = '+12125550123'
export const numberElsewhere = '+12125550199'
export const alex = { user_email: 'Alex@Example.com', to_number: numberInQueue }

export interface WebhookScene {
  readonly database: TestDatabase
  /** In the order in which they were asked for. */
  readonly requested: string[]
  /** Replaces how the next looks are asked for. */
  askBy(lookNow: () => Promise<void>): void
  start(env?: Readonly<Record<string, string>>, webhookDeadlineMs?: number): Promise<TestServer>
  /** Stops what was started, and forgets what was asked for. */
  reset(): Promise<void>
  close(): Promise<void>
}

export async function openWebhookScene(): Promise<WebhookScene> {
  const database = await createTestDatabase()
  await database.pool.query(teamWithQueue)
  await database.pool.query('insert into allo.api_keys (key_fingerprint, team_id) values ($1, $2)', [
    keyFingerprint(apiKey),
    'team-1',
  ])
  const requested: string[] = []
  const servers: TestServer[] = []
  let lookNow: (() => Promise<void>) | null = null
  const looks = {
    async lookNow(_: string, userId: string, rank: number | null) {
      await lookNow?.()
      requested.push(`look ${userId} ${rank}`)
    },
    readNow: async (_: string, userId: string, reason: string) =>
      void requested.push(`read ${userId}: ${reason}`),
  }
  const reset = async () => {
    for (const { http, state } of servers.splice(0)) {
      await http.stop()
      await state.database?.pool.end()
    }
    requested.length = 0
    lookNow = null
  }
  return {
    database,
    requested,
    askBy(ask) {
      lookNow = ask
    },
    async start(env = {}, webhookDeadlineMs) {
      const settings = { ALLO_WEBHOOK_SECRET: secret, LOG_LEVEL: 'debug', ...env }
      const server = await startTestServer(
        settings,
        { database: databaseAt(database.url), looks },
        webhookDeadlineMs === undefined ? {} : { webhookDeadlineMs },
      )
      servers.push(server)
      return server
    },
    reset,
    async close() {
      await reset()
      await database.drop()
    },
  }
}

export interface Sent {
  readonly topic?: string
  readonly id?: string
  readonly at?: number
  readonly with?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

let sentSoFar = 0

export function send(
  to: TestServer,
  data: Readonly<Record<string, unknown>>,
  sent: Sent = {},
): Promise<Reply> {
  sentSoFar += 1
  const { topic = 'call.triggered', id = `msg_${sentSoFar}`, at = Date.now() } = sent
  const body =
    sent.body ?? JSON.stringify({ topic, version: '2.0', timestamp: new Date(at).toISOString(), data })
  const signed = signWebhook(sent.with ?? secret, { id, at, body })
  const headers = { 'content-type': 'application/json', ...signed, ...sent.headers }
  return to.get('/hooks/allo', { method: 'POST', headers, body })
}

/** Of all requests to this server so far, those that are not 0. */
export async function outcomes(of: TestServer): Promise<Record<string, number>> {
  const { text } = await of.get('/metrics')
  const counts = [...text.matchAll(/^allo_queue_mirror_webhooks_total\{outcome="(\w+)"\} (\d+)$/gm)]
  return Object.fromEntries(
    counts.flatMap(([, outcome = '', count]) => (count === '0' ? [] : [[outcome, Number(count)]])),
  )
}

const teamWithQueue = `
  insert into allo.teams (team_id, name, first_seen_at, last_seen_at)
    select id, id, now(), now() from unnest(array['team-1', 'team-2']) id;
  insert into allo.teammates (user_id, team_id, email, is_listed, first_seen_at, last_seen_at)
    values ('usr-alex', 'team-1', 'alex@example.com', true, now(), now()),
           ('usr-kim', 'team-1', 'kim@example.com', true, now(), now()),
           ('usr-noqueue', 'team-1', null, true, now(), now()),
           ('usr-skipped', 'team-1', 'skipped@example.com', true, now(), now()),
           ('usr-left', 'team-1', 'left@example.com', false, now(), now()),
           ('usr-other', 'team-2', 'other@example.com', true, now(), now());
  insert into allo.queues (queue_id, team_id, user_id, is_current, first_seen_at, numbers, last_read_started_at,
      last_observed_at, membership_digest, content_digest, ended_at, end_reason)
    values ('pdl-alex', 'team-1', 'usr-alex', true, now(), 4, now(), now(), '', '', null, null),
           ('pdl-skipped', 'team-1', 'usr-skipped', true, now(), 0, now(), now(), '', '', null, null),
           ('pdl-kim', 'team-1', 'usr-kim', true, now(), 0, now(), now(), '', '', null, null),
           ('pdl-ended', 'team-1', 'usr-noqueue', false, now(), 1, now(), now(), '', '', now(), 'deleted');
  insert into allo.sync_reads (pass_id, user_id, status, observed_at, walks, requests, throttled, duration_ms, error_code)
    values (1, 'usr-skipped', 'skipped', now(), 0, 0, 0, 0, 'not_asked');
  insert into allo.queue_numbers (queue_id, position, entry_id, number_to, row_digest)
    values ('pdl-alex', 0, 1, '+12125550122', 0), ('pdl-alex', 7, 2, '+12125550123', 0),
           ('pdl-alex', 8, 3, '+12125550124', 0), ('pdl-alex', 12, 4, '+1 212 555 0124', 0),
           ('pdl-ended', 0, 5, '+12125550123', 0);
`
