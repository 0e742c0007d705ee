/** The first command of README, as CI and a person without a terminal run it. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createWorkplace, type Finished, runCli } from './support/run-cli.ts'

const { folder: cwd, remove } = createWorkplace()
const temporary = join(cwd, 'tmp')
let demo: Finished

beforeAll(async () => {
  // None of this may be read: the demo can reach neither the user's database nor their key.
  const theirs = {
    ALLO_API_KEY: 'ak_live_of_the_user',
    ALLO_API_URL: 'https://not-the-demo.example',
    DATABASE_URL: 'postgres://user:password@not-the-demo.example/production',
    DATA_DIR: join(cwd, 'their-data'),
    LOG_LEVEL: 'nonsense',
  }
  const lines = Object.entries({ ...theirs, REDIS_URL: 'nonsense' }).map(
    ([name, value]) => `${name}=${value}\n`,
  )
  writeFileSync(join(cwd, '.env'), lines.join(''))
  mkdirSync(temporary)
  demo = await runCli(['demo'], { ...theirs, TMPDIR: temporary }, { cwd })
})
afterAll(remove)

test('exits 0 with an empty stderr, with any environment', () => {
  expect(demo).toMatchObject({ code: 0, stderr: '' })
  expect(demo.stdout).not.toMatch(/ak_live|not-the-demo|Ctrl-C|\x1b/)
})

test('leaves no folder and no database', () => {
  expect(readdirSync(temporary)).toEqual([])
  expect(readdirSync(cwd).sort()).toEqual(['.env', 'tmp'])
})

test('shows what changed at the source and what each pass found', () => {
  const chapters = demo.stdout.split(/^(?=\d\. )/m).slice(1)
  expect(chapters).toHaveLength(6)
  for (const chapter of chapters)
    expect(chapter).toMatch(/^ {3}at the source {2}\S.*^ {3}the pass saw {3}\S/ms)
  const [first, , stumbles, endings, second, lunch] = chapters
  expect(first).toMatch(/the pass saw {3}803 added, 0 changed, 0 moved, 0 removed/)
  expect(stumbles).toMatch(/[1-9]\d* moved, 4 removed/)
  expect(stumbles).toContain('torn: Tariq Silva. Their data stay as they were')
  expect(stumbles).toMatch(/waited \d\.\d s because of the 429/)
  expect(endings).toContain("without a holder: Noor's queue. The next pass decides")
  expect(endings).toContain('404: Sami Petrov. Counts if the next pass confirms it')
  expect(second).toContain("ended: Noor's queue (queue_replaced)")
  expect(second).toContain('404 again: Sami Petrov has left')
  expect(lunch).toContain('no change, so no number, entry, version or dial was written')
})

/** The cells of the table that follows the title, by the names of its columns. */
function table(title: string): Record<string, string>[] {
  const lines = demo.stdout.slice(demo.stdout.indexOf(title)).split('\n')
  const ruler = lines.findIndex((line) => line.startsWith('──'))
  const columns = [...(lines[ruler] ?? '').matchAll(/─+/g)].map(({ 0: { length }, index }) => [
    index,
    index + length,
  ])
  const cells = (line: string) => columns.map(([from, to]) => line.slice(from, to).trim())
  const names = cells(lines[ruler - 1] ?? '')
  const end = lines.indexOf('', ruler)
  const rows = lines.slice(ruler + 1, end === -1 ? undefined : end)
  return rows.map((line) => Object.fromEntries(cells(line).map((cell, index) => [names[index], cell])))
}

test('sums up the history: counts by outcome, and every end with its reason', () => {
  const queues = table('Queues, as last read')
  expect(queues).toHaveLength(8)
  for (const { numbers, queue: _, holder: __, ...outcomes } of queues) {
    expect(Object.values(outcomes).reduce((sum, count) => sum + Number(count), 0)).toBe(Number(numbers))
  }
  expect(queues).toContainEqual(expect.objectContaining({ queue: "Hugo's queue", holder: 'Kaya Jansen' }))
  const fates = table('Their recorded history').map(({ now }) => now)
  expect(fates.filter((now) => now === 'current')).toHaveLength(6)
  expect(fates).toContainEqual(expect.stringMatching(/^ended \d\d:\d\d:\d\d: queue_replaced$/))
  expect(fates).toContain('unknown: its holder is not on the team any more')
})

test('answers three questions, and shows the SQL', () => {
  expect(demo.stdout.match(/^select /gm)).toHaveLength(3)
  const left = table('What is left, per teammate?')
  expect(left.map(({ teammate }) => teammate)).toHaveLength(7)
  expect(left.at(-1)).toMatchObject({ teammate: 'Hugo Ito', numbers: '' })

  const history = table('What happened to +1')
  expect(history.length).toBeGreaterThanOrEqual(4)
  expect(history[0]).toMatchObject({ position: '40', outcome: 'remaining', dialled: '' })
  expect(history.at(-1)).toMatchObject({ position: '39', outcome: 'connected', until: '' })
  for (const [index, { until }] of history.slice(0, -1).entries())
    expect(history[index + 1]?.from).toBe(until)

  const thrownAway = table('What did the reset throw away?')
  expect(thrownAway.reduce((sum, { numbers }) => sum + Number(numbers), 0)).toBeGreaterThanOrEqual(85)
  expect(thrownAway[0]).toMatchObject({ outcome: 'remaining' })
})

test('ends with the worker: its page, a pass, and dials that its looks show within seconds', () => {
  const [, service = ''] = demo.stdout.split('The worker: ')
  expect(service).toMatch(/status page {4}http:\/\/127\.0\.0\.1:\d+/)
  expect(service).toMatch(/^ {3}pass (?:ok|partial) +7 teammates, \d+ requests$/m)
  expect(service.match(/^ {3}\S.* dials: visible after \d+\.\d s$/gm)).toHaveLength(3)
})
