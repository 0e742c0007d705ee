/** Compares the documents with the program: the comments in the database, docs/tables.md and the tables of README. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createProgram } from '../src/cli.ts'
import { readmeConfigTable } from '../src/config/documented.ts'
import { exitCodeList } from '../src/errors.ts'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { apiKey, runPass } from './support/pass.ts'

const textOf = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

let database: TestDatabase
let allo: SimulatedAllo

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(async () => {
  await allo?.close()
  await database?.drop()
})

describe('the comments in the database', () => {
  test('every schema, table, column and function of ours has a comment that is a sentence', async () => {
    const { rows } = await database.pool.query<{ name: string; comment: string | null }>(
      `select 'schema ' || nspname as name, obj_description(oid, 'pg_namespace') as comment
       from pg_namespace where nspname = 'allo'
       union all
       select c.oid::regclass::text, obj_description(c.oid, 'pg_class') from pg_class c
       where c.relnamespace = 'allo'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
       union all
       select c.oid::regclass || '.' || a.attname, col_description(c.oid, a.attnum)
       from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'allo'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
         and a.attnum > 0 and not a.attisdropped
       union all
       select p.oid::regprocedure::text, obj_description(p.oid, 'pg_proc') from pg_proc p
       where p.pronamespace = 'allo'::regnamespace`,
    )
    expect(rows.length).toBeGreaterThan(150)
    const without = rows.filter(({ comment }) => !/^[A-Za-z].*[.]$/s.test(comment ?? ''))
    expect(without.map(({ name }) => name)).toEqual([])
  })

  test('a table comment begins with what one row is, and that of queue_numbers warns of ended queues', async () => {
    const { rows } = await database.pool.query<{ name: string; comment: string }>(
      `select relname as name, obj_description(oid, 'pg_class') as comment from pg_class
       where relnamespace = 'allo'::regnamespace and relkind = 'r'`,
    )
    const others = rows.filter(({ comment }) => !comment.startsWith('One row per '))
    expect(others.map(({ name }) => name)).toEqual([])
    const warning = rows.find(({ name }) => name === 'queue_numbers')?.comment
    expect(warning).toContain('THE NUMBERS OF ENDED AND UNKNOWN QUEUES ARE IN HERE TOO')
    expect(warning).toContain('join allo.queues using (queue_id) where is_current')
  })
})

const page = textOf('docs/tables.md')

/** The page's queries under their headings. */
const queries = new Map(
  [...page.matchAll(/^### (.+)\n(?:(?!^###).*\n)*?```sql\n([^`]+)```/gm)].map(([, title = '', sql = '']) => [
    title,
    sql,
  ]),
)
const tried = new Set<string>()

async function answerTo(title: string, values: Readonly<Record<string, string>> = {}) {
  const sql = queries.get(title)
  if (sql === undefined) throw new Error(`docs/tables.md has no query "${title}"`)
  tried.add(title)
  const names = [...new Set([...sql.matchAll(/:'(\w+)'/g)].map(([, name = '']) => name))]
  expect(names.sort()).toEqual(Object.keys(values).sort())
  const numbered = sql.replace(/:'(\w+)'/g, (_, name) => `$${names.indexOf(name) + 1}`)
  const { rows } = await database.pool.query(
    numbered,
    names.map((name) => values[name]),
  )
  return rows
}

