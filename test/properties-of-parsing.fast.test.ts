/** What holds for every answer and every timestamp, not only for those of other tests. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AlloSurprisedError } from '../src/allo/errors.ts'
import { parseQueueAnswer } from '../src/allo/parse-queue.ts'
import { parseTeammates } from '../src/allo/parse-team.ts'
import { toTimestamp } from '../src/allo/timestamp.ts'
import type { QueueAnswer } from '../src/allo/types.ts'
import { holds } from './support/properties.ts'

const context = { asked: 'a property', requestId: null, naiveTimeZone: 'UTC', onSurprise: () => undefined }
const parse = (body: unknown) => parseQueueAnswer(body, 1, context)

/** Microseconds from year 1 to year 9999. */
const instants = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n })
const offsets = fc.integer({ min: -15 * 60 - 59, max: 15 * 60 + 59 })

describe('toTimestamp', () => {
  test('keeps the instant to the microsecond, with any offset and in any spelling', async () => {
    const spellings = fc.record({
      instant: instants,
      offset: offsets,
      separator: fc.constantFrom('T', ' '),
      point: fc.constantFrom('.', ','),
      colon: fc.constantFrom(':', ''),
      /** Digits after the microseconds, which Postgres can't store. */
      surplus: fc.stringMatching(/^\d{0,4}$/),
    })
    await holds(2000, spellings, ({ instant, offset, separator, point, colon, surplus }) => {
      const local = clockOf(instant + BigInt(offset) * 60_000_000n)
      if (local === null) return
      const [day = '', time = ''] = local.split('T')
      const [seconds, fraction = ''] = time.split('.')
      const text = `${day}${separator}${seconds}${point}${fraction}${surplus}${spellOffset(offset, colon)}`
      const read = toTimestamp(text, 'Europe/Paris')
      expect(read, text).not.toBeNull()
      expect(microsOf(read ?? '')).toBe(instant)
    })
  })

  test('is idempotent', async () => {
    await holds(1000, instants, (instant) => {
      const read = toTimestamp(`${clockOf(instant)}Z`, 'UTC') ?? ''
      expect(toTimestamp(read, 'Asia/Kolkata')).toBe(read)
    })
  })

  test('returns null or a time on the calendar for any text of its characters', async () => {
    const texts = fc.stringMatching(
      /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d{1,9})?(Z|[+-]\d\d(:?\d\d)?)?$/,
    )
    await holds(3000, texts, (text) => {
      const read = toTimestamp(text, 'UTC')
      if (read === null) return
      // Date moves what is not on the calendar, such as February 30, to another day.
      const [clock = ''] = read.split(/\.|Z|[+-]\d\d:\d\d$/)
      expect(new Date(`${clock}Z`).toISOString().slice(0, 19)).toBe(clock)
    })
  })
})

/** `YYYY-MM-DDTHH:MM:SS.ffffff`; null: before year 1 or after year 9999. */
function clockOf(instant: bigint): string | null {
  const micros = ((instant % 1_000_000n) + 1_000_000n) % 1_000_000n
  const ms = Number((instant - micros) / 1000n)
  const text = new Date(ms).toISOString()
  const isPlainYear = /^\d{4}-/.test(text) && !text.startsWith('0000')
  return isPlainYear ? `${text.slice(0, 19)}.${String(micros).padStart(6, '0')}` : null
}

