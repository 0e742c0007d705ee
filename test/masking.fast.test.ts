/** What a log line and a terminal show of secrets, phone numbers and names. */
import { expect, test } from 'vitest'
import { createLogger, mask } from '../src/logger.ts'
import { createProgress } from '../src/terminal/progress.ts'

const apiKey = 'ak_live_5e3cr3t_0f_a_t3st'
/** CSI, OSC 8, C1, bidi override, isolates, zero width, line ends of every kind, Hangul filler. */
const hostile =
  '\x1b[2J\x1b]8;;http://evil\x07A\x9b31m\u202egnp\u2066\u200b\u2028\u2029\r\nfake: line\u00ad\ufeff\u3164 <!channel>'
const unseen = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u3164]/u
const number = '+12125550010x45'

test('a phone number, a key and a password are masked anywhere in a line', () => {
  const lines: string[] = []
  const secrets = () => [apiKey, 'pass"word']
  const logger = createLogger('debug', { write: (line: string) => lines.push(line) }, secrets)
  logger.info({ event: 'e', nested: { list: ['+33612345678'], key: apiKey } }, 'to +15551234567')
  logger.error(new Error('pass"word and +442071234567 (+49 30 is none)'))
  expect(lines.join('')).not.toMatch(/612345678|5551234567|2071234567|pass\\?"word/)
  expect(lines.join('')).not.toContain(apiKey)
  expect(lines.join('')).toContain('+49 30 is none')
  expect(mask('2026-11-24T10:00:00.000000+00:00 +0530', [])).toBe('2026-11-24T10:00:00.000000+00:00 +0530')
})

test('a password that is a plain word masks no other word', () => {
  const line = 'allo_queue_mirror_dependency_up{dependency="postgres"} 1'
  expect(mask(line, ['postgres', 'allo', 'f', 'one'])).toBe(line)
  expect(mask('p0stgres, correcthorsebattery', ['p0stgres', 'correcthorsebattery'])).toBe(
    '[secret], [secret]',
  )
})

test('a log line escapes invisible characters, and masks numbers with their extension', () => {
  const lines: string[] = []
  const logger = createLogger('info', { write: (line) => lines.push(line) }, () => [])
  logger.info({ event: 'x', id: hostile }, `of ${number}, +1 (212) 555-0010 and ＋１２１２５５５００１０`)
  expect(unseen.exec(lines.join(''))).toBeNull()
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ id: hostile, msg: 'of [number], [number] and [number]' })
})

test('names of teammates are shown on a terminal only, with numbers in them masked', () => {
  const shown = [true, false].map((isTTY) => {
    let text = ''
    const write = (chunk: string | Uint8Array) => {
      text += String(chunk)
      return true
    }
    const progress = createProgress({ isTTY, columns: 200, write }, 'info')
    progress.teammateRead(
      {
        userId: 'usr-1',
        status: 'error',
        queueId: null,
        numbers: null,
        added: 0,
        changed: 0,
        moved: 0,
        removed: 0,
        errorCode: 'x',
        errorMessage: 'it failed',
        requestId: null,
      },
      { userId: 'usr-1', name: `Kim\u202e${number}`, email: null, status: 'ACTIVE', isListed: true },
    )
    progress.stop()
    return text
  })
  expect(shown[0]).toContain('Kim [number] (usr-1): error: it failed\n')
  expect(shown[1]).toBe('usr-1: error: it failed\n')
})
