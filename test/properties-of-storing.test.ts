/** What holds for the fields of any number: the database has what Allo sent. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holds } from './support/properties.ts'
import { useScriptedMirror } from './support/scripted-mirror.ts'

const mirror = useScriptedMirror()

/** What COPY, arrays, JSON or a pattern could take for something else. */
const awkward = fc.constantFrom(
  '',
  '\\N',
  '\\.',
  '\t',
  '\n',
  '"',
  "'",
  '{}',
  '{NULL}',
  '$1',
  '%',
  '\u2028',
  'é',
  '😀',
  '\\u0000',
)
const texts = fc.option(
  fc
    .oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.array(awkward, { maxLength: 4 }).map((parts) => parts.join('')),
    )
    .filter((text) => !text.includes('\0')),
)
/** Empty identifiers are taken as none. */
const ids = fc.option(fc.stringMatching(/^[\w"'\\{}$-]{1,16}$/))
const times = fc.option(
  fc
    .tuple(
      fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
      fc.nat(999_999),
    )
    .map(([date, micros]) => `${date.toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}`),
)
const numbers = fc.record({
  number_to: texts,
  created_at: times,
  updated_at: times,
  call_start_date: times,
  call_id: ids,
  routing_result: fc.option(fc.constantFrom('ANSWERED', 'VOICEMAIL', 'FAILED')),
  sync_status: fc.option(fc.constantFrom('SYNCED', 'NOT_SYNCED', 'PROCESSING')),
  detected_outbound_voicemail: fc.option(fc.boolean()),
  not_reached_destination_reason: fc.option(fc.constantFrom('BUSY', 'DECLINED')),
  voicemail_left: fc.option(fc.boolean()),
})

type Row = typeof numbers extends fc.Arbitrary<infer Value> ? Value : never

/** Rows that are stored anew, and then rows that change the mirror: the two paths on which fields are written. */
test('each field is stored as it came, but an empty number as none, in a new queue and over what was there', async () => {
  let queues = 0
  const sequences = fc.array(fc.array(numbers, { maxLength: 6 }), { minLength: 1, maxLength: 3 })
  await holds(25, sequences, async (sequence) => {
    queues += 1
    const queueId = `pdl_${queues}`
    for (const rows of sequence) {
      expect(await mirror().read(queueId, rows)).toMatchObject({ status: 'ok', numbers: rows.length })
      const expected = rows.map((row) => ({ ...row, number_to: row.number_to || null }))
      expect(await stored(queueId)).toEqual(expected)
      expect(await openVersions(queueId)).toEqual(expected.map(withoutUpdate))
    }
  })
})

const source = (column: string) =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as ${column}`
const call = `call_id, routing_result, sync_status, detected_outbound_voicemail, not_reached_destination_reason, voicemail_left`

async function stored(queueId: string): Promise<Row[]> {
  const { rows } = await mirror().database.pool.query<Row>(
    `select number_to, ${source('created_at')}, ${source('updated_at')}, ${source('call_start_date')}, ${call}
     from allo.queue_numbers where queue_id = $1 order by position`,
    [queueId],
  )
  return rows
}

/** History keeps no `updated_at`. */
function withoutUpdate({ updated_at, ...row }: Row): Omit<Row, 'updated_at'> {
  return row
}

async function openVersions(queueId: string): Promise<Omit<Row, 'updated_at'>[]> {
  const { rows } = await mirror().database.pool.query(
    `select e.number_to, to_char(e.source_created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as created_at,
       ${source('call_start_date')}, ${call}
     from allo.queue_number_versions v join allo.queue_entries e using (entry_id)
     where v.queue_id = $1 and v.valid_to is null order by v.position`,
    [queueId],
  )
  return rows
}
