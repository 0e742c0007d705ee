/**
 * Compares docs/reporting.md with schema reporting: its lists are complete, and its queries run and return the
 * right rows.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createReader, type Reader } from './support/reader.ts'
import { type Call, type CallOutcome, mirrorThreeWeeks, type ThreeWeeks } from './support/three-weeks.ts'

const page = readFileSync(new URL('../docs/reporting.md', import.meta.url), 'utf8')

let database: TestDatabase
let weeks: ThreeWeeks
let analyst: Reader

beforeAll(async () => {
  database = await createTestDatabase()
  weeks = await mirrorThreeWeeks(database)
  analyst = await createReader(database)
})
afterAll(async () => {
  await analyst?.drop()
  await weeks?.close()
  await database?.drop()
})

/** The page's queries under their headings. */
const queries = new Map(
  [...page.matchAll(/^### (.+)\n(?:(?!^###).*\n)*?```sql\n([^`]+)```/gm)].map(([, title = '', text = '']) => [
    title,
    text,
  ]),
)
const tried = new Set<string>()

/** As psql would run it: `\set` lines name values, `values` are what a person writes there instead. */
async function answerTo(title: string, values: Readonly<Record<string, string>> = {}) {
  const text = queries.get(title)
  if (text === undefined) throw new Error(`docs/reporting.md has no query "${title}"`)
  tried.add(title)
  const set = [...text.matchAll(/^\\set (\w+) (?:'([^']*)'|(\S+))$/gm)].map(
    ([, name = '', quoted, bare]) => [name, quoted ?? bare ?? ''] as const,
  )
  expect(set.map(([name]) => name)).toEqual(expect.arrayContaining(Object.keys(values)))
  const chosen = { ...Object.fromEntries(set), ...values }
  const sql = text
    .replace(/^\\set .*\n/gm, '')
    .replace(/:'(\w+)'/g, (_, name) => `'${chosen[name]?.replaceAll("'", "''")}'`)
  const { rows } = await analyst.pool.query(sql)
  return rows
}

const DAY_MS = 24 * 3_600_000

function callsOf(userId: string, sinceDays: number, untilDays = 0): readonly Call[] {
  const age = ({ at }: Call) => (Date.now() - at.getTime()) / DAY_MS
  return weeks.calls.filter(
    (call) => call.userId === userId && age(call) < sinceDays && age(call) >= untilDays,
  )
}

const count = (calls: readonly Call[], outcome: CallOutcome) =>
  calls.filter((call) => call.outcome === outcome).length

