import pino from 'pino'
import { expect, test } from 'vitest'
import { createFailureLog } from '../src/worker/failure-log.ts'

const throttled = { errorCode: 'rate_limited', errorMessage: 'the rate limit holds the API back' }
const unreachable = { errorCode: 'unreachable', errorMessage: 'no answer' }

/** What a log shows at its usual level. */
function openLog() {
  const lines: string[] = []
  const write = (line: string) => void lines.push(JSON.parse(line).passId)
  return { lines, failures: createFailureLog(pino({ level: 'info' }, { write })) }
}

test('passes that fail because of the rate limit are logged once, until a teammate is read', () => {
  const { lines, failures } = openLog()
  failures.failed('pass_stopped', '1', throttled)
  failures.failed('pass_failed', '2', throttled)
  failures.failed('pass_failed', '3', throttled)
  expect(lines).toEqual(['1'])
  failures.read()
  failures.failed('pass_failed', '4', throttled)
  expect(lines).toEqual(['1', '4'])
})

test('a pass that fails for another reason is logged, and so is the next pass that the rate limit stops', () => {
  const { lines, failures } = openLog()
  failures.failed('pass_failed', '1', throttled)
  failures.failed('pass_failed', '2', unreachable)
  failures.failed('pass_failed', '3', unreachable)
  failures.failed('pass_failed', '4', throttled)
  expect(lines).toEqual(['1', '2', '3', '4'])
})
