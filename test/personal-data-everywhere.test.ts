/**
 * One number in every field of every response, through the real client into real tables. After forget it is in no
 * column of any table, and in no statistics.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { forgetNumber } from '../src/personal-data/forget.ts'
import { retain } from '../src/personal-data/retain.ts'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import { createTestDatabase, emptyTables, type TestDatabase } from './support/database.ts'
import { everything } from './support/everything.ts'
import { type Mirror, openMirror } from './support/mirror.ts'

const secret = 'c0ffee00'.repeat(8)
const numberKeys = createNumberKeys(Buffer.from(secret, 'hex'))
const number = '+12125550010'
const other = '+442079460958'
const written = [
  '12125550010',
  '2125550010',
  '212) 555-0010',
  '555 0010',
  '555.0010',
  '٢١٢٥٥٥٠٠١٠',
  '２１２５５５００１０',
]

/** What the API answers, and may be changed between passes. */
interface Answers {
  team: object
  teammates: object[]
  /** Of each teammate; an error where there is a status. */
  queues: Record<string, { status?: number; body: object }>
}

let database: TestDatabase
let mirror: Mirror
let answers: Answers
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://allo')
  const [status, body] = answerTo(pathname, searchParams)
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})

function answerTo(path: string, asked: URLSearchParams): [number, object] {
  if (path.endsWith('/me')) {
    return [
      200,
      { data: { api_key_id: 'k1', scopes: ['USERS_READ', 'DIALING_QUEUE_READ_WRITE'], team: answers.team } },
    ]
  }
  if (path.endsWith('/users'))
    return [200, { data: asked.get('status') === 'BLOCKED' ? [] : answers.teammates }]
  const { status = 200, body } = answers.queues[asked.get('user_id') ?? ''] ?? { body: { data: [] } }
  return [status, body]
}

function page(queue: object, rows: object[]) {
  return { data: rows, queue, pagination: { page: 1, size: 100, total_count: rows.length, has_more: false } }
}

/** Whatever is unknown to us, in every type and depth. */
const unknown = {
  plain: number,
  digits: 12125550010,
  grouped: '+1 (212) 555-0010',
  parts: ['1', '212', '555', '0010'],
  numbers: { country: 1, area: 212, exchange: 555, line: 10 },
  [number]: true,
  deep: [{ contact: { tel: 'tel:+1-212-555-0010', sip: 'sip:+12125550010@pbx.example' } }],
  arabic: '٢١٢٥٥٥٠٠١٠',
  wide: '２１２５５５００１０',
}

beforeAll(async () => {
  database = await createTestDatabase()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  server.close()
  await database.drop()
})
beforeEach(async () => {
  await emptyTables(database.pool)
  const { port } = server.address() as AddressInfo
  mirror = await openMirror({
    simulated: { url: `http://127.0.0.1:${port}` },
    databaseUrl: database.url,
    apiKey: 'ak_live_of_everywhere',
    env: { NUMBER_KEY: secret, ALLO_CONCURRENCY: '1' },
  })
})
afterEach(() => mirror.close())

const forget = (suppress = false) =>
  forgetNumber(database.pool, { number, numberKeys, suppress, dryRun: false })

async function traces(): Promise<string[]> {
  const found: string[] = []
  for (const [relation, rows] of await everything(database.pool))
    for (const text of [...written, numberKeys.keyOf(number) ?? ''])
      if (rows.includes(text)) found.push(`${relation}: ${text}`)
  return found
}