describe('docs/reporting.md', () => {
  test('has a row for every view, and no other', async () => {
    const named = [...page.matchAll(/^\| `(\w+)`(?: \(in `\w+`\))? \|/gm)].map(([, name]) => name)
    const { rows } = await database.pool.query<{ view_name: string }>(
      `select distinct view_name from reporting.data_dictionary where kind = 'view'`,
    )
    expect(named.sort()).toEqual(rows.map(({ view_name }) => view_name).sort())
  })

  test('has every view in the summary in README', async () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const [, section = ''] = readme.match(/^## Reporting\n(.*?)^## /ms) ?? []
    const named = [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)[^`]*`/g)].map(([, name]) => name),
    )
    const { rows } = await database.pool.query<{ name: string }>(
      `select distinct view_name as name from reporting.data_dictionary where schema_name = 'reporting'`,
    )
    expect(named.sort()).toEqual(rows.map(({ name }) => name).sort())
  })

  test('names no column that does not exist', async () => {
    const { rows } = await database.pool.query<{ view_name: string; columns: string[] }>(
      'select view_name, array_agg(column_name) as columns from reporting.data_dictionary group by 1',
    )
    const wrong = rows.flatMap(({ view_name, columns }) => {
      const [, cell = ''] = page.match(new RegExp(`^\\| \`${view_name}\` .*\\| ([^|]*) \\|$`, 'm')) ?? []
      return [...cell.matchAll(/`(\w+)`/g)].flatMap(([, column = '']) =>
        columns.includes(column) ? [] : [`${view_name}.${column}`],
      )
    })
    expect(wrong).toEqual([])
  })

  test('shows how far the data can be trusted', async () => {
    const never = await answerTo('Can I trust the data?')
    expect(never).toMatchObject([
      { team: weeks.world.team.name, teammates: '3', checks: '0', checked_at: null },
    ])
    await database.pool.query(
      `insert into allo.quality_results (team_id, check_name, severity, checked, failing, status, sentence, checked_at)
       values ($1, 'orphans', 'error', 9, 0, 'passed', 'Fine.', now()),
         ($1, 'lost', 'error', 9, 1, 'failed', 'Not fine.', now()), ($1, 'odd', 'warn', 9, 1, 'failed', 'Odd.', now())`,
      [weeks.world.team.id],
    )
    const [row] = await answerTo('Can I trust the data?')
    expect(row).toMatchObject({
      stale_teammates: '0',
      longest_gap_hours: '0.0',
      checks: '3',
      failed_checks: '1',
    })
    await database.pool.query(
      `update allo.teammates set last_observed_at = last_observed_at - interval '2 hours' where user_id = $1`,
      [weeks.cast.idle],
    )
    expect(await answerTo('Can I trust the data?')).toMatchObject([{ stale_teammates: '1' }])
    await database.pool.query(
      `update allo.teammates set last_observed_at = last_observed_at + interval '2 hours' where user_id = $1`,
      [weeks.cast.idle],
    )
  })

  test('shows what is left per teammate, and no count for those without a queue', async () => {
    const { seller, resetter, idle } = weeks.cast
    const left = (userId: string) =>
      weeks.world
        .currentQueue(userId)
        ?.rows()
        .filter(({ call_start_date }) => call_start_date === null).length
    expect(await answerTo('What is left, per teammate?')).toMatchObject([
      { teammate_name: weeks.nameOf(seller), queue_state: 'queue', numbers: 160, remaining: left(seller) },
      { teammate_name: weeks.nameOf(resetter), queue_state: 'queue', numbers: 9, remaining: 9 },
      { teammate_name: weeks.nameOf(idle), queue_state: 'no_queue', numbers: null, remaining: null },
    ])
  })

  test('ranks the last seven days by connected dials, with the bounds of the rate', async () => {
    const rows = await answerTo('Who was reached how often this week?')
    const { seller, resetter, idle } = weeks.cast
    for (const userId of [seller, resetter]) {
      const week = callsOf(userId, 7)
      const dials = week.length
      const resolved = dials - count(week, 'in_progress')
      const connected = count(week, 'connected')
      expect(dials).toBeGreaterThan(30)
      const row = rows.find(({ teammate_name }) => teammate_name === weeks.nameOf(userId))
      expect(row).toMatchObject({
        dials: String(dials),
        resolved_dials: String(resolved),
        connected: String(connected),
        rate: (connected / resolved).toFixed(2),
        previous_dials: String(callsOf(userId, 14, 7).length),
      })
      expect(Number(row.low)).toBeLessThan(connected / resolved)
      expect(Number(row.high)).toBeGreaterThan(connected / resolved)
    }
    expect(rows.find(({ teammate_name }) => teammate_name === weeks.nameOf(idle))).toMatchObject({
      dials: '0',
      rate: null,
      low: null,
    })
    const reached = rows.map(({ connected }) => Number(connected))
    expect(reached).toEqual(reached.toSorted((a, b) => b - a))
  })

  test('shows when to call, in the time zone of the reports, for hours with ten resolved dials', async () => {
    const rows = await answerTo('When to call?')
    const slot = new Intl.DateTimeFormat('en-US', {
      timeZone: weeks.timeZone,
      weekday: 'short',
      hour: 'numeric',
      hourCycle: 'h23',
    })
    const slots = new Map<string, Call[]>()
    for (const call of weeks.calls.filter(({ outcome }) => outcome !== 'in_progress')) {
      const key = slot.format(call.at)
      slots.set(key, [...(slots.get(key) ?? []), call])
    }
    const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
    const told = rows.map(({ weekday, hour, resolved_dials, connected }) => [
      `${weekdays[weekday - 1]}, ${String(hour).padStart(2, '0')}`,
      [Number(resolved_dials), Number(connected)],
    ])
    const expected = [...slots]
      .filter(([, calls]) => calls.length >= 10)
      .map(([key, calls]) => [key, [calls.length, count(calls, 'connected')]])
    expect(rows.length).toBeGreaterThanOrEqual(7)
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(expected))
    expect(rows.every(({ rate, low }) => Number(low) < Number(rate))).toBe(true)
  })

  test('shows how the queue with the most dials burned down', async () => {
    const rows = await answerTo('How did a queue burn down?')
    expect(rows.map(({ remaining }) => remaining)).toEqual([160, 100, 40])
    expect(rows[0]).toMatchObject({ numbers: 160, connected: 0, end_reason: null })
    expect(rows[1].observed_at).toEqual(rows[0].valid_until)
  })

  test('shows what a reset threw away, and which of it never came back', async () => {
    expect(await answerTo('What did a reset throw away?')).toMatchObject([
      {
        teammate_name: weeks.nameOf(weeks.cast.resetter),
        queue_id: weeks.replacedQueueId,
        numbers: 160,
        uncalled_at_end: 40,
        never_again: '37',
        in_progress_at_end: 0,
      },
    ])
  })

  test('finds numbers that are called again after a connection', async () => {
    const rows = await answerTo('Who is called again after a connection?')
    expect(rows).toMatchObject([
      {
        teammate_name: weeks.nameOf(weeks.cast.resetter),
        outcome: 'remaining',
        entries: '2',
        previous_outcome: 'connected',
      },
    ])
    const { rows: numbers } = await database.pool.query(
      'select number_to from reporting_pii.numbers where entry_id = $1',
      [rows[0].entry_id],
    )
    expect(numbers).toEqual([{ number_to: weeks.queuedAgain }])
  })

  test('finds the numbers that wait too long', async () => {
    const rows = await answerTo('Which numbers wait too long?')
    expect(rows).toHaveLength(40)
    expect(
      rows.every(({ teammate_name, days }) => teammate_name === weeks.nameOf(weeks.cast.seller) && days > 19),
    ).toBe(true)
  })

  test('shows what changed between two moments', async () => {
    const { beforeCalls, beforeReset, end } = weeks.moments
    const title = 'What changed between two moments?'
    const worked = await answerTo(title, { since: beforeCalls, until: beforeReset })
    const { seller, resetter, leaver } = weeks.cast
    const expected = [seller, resetter, leaver].flatMap((userId) =>
      [...new Set(weeks.calls.filter((call) => call.userId === userId).map(({ outcome }) => outcome))].map(
        (outcome) => ({ userId, outcome, numbers: count(callsOf(userId, 100), outcome) }),
      ),
    )
    expect(
      worked.every(
        ({ change_type, outcome_before }) => change_type === 'changed' && outcome_before === 'remaining',
      ),
    ).toBe(true)
    expect(
      new Map(worked.map((row) => [`${row.teammate_name} ${row.outcome_after}`, Number(row.numbers)])),
    ).toEqual(
      new Map(
        expected.map(({ userId, outcome, numbers }) => [`${weeks.nameOf(userId)} ${outcome}`, numbers]),
      ),
    )

    const afterwards = await answerTo(title, { since: beforeReset, until: end })
    const sum = (type: string) =>
      afterwards
        .filter(({ change_type }) => change_type === type)
        .reduce((total, { numbers }) => total + Number(numbers), 0)
    expect(sum('added')).toBe(9)
    expect(afterwards.find(({ change_type }) => change_type === 'added')).toMatchObject({
      teammate_name: weeks.nameOf(resetter),
      outcome_before: null,
      outcome_after: 'remaining',
    })
    expect(sum('removed')).toBe(320)
    expect(new Set(afterwards.map(({ removal_reason }) => removal_reason))).toEqual(
      new Set([null, 'queue_replaced', 'unobservable']),
    )
    expect((await answerTo(title)).length).toBeGreaterThan(0)
  })

  test('shows the queues as of a date, and unknown where nothing was read', async () => {
    const title = 'What did the queues look like on a date?'
    const { seller, resetter, leaver, idle } = weeks.cast
    const asOf = async (at: string) =>
      new Map((await answerTo(title, { at })).map((row) => [row.teammate_name, row]))

    const before = await asOf(weeks.moments.beforeReset)
    for (const userId of [seller, resetter]) {
      expect(before.get(weeks.nameOf(userId))).toMatchObject({
        answer: 'queue',
        numbers: '160',
        remaining: '40',
      })
    }
    expect(before.get(weeks.nameOf(resetter))?.queue_id).toBe(weeks.replacedQueueId)
    expect(before.get(weeks.nameOf(idle))).toMatchObject({
      answer: 'no_queue',
      numbers: null,
      remaining: null,
    })

    const gap = await asOf(weeks.moments.inTheGap)
    for (const userId of [seller, resetter, idle]) {
      expect(gap.get(weeks.nameOf(userId))).toMatchObject({
        answer: 'unknown',
        numbers: null,
        remaining: null,
      })
    }
    expect(gap.get(weeks.nameOf(leaver))).toMatchObject({ answer: 'unknown', numbers: null })
    expect(
      (await answerTo(title)).every(({ answer, read_at }) => answer === 'unknown' && read_at === null),
    ).toBe(true)
  })

  test('shows at which attempt numbers were reached, and which dials were not needed', async () => {
    const seen = new Map<string, Call[]>()
    const attempts = new Map<number, { dials: number; connected: number }>()
    const wasted: Call[] = []
    for (const call of [...weeks.calls].sort((a, b) => a.at.getTime() - b.at.getTime())) {
      const before = seen.get(call.number) ?? []
      seen.set(call.number, [...before, call])
      const isAfterConnection = before.some(({ outcome }) => outcome === 'connected')
      const isTooSoon = call.at.getTime() - (before.at(-1)?.at.getTime() ?? 0) < 3_600_000
      if (isAfterConnection || isTooSoon) wasted.push(call)
      if (isAfterConnection) continue
      const { dials, connected } = attempts.get(before.length + 1) ?? { dials: 0, connected: 0 }
      const isConnected = call.outcome === 'connected' ? 1 : 0
      attempts.set(before.length + 1, { dials: dials + 1, connected: connected + isConnected })
    }
    const found = await answerTo('At which attempt is it worth calling on?')
    const numbers = found.map(({ attempt, dials, connected }) => [
      attempt,
      { dials: Number(dials), connected: Number(connected) },
    ])
    expect(numbers).toEqual([...attempts].filter(([, { dials }]) => dials >= 10))
    expect(found[0]).toMatchObject({ attempt: 1, rate: expect.stringMatching(/^0\.\d\d$/) })
    const notNeeded = await answerTo('Which dials were not needed?')
    expect(notNeeded.reduce((sum, { dials }) => sum + Number(dials), 0)).toBe(wasted.length)
  })

  test('shows which queues run out, and what is wrong with current lists', async () => {
    const { seller, resetter } = weeks.cast
    const forecasts = await answerTo('Which queues run out today?')
    // A number a minute, and the last one some hours ago.
    expect(forecasts).toMatchObject([
      {
        teammate_name: weeks.nameOf(seller),
        per_hour: '60.0',
        hours_left: '0.7',
        runs_out: null,
        reason: 'not_dialling',
      },
      { teammate_name: weeks.nameOf(resetter), per_hour: null, hours_left: null, reason: 'no_dials' },
    ])
    const lists = await answerTo('Which lists are bad?')
    const resolved = weeks.calls.filter(
      ({ userId, outcome }) => userId === seller && outcome !== 'in_progress',
    )
    expect(lists.find(({ teammate_name }) => teammate_name === weeks.nameOf(seller))).toMatchObject({
      numbers: '160',
      resolved_numbers: String(resolved.length),
      failed: (count(resolved, 'failed') / resolved.length).toFixed(2),
      duplicates: '0',
    })
    // One of its numbers was called in the queue of the seller before, and three in the queue that was reset were not.
    expect(lists.find(({ teammate_name }) => teammate_name === weeks.nameOf(resetter))).toMatchObject({
      resolved_numbers: '0',
      failed: null,
      called_elsewhere: '1',
    })
  })

  test('shows how soon new numbers are called, of those for which it is decided', async () => {
    const { seller } = weeks.cast
    const rows = await answerTo('How soon are new numbers called?')
    const called = new Set(callsOf(seller, 28).map(({ number }) => number)).size
    // All of them were queued twenty days ago, and the first call was a moment later; the others still wait.
    expect(rows.find(({ teammate_name }) => teammate_name === weeks.nameOf(seller))).toMatchObject({
      numbers: '160',
      n: '160',
      waiting: String(160 - called),
      never_called: '0',
      rate: expect.stringMatching(/^0\.\d\d$/),
    })
  })

  test('shows how often the open numbers of each teammate were tried', async () => {
    const { seller, resetter } = weeks.cast
    const expected = [seller, resetter].flatMap((userId) => {
      const open = (weeks.world.currentQueue(userId)?.rows() ?? []).flatMap(({ number_to }) => {
        const calls = weeks.calls.filter(({ number }) => number === number_to)
        return calls.some(({ outcome }) => outcome === 'connected') ? [] : [calls.length]
      })
      const attempts = [...new Set(open)]
      return attempts.map((tries) => ({
        teammate_name: weeks.nameOf(userId),
        attempts: tries,
        numbers: String(open.filter((one) => one === tries).length),
      }))
    })
    const found = await answerTo('How often were the open numbers tried?')
    expect(found).toHaveLength(expected.length)
    for (const row of expected) expect(found).toContainEqual(expect.objectContaining(row))
  })

  test('shows how fast each teammate dials', async () => {
    const found = await answerTo('How fast does each teammate dial?')
    expect(found.map(({ dials }) => Number(dials)).sort()).toEqual(
      [...found.map(({ sessions }) => Number(sessions) * 6)].sort(),
    )
    // A call each minute.
    expect(new Set(found.map(({ dials_per_hour }) => dials_per_hour))).toEqual(new Set(['60.0']))
    const { seller, resetter, leaver } = weeks.cast
    expect(new Set(found.map(({ teammate_name }) => teammate_name))).toEqual(
      new Set([seller, resetter, leaver].map((userId) => weeks.nameOf(userId))),
    )
  })

  test('has ten queries of the most common questions, some about attempts, and none that this test does not run', () => {
    const [, ten = ''] = page.match(/^## Ten questions\n(.*?)^## /ms) ?? []
    expect([...ten.matchAll(/^```sql$/gm)]).toHaveLength(10)
    expect([...page.matchAll(/^```sql$/gm)]).toHaveLength(queries.size)
    expect([...queries.keys()].filter((title) => !tried.has(title))).toEqual([])
  })
})
