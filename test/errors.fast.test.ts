import { globSync, readFileSync } from 'node:fs'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import {
  AlloRefusedError,
  AlloSurprisedError,
  AlloThrottledError,
  AlloUnreachableError,
} from '../src/allo/errors.ts'
import { exitCodes } from '../src/errors.ts'
import { toMirrorError } from '../src/foreign-errors.ts'
import { readingOf } from '../src/pass/failure.ts'
import { countUnreachable } from '../src/pass/pass-record.ts'

/** Signals within one room, turned into an error of ours before they leave it. */
const internal = [
  'TextFileError',
  'UnusableJson',
  'ExchangeTimeout',
  'BodyTooLarge',
  'TooManyGuessesError',
  'Refusal',
]

/** What callers of the library get in place of every other error. */
const ofTheLibrary = 'MirrorFailure'

test('every error class extends MirrorError, except signals that stay within one layer', () => {
  const others = globSync('src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/class (\w+) extends (?:Error|TypeError|RangeError)\b/g)].map(
      ([, name]) => name,
    ),
  )
  expect(others.sort()).toEqual(['MirrorError', ofTheLibrary, ...internal].sort())
})

describe('an error of a library or of the operating system is converted:', () => {
  const meaning = (thrown: unknown) => {
    const { code, exitCode, retryable } = toMirrorError(thrown)
    return { code, exitCode, retryable }
  }
  const system = (code: string) => Object.assign(new Error(code), { code, syscall: 'open', path: '/x' })

  test('a full disk is temporary', () => {
    expect(meaning(system('ENOSPC'))).toEqual({ code: 'temporary', exitCode: 75, retryable: true })
  })

  test('a missing right is a configuration error', () => {
    expect(meaning(system('EACCES'))).toEqual({ code: 'configuration', exitCode: 78, retryable: false })
  })

  test('a lost connection of Postgres is retryable', () => {
    const ended = Object.assign(new pg.DatabaseError('ended', 0, 'error'), { code: '57P01' })
    expect(meaning(ended)).toEqual({ code: 'database', exitCode: 75, retryable: true })
  })

  test('an error of drizzle keeps its reason, without the statement and its values', () => {
    const because = (cause: Error) => {
      const { message, code } = toMirrorError(new DrizzleQueryError('select $1', ['+12125550100'], cause))
      return { message, code }
    }
    expect(because(Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' }))).toEqual({
      message: 'talking to Postgres: connect refused',
      code: 'database',
    })
    expect(because(new TypeError('x is not a function'))).toEqual({
      message: 'x is not a function',
      code: 'bug',
    })
  })

  test('anything else is a bug, and any thrown value is accepted', () => {
    for (const thrown of [new TypeError('x is not a function'), 'text', null, undefined])
      expect(meaning(thrown)).toEqual({ code: 'bug', exitCode: 70, retryable: false })
  })
})

describe('an error of Allo', () => {
  const refused = (status: number, code: string | null = null) =>
    new AlloRefusedError({ asked: 'queue', status, code, retryable: false, said: null, wayOut: 'Wait.' })

  test('has the code that Allo sent, or else a code for its kind', () => {
    expect(refused(500, 'SOME_CODE').code).toBe('SOME_CODE')
    expect(refused(500).code).toBe('http_500')
    expect(new AlloUnreachableError({ asked: 'x', issue: 'y', wayOut: 'z' }).code).toBe('unreachable')
    expect(new AlloThrottledError(1, 1, { asked: 'x', code: 'RATE_LIMIT_EXCEEDED' }).code).toBe(
      'rate_limited',
    )
  })

  test('has the exit code that says whether to retry or to change the configuration', () => {
    expect(refused(401).exitCode).toBe(exitCodes.configuration)
    expect(refused(403).exitCode).toBe(exitCodes.configuration)
    expect(refused(400).exitCode).toBe(exitCodes.bug)
    expect(refused(500).exitCode).toBe(exitCodes.tryAgain)
  })
})

describe('the audit row of a reading shows', () => {
  const asked = { asked: 'queue of usr-1, page 1', requestId: 'req-1' }
  const isUnreachable = (error: Error) =>
    countUnreachable([{ errorMessage: readingOf(toMirrorError(error)).message }]) === 1

  test.for([null, 'ECONNREFUSED', 'UND_ERR_SOCKET'])('that no answer came (%s)', (code) => {
    const facts = { ...asked, code, issue: 'the connection failed', wayOut: 'Check the network.' }
    expect(isUnreachable(new AlloUnreachableError(facts))).toBe(true)
  })

  test('that an answer came, even with the code of a socket', () => {
    const answer = { said: 'No answer from Allo', retryable: true, wayOut: 'Try again later.' }
    for (const error of [
      new AlloRefusedError({ ...asked, ...answer, status: 502, code: 'ECONNREFUSED' }),
      new AlloSurprisedError({ ...asked, path: 'data', issue: 'No answer from Allo' }),
      new AlloThrottledError(1000, 1000, asked),
      new TypeError('x is not a function'),
    ])
      expect(isUnreachable(error)).toBe(false)
  })
})
