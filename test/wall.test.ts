/** /wall: a board for the office, of the worker's team. Real server, real Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessFaults, findChromium, openPage, startBrowser } from './support/browser.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { databaseAt, startTestServer, type TestServer } from './support/http.ts'
import { mirrorThreeWeeks, type ThreeWeeks } from './support/three-weeks.ts'

let database: TestDatabase
let weeks: ThreeWeeks
let server: TestServer

beforeAll(async () => {
  database = await createTestDatabase()
  weeks = await mirrorThreeWeeks(database)
  // So that they are dials of today.
  await database.pool.query(
    `update allo.dials set dialled_at = (select live_as_of from reporting.teams) - interval '1 millisecond' * dial_id
     where dial_id in (select dial_id from allo.dials where user_id = $1 limit 9)`,
    [weeks.cast.seller],
  )
  server = await startTestServer({ HTTP_WALL: 'true' }, { database: databaseAt(database.url) })
})
afterAll(async () => {
  await server?.http.stop()
  await server?.state.database?.pool.end()
  await weeks?.close()
  await database?.drop()
})

const figure = (text: string, name: string) => new RegExp(`<h2>${name}</h2><b>([^<]*)</b>`).exec(text)?.[1]

test('is off unless HTTP_WALL is true', async () => {
  const off = await startTestServer({}, { database: databaseAt(database.url) })
  expect((await off.get('/wall')).status).toBe(404)
  await off.http.stop()
  await off.state.database?.pool.end()
  expect((await server.get('/nowhere')).text).toContain('/wall')
})

test('shows the dials and people reached of today, and what is left, as the views have them', async () => {
  const { text, status } = await server.get('/wall')
  expect(status).toBe(200)
  const { rows } = await database.pool.query<{ dials: string; reached: string; remaining: string }>(
    `select count(*)::text as dials, count(*) filter (where is_connected)::text as reached,
       (select sum(remaining)::text from reporting.teammates where is_listed) as remaining
     from reporting.dials, reporting.teams t
     where counted_at >= reporting.start_of_day((t.live_as_of at time zone t.report_time_zone)::date)`,
  )
  const [expected] = rows
  expect(Number(expected?.dials)).toBeGreaterThan(5)
  expect(figure(text, 'Dials today')).toBe(expected?.dials)
  expect(figure(text, 'Reached today')).toBe(expected?.reached)
  expect(figure(text, 'Left to call')).toBe(expected?.remaining)
  const row = new RegExp(
    `<th scope="row">${weeks.nameOf(weeks.cast.seller)}</th><td class="n reached">${expected?.reached}</td><td class="n">${expected?.dials}</td>`,
  )
  expect(text).toMatch(row)
})

test('claims no change from a week ago, because that time was not read', async () => {
  expect((await server.get('/wall')).text).not.toMatch(/by now/)
})

test('is made again only if something changed, needs the password, and takes no filter', async () => {
  const { headers } = await server.get('/wall')
  const again = await server.get('/wall', { headers: { 'if-none-match': headers.etag ?? '' } })
  expect(again.status).toBe(304)
  expect((await server.get('/wall?teammate=usr-1')).status).toBe(400)
  const closed = await startTestServer(
    { HTTP_WALL: 'true', HTTP_BASIC_AUTH: 'me:secret-word' },
    { database: databaseAt(database.url) },
  )
  expect((await closed.get('/wall')).status).toBe(401)
  await closed.http.stop()
  await closed.state.database?.pool.end()
})

test('says that the data are old, so that an old board is not taken for a live one', async () => {
  await database.pool.query(`update allo.sync_passes set stale_after_seconds = 0`)
  expect((await server.get('/wall')).text).toContain('and the data of everyone are older')
  await database.pool.query(`update allo.sync_passes set stale_after_seconds = 900`)
  expect((await server.get('/wall')).text).toContain('as of ')
})

const chromium = findChromium()
test.skipIf(chromium === null)(
  'fits on one screen of a television, with letters of at least a thirtieth of its height',
  async () => {
    const browser = await startBrowser(chromium ?? '')
    for (const scheme of ['light', 'dark'] as const) {
      const look = { width: 1920, height: 1080, scheme }
      const { page, complaints } = await openPage(browser, `${server.url}/wall`, look)
      expect(await page.evaluate('document.documentElement.scrollHeight')).toBe(1080)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(1920)
      const smallest = await page.evaluate(
        `Math.min(...[...document.querySelectorAll('main *')].map((one) => parseFloat(getComputedStyle(one).fontSize)))`,
      )
      expect(smallest).toBeGreaterThanOrEqual(36)
      expect(await accessFaults(page)).toEqual([])
      expect(complaints).toEqual([])
    }
    await browser.close()
  },
)
