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
  const { rows: sessions } = await database.pool.query<{ pauses: number; seconds: number }>(
    `select sum(dials - 1)::float8 as pauses, sum(dialling_seconds)::float8 as seconds
     from reporting.sessions s join reporting.teams t using (team_id)
     where s.day = (t.live_as_of at time zone t.report_time_zone)::date`,
  )
  const [{ pauses = 0, seconds = 1 } = {}] = sessions
  const anHour = (pauses / seconds) * 3600
  expect(text).toContain(`<p>${anHour.toFixed(anHour < 10 ? 1 : 0)} an hour each</p>`)
  const { rows: left } = await database.pool.query<{ name: string; remaining: string }>(
    `select teammate_name as name, remaining::text from reporting.teammates where user_id = $1`,
    [weeks.cast.seller],
  )
  expect(text).toMatch(
    new RegExp(`<th scope="row">${left[0]?.name}</th>.*<td class="n">${left[0]?.remaining}</td></tr>`),
  )
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

test('is called live only while teammates who dial are looked at at least every minute', async () => {
  expect((await server.get('/wall')).text).not.toContain('live, every')
  await database.pool.query(
    `insert into allo.looks (team_id, user_id, queue_id, planned_at, looked_at, interval_seconds)
     select team_id, user_id, queue_id, now(), clock_timestamp(), 10 from reporting.teammates where user_id = $1`,
    [weeks.cast.seller],
  )
  const lookEvery = async (seconds: number) => {
    await database.pool.query(
      `update allo.queue_snapshots s set observed_at = clock_timestamp()
       where queue_id = (select queue_id from allo.looks) and observed_at = (
         select max(observed_at) from allo.queue_snapshots where queue_id = s.queue_id)`,
    )
    await database.pool.query('update allo.looks set interval_seconds = $1', [seconds])
    return (await server.get('/wall')).text
  }
  expect(await lookEvery(10)).toMatch(/<span>live, every 10\ss · [^<]+<\/span>/)
  expect(await lookEvery(90)).not.toContain('live, every')
  expect(await lookEvery(60)).toContain('live, every')
  await database.pool.query('delete from allo.looks')
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
