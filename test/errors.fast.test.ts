import { globSync, readFileSync } from 'node:fs'
import { DrizzleQueryError } from 'drizzle-orm/errors'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { AlloRefusedError, AlloThrottledError, AlloUnreachableError } from '../src/allo/errors.ts'
import { exitCodes } from '../src/errors.ts'
import { toMirrorError } from '../src/foreign-errors.ts'

/** Signals within one room, turned into an error of ours before they leave it. */
const internal = ['TextFileError', 'UnusableJson', 'ExchangeTimeout', 'BodyTooLarge', 'TooManyGuessesError']

test('every error class extends MirrorError, except signals that stay within one layer', () => {
  const others = globSync('src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/class (\w+) extends (?:Error|TypeError|RangeError)\b/g)].map(
      ([, name]) => name,
    ),
  )
  expect(others.sort()).toEqual(['MirrorError', ...internal].sort())
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
