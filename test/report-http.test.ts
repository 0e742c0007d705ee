/**
 * /report and its CSVs, for a team with some weeks of history and another team in the same database: real server, real
 * Postgres.
 */
import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { csvViews } from '../src/report/csv-views.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { databaseAt, startTestServer, type TestServer } from './support/http.ts'
import { mirrorThreeWeeks, type ThreeWeeks } from './support/three-weeks.ts'
import { until } from './support/worker.ts'

const hostile = `=cmd|'/c calc'!A1, "<b>Ann</b>" +15551234567`
let database: TestDatabase
let weeks: ThreeWeeks
let server: TestServer
let numbers: readonly string[]

beforeAll(async () => {
  database = await createTestDatabase()
  weeks = await mirrorThreeWeeks(database)
  const { rows } = await database.pool.query<{ number_to: string }>(
    'select distinct number_to from allo.queue_entries',
  )
  numbers = rows.map(({ number_to }) => number_to.replace('+', ''))
  // Another team, which the key of this server does not belong to.
  await database.pool.query(
    `insert into allo.teams (team_id, name, first_seen_at, last_seen_at) values ('team-other', 'Others', now(), now());
     insert into allo.teammates (user_id, team_id, name, is_listed, first_seen_at, last_seen_at, last_observed_at)
       values ('usr-other', 'team-other', 'Otto Other', true, now(), now(), now());
     update allo.teammates set name = $name$${hostile}$name$ where user_id = '${weeks.cast.resetter}'`,
  )
  server = await startReportServer()
})
afterAll(async () => {
  await server?.http.stop()
  await server?.state.database?.pool.end()
  await weeks?.close()
  await database?.drop()
})

function startReportServer(
  env: Readonly<Record<string, string>> = {},
  url = database.url,
): Promise<TestServer> {
  return startTestServer(env, { database: databaseAt(url) })
}

/** The rows of a CSV (RFC 4180), the header first; null where a field is empty, but not where it is `""`. */
function parse(csv: string): (string | null)[][] {
  const fields = [...csv.replace(/^\ufeff/, '').matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)]
  const rows: (string | null)[][] = [[]]
  for (const [, quoted, plain = '', end] of fields) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? (plain === '' ? null : plain))
    if (end === '\r\n') rows.push([])
  }
  return rows.filter((row) => row.length > 1)
}

async function csv(path: string) {
  const { status, text, headers } = await server.get(`/report/${path}`)
  expect([path, status]).toEqual([path, 200])
  const [header = [], ...rows] = parse(text)
  const at = (row: (string | null)[], name: string) => row[header.indexOf(name)] ?? null
  return { text, headers, header, rows, column: (name: string) => rows.map((row) => at(row, name)) }
}

