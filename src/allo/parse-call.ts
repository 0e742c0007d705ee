/** The details of one call: a 200 of the endpoint of conversation items. */
import { callDirections, callResults, words } from './documented-words.ts'
import { largestInteger, mostTags, textLimits } from './limits.ts'
import {
  type Answer,
  type AnswerContext,
  record,
  reportUnknown,
  startAnswer,
  surprised,
} from './parse-answer.ts'
import { openRecord, type RecordReader, readId, readWord } from './record.ts'
import { isStorable, toStorableText, withoutNumbers } from './text.ts'
import { toTimestamp } from './timestamp.ts'
import type { CallAnswer, CallDetails } from './types.ts'
import { isRecord, typeName } from './value.ts'

/**
 * Unlike in a queue, a field of another type is an error that names the field: half of a call would be counted as a
 * whole one. Transcript, summary, recording, contacts and the number of the contact are not in the result.
 */
export function parseCallAnswer(body: unknown, callId: string, context: AnswerContext): CallAnswer {
  const answer = startAnswer(context)
  const raw = record(record(body, '', answer).data, 'data', answer)
  reportUnknown(raw, 'call', itemFields, answer)
  const call = openRecord(raw, 'call', answer, 'data')
  refuseOther(call, callId)
  const result = readWord(textOnly(call, 'result'), 'result', callResults)
  const durationSeconds = readDuration(call)
  if (result === null || durationSeconds === null) return { kind: 'not_ready' }
  return { kind: 'details', details: { result, durationSeconds, ...readRest(call) } }
}

function readRest(call: RecordReader): Omit<CallDetails, 'result' | 'durationSeconds'> {
  return {
    direction: readWord(textOnly(call, 'direction'), 'direction', callDirections),
    startedAt: readStart(call),
    alloNumber: readAlloNumber(call),
    tags: readTags(call),
    isPhoneMenu: readPhoneMenu(call),
  }
}

/** An API that ignored the id would answer with another call. */
function refuseOther(call: RecordReader, callId: string): void {
  const id = readId(textOnly(call, 'id'), 'id')
  if (id === null) throw wrong(call, 'id', 'a call without a usable id')
  if (comparableId(id) !== comparableId(callId)) throw wrong(call, 'id', 'not the call that was asked for')
  const type = textOnly(call, 'type').raw.type ?? 'CALL'
  if (type !== 'CALL') throw wrong(call, 'type', 'not a call')
}

/** Allo's documentation writes the same id as `cll-abc` and `cll_abc`. */
function comparableId(id: string): string {
  return id.replace(/^([a-z]+)[-_]/i, '$1-')
}

function readDuration(call: RecordReader): number | null {
  const value = call.raw.duration
  if (value === undefined || value === null) return null
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestInteger)
    return value
  throw wrong(call, 'duration', `a whole number of seconds is documented, ${typeName(value)} came`)
}

function readStart(call: RecordReader): string | null {
  const { date } = textOnly(call, 'date').raw
  if (typeof date !== 'string') return null
  const timestamp = toTimestamp(date, call.answer.naiveTimeZone)
  if (timestamp === null) throw wrong(call, 'date', 'not a readable timestamp')
  return timestamp
}

/** The team's own number. Null if it is, or may be, that of the contact. */
function readAlloNumber(call: RecordReader): string | null {
  const { allo_number: own } = textOnly(call, 'allo_number').raw
  if (typeof own !== 'string' || own === '') return null
  const isNumber = /^\+?\d{3,15}$/.test(own)
  const isOfContact = digitsOf(call.raw.contact_number) === digitsOf(own)
  if (isNumber && !isOfContact) return own
  call.answer.surprise('call.allo_number', isNumber ? 'the number of the contact, left out' : 'not a number')
  return null
}

function digitsOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).replace(/\D/g, '') : ''
}

/** Null: the API did not say. A phone number in a tag is masked. */
function readTags(call: RecordReader): readonly string[] | null {
  const { tags } = call.raw
  if (tags === undefined || tags === null) return null
  if (!Array.isArray(tags)) throw wrong(call, 'tags', `a list is documented, ${typeName(tags)} came`)
  if (tags.length > mostTags) throw wrong(call, 'tags', `more than ${mostTags} tags`)
  return tags.flatMap((tag: unknown, index) => readTag(tag, index, call))
}

function readTag(tag: unknown, index: number, call: RecordReader): string[] {
  if (typeof tag !== 'string')
    throw wrong(call, `tags[${index}]`, `text is documented, ${typeName(tag)} came`)
  if (Buffer.byteLength(tag) > textLimits.name.bytes) {
    call.answer.surprise('call.tags', `longer than ${textLimits.name.bytes} bytes, left out`)
    return []
  }
  const text = isStorable(tag) ? tag : toStorableText(tag)
  return text.trim() === '' ? [] : [withoutNumbers(text.trim())]
}

/** A phone menu that picked up is counted as ANSWERED by the source. Null: the API did not say. */
function readPhoneMenu({ raw: { ivr_result: menu } }: RecordReader): boolean | null {
  if (menu === undefined || menu === null) return null
  if (Array.isArray(menu)) return menu.length > 0
  return isRecord(menu) ? Object.keys(menu).length > 0 : menu !== '' && menu !== false
}

/** The record, if the field is text or nothing. */
function textOnly(call: RecordReader, name: string): RecordReader {
  const value = call.raw[name]
  if (value === undefined || value === null || typeof value === 'string') return call
  throw wrong(call, name, `text is documented, ${typeName(value)} came`)
}

function wrong({ answer, path }: { answer: Answer; path: string }, name: string, issue: string) {
  return surprised(answer, `${path}.${name}`, issue)
}

/** Those that are not kept are known too, so that they are no surprise. */
const itemFields = words(
  'id type direction allo_number contact_number contacts user date duration result recording_url summary tags ' +
    'transcript content status message_type ivr_result',
)