describe('docs/tables.md, and queue_as_of over the same story', () => {
  const sold = Date.UTC(2026, 3, 30, 2)
  const world = createWorld({
    seed: 5,
    teammates: 6,
    withoutQueue: 1,
    numbersPerQueue: 12,
    calledBefore: 0.25,
    clock: () => sold,
  })
  const people = world.teammates().map(({ id }) => id)
  const [owner = '', resetter = '', giver = '', remover = '', leaver = '', taker = ''] = people
  const moments: { at: string; queues: Map<string, readonly string[] | null> }[] = []
  const numberAt = (userId: string, position: number) =>
    world.currentQueue(userId)?.rowAt(position)?.number_to ?? ''
  const numbersOf = (userId: string) => {
    const queue = world.currentQueue(userId)
    return queue ? queue.rows().map(({ number_to }) => number_to) : null
  }
  const dialled = numberAt(owner, 6)
  const removed = numberAt(owner, 9)
  const queuedAgain = numberAt(resetter, 11)
  let replacedQueueId: string | undefined

  /** A pass over a world that stands still, and what was true at a moment right after it. */
  async function pass(options: Parameters<typeof runPass>[2] = {}) {
    const result = await runPass(allo, database.url, options)
    const { rows } = await database.pool.query<{ at: string }>('select clock_timestamp()::text as at')
    const queues = new Map(people.map((userId) => [userId, numbersOf(userId)]))
    moments.push({ at: rows[0]?.at ?? '', queues })
    return result
  }

  beforeAll(async () => {
    allo = await startSimulatedAllo({ world, apiKey, readsPerSecond: null })
    await pass()
    world.apply({ type: 'dial', userId: owner, position: 6 })
    world.apply({ type: 'remove_positions', userId: owner, positions: [9], renumber: true })
    replacedQueueId = world.currentQueue(resetter)?.queue.id
    world.apply({ type: 'reset', userId: resetter, fill: 3 })
    world.apply({ type: 'append', userId: resetter, numbers: [queuedAgain] })
    world.apply({ type: 'reassign', userId: giver, to: taker })
    await pass()
    world.apply({ type: 'result', userId: owner, position: 6, result: { routing_result: 'ANSWERED' } })
    world.apply({ type: 'dial', userId: taker, position: 4 })
    world.apply({ type: 'remove_queue', userId: remover })
    await pass()
    world.apply({ type: 'leave', userId: leaver })
    await pass()
    allo.faults.add({ kind: 'wrong_owner', userId: taker, times: 1 })
    await pass()
    await pass({ except: [resetter] })
    world.apply({ type: 'remove_queue', userId: taker })
    world.apply({ type: 'leave', userId: giver })
    await pass()
  })

  test('has a line for every table, and no other', async () => {
    const named = [...page.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/\w+/g)].map(([name]) => name),
    )
    const { rows } = await database.pool.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'allo'::regnamespace and relkind = 'r'`,
    )
    expect(named.sort()).toEqual(rows.map(({ name }) => name).sort())
  })

  test('names no missing column', async () => {
    const { rows } = await database.pool.query<{ name: string; columns: string[] }>(
      `select c.relname as name, array_agg(a.attname::text) as columns from pg_class c
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
       where c.relnamespace = 'allo'::regnamespace and c.relkind = 'r' group by 1`,
    )
    const wrong = rows.flatMap(({ name, columns }) => {
      const [, cell = ''] = page.match(new RegExp(`^\\| \`${name}\` .*\\| ([^|]*) \\|$`, 'm')) ?? []
      return [...cell.matchAll(/`(\w+)`/g)]
        .filter(([, column = '']) => !columns.includes(column))
        .map(([, column]) => `${name}.${column}`)
    })
    expect(wrong).toEqual([])
  })

  test('shows the current queue of a teammate', async () => {
    for (const userId of people.filter((id) => id !== leaver)) {
      const rows = await answerTo('The current queue of a teammate', { user_id: userId })
      expect(rows.map(({ number_to }) => number_to)).toEqual(numbersOf(userId) ?? [])
    }
    const rows = await answerTo('The current queue of a teammate', { user_id: owner })
    expect(rows[6]).toMatchObject({ position: 6, number_to: dialled, outcome: 'connected', dial_count: 1 })
  })

  test('shows the history of one number', async () => {
    const rows = await answerTo('The history of one number', { number: dialled })
    expect(rows.map(({ outcome, end_reason, user_id }) => [outcome, end_reason, user_id])).toEqual([
      ['remaining', null, owner],
      ['in_progress', null, owner],
      ['connected', null, owner],
    ])
    expect(rows.map(({ valid_to }) => valid_to)).toEqual([rows[1]?.valid_from, rows[2]?.valid_from, null])

    const gone = await answerTo('The history of one number', { number: removed })
    expect(gone).toMatchObject([{ outcome: 'remaining', end_reason: 'deleted', user_id: owner }])

    const again = await answerTo('The history of one number', { number: queuedAgain })
    expect(again).toMatchObject([
      { queue_id: replacedQueueId, end_reason: 'queue_replaced' },
      { queue_id: world.currentQueue(resetter)?.queue.id, valid_to: null },
    ])
  })

  test("queue_as_of knows a teammate's queue at every moment that was read, and answers unknown for the others", async () => {
    const asOf = async (userId: string, at: string) => {
      const { rows } = await database.pool.query(
        `select answer, read_at, position, number_to from reporting.queue_as_of($1, $2)
         left join reporting_pii.numbers using (entry_id) order by position`,
        [userId, at],
      )
      expect(new Set(rows.map(({ answer }) => answer)).size).toBe(1)
      const numbers = rows.filter(({ position }) => position !== null).map(({ number_to }) => number_to)
      return { answer: rows[0]?.answer, numbers, readAt: rows[0]?.read_at }
    }
    // After the last reading the answer is the one of that reading, while it is fresh.
    for (const [index, { at, queues }] of moments.slice(0, -1).entries()) {
      // "No queue" takes two readings in a row.
      const around = [moments[index - 1], moments[index + 1]]
      for (const userId of people.filter((id) => id !== leaver)) {
        const queue = queues.get(userId)
        const wasSeenTwice = around.some((moment) => moment !== undefined && !moment.queues.get(userId))
        const expected = queue
          ? { answer: 'queue', numbers: queue }
          : { answer: wasSeenTwice ? 'no_queue' : 'unknown', numbers: [] }
        expect(await asOf(userId, at)).toMatchObject({ ...expected, readAt: expect.any(Date) })
      }
    }
    const before = await asOf(leaver, moments[2]?.at ?? '')
    expect(before).toMatchObject({ answer: 'queue', numbers: moments[2]?.queues.get(leaver) })
    expect(await asOf(leaver, moments[3]?.at ?? '')).toMatchObject({ answer: 'unknown', numbers: [] })
    const latest = moments.at(-1)
    expect(await asOf(owner, latest?.at ?? '')).toMatchObject({
      answer: 'queue',
      numbers: latest?.queues.get(owner),
    })
    const { rows: last } = await database.pool.query<{ user_id: string; at: string }>(
      'select user_id, last_observed_at::text as at from allo.teammates',
    )
    const answers = new Map<string, string>()
    for (const { user_id, at } of last) answers.set(user_id, (await asOf(user_id, at)).answer)
    expect(answers).toEqual(
      new Map([
        [owner, 'queue'],
        [resetter, 'queue'],
        [remover, 'no_queue'],
        // Seen once without their queue, and once as not on the team.
        [taker, 'unknown'],
        [giver, 'unknown'],
        [leaver, 'unknown'],
      ]),
    )
    expect(await asOf(owner, '2020-01-01T00:00:00Z')).toEqual({
      answer: 'unknown',
      numbers: [],
      readAt: null,
    })
    expect(await asOf('usr-nobody', moments[0]?.at ?? '')).toMatchObject({ answer: 'unknown' })
  })

  test('lists failed readings with their reason, without skipped ones', async () => {
    const rows = await answerTo('Readings that failed, and why')
    const failures = rows.map(({ user_id, status, error_code }) => `${user_id} ${status} ${error_code}`)
    const expected = [
      `${leaver} not_found not_on_team`,
      `${leaver} not_found not_on_team`,
      `${taker} error wrong_owner`,
      `${giver} not_found not_on_team`,
    ]
    expect(failures.sort()).toEqual(expected.sort())
    const times = rows.map(({ observed_at }) => observed_at.getTime())
    expect(times).toEqual(times.toSorted((a, b) => b - a))
  })

  test('has no query that this test does not run', () => {
    expect(queries.size).toBe([...page.matchAll(/^```sql$/gm)].length)
    expect([...queries.keys()].filter((title) => !tried.has(title))).toEqual([])
  })
})

describe('the README', () => {
  const readme = textOf('README.md')

  function between(name: string): string[] {
    const [, inner] = readme.match(new RegExp(`<!-- ${name} -->\n([^]*?)\n<!-- /${name} -->`)) ?? []
    if (inner === undefined) throw new Error(`README.md has nothing between <!-- ${name} --> and its end`)
    return inner.split('\n').filter((line) => line.trim() !== '')
  }

  test('has the table of the configuration that the code generates', () => {
    expect(between('config')).toEqual(readmeConfigTable())
  })

  test('has the table of exit codes that the code generates', () => {
    expect(between('exit codes')).toEqual([
      '| Exit code | Meaning |',
      '|---|---|',
      ...exitCodeList.map(({ code, meaning }) => `| ${code} | ${meaning} |`),
    ])
  })

  test('names exactly the commands that exist, and exactly their options', async () => {
    const program = await createProgram(undefined, (work) => async () => void (await work()))
    const existing = program.commands.map((command) =>
      [command.name(), ...command.options.map(({ long }) => long).sort()].join(' '),
    )
    const named = between('commands')
      .slice(2)
      .map((row) => {
        const options = [...row.matchAll(/`(--[a-z-]+)/g)].map(([, option]) => option)
        return [/^\| `([a-z]+)/.exec(row)?.[1], ...new Set(options.sort())].join(' ')
      })
    expect(named.sort()).toEqual(existing.sort())
  })
})