describe('/report', () => {
  test('begins with the time of the data and how far to trust them, then shows the figures', async () => {
    const { status, text, headers } = await server.get('/report?days=28')
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    const body = text.slice(text.indexOf('<main>'))
    expect(body).toMatch(/^<main><section class="verdict warning"[\s\S]*?Data as of[\s\S]*?America\/New_York/)
    expect(body).toMatch(
      /Recorded since [^<]+: the period began earlier\. \d+\s% of the time since was not read\./,
    )
    expect(body).not.toContain('are fresh')
    expect(body).toContain('no check of them has run yet')
    const headings = [...body.matchAll(/<h2[^>]*>([^<]+)</g)].map(([, heading]) => heading)
    expect(headings).toEqual([
      'What to do today',
      'The first weeks',
      'Left to call',
      'Dials, 28 days',
      'Reached, 28 days',
      'Connection rate, 28 days',
      'Dials today',
      'Reached today',
      'Dials an hour, 28 days',
      'Median time to first dial',
      'Teammates, last 28 days',
      'How the queues burn down',
      'What came of the dials, day by day',
      'From dials to conversations, last 28 days',
      'When people are reached, last 28 days',
      'At which attempt people are reached',
      'Dials that were not needed, last 28 days',
      'The state of current lists',
      'Queues, and what was not called when they ended',
      'Numbers that left without a call, last 28 days',
      'To follow up',
      'What the words mean',
    ])
    expect(text).toContain('it is employee data')
  })

  test('counts dials and connections, for all teammates and for one', async () => {
    const results = weeks.calls.filter(({ outcome }) => outcome !== 'in_progress').length
    const reached = weeks.calls.filter(({ outcome }) => outcome === 'connected').length
    const all = words((await server.get('/report?days=28')).text)
    expect(all).toContain(`3 of 4 teammates made ${weeks.calls.length} dials`)
    expect(all).toContain(`${reached} of the ${results} with a result were answered`)
    const { seller } = weeks.cast
    const ofSeller = weeks.calls.filter(({ userId }) => userId === seller).length
    const one = words((await server.get(`/report?days=28&teammate=${seller}`)).text)
    expect(one).toContain(`1 of 1 teammate made ${ofSeller} dials`)
  })

  test('distinguishes no queue from an unknown queue', async () => {
    const text = words((await server.get('/report')).text)
    // On a slow machine it is not the same for all how long they were not read.
    expect(text).toMatch(new RegExp(`${weeks.nameOf(weeks.cast.idle)} (\\d+ days not read )?no queue – 0`))
    expect(rowOf(text, weeks.nameOf(weeks.cast.idle))).toContain('no queue')
    expect(rowOf(text, weeks.nameOf(weeks.cast.leaver))).toContain('not known')
  })

  test('shows only the team of the key', async () => {
    for (const path of [
      '/report',
      '/report/teammates.csv',
      '/report/leaderboard_7d.csv',
      '/report/data_freshness.csv',
    ])
      expect((await server.get(path)).text).not.toMatch(/Otto|usr-other|team-other/)
    expect(await server.get('/report?teammate=usr-other')).toMatchObject({
      status: 400,
      text: 'This team has no such teammate.\n',
    })
  })

  test('shows names as text, and no phone number, not even in a name', async () => {
    const { text } = await server.get('/report?days=28')
    expect(text).toContain('=cmd|&#39;/c calc&#39;!A1, &quot;&lt;b&gt;Ann&lt;/b&gt;&quot; [number]')
    expect(text).not.toContain('<b>Ann')
    expect(numbers.length).toBeGreaterThan(100)
    // One after the other: of too many at once, some are refused.
    const csvs: string[] = []
    for (const view of Object.keys(csvViews)) csvs.push((await csv(`${view}.csv`)).text)
    for (const page of [text, ...csvs]) {
      expect(numbers.filter((number) => page.includes(number))).toEqual([])
      expect(page).not.toMatch(/5551234567|@acme|@example/)
    }
  })

  test('has one style and one script, whose hashes are in the policy', async () => {
    const { text, headers } = await server.get('/report?days=90')
    expect(text).not.toMatch(/javascript:|<[^>]*\s(?:on\w+|style)=|https?:\/\//i)
    const hashesOf = (tag: RegExp) =>
      [...text.matchAll(tag)].map(([, part = '']) => createHash('sha256').update(part).digest('base64'))
    const [style, ...styles] = hashesOf(/<style[^>]*>([\s\S]*?)<\/style>/g)
    const [script, ...scripts] = hashesOf(/<script[^>]*>([\s\S]*?)<\/script>/g)
    expect([...styles, ...scripts]).toEqual([])
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; style-src 'sha256-${style}'; script-src 'sha256-${script}'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
  })

  test('is made again only if something changed: a reading, a look, a check, or the age of the data', async () => {
    const versionOf = async () => (await server.get('/report')).headers.etag ?? ''
    const since = async (etag: string) =>
      (await server.get('/report?days=28', { headers: { 'if-none-match': etag } })).status
    const first = await versionOf()
    expect(first).toMatch(/^"[\w-]{22}"$/)
    expect(await since(first)).toBe(304)
    const { pool } = database
    const team = weeks.world.team.id
    for (const change of [
      `update allo.queues set last_look_applied_at = now() where queue_id = (select min(queue_id) from allo.queues)`,
      `insert into allo.quality_results (team_id, check_name, severity, checked, failing, status, sentence, checked_at)
       values ('${team}', 'orphans', 'error', 14, 0, 'passed', 'All 14 lead to rows.', now())`,
      `update allo.sync_passes set stale_after_seconds = 0`,
    ]) {
      const before = await versionOf()
      await pool.query(change)
      expect([change, await since(before)]).toEqual([change, 200])
    }
    await pool.query(`update allo.queues set last_look_applied_at = null`)
    await pool.query(`delete from allo.quality_results`)
    await pool.query(`update allo.sync_passes set stale_after_seconds = 900`)
  })

  test.each([
    '/report',
    '/report?days=90',
    '/report?days=28&teammate=SELLER',
    '/report?queue=QUEUE',
    '/report?period=month',
    '/report?period=yesterday&teammate=SELLER',
  ])('every link of %s works', async (path) => {
    const asked = path.replace('SELLER', weeks.cast.seller).replace('QUEUE', weeks.replacedQueueId)
    const { status, text } = await server.get(asked)
    expect(status).toBe(200)
    const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'))
    expect(links.length).toBeGreaterThan(15)
    for (const link of new Set(links)) {
      if (link.startsWith('#')) {
        expect(text).toContain(`id="${link.slice(1)}"`)
        continue
      }
      const url = new URL(link, `${server.url}${asked}`)
      if (url.pathname === '/') continue
      expect([link, (await server.get(url.pathname + url.search)).status]).toEqual([link, 200])
    }
  })

  test.each([
    ['?days=8', 'days must be one of 7, 28, 90.'],
    ['?days=7&days=28', 'days must be one of 7, 28, 90.'],
    ['?teammate=', 'teammate must be one id.'],
    ['?teammate=a&teammate=b', 'teammate must be one id.'],
    ['?teammate=%00', 'teammate must be one id.'],
    ['?teammate=usr-nobody', 'This team has no such teammate.'],
    [`?queue=${encodeURIComponent(`' or true --`)}`, 'This team has no such queue.'],
    ['?user=usr-1', 'Possible filters: days, period, from, to, teammate, queue.'],
    ['?period=year', 'period must be one of today, yesterday, week, month.'],
    ['?period=week&days=7', 'Name one period: days, period, or from with to.'],
    ['?from=2026-11-02', 'from and to must both be a date, such as 2026-11-25.'],
    ['?from=2026-02-30&to=2026-03-02', 'from and to must both be a date, such as 2026-11-25.'],
    ['?from=2026-11-03&to=2026-11-02', 'to must not be before from.'],
    ['?from=2025-11-01&to=2026-11-02', 'from and to are at most 366 days apart.'],
    ['?from=2999-01-01&to=2999-01-02', 'from is in the future.'],
    ['/dials.csv?days=1000', 'days must be one of 7, 28, 90.'],
    ['/dials.csv?team=team-other', 'Possible filters: teammate, queue, days, period, from, to.'],
    ['/data_quality.csv?teammate=usr-1', 'No filter is possible here.'],
    ['/teammates.csv?queue=pdl_1', 'Possible filters: teammate.'],
  ])('%s is refused, and the message says which filters are possible', async (path, message) => {
    const { status, text, headers } = await server.get(`/report${path}`)
    expect({ status, text, type: headers['content-type'] }).toEqual({
      status: 400,
      text: `${message}\n`,
      type: 'text/plain; charset=utf-8',
    })
  })

  test.each([
    'numbers.csv',
    'queue_numbers.csv',
    'dials',
    'pg_user.csv',
    'dials.csv.csv',
    '__proto__.csv',
    'constructor.csv',
    'dials%20union.csv',
  ])('/report/%s does not exist', async (file) => {
    const { status, text } = await server.get(`/report/${file}`)
    expect([status, text.startsWith('There is no such report. There are: activity_heatmap.csv,')]).toEqual([
      404,
      true,
    ])
  })

  test('requires the password and the host names of the server, like every other page', async () => {
    const closed = await startReportServer({ HTTP_BASIC_AUTH: 'me:secret-word' })
    for (const path of ['/report', '/report/dials.csv']) {
      expect((await closed.get(path)).status).toBe(401)
      const authorization = `Basic ${Buffer.from('me:secret-word').toString('base64')}`
      expect((await closed.get(path, { headers: { authorization } })).status).toBe(200)
      expect((await server.get(path, { headers: { host: 'evil.example' } })).status).toBe(421)
      expect((await server.get(path, { method: 'POST' })).status).toBe(405)
    }
    await closed.http.stop()
    await closed.state.database?.pool.end()
  })

  test('answers many requests at once, and leaves a connection to the other pages', async () => {
    const looks = Array.from({ length: 12 }, (_, index) =>
      server.get(index % 2 === 0 ? '/report' : '/report/dials.csv'),
    )
    const { checks } = JSON.parse((await server.get('/readyz')).text)
    expect(checks.postgres).toMatchObject({ ok: true })
    expect((await Promise.all(looks)).map(({ status }) => status)).toEqual(looks.map(() => 200))
  })
})

describe('a CSV', () => {
  test('has a byte order mark, the columns of its view, and a row for each of its rows', async () => {
    const { text, headers, header, rows } = await csv('dials.csv')
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="dials.csv"',
    })
    expect(text.startsWith('\ufeffteam_id,dial_id,')).toBe(true)
    expect(text.endsWith('\r\n')).toBe(true)
    const { rows: columns } = await database.pool.query<{ column_name: string }>(
      `select column_name from reporting.data_dictionary where view_name = 'dials' order by position`,
    )
    expect(header).toEqual(columns.map(({ column_name }) => column_name))
    expect(rows.length).toBe(weeks.calls.length)
  })

  test('contains each value as the view has it', async () => {
    const { header, rows } = await csv('queues.csv')
    const team = weeks.world.team.id
    const {
      rows: [{ json = [] } = {}],
    } = await database.pool.query<{ json: Record<string, unknown>[] }>(
      `select json_agg(q order by ended_at nulls first, queue_id) as json from reporting.queues q where team_id = $1`,
      [team],
    )
    expect(rows.length).toBe(json.length)
    // As spreadsheets read a time: 2026-11-25 14:05:09, in the zone of the reports.
    const localTime = new Intl.DateTimeFormat('sv-SE', {
      timeZone: weeks.timeZone,
      dateStyle: 'short',
      timeStyle: 'medium',
    })
    for (const [index, row] of rows.entries()) {
      for (const [column, name] of header.entries()) {
        const value = json[index]?.[name ?? ''] ?? null
        const cell = row[column] ?? null
        if (name?.endsWith('_at') || name === 'data_as_of')
          expect([name, cell]).toEqual([name, value && localTime.format(new Date(String(value)))])
        else if (name !== 'teammate_name')
          expect([name, cell]).toEqual([name, value === null ? null : String(value)])
      }
    }
  })

  test('has the same filters as the page', async () => {
    const { seller, resetter } = weeks.cast
    expect(new Set((await csv(`dials.csv?teammate=${seller}`)).column('user_id'))).toEqual(new Set([seller]))
    expect(new Set((await csv(`dials.csv?queue=${weeks.replacedQueueId}`)).column('user_id'))).toEqual(
      new Set([resetter]),
    )
    const week = Date.now() - 7 * 86_400_000
    const expected = weeks.calls.filter(({ at }) => at.getTime() > week)
    expect(expected.length).toBeLessThan(weeks.calls.length)
    expect((await csv('dials.csv?days=7')).rows.length).toBe(expected.length)
    expect((await csv('daily_activity.csv?days=7')).rows.length).toBeLessThanOrEqual(4 * 7)
    expect((await csv(`dials.csv?teammate=${weeks.cast.idle}`)).rows).toEqual([])
  })

  test('has the numbers of current queues, and of the heatmap only hours with dials', async () => {
    const { seller, resetter } = weeks.cast
    const numbersOf = (userId: string) => weeks.world.currentQueue(userId)?.size ?? 0
    expect((await csv('current_numbers.csv')).rows.length).toBe(numbersOf(seller) + numbersOf(resetter))
    expect((await csv(`current_numbers.csv?teammate=${resetter}`)).rows.length).toBe(numbersOf(resetter))
    const dials = (await csv('activity_heatmap.csv')).column('dials').map(Number)
    expect(dials.filter((count) => count === 0)).toEqual([])
    expect(dials.reduce((sum, count) => sum + count, 0)).toBe(weeks.calls.length)
  })

  test('contains no formula that a spreadsheet would run: such text begins with an apostrophe', async () => {
    const { column, text } = await csv('teammates.csv')
    expect(column('teammate_name')).toContain(`'=cmd|'/c calc'!A1, "<b>Ann</b>" [number]`)
    expect(text).toContain(`"'=cmd|'/c calc'!A1, ""<b>Ann</b>"" [number]"`)
    const masked = (await csv('number_entries.csv')).column('number_masked')
    expect(masked.length).toBeGreaterThan(100)
    expect(masked.filter((number) => !/^'\+\d{1,3}…\d\d$/.test(number ?? ''))).toEqual([])
    for (const start of ['=', '+', '-', '@', '\t', '\r', '\n', '＝']) {
      await database.pool.query('update allo.teammates set name = $1 where user_id = $2', [
        `${start}x`,
        weeks.cast.idle,
      ])
      expect((await csv('teammates.csv')).column('teammate_name')).toContain(`'${start}x`)
    }
  })

  /** A CSV of more than sockets and streams take on their own. */
  const addManyGaps = () =>
    database.pool.query(
      `insert into allo.reading_gaps (user_id, gap_from, gap_to, team_id, reason)
       select 'usr-gone', from_, from_ + interval '1 minute', $1, repeat('x', 500)
       from (select timestamptz '2020-01-01' + n * interval '2 minutes' as from_ from generate_series(1, 20500) n) g
       on conflict do nothing`,
      [weeks.world.team.id],
    )

  test('is sent in parts, and a cancelled download releases its connection', async () => {
    await addManyGaps()
    const { column } = await csv('coverage_gaps.csv')
    expect(new Set(column('gap_from')).size).toBeGreaterThanOrEqual(20_500)
    const left = httpRequest(`${server.url}/report/coverage_gaps.csv`, (response) => {
      response.once('data', () => left.destroy())
    })
    const closed = new Promise((resolve) => left.once('close', resolve))
    left.on('error', () => undefined).end()
    await closed
    const pool = server.state.database?.pool
    await until('the connection is back', () => pool?.idleCount === pool?.totalCount)
    expect((await csv('data_quality.csv')).header).toContain('sentence')
  })

  test('that fails in the middle cuts the connection, so that a part does not look complete', async () => {
    await addManyGaps()
    const killConnections = () =>
      database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name like '%watch'`,
      )
    const how = await new Promise<string>((resolve) => {
      const request = httpRequest(`${server.url}/report/coverage_gaps.csv`, (response) => {
        response.once('data', () => {
          response.pause()
          void killConnections().then(() => response.resume())
        })
        response.once('end', () => resolve('ended'))
        response.once('error', (error) => resolve(error.message))
      })
      request.end()
    })
    expect(how).toBe('aborted')
    const pool = server.state.database?.pool
    await until('no connection is lent out', () => pool?.idleCount === pool?.totalCount)
    expect((await csv('data_quality.csv')).header).toContain('sentence')
  })
})

describe('a report with few data', () => {
  let bare: TestDatabase
  let other: TestServer

  beforeAll(async () => {
    bare = await createTestDatabase()
    other = await startReportServer({}, bare.url)
  })
  afterAll(async () => {
    await other?.http.stop()
    await other?.state.database?.pool.end()
    await bare?.drop()
  })

  test('waits for the database, and then for the first pass', async () => {
    const early = await startTestServer()
    expect(await early.get('/report')).toMatchObject({ status: 503 })
    expect((await early.get('/report')).text).toContain('<h1>Waiting for Postgres.</h1>')
    expect(await early.get('/report/dials.csv')).toMatchObject({
      status: 503,
      text: 'Waiting for Postgres.\n',
    })
    await early.http.stop()
    const { status, text } = await other.get('/report')
    expect([status, text.includes('<h1>Waiting for the first pass.</h1>')]).toEqual([503, true])
  })

  test('says that nothing was read, and later that no teammate has a queue and nothing was dialled', async () => {
    await bare.pool.query(
      `insert into allo.teams (team_id, name, first_seen_at, last_seen_at) values ('team-1', 'Acme', now(), now());
       insert into allo.teammates (user_id, team_id, name, is_listed, first_seen_at, last_seen_at)
         values ('usr-1', 'team-1', 'Ann', true, now() - interval '1 day', now())`,
    )
    const unread = await other.get('/report')
    expect([unread.status, unread.text.includes('<h1>Nothing has been read yet.</h1>')]).toEqual([200, true])
    expect(parse((await other.get('/report/dials.csv?days=7')).text)).toHaveLength(1)
    await bare.pool.query(
      `insert into allo.queue_assignments (user_id, valid_from) values ('usr-1', now() - interval '1 day');
       update allo.teammates set last_observed_at = now()`,
    )
    const { text, status } = await other.get('/report?days=28')
    expect(status).toBe(200)
    for (const sentence of [
      'No teammate is known to have a queue.',
      'No dial on these days.',
      'No dial in this time.',
      'No queue in this time.',
      '0 of 1 teammate made 0 dials.',
      'Waiting longer than 7 days: none.',
    ]) {
      expect(words(text)).toContain(sentence)
    }
    expect(rowOf(words(text), 'Ann')).toContain('no queue')
  })
})

function words(text: string): string {
  return text
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\s\u00a0]+/g, ' ')
}

/** What follows a name in the table of teammates. */
function rowOf(text: string, name: string): string {
  const table = text.slice(text.indexOf('Queue now'))
  return table.slice(table.indexOf(name), table.indexOf(name) + 200)
}

describe('/report/teammates', () => {
  const found = async (query: string) => {
    const { status, text } = await server.get(`/report/teammates${query}`)
    expect([query, status]).toEqual([query, 200])
    return [...text.matchAll(/href="\.\.\/report\?[^"]*teammate=([^"&]+)/g)].map(([, id]) => id)
  }

  test('finds a teammate by a part of their name in any case, and by their id', async () => {
    const { seller } = weeks.cast
    const name = weeks.nameOf(seller)
    expect(await found(`?q=${encodeURIComponent(name.slice(1, 4).toUpperCase())}`)).toContain(seller)
    expect(await found(`?q=${seller}`)).toEqual([seller])
    expect(await found(`?starts=${encodeURIComponent(name.slice(0, 2).toLowerCase())}`)).toContain(seller)
    expect(await found('?q=%25')).toEqual([])
    expect(await found('?q=otto')).toEqual([])
    expect((await found('')).length).toBe(3)
  })

  test('keeps the period, tells equal names apart by id, and shows no email and no number', async () => {
    const { text } = await server.get('/report/teammates?period=week')
    expect(text).toContain(`href="../report?period=week&amp;teammate=${weeks.cast.seller}"`)
    expect(text).toContain(`<small>${weeks.cast.seller}</small>`)
    expect(text).toContain('<input type="hidden" name="period" value="week">')
    expect(text).not.toMatch(/@acme|@example/)
    expect(numbers.filter((number) => text.includes(number))).toEqual([])
  })

  test.each([
    ['?q=a&q=b', 'q must be a few words.'],
    [`?q=${'a'.repeat(101)}`, 'q must be a few words.'],
    ['?teammate=usr-1', 'Possible filters: days, period, from, to.'],
  ])('%s is refused', async (query, message) => {
    expect(await server.get(`/report/teammates${query}`)).toMatchObject({ status: 400, text: `${message}\n` })
  })
})
