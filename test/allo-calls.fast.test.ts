/** What is read of a call, and what is refused. */
import { describe, expect, test } from 'vitest'
import { AlloSurprisedError } from '../src/allo/errors.ts'
import { parseCallAnswer } from '../src/allo/parse-call.ts'
import type { Surprise } from '../src/allo/types.ts'

const contact = '+12125550010'
/** As documented, with everything that is not kept. */
const item = {
  id: 'cll-abc123',
  type: 'CALL',
  direction: 'OUTBOUND',
  allo_number: '+14155550100',
  contact_number: contact,
  contacts: [{ id: 'cnt-1', name: 'Sarah Johnson', company: { id: 'com-1', name: 'Acme' }, deals: [] }],
  user: { id: 'usr-1', name: 'John', email: 'john@example.com' },
  date: '2026-11-07T05:31:56Z',
  duration: 123,
  result: 'ANSWERED',
  recording_url: 'https://x/r.mp3',
  summary: `Sarah wants a call at ${contact}`,
  tags: ['Meeting booked'],
  transcript: [{ source: 'USER', time: '2026-11-07T05:31:56Z', text: 'hello' }],
  content: null,
  status: null,
  message_type: null,
}

function parse(fields: object = {}, callId = item.id) {
  const surprises: Surprise[] = []
  const onSurprise = (surprise: Surprise) => surprises.push(surprise)
  const context = { asked: 'details of a call', requestId: 'req-1', naiveTimeZone: 'UTC', onSurprise }
  return { answer: parseCallAnswer({ data: { ...item, ...fields } }, callId, context), surprises }
}

const detailsOf = (fields: object) => {
  const { answer } = parse(fields)
  if (answer.kind !== 'details') throw new Error(answer.kind)
  return answer.details
}

function refusal(fields: object): AlloSurprisedError {
  try {
    parse(fields)
  } catch (error) {
    if (error instanceof AlloSurprisedError) return error
  }
  throw new Error('it was not refused')
}

describe('a call', () => {
  test('has its duration, result, direction, start, tags and the number of the team, and nothing else', () => {
    expect(parse()).toEqual({
      answer: {
        kind: 'details',
        details: {
          result: 'ANSWERED',
          durationSeconds: 123,
          direction: 'OUTBOUND',
          startedAt: '2026-11-07T05:31:56Z',
          alloNumber: '+14155550100',
          tags: ['Meeting booked'],
          isPhoneMenu: null,
        },
      },
      surprises: [],
    })
  })

  test('is not ready without a result or a duration', () => {
    for (const fields of [{ result: null }, { duration: null }, { result: undefined }])
      expect(parse(fields).answer).toEqual({ kind: 'not_ready' })
    expect(detailsOf({ duration: 0, result: 'MISSED' })).toMatchObject({ durationSeconds: 0 })
  })

  test('may be without every other field', () => {
    const none = { direction: null, date: null, allo_number: null, tags: null, type: null }
    expect(detailsOf(none)).toEqual({
      result: 'ANSWERED',
      durationSeconds: 123,
      direction: null,
      startedAt: null,
      alloNumber: null,
      tags: null,
      isPhoneMenu: null,
    })
  })

  test('was picked up by a phone menu if ivr_result is not empty, and not if it is empty', () => {
    for (const menu of ['press 1', ['1'], { digit: 1 }, 1, true])
      expect(detailsOf({ ivr_result: menu }).isPhoneMenu).toBe(true)
    for (const none of ['', [], {}, false]) expect(detailsOf({ ivr_result: none }).isPhoneMenu).toBe(false)
  })

  test('keeps an unknown word as result, and reports it', () => {
    const { answer, surprises } = parse({ result: 'FORWARDED', new_field: 1 })
    expect(answer).toMatchObject({ details: { result: 'FORWARDED' } })
    expect(surprises).toEqual([
      { where: 'call.new_field', what: 'unknown field' },
      { where: 'call.result', what: 'unknown value FORWARDED' },
    ])
  })
})

describe('a phone number', () => {
  test('of the contact is left out where the number of the team belongs', () => {
    for (const own of [contact, '12125550010']) {
      const { answer, surprises } = parse({ allo_number: own })
      expect(answer).toMatchObject({ details: { alloNumber: null } })
      expect(surprises).toHaveLength(1)
      expect(JSON.stringify(surprises)).not.toContain('2125550010')
    }
    expect(detailsOf({ allo_number: 'Sarah +1 212 555 0010' }).alloNumber).toBeNull()
  })

  test('in a tag is masked', () => {
    expect(detailsOf({ tags: [`call ${contact} again`, ' ', 'Interested'] }).tags).toEqual([
      'call [number] again',
      'Interested',
    ])
  })
})

describe('an answer with another type is refused, with the name of the field and without its value', () => {
  const cases: [field: string, fields: object][] = [
    ['data.id', { id: null }],
    ['data.id', { id: 'cll-other' }],
    ['data.id', { id: 12125550010 }],
    ['data.type', { type: 'TEXT_MESSAGE' }],
    ['data.result', { result: 12125550010 }],
    ['data.direction', { direction: {} }],
    ['data.duration', { duration: '12125550010' }],
    ['data.duration', { duration: -1 }],
    ['data.duration', { duration: 1.5 }],
    ['data.date', { date: 'call 12125550010' }],
    ['data.date', { date: 12125550010 }],
    ['data.allo_number', { allo_number: 12125550010 }],
    ['data.tags', { tags: '12125550010' }],
    ['data.tags', { tags: Array.from({ length: 101 }, () => 'x') }],
    ['data.tags[1]', { tags: ['x', 12125550010] }],
  ]
  test.each(cases)('%s: %j', (path, fields) => {
    const error = refusal(fields)
    expect(error.path).toBe(path)
    expect(error.message).toContain(path)
    expect(error.message).not.toContain('2125550010')
  })

  test('but the same id may be written with an underscore', () => {
    expect(parse({ id: 'cll_abc123' }).answer.kind).toBe('details')
  })
})
