import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

interface Fields {
  readonly detected_outbound_voicemail: boolean | null
  readonly voicemail_left: boolean | null
  readonly routing_result: string | null
  readonly not_reached_destination_reason: string | null
  readonly call_start_date: string | null
  readonly call_id: string | null
}

const nothing: Fields = {
  detected_outbound_voicemail: null,
  voicemail_left: null,
  routing_result: null,
  not_reached_destination_reason: null,
  call_start_date: null,
  call_id: null,
}

const failed = ['FAILED', 'FAILED_EXTERNAL', 'BLOCKED']
const connected = ['ANSWERED', 'TRANSFERRED_EXTERNAL', 'TRANSFERRED_BLAND', 'TRANSFERRED_ELEVEN_LABS']
const otherwise = ['RECEIVED', 'CLOSED', 'PARKED', 'answered', '']
const reasons = [
  'BUSY',
  'CALLEE_TEMPORARILY_UNAVAILABLE',
  'RING_TIMEOUT',
  'NOT_IN_SERVICE',
  'DECLINED',
  'NETWORK_ERROR',
  'ABDUCTED',
  '',
]
const started = '2026-04-30T10:00:00Z'

/** The rules in order: the first whose condition holds says what became of the number. */
const rules: readonly (readonly [outcome: string, holds: (fields: Fields) => boolean])[] = [
  [
    'voicemail',
    (f) =>
      f.detected_outbound_voicemail === true || f.voicemail_left === true || f.routing_result === 'VOICEMAIL',
  ],
  ['not_reached', (f) => f.not_reached_destination_reason !== null],
  ['failed', (f) => failed.includes(f.routing_result ?? 'none')],
  ['connected', (f) => connected.includes(f.routing_result ?? 'none')],
  ['other', (f) => f.routing_result !== null],
  ['in_progress', (f) => f.call_start_date !== null || f.call_id !== null],
  ['remaining', () => true],
]

async function outcomesOf(cases: readonly Fields[]): Promise<(string | null)[]> {
  const { rows } = await database.pool.query<{ outcome: string | null }>(
    `select allo.number_outcome(detected_outbound_voicemail, voicemail_left, routing_result,
       not_reached_destination_reason, call_start_date, call_id) as outcome
     from rows from (jsonb_to_recordset($1) as (detected_outbound_voicemail boolean, voicemail_left boolean,
       routing_result text, not_reached_destination_reason text, call_start_date timestamptz, call_id text))
       with ordinality order by ordinality`,
    [JSON.stringify(cases)],
  )
  return rows.map((row) => row.outcome)
}

describe('the outcome of a number', () => {
  test.each<[outcome: string, because: string, fields: readonly Partial<Fields>[]]>([
    ['voicemail', 'a machine was detected', [{ detected_outbound_voicemail: true }]],
    ['voicemail', 'a voicemail was left', [{ voicemail_left: true }]],
    ['voicemail', 'the API says so', [{ routing_result: 'VOICEMAIL' }]],
    [
      'not_reached',
      'there is a reason, known or not',
      reasons.map((reason) => ({ not_reached_destination_reason: reason })),
    ],
    ['failed', 'the call failed or was blocked', failed.map((word) => ({ routing_result: word }))],
    ['connected', 'it was answered or transferred', connected.map((word) => ({ routing_result: word }))],
    ['other', 'the word is none of these, or new', otherwise.map((word) => ({ routing_result: word }))],
    ['in_progress', 'a call began', [{ call_start_date: started }, { call_id: 'cll-1' }]],
    ['remaining', 'nothing is set', [{}]],
    [
      'remaining',
      'no machine and no voicemail is no call',
      [{ detected_outbound_voicemail: false, voicemail_left: false }],
    ],
  ])('is %s when %s', async (outcome, _, fields) => {
    const outcomes = await outcomesOf(fields.map((some) => ({ ...nothing, ...some })))
    expect(outcomes).toEqual(fields.map(() => outcome))
  })

  test.each<[outcome: string, over: string, fields: Partial<Fields>]>([
    ['voicemail', 'not_reached', { voicemail_left: true, not_reached_destination_reason: 'BUSY' }],
    ['voicemail', 'failed', { detected_outbound_voicemail: true, routing_result: 'FAILED' }],
    ['voicemail', 'connected', { detected_outbound_voicemail: true, routing_result: 'ANSWERED' }],
    ['voicemail', 'other', { voicemail_left: true, routing_result: 'CLOSED' }],
    ['not_reached', 'failed', { not_reached_destination_reason: 'DECLINED', routing_result: 'FAILED' }],
    ['not_reached', 'connected', { not_reached_destination_reason: 'BUSY', routing_result: 'ANSWERED' }],
    ['not_reached', 'other', { not_reached_destination_reason: 'BUSY', routing_result: 'PARKED' }],
    ['connected', 'in_progress', { routing_result: 'ANSWERED', call_start_date: started, call_id: 'cll-1' }],
    ['failed', 'in_progress', { routing_result: 'BLOCKED', call_start_date: started }],
    ['other', 'in_progress', { routing_result: 'PARKED', call_id: 'cll-1' }],
  ])('is %s rather than %s if both rules match', async (outcome, _, fields) => {
    expect(await outcomesOf([{ ...nothing, ...fields }])).toEqual([outcome])
  })

  test('is that of the first matching rule, for every combination of values', async () => {
    const flags = [true, false, null]
    const cases = flags.flatMap((detected_outbound_voicemail) =>
      flags.flatMap((voicemail_left) =>
        [...failed, ...connected, ...otherwise, 'VOICEMAIL', null].flatMap((routing_result) =>
          [...reasons, null].flatMap((not_reached_destination_reason) =>
            [started, null].flatMap((call_start_date) =>
              ['cll-1', null].map((call_id) => ({
                detected_outbound_voicemail,
                voicemail_left,
                routing_result,
                not_reached_destination_reason,
                call_start_date,
                call_id,
              })),
            ),
          ),
        ),
      ),
    )
    expect(cases).toHaveLength(3 * 3 * 14 * 9 * 2 * 2)
    const expected = cases.map((fields) => rules.find(([, holds]) => holds(fields))?.[0])
    expect(await outcomesOf(cases)).toEqual(expected)
    expect(new Set(expected)).toEqual(new Set(rules.map(([outcome]) => outcome)))
  })

  test('needs no function call: the planner inlines its expression into the query', async () => {
    const plan = async (expression: string) => {
      const { rows } = await database.pool.query<{ 'QUERY PLAN': string }>(
        `explain (verbose, costs off) select ${expression} as outcome from allo.queue_numbers`,
      )
      return rows.map((row) => row['QUERY PLAN']).join('\n')
    }
    const inlined = await plan(
      `allo.number_outcome(detected_outbound_voicemail, voicemail_left, routing_result,
         not_reached_destination_reason, call_start_date, call_id)`,
    )
    expect(inlined).not.toContain('number_outcome')
    expect(inlined).toMatch(/Output: CASE WHEN .*'voicemail'.*'remaining'.* END/)
    // What a plan shows when it does call a function: else the first line would prove nothing.
    expect(await plan('pg_catalog.upper(routing_result)')).toContain('upper(')
  })
})