describe('a number that Allo showed in every field', () => {
  const teammate = (id: string, more = {}) => ({
    id,
    name: 'Alex',
    status: 'ACTIVE',
    role: 'MEMBER',
    ...more,
  })
  const words = { voicemail_handling: number, do_not_disturb: '2125550010' }

  beforeEach(async () => {
    answers = {
      team: { id: 't1', name: `Acme ${number}`, ...unknown },
      teammates: [
        teammate('u1', {
          name: 'Kim +1 212 555 0010',
          email: '12125550010@example.com',
          image_url: 'https://x/2125550010.png',
          role: number,
          ...unknown,
        }),
        teammate('u2'),
        teammate('u3'),
        teammate('u4'),
      ],
      queues: {
        u1: {
          body: page({ id: 'q1', name: 'Call 212-555-0010 first', assignee_id: 'u1', ...words, ...unknown }, [
            {
              position: 0,
              number_to: number,
              call_id: 'cll_12125550010_1',
              routing_result: number,
              ...unknown,
            },
            { position: 1, number_to: { e164: number }, call_id: 'cll_12125550010_2', ...unknown },
            { position: 2, number_to: [number], sync_status: '212 555 0010', ...unknown },
            { position: 3, number_to: other, not_reached_destination_reason: '1-212-555-0010', ...unknown },
          ]),
        },
        u2: {
          status: 400,
          body: {
            error: {
              code: 'X_12125550010',
              message: `no ${number} here, ٢١٢٥٥٥٠٠١٠`,
              request_id: 'req_12125550010',
            },
          },
        },
        u3: { body: page({ id: 'q3', assignee_id: number }, []) },
        u4: { body: page({ id: 'q4', assignee_id: 'u4' }, [{ position: 'x', number_to: number }]) },
      },
    }
    await mirror.pass()
    // Incidents, checks and chores quote what others said.
    await database.pool.query(
      `insert into allo.incidents (team_id, kind, opened_at, summary) values ('t1', 'credentials', now(), 'Allo: "+1 212 555 0010"');
       insert into allo.quality_results (team_id, check_name, severity, checked, failing, status, sentence, checked_at)
         values ('t1', 'known_values', 'warn', 1, 1, 'failed', 'New: 212.555.0010', now());
       insert into allo.maintenance (team_id, task, started_at, summary, error_message)
         values ('t1', 'retain', now(), 'of +12125550010', '2125550010');
       update allo.sync_passes set surprises = '[{"where": "x", "what": "12125550010"}]', error_message = 'for 2125550010';
       update allo.queue_numbers set extra = '{"was": ["212", "555", "0010"]}' where position = 3`,
    )
  })

  test('is refused while a name in Allo shows it; the message lists those names, and nothing is changed', async () => {
    const { outcome, shownAs } = await forget(true)
    expect({ outcome, shownAs: [...shownAs].sort() }).toEqual({
      outcome: 'refused',
      shownAs: ['the name of queue q1', 'the name of team t1', 'the name or another field of teammate u1'],
    })
    expect((await database.pool.query('select from allo.suppressed_numbers')).rowCount).toBe(0)
    expect((await traces()).length).toBeGreaterThan(5)
  })

  test('and that was removed there leaves no trace after forget, and another number stays', async () => {
    answers.team = { id: 't1', name: 'Acme' }
    answers.teammates = ['u1', 'u2', 'u3', 'u4'].map((id) => teammate(id))
    answers.queues = {
      u1: { body: page({ id: 'q5', assignee_id: 'u1' }, [{ position: 0, number_to: other }]) },
    }
    for (let passes = 0; passes < 3; passes += 1) await mirror.pass()
    await database.pool.query('analyze')
    expect((await traces()).map((found) => found.split(':')[0])).toContain('pg_stats')
    expect(await forget()).toMatchObject({ outcome: 'erased', stays: 1, left: [], shownAs: [] })
    expect(await traces()).toEqual([])
    const { rows } = await database.pool.query(
      'select number_to from allo.queue_entries where number_to is not null',
    )
    expect(rows).toEqual([{ number_to: other }, { number_to: other }])
    const { rows: dials } = await database.pool.query('select call_id from allo.dials')
    expect(dials.length).toBe(2)
    for (const { call_id } of dials) expect(call_id).toMatch(/^erased-[0-9a-f]{32}$/)
  })

  test('and that is erased by age stays only in old names and messages, which expire by their own age', async () => {
    answers.team = { id: 't1', name: 'Acme' }
    answers.teammates = ['u1', 'u2', 'u3', 'u4'].map((id) => teammate(id))
    answers.queues = {
      u1: { body: page({ id: 'q5', assignee_id: 'u1' }, [{ position: 0, number_to: other }]) },
    }
    for (let passes = 0; passes < 3; passes += 1) await mirror.pass()
    await database.pool.query(
      `update allo.queues set name = null; update allo.queue_versions set name = null;
       update allo.queue_numbers set extra = null;
       truncate allo.incidents, allo.quality_results, allo.maintenance;
       update allo.sync_passes set surprises = null, error_message = null; analyze`,
    )
    // Of a call whose number did not come as text, only forget can know the number.
    for (const table of ['queue_numbers', 'queue_number_versions', 'dials'])
      await database.pool.query(`update allo.${table} set call_id = 'cll_2' where call_id like '%_2'`)
    const run = { pool: database.pool, teamId: 't1', numberKeys }
    expect(await retain(run, { numbersDays: 0, historyDays: null, readsDays: 90 })).toMatchObject({
      numbers: 2,
    })
    const key = numberKeys.keyOf(number) ?? ''
    expect((await traces()).filter((found) => !found.endsWith(key))).toEqual([])
  })

  test('and that is suppressed while in a queue does not return in a call id, and no dial is counted twice', async () => {
    answers.team = { id: 't1', name: 'Acme' }
    answers.teammates = ['u1', 'u2', 'u3', 'u4'].map((id) => teammate(id))
    answers.queues = {
      u1: {
        body: page({ id: 'q1', name: 'Calls', assignee_id: 'u1' }, [
          { position: 0, number_to: number, call_id: 'cll_12125550010_1', routing_result: 'ANSWERED' },
        ]),
      },
    }
    await mirror.pass()
    expect(await forget(true)).toMatchObject({ outcome: 'erased', left: [] })
    const { readings } = await mirror.pass()
    expect(readings.find(({ userId }) => userId === 'u1')).toMatchObject({
      status: 'ok',
      added: 0,
      changed: 0,
    })
    expect((await traces()).filter((found) => !found.startsWith('allo.suppressed_numbers'))).toEqual([])
    const { rows } = await database.pool.query(
      `select count(*)::int as n from allo.dials where routing_result = 'ANSWERED'`,
    )
    expect(rows).toEqual([{ n: 1 }])
  })

  test('is not erased from ids of queues and teammates that contain it; these are reported', async () => {
    answers.team = { id: 't1', name: 'Acme' }
    answers.teammates = [teammate('u1')]
    answers.queues = { u1: { body: page({ id: 'pdl_12125550010', assignee_id: 'u1' }, []) } }
    for (let passes = 0; passes < 3; passes += 1) await mirror.pass()
    const { outcome, left } = await forget()
    expect(outcome).toBe('erased')
    expect(left).toContain('queues.queue_id')
    expect(left).toContain('sync_reads.queue_id')
  })
})
