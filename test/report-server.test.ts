/** `/report` and its CSVs, as a browser and a spreadsheet get them. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toField } from '../src/report/csv.ts'
import { csvViews } from '../src/report/csv-views.ts'
import { openPool } from '../src/store/database.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { startTestServer, type TestServer } from './support/http.ts'
import { mirrorThreeWeeks, type ThreeWeeks } from './support/three-weeks.ts'

let database: TestDatabase
let weeks: ThreeWeeks
let pool: ReturnType<typeof openPool>
let server: TestServer

beforeAll(async () => {
  database = await createTestDatabase()
  weeks = await mirrorThreeWeeks(database)
  pool = openPool(database.url, { max: 3, name: 'report under test' })
  server = await startTestServer({}, { database: { pool, kind: 'own' } })
})
afterAll(async () => {
  await server?.http.stop()
  await pool?.end()
  await weeks?.close()
  await database?.drop()
})

const linesOf = (csv: string) => csv.slice(1).split('\r\n').slice(1, -1)

describe('/report', () => {
  test('is one page without scripts, whose policy allows its own style alone', async () => {
    const { status, headers, text } = await server.get('/report?days=28')
    expect(status).toBe(200)
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(text) ?? []
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`)
    expect(headers['content-security-policy']).toContain(`default-src 'none'`)
    expect(text.match(/<script|\sstyle=|\son\w+=|https?:\/\/|\+\d{7}/g)).toBeNull()
  })

  test('links to CSVs that are there, narrowed as the page is', async () => {
    const { text } = await server.get(`/report?days=28&teammate=${weeks.cast.seller}`)
    const links = [...text.matchAll(/href="(report\/[^"]+)"/g)].map(([, link = '']) =>
      link.replaceAll('&amp;', '&'),
    )
    expect(new Set(links).size).toBeGreaterThan(5)
    for (const link of new Set(links)) {
      const csv = await server.get(`/${link}`)
      expect([link, csv.status]).toEqual([link, 200])
      expect(csv.headers['content-type']).toContain('text/csv')
    }
  })

  test.each([
    ['/report?days=8', 'days is one of 7, 28, 90.'],
    ['/report?teammate=usr-nobody', 'This team has no such teammate.'],
    ['/report?queue=', 'queue is one id.'],
    ['/report?color=red', 'Filter this by'],
    ['/report/dials.csv?position=1', 'Filter this by'],
  ])('%s is refused with a word that helps', async (path, word) => {
    const { status, text } = await server.get(path)
    expect(status).toBe(400)
    expect(text).toContain(word)
    expect(text).not.toContain('red')
  })

  test('waits, and says for what, while there is no database', async () => {
    const without = await startTestServer()
    expect(await without.get('/report')).toMatchObject({ status: 503 })
    expect((await without.get('/report')).text).toContain('Waiting for Postgres.')
    expect(await without.get('/report/dials.csv')).toMatchObject({ status: 503 })
    await without.http.stop()
  })

  test('asks for the password where there is one', async () => {
    const guarded = await startTestServer(
      { HTTP_BASIC_AUTH: 'boss:a-long-password' },
      { database: { pool, kind: 'own' } },
    )
    expect(await guarded.get('/report')).toMatchObject({ status: 401 })
    expect(await guarded.get('/report/dials.csv')).toMatchObject({ status: 401 })
    const headers = { authorization: `Basic ${Buffer.from('boss:a-long-password').toString('base64')}` }
    expect(await guarded.get('/report', { headers })).toMatchObject({ status: 200 })
    await guarded.http.stop()
  })
})

describe('a CSV', () => {
  test('of dials has a line for every dial of the period, and no number', async () => {
    const { text } = await server.get(`/report/dials.csv?days=28&teammate=${weeks.cast.seller}`)
    const calls = weeks.calls.filter(({ userId }) => userId === weeks.cast.seller)
    expect(linesOf(text)).toHaveLength(calls.length)
    expect(text.match(/\+\d{7}/g)).toBeNull()
  })

  test('holds what its view says, view by view', async () => {
    for (const view of Object.keys(csvViews)) {
      const { status, text } = await server.get(`/report/${view}.csv`)
      expect([view, status, text.startsWith('\ufeff')]).toEqual([view, 200, true])
      const { rows } = await pool.query<{ count: number }>(
        `select count(*)::int as count from reporting.${view}`,
      )
      expect([view, linesOf(text).length]).toEqual([view, rows[0]?.count])
    }
  })

  test('of what is no view is not there, whatever it is called', async () => {
    for (const name of ['numbers', 'pg_user', 'dials%20union', 'constructor', '__proto__']) {
      expect([name, (await server.get(`/report/${name}.csv`)).status]).toEqual([name, 404])
    }
  })

  test.each([
    ['=1+1', `'=1+1`],
    ['+33…89', `'+33…89`],
    ['-2', `'-2`],
    ['@x', `'@x`],
    ['\tx', `'\tx`],
    ['a,"b"', `"a,""b"""`],
    ['two\nlines', `"two\nlines"`],
    ['', `""`],
    [null, ''],
  ])('writes the text %j so that no spreadsheet runs it', (value, field) => {
    expect(toField(value, true)).toBe(field)
  })

  test('writes numbers as they are, negative ones too', () => {
    expect(toField('-2', false)).toBe('-2')
  })
})
