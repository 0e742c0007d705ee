/** The report in a real browser: wide and narrow, light and dark, on screen and on paper. */
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessFaults, findChromium, openPage, startBrowser } from './support/browser.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { databaseAt, startTestServer, type TestServer } from './support/http.ts'
import { createWorkplace, runCli } from './support/run-cli.ts'
import { mirrorThreeWeeks, type ThreeWeeks } from './support/three-weeks.ts'

const chromium = findChromium()
if (chromium === null)
  console.warn('SKIPPED: no Chromium on PATH, the report is not looked at as a browser does.')

describe.skipIf(chromium === null)('in a browser', () => {
  let database: TestDatabase
  let weeks: ThreeWeeks
  let server: TestServer
  let browser: Browser

  beforeAll(async () => {
    database = await createTestDatabase()
    weeks = await mirrorThreeWeeks(database)
    server = await startTestServer({}, { database: databaseAt(database.url) })
    browser = await startBrowser(chromium ?? '')
  })
  afterAll(async () => {
    await browser?.close()
    await server?.http.stop()
    await server?.state.database?.pool.end()
    await weeks?.close()
    await database?.drop()
  })

  const paths = ['/report?days=28', '/report?days=90', '/report?teammate=IDLE', '/report?days=28&queue=QUEUE']
  const looks = [
    { width: 1280, scheme: 'light' },
    { width: 360, scheme: 'dark' },
  ] as const

  test.each(paths.flatMap((path) => looks.map((look) => ({ path, ...look }))))(
    '$path, $width pixels wide and $scheme: styled, without overflow and without accessibility problems',
    async ({ path, ...look }) => {
      const asked = path.replace('IDLE', weeks.cast.idle).replace('QUEUE', weeks.replacedQueueId)
      const { page, complaints } = await openPage(browser, `${server.url}${asked}`, look)
      await page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = true })`)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(look.width)
      expect(await page.evaluate('document.styleSheets[0].cssRules.length > 100')).toBe(true)
      expect(await accessFaults(page)).toEqual([])
      expect(complaints).toEqual([])
    },
  )

  test('the search and the choice of dates lead on by the script, and keep the period or the teammate', async () => {
    const { seller } = weeks.cast
    const { page, complaints } = await openPage(
      browser,
      `${server.url}/report?period=week&teammate=${seller}`,
    )
    const openAll = () =>
      page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = true })`)
    await openAll()
    await page.click('form:not([role]) button')
    await page.waitForURL(/from=/)
    expect(new URL(page.url()).search).toMatch(
      new RegExp(`^\\?teammate=${seller}&from=2\\d{3}-\\d\\d-\\d\\d&to=2\\d{3}-\\d\\d-\\d\\d$`),
    )
    await page.goto(`${server.url}/report?period=week`)
    await openAll()
    await page.fill('input[name=q]', 'a')
    await page.press('input[name=q]', 'Enter')
    await page.waitForURL(/teammates/)
    expect(new URL(page.url()).search).toBe('?period=week&q=a')
    expect(await accessFaults(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  test('low contrast and a missing language are found', async () => {
    const { page } = await openPage(browser, `${server.url}/report`)
    await page.evaluate(`document.querySelector('.says').style.color = '#ccc'`)
    await page.evaluate(`document.documentElement.removeAttribute('lang')`)
    const found = (await accessFaults(page)).map((finding) => finding.split(':')[0])
    expect(found).toEqual(expect.arrayContaining(['color-contrast', 'html-has-lang']))
  })

  test('no link leads out of the file, each leads to its place in it, and it can be printed', async () => {
    const { folder, remove } = createWorkplace()
    const { code } = await runCli(
      ['report', '--out', 'report.html', '--days', '28'],
      { DATABASE_URL: database.url },
      { cwd: folder },
    )
    expect(code).toBe(0)
    const { page: file, complaints } = await openPage(browser, `file://${join(folder, 'report.html')}`, {
      width: 360,
    })
    const outward = `[...document.links].filter(({ hash }) => hash === '' || !document.querySelector(hash)).length`
    expect(await file.evaluate(outward)).toBe(0)
    expect(await file.evaluate('document.documentElement.scrollWidth')).toBe(360)
    expect(await accessFaults(file)).toEqual([])
    expect(complaints).toEqual([])
    const paper = await file.pdf({ preferCSSPageSize: true })
    expect(paper.toString('latin1').match(/\/Type \/Page\b/g)?.length).toBeLessThanOrEqual(2)
    expect(paper.subarray(0, 5).toString()).toBe('%PDF-')
    expect(paper.length).toBeGreaterThan(20_000)
    remove()
  })
})