function spellOffset(minutes: number, colon: string): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`
}

/** Of a timestamp that toTimestamp returned, with a zone `Z` or `±HH:MM`. */
function microsOf(timestamp: string): bigint {
  const [, clock = '', fraction = '', zone = ''] =
    /^(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(timestamp) ?? []
  const [hours = '0', minutes = '0'] = zone === 'Z' ? [] : zone.slice(1).split(':')
  const offset = (Number(hours) * 60 + Number(minutes)) * (zone.startsWith('-') ? -1 : 1)
  const seconds = BigInt(Date.parse(`${clock}Z`)) * 1000n
  return seconds + BigInt(fraction.padEnd(6, '0')) - BigInt(offset) * 60_000_000n
}

const times = fc.option(
  instants.map((instant) => clockOf(instant)).filter((clock) => clock !== null && clock > '2000'),
)
const texts = fc.option(fc.stringMatching(/^[\w+ -]{1,20}$/))
const words = fc.option(fc.constantFrom('ANSWERED', 'VOICEMAIL', 'FAILED'))
const rows = fc.record({
  position: fc.nat(),
  number_to: texts,
  created_at: times,
  updated_at: times,
  call_start_date: times,
  call_id: texts,
  routing_result: words,
  sync_status: fc.option(fc.constantFrom('SYNCED', 'NOT_SYNCED', 'PROCESSING')),
  detected_outbound_voicemail: fc.option(fc.boolean()),
  not_reached_destination_reason: fc.option(fc.constantFrom('BUSY', 'DECLINED')),
  voicemail_left: fc.option(fc.boolean()),
})
const answers = fc.record({
  data: fc.array(rows, { maxLength: 5 }),
  queue: fc.record({ id: fc.stringMatching(/^[a-z]{1,9}$/), name: texts, assignee_id: texts }),
  pagination: fc.record({
    page: fc.constant(1),
    has_more: fc.boolean(),
    total_count: fc.option(fc.nat(25_000)),
  }),
})

describe('parseQueueAnswer', () => {
  test('keeps each documented field as it came', async () => {
    await holds(500, answers, (body) => {
      const answer = parse(body)
      expect(answer).toMatchObject({
        kind: 'page',
        queue: { id: body.queue.id, name: body.queue.name, assigneeId: body.queue.assignee_id },
        hasMore: body.pagination.has_more,
        totalCount: body.pagination.total_count,
      })
      expect(toRows(answer)).toEqual(body.data)
    })
  })

  test('ignores the order of the fields', async () => {
    const reversed = (value: object) => Object.fromEntries(Object.entries(value).toReversed())
    await holds(300, answers, (body) => {
      const turned = { ...reversed(body), data: body.data.map(reversed), queue: reversed(body.queue) }
      expect(parse(turned)).toEqual(parse(body))
    })
  })

  test('returns an answer or throws AlloSurprisedError for any JSON, and does not change it', async () => {
    const parts = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { data: fc.jsonValue(), queue: fc.jsonValue(), pagination: fc.jsonValue() },
        { requiredKeys: [] },
      ),
      fc
        .tuple(answers, fc.constantFrom('data', 'queue', 'pagination'), fc.jsonValue())
        .map(([body, name, value]): unknown => ({ ...body, [name]: value })),
    )
    await holds(3000, parts, (body) => {
      const before = JSON.stringify(body)
      for (const read of [parse, (list: unknown) => parseTeammates(list, context)]) {
        try {
          read(body)
        } catch (error) {
          expect(error).toBeInstanceOf(AlloSurprisedError)
        }
      }
      expect(JSON.stringify(body)).toBe(before)
    })
  })

  test('never takes an answer with a row or a count for "no queue"', async () => {
    const bodies = fc.record({
      data: fc.array(fc.jsonValue(), { maxLength: 2 }),
      pagination: fc.record({ has_more: fc.boolean(), total_count: fc.option(fc.nat(3)) }),
      queue: fc.constantFrom(null, undefined),
    })
    await holds(1000, bodies, (body) => {
      const { data, pagination } = body
      const says = data.length === 0 && !pagination.has_more && !pagination.total_count
      if (says) expect(parse(body).kind).toBe('no_queue')
      else expect(() => parse(body)).toThrow(AlloSurprisedError)
    })
  })
})

/** The rows as the API spells them. */
function toRows(answer: QueueAnswer): object[] {
  if (answer.kind !== 'page') throw new Error('not a page')
  const time = (value: string | null) => value?.replace(/Z$/, '') ?? null
  return answer.numbers.map((number) => ({
    position: number.position,
    number_to: number.numberTo,
    created_at: time(number.createdAt),
    updated_at: time(number.updatedAt),
    call_start_date: time(number.callStartDate),
    call_id: number.callId,
    routing_result: number.routingResult,
    sync_status: number.syncStatus,
    detected_outbound_voicemail: number.detectedOutboundVoicemail,
    not_reached_destination_reason: number.notReachedDestinationReason,
    voicemail_left: number.voicemailLeft,
  }))
}
