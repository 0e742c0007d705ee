/** What reports show of a number: its country code and its last two digits. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const masks: [number: string | null, mask: string | null][] = [
  [null, null],
  ['+12125550123', '+1…23'],
  ['+33612345678', '+33…78'],
  ['+35312345678', '+353…78'],
  ['12125550123', '…23'],
  ['0612345678', '…78'],
  ['+1 (212) 555-0123', '+1…23'],
  ['\u200e+1 212 555 0123\u202c', '+1…23'],
  ['+33 (0)6 12 34 56 78', '+33…78'],
  ['+12125550123x45', '+1…23'],
  ['+12125550123 ext. 45', '+1…23'],
  ['+12125550123 extension 4567', '+1…23'],
  ['+12125550123#4', '+1…23'],
  ['+12125550123,,4567', '+1…23'],
  ['+12125550123;ext=4567', '+1…23'],
  ['+12125550123x', '+1…23'],
  ['tel:+1-212-555-0123;ext=45', '+1…23'],
  ['sip:+12125550123@pbx.example;user=phone', '+1…23'],
  ['sip:alex.kim@pbx.example', '…'],
  ['alex.kim@pbx.example', '…'],
  ['1-800-FLOWERS', '…'],
  ['1800FLOWERS', '…'],
  ['Alex Kim', '…'],
  ['+49112', '…'],
  ['112', '…'],
  ['+1 212 55', '…'],
  ['', '…'],
  ['+٣٣٦١٢٣٤٥٦٧٨', '…'],
  ['+12125550123 +12125550124', '…'],
]

test.each(masks)('%s is shown as %s', async (number, mask) => {
  const { rows } = await database.pool.query('select allo.masked_number($1) as mask', [number])
  expect(rows).toEqual([{ mask }])
})
