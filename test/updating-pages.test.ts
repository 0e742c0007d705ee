/** Open pages in a real browser: they update themselves, and what the visitor did with them stays. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { keyFingerprint } from '../src/store/pass/read-budget.ts'
import { trackCredentials } from '../src/worker/credentials.ts'
import { openJobBackend, queueNames } from '../src/worker/job-backend.ts'
import type { JobBackend, JobQueue } from '../src/worker/jobs.ts'
import { accessFaults, findChromium, openPage, startBrowser } from './support/browser.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { databaseAt, startTestServer, type TestServer } from './support/http.ts'
import { apiKey, runPass } from './support/pass.ts'
import { until } from './support/worker.ts'

const chromium = findChromium()
if (chromium === null)
  console.warn('SKIPPED: no Chromium on PATH, pages that update themselves are not opened.')

describe.skipIf(chromium === null)('an open page', () => {
  let database: TestDatabase
  let api: SimulatedAllo
  let jobs: JobBackend
  let queues: JobQueue[]
  let server: TestServer
  let browser: Browser
  let start: (port: number) => Promise<TestServer>

  beforeAll(async () => {
    database = await createTestDatabase()
    const world = createWorld({ seed: 12, teammates: 6, numbersPerQueue: 12 })
    api = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
    for (let passes = 0; passes < 10; passes += 1) await runPass(api, database.url)
    jobs = await openJobBackend({ redisUrl: null, databaseUrl: database.url }, () => undefined)
    const names = queueNames(keyFingerprint(apiKey))
    const [passes, readings] = [await jobs.openQueue(names.passes), await jobs.openQueue(names.readings)]
    queues = [passes, readings]
    const credentials = trackCredentials(() => undefined)
    const worker = { jobs, passes, readings, credentials, readsPerSecond: () => 18 }
    const given = { database: databaseAt(database.url), worker }
    start = (port) => startTestServer({ HTTP_PORT: String(port) }, given)
    server = await start(0)
    browser = await startBrowser(chromium ?? '')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.http.stop()
    await server?.state.database?.pool.end()
    await Promise.all((queues ?? []).map((queue) => queue.close()))
    await jobs?.close()
    await api?.close()
    await database?.drop()
  })

  let renamed = 0
  /** Something that every page shows. Returns the new name. */
  async function renameTeammate(): Promise<string> {
    renamed += 1
    const name = `Renamed ${renamed}`
    const { rows } = await database.pool.query<{ user_id: string }>(
      `update allo.teammates set name = $1 where user_id = (select min(user_id) from allo.teammates) returning user_id`,
      [name],
    )
    expect(rows).toHaveLength(1)
    // The report asks first whether anything was read.
    await database.pool.query('update allo.queues set last_look_applied_at = clock_timestamp()')
    return name
  }

  const shows = (page: Page, text: string) =>
    until(`the page shows ${text}`, async () => (await page.textContent('main'))?.includes(text))
  const lineOf = (page: Page) => page.textContent('#updates')
  const says = (page: Page, text: string | RegExp) =>
    until(`the page says ${text}`, async () => new RegExp(text).test((await lineOf(page)) ?? ''))

  const screens = [
    { width: 1280, scheme: 'light' },
    { width: 768, scheme: 'dark' },
    { width: 360, scheme: 'dark' },
  ] as const
  const pages = [
    { path: '/', everyMs: 5000 },
    { path: '/report?days=28', everyMs: 60_000 },
  ]

  test.each(pages.flatMap((page) => screens.map((screen) => ({ ...page, ...screen }))))(
    '$path, $width pixels wide and $scheme, shows what is new, and keeps scroll positions, focus and open details',
    async ({ path, everyMs, ...screen }) => {
      const { page, complaints } = await openPage(browser, `${server.url}${path}`, {
        ...screen,
        height: 400,
        hasClock: true,
      })
      // Evaluated as text, because the tests are not compiled for a browser.
      await page.evaluate(`{
        const details = [...document.querySelectorAll('details')]
        for (const one of details) one.open = true
        window.opened = details.length
        const link = [...document.querySelectorAll('a[href]')].at(-2)
        link.focus()
        link.isOurs = true
        window.scrollTo(0, document.body.scrollHeight / 2)
        for (const one of document.querySelectorAll('.scroll')) one.scrollLeft = 20
      }`)
      const state = () =>
        page.evaluate(`({
          left: [...document.querySelectorAll('.scroll')].map((one) => one.scrollLeft),
          open: document.querySelectorAll('details[open]').length === window.opened,
          focus: document.activeElement.isOurs === true && document.activeElement.href,
          width: document.documentElement.scrollWidth,
        })`)
      const top = () => page.evaluate<number>('window.scrollY')
      const before = await state()
      const topBefore = await top()
      expect(before).toMatchObject({
        open: true,
        focus: expect.stringContaining('http'),
        width: screen.width,
      })
      expect(topBefore).toBeGreaterThan(50)
      const name = await renameTeammate()
      await page.clock.fastForward(everyMs)
      await shows(page, name)
      expect(await state()).toEqual(before)
      // A sentence above may take a line more: the browser then keeps what is seen in its place.
      expect(Math.abs((await top()) - topBefore)).toBeLessThan(60)
      // Of the report: test/report-browser.test.ts.
      if (path === '/') expect(await accessFaults(page)).toEqual([])
      expect(complaints).toEqual([])
      await page.close()
    },
  )

  test('with selected text does not change until nothing is selected', async () => {
    const { page } = await openPage(browser, `${server.url}/`, { hasClock: true })
    await page.evaluate(`getSelection().selectAllChildren(document.querySelector('h1'))`)
    const name = await renameTeammate()
    await page.clock.fastForward(5000)
    await says(page, '^Paused while text is selected')
    expect(await page.textContent('main')).not.toContain(name)
    expect(await page.evaluate('getSelection().toString()')).not.toBe('')
    await page.evaluate('getSelection().removeAllRanges()')
    await page.clock.fastForward(1000)
    await shows(page, name)
    await says(page, '^Updates every 5 s')
    await page.close()
  })

  test('that is hidden sends no request, and updates as soon as it is visible again', async () => {
    const { page } = await openPage(browser, `${server.url}/`, { hasClock: true })
    let requests = 0
    page.on('request', (request) => {
      if (request.url() === `${server.url}/`) requests += 1
    })
    const hide = (isHidden: boolean) =>
      page.evaluate(`{
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} })
        document.dispatchEvent(new Event('visibilitychange'))
      }`)
    await hide(true)
    requests = 0
    await page.clock.fastForward(60_000)
    expect(requests).toBe(0)
    const name = await renameTeammate()
    await hide(false)
    await page.clock.fastForward(1)
    await shows(page, name)
    expect(requests).toBe(1)
    await page.close()
  })

  test('the report is not made again if nothing changed', async () => {
    const { page } = await openPage(browser, `${server.url}/report`, { hasClock: true })
    const answered = page.waitForResponse((response) => response.url().endsWith('/report'))
    await page.clock.fastForward(60_000)
    expect((await answered).status()).toBe(304)
    await says(page, '^Updates every minute if something changed')
    await page.close()
  })

  test('says that the server is gone, tries again less and less often, and continues when it is back', async () => {
    const { page } = await openPage(browser, `${server.url}/`, { hasClock: true })
    const { port } = server
    await server.http.stop()
    const nextTryAfter = async (seconds: number) => {
      const [, next] = await until('the page says when it tries again', async () => {
        await page.clock.fastForward(seconds * 1000)
        const line = (await lineOf(page)) ?? ''
        const said = /^Not updated for \d+ s: the server does not answer\. Next try in (\d+) s\.$/.exec(line)
        return Number(said?.[1] ?? 0) > seconds ? said : null
      })
      return Number(next)
    }
    expect(await nextTryAfter(5)).toBeGreaterThanOrEqual(10)
    expect(await nextTryAfter(10)).toBeGreaterThanOrEqual(20)
    server = await start(port)
    const name = await renameTeammate()
    await page.clock.fastForward(60_000)
    await shows(page, name)
    await says(page, '^Updates every 5 s')
    await page.close()
  })

  test('of a worker that waits for Postgres becomes the status page', async () => {
    const { database: opened } = server.state
    server.state.database = null
    const { page } = await openPage(browser, `${server.url}/`, { hasClock: true })
    expect(await page.textContent('h1')).toBe('Waiting for Postgres.')
    server.state.database = opened
    await page.clock.fastForward(5000)
    await shows(page, 'Last passes')
    expect(await page.title()).toMatch(/: Acme Sales$/)
    await page.close()
  })

  test('without scripts reloads the status page, and has a link that reloads', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/`)
    expect(await lineOf(page)).toBe('Reloads every 30 s.')
    const name = await renameTeammate()
    await page.click('footer a:text-is("Reload")')
    await shows(page, name)
    await context.close()
  })
})
