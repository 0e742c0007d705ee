/** The command line without a pass: usage, configuration, errors and output. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { AlloUnreachableError } from '../src/allo/errors.ts'
import { asKnownError } from '../src/commands/open/database.ts'
import { toMirrorError } from '../src/foreign-errors.ts'
import { DatabaseError } from '../src/store/postgres/database.ts'
import type { SavedReading } from '../src/store/reading/reading.ts'
import { describeError } from '../src/terminal/describe-error.ts'
import { createProgress } from '../src/terminal/progress.ts'
import { tableLines } from '../src/terminal/table.ts'
import { checkoutExecutable } from './support/executable.ts'
import { createWorkplace, runCli, startCli } from './support/run-cli.ts'

const { folder: cwd, remove } = createWorkplace()
afterAll(remove)

const packageJson = readFileSync(new URL('../package.json', import.meta.url), 'utf8')

describe.concurrent('the executable', () => {
  test('runs by its shebang line and prints its version without a warning', async () => {
    const { code, stdout, stderr } = await runCli(['--version'], {}, { cwd, command: [checkoutExecutable] })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(packageJson).toContain(`"version": "${stdout.trim()}"`)
  })

  test('lists its commands and exit codes', async () => {
    const { code, stdout } = await runCli(['--help'], {}, { cwd })
    expect(code).toBe(0)
    for (const word of ['sync', 'migrate', 'doctor', 'demo', 'simulate']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${word}\\b`, 'm'))
    }
    for (const exitCode of [0, 64, 65, 70, 75, 78])
      expect(stdout).toMatch(new RegExp(`^ {2}${exitCode} `, 'm'))
  })

  test.for([
    [['walk'], "unknown command 'walk'"],
    [['sync', '--dry'], "unknown option '--dry'"],
    [['sync', 'now'], 'too many arguments'],
    [['completion', 'cmd'], 'Allowed choices are bash, zsh, fish'],
    [['simulate', '--teammates', 'many'], 'Write a whole number from 1 to 5000'],
  ] as const)('%j is wrong usage: one line, exit 64', async ([args, reason]) => {
    const { code, stdout, stderr } = await runCli(args, {}, { cwd })
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
    expect(stderr).toContain(reason)
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2)
  })

  test('without a command lists the commands and exits 64', async () => {
    const { code, stderr } = await runCli([], {}, { cwd })
    expect(code).toBe(64)
    expect(stderr).toContain('Commands:')
  })

  test('reports every problem of the configuration at once, with --json too, and exits 78', async () => {
    const env = {
      ALLO_API_KEY: 'Api-Key ak_live_of_a_test',
      DATABASE_URL: 'mysql://root:secret-password@db/allo',
      ALLO_CONCURRENCY: 'lots',
      REPORT_TIME_ZONE: 'Paris',
    }
    const { code, stdout, stderr } = await runCli(['sync', '--json'], env, { cwd })
    expect(code).toBe(78)
    const json = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(json).toMatchObject({
      status: 'failed',
      pass_id: null,
      failures: [],
      error: { code: 'configuration' },
    })
    for (const name of Object.keys(env)) {
      expect(stderr).toMatch(new RegExp(`^ {2}${name}: `, 'm'))
      expect(json.error.message).toContain(name)
    }
    expect(stdout + stderr).not.toMatch(/ak_live|secret-password|^\s+at /m)
  })

  test('names the missing variable, and reads .env of the working directory', async () => {
    const { code, stderr } = await runCli(['sync'], {}, { cwd })
    expect(code).toBe(78)
    expect(stderr).toMatch(/ALLO_API_KEY: missing/)

    const place = createWorkplace()
    writeFileSync(join(place.folder, '.env'), 'ALLO_API_KEY=ak_live_of_a_test\nLOG_LEVEL=chatty\n')
    const { stderr: next } = await runCli(['sync'], {}, { cwd: place.folder })
    place.remove()
    expect(next).toContain('LOG_LEVEL: unknown')
    expect(next).not.toContain('ALLO_API_KEY')
  })
})

describe('simulate', () => {
  test('prints two lines to copy, answers with that key, moves, and ends on Ctrl-C', async () => {
    const args = [
      'simulate',
      '--port',
      '0',
      '--teammates',
      '4',
      '--numbers',
      '10',
      '--moves-per-minute',
      '6000',
    ]
    const running = startCli(args, {}, { cwd })
    const lines = await running.written(/ALLO_API_URL=\S+\nALLO_API_KEY=\S+\n/)
    const [url = '', key = ''] = [...lines.matchAll(/=(\S+)/g)].map(([, value]) => value)

    const taken = await runCli(['simulate', '--port', new URL(url).port], {}, { cwd })
    expect({ code: taken.code, stdout: taken.stdout }).toEqual({ code: 64, stdout: '' })
    expect(taken.stderr).toMatch(/^Port \d+ is taken: choose another with --port\n$/)

    const response = await fetch(`${url}/v2/api/users`, { headers: { authorization: `Api-Key ${key}` } })
    expect(await response.json()).toMatchObject({ data: [{}, {}, {}] })
    running.child.kill('SIGINT')
    const { code, stderr } = await running.finished
    expect(code).toBe(0)
    expect(stderr).toMatch(/Answered 1 requests; made [1-9]\d* moves/)
  })
})

describe('an error', () => {
  const debug = { debug: true, secrets: ['ak_live_of_a_test'] }
  const usual = { debug: false, secrets: ['ak_live_of_a_test'] }

  test('that a user can cause is one sentence, and with LOG_LEVEL=debug has the stack of its causes', () => {
    const cause = new Error('connect ECONNREFUSED, sent ak_live_of_a_test about +12125550100')
    const error = new AlloUnreachableError({
      asked: 'queue of usr-1, page 3',
      issue: 'refused',
      wayOut: 'Wait.',
      cause,
    })
    expect(describeError(error, usual)).toBe(
      'No answer from Allo to the queue of usr-1, page 3: refused. Wait.',
    )
    const told = describeError(error, debug)
    expect(told).toMatch(/AlloUnreachableError\n\s+at .*\n.*because of Error: connect.*\n\s+at /s)
    expect(told).not.toMatch(/ak_live|5550100/)
  })

  test('that is a bug says so, masks text from outside, and says how to see more', () => {
    const bug = new TypeError('cannot read +1 (212) 555-0100 of ak_live_of_a_test')
    expect(describeError(bug, usual)).toBe(
      'This is a bug of allo-queue-mirror: cannot read [number] of [secret]\n' +
        'LOG_LEVEL=debug shows where it happened. Please report it with that.',
    )
    expect(describeError(bug, debug)).toMatch(/TypeError\n\s+at /)
  })

  test('of the driver, even if not wrapped, is recognised as a lost connection, not as a bug', () => {
    const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    const known = asKnownError(lost)
    expect(toMirrorError(known).exitCode).toBe(75)
    expect(describeError(known, usual)).toBe(
      'Talking to Postgres: read ECONNRESET. Try again; what was saved until then stays.',
    )
    const unreachable = new AlloUnreachableError({ asked: 'x', issue: 'y', wayOut: 'z', code: 'ECONNRESET' })
    for (const error of [null, unreachable, new TypeError('ours')]) expect(asKnownError(error)).toBe(error)
  })

  test.for([
    ['08006', 75],
    ['57P01', 75],
    ['40P01', 75],
    ['53300', 75],
    ['25006', 75],
    ['42501', 78],
    ['42P01', 78],
    ['28P01', 78],
    ['42601', 70],
    ['23505', 70],
    ['22P02', 70],
  ] as const)('of Postgres with code %s exits %i', ([code, expected]) => {
    const error = new DatabaseError('saving', Object.assign(new Error('no'), { code }))
    expect(toMirrorError(error).exitCode).toBe(expected)
  })

  test.for(['57P01', '57P02', '57P03'])('of the driver with code %s is never a bug', (code) => {
    const raw = Object.assign(new pg.DatabaseError('terminating connection', 0, 'error'), { code })
    expect(toMirrorError(raw).exitCode).toBe(75)
    expect(describeError(raw, usual)).toBe(
      `Talking to Postgres: terminating connection (code ${code}). Try again; what was saved until then stays.`,
    )
  })
})

describe('progress', () => {
  const meters = {
    allo: { counts: { requests: 36, throttled: 1, exchangeMs: 0, bytes: 0 } },
    pacer: { throttledMs: 1500, pausedMs: 12_000 },
  }
  const reading: SavedReading = {
    userId: 'usr-1',
    status: 'ok',
    queueId: 'pdl_1',
    numbers: 250,
    added: 0,
    changed: 0,
    moved: 0,
    removed: 0,
    errorCode: null,
    errorMessage: null,
    requestId: null,
  }
  const failure: SavedReading = {
    ...reading,
    status: 'error',
    numbers: null,
    errorMessage: 'no \x1b[31manswer',
  }
  const someone = { userId: 'usr-1', name: 'Ann\x1b[2J\nLee', email: null, status: 'ACTIVE', isListed: true }
  const team = { teamId: 'team-1', name: 'Acme' }

  function play(isTTY: boolean, level: 'info' | 'error' = 'info'): string {
    let written = ''
    const write = (text: string | Uint8Array) => {
      written += text
      return true
    }
    const progress = createProgress({ isTTY, columns: 100, write }, level)
    progress.step('Starting')
    progress.watch(meters)
    progress.passStarted({ passId: '7', team, teammates: 3 })
    progress.teammateRead(reading, someone)
    progress.teammateRead(failure, someone)
    progress.warn('Careful')
    progress.stop()
    return written
  }

  test('on a terminal is one line, redrawn with teammates, numbers, rate and waits, and cleared at the end', () => {
    const written = play(true)
    expect(written).toMatch(
      /\r\x1b\[K2\/3 teammates {2}250 numbers {2}[\d.]+ requests\/s {2}throttled 1\.5 s {2}paused by Allo: 12 s/,
    )
    expect(written.endsWith('\r\x1b[K')).toBe(true)
  })

  test('in a pipe is plain lines', () => {
    expect(play(false)).toBe(
      'Starting\nPass 7: reading 3 teammates of Acme\nusr-1: error: no  [31manswer\nCareful\n',
    )
  })

  test('prints only what LOG_LEVEL allows', () => {
    expect(play(true, 'error') + play(false, 'error')).toBe('')
  })
})

test('a table aligns numbers to the right, and no character of a name moves the cursor', () => {
  expect(
    tableLines(
      ['name', 'left', 'done'],
      [
        ['Ann\x1b[2J', 12, true],
        ['Bo', null, false],
      ],
    ),
  ).toEqual(['name     left  done', '───────  ────  ─────', 'Ann [2J    12  true', 'Bo             false'])
})

test('a table is aligned also with wide and combining characters', () => {
  const names = ['王小明', 'O\u0301scar', 'ｱﾝ', 'Bo']
  expect(
    tableLines(
      ['name', 'left'],
      names.map((name) => [name, 1]),
    ).slice(2),
  ).toEqual(['王小明     1', 'O\u0301scar      1', 'ｱﾝ         1', 'Bo         1'])
})
