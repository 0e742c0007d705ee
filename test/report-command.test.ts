/** `report`: one file with the figures of the database, without scripts and phone numbers. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createWorkplace, startCli } from './support/run-cli.ts'
import { mirrorThreeWeeks, type ThreeWeeks } from './support/three-weeks.ts'

let database: TestDatabase
let weeks: ThreeWeeks
const { folder, remove } = createWorkplace()

beforeAll(async () => {
  database = await createTestDatabase()
  weeks = await mirrorThreeWeeks(database)
})
afterAll(async () => {
  await weeks?.close()
  await database?.drop()
  remove()
})

const run = (...args: string[]) =>
  startCli(['report', ...args], { DATABASE_URL: database.url }, { cwd: folder }).finished

describe('report', () => {
  test('writes one file that only its owner can read: no script, no external content, no phone number', async () => {
    expect(await run('--out', 'report.html', '--days', '28')).toMatchObject({ code: 0, stdout: '' })
    const page = readFileSync(join(folder, 'report.html'), 'utf8')
    expect(statSync(join(folder, 'report.html')).mode & 0o777).toBe(0o600)
    expect(page).toMatch(/^<!doctype html>/)
    expect(page).toMatch(/<\/html>\s*$/)
    expect(page.match(/<script|<link|<a (?!href="#)|<img|https?:|url\((?!#)|\+\d{7}/g)).toBeNull()
    expect(readdirSync(folder)).toEqual(['report.html'])
  })

  test('shows for each teammate the dials and connections that were made', async () => {
    const { stdout } = await run('--out', '-', '--days', '28', '--teammate', weeks.cast.seller)
    const calls = weeks.calls.filter(({ userId }) => userId === weeks.cast.seller)
    const connected = calls.filter(({ outcome }) => outcome === 'connected').length
    const resolved = calls.filter(({ outcome }) => outcome !== 'in_progress').length
    expect(connected).toBeGreaterThan(0)
    const text = stdout.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')
    const [, told] = /(\d+ of the \d+) with a result (?:was|were) answered/.exec(text) ?? []
    expect(told).toBe(`${connected} of the ${resolved}`)
    expect(text.includes(weeks.nameOf(weeks.cast.resetter))).toBe(false)
  })

  test('writes the report of a period of the calendar', async () => {
    const { stdout } = await run('--out', '-', '--period', 'month')
    expect(stdout).toContain('Narrowed to: <b>this month</b>')
    expect(stdout).not.toContain('<form')
  })

  test('replaces an old file, and refuses a folder', async () => {
    writeFileSync(join(folder, 'old.html'), 'old')
    expect(await run('--out', 'old.html')).toMatchObject({ code: 0 })
    expect(readFileSync(join(folder, 'old.html'), 'utf8')).toContain('</html>')
    mkdirSync(join(folder, 'here'))
    const refused = await run('--out', 'here')
    expect(refused).toMatchObject({ code: 64 })
    expect(refused.stderr).toMatch(/here exists and is not a file/i)
    expect(readdirSync(join(folder, 'here'))).toEqual([])

    const reasons = { ENAMETOOLONG: 'x'.repeat(300), ENOENT: 'not/there.html', ENOTDIR: 'old.html/x' }
    for (const [code, path] of Object.entries(reasons)) {
      const { code: exitCode, stderr } = await run('--out', path)
      expect({ exitCode, stderr }).toEqual({ exitCode: 64, stderr: expect.stringContaining(`(${code}).\n`) })
    }
    const longest = 'x'.repeat(255)
    expect(await run('--out', longest)).toMatchObject({ code: 0 })
    rmSync(join(folder, longest))
  })

  test.each([
    [['--teammate', 'usr-nobody'], 'This team has no such teammate.'],
    [['--queue', 'pdl_nothing'], 'This team has no such queue.'],
    [['--days', '8'], 'Days must be one of 7, 28, 90.'],
    [['--period', 'year'], 'Period must be one of today, yesterday, week, month.'],
    [['--from', '2026-11-02'], 'From and to must both be a date'],
    [['--team', 'team-other'], 'There is no such team: use --team with one of'],
  ])('with %j is refused and writes nothing', async (args, message) => {
    const refused = await run('--out', 'none.html', ...args)
    expect(refused).toMatchObject({ code: 64, stdout: '' })
    expect(refused.stderr).toContain(message)
    expect(readdirSync(folder)).not.toContain('none.html')
  })
})
