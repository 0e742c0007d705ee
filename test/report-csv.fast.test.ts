/** How a single cell is written in a CSV. */
import { Readable } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { toCsv } from '../src/report/csv.ts'

/** One cell as it stands in a CSV. */
async function fieldOf(value: string | null, type: string): Promise<string> {
  const csv = Readable.from([[value, 'x']]).pipe(
    toCsv(
      [
        { name: 'a', type },
        { name: 'b', type: 'text' },
      ],
      (text) => text,
    ),
  )
  return (await textOf(csv)).replace(/^a,b\r\n/, '').replace(/,x\r\n$/, '')
}

test.each([
  ['=1+1', `'=1+1`],
  ['+33…89', `'+33…89`],
  ['-2', `'-2`],
  ['@x', `'@x`],
  ['\tx', `"'\tx"`],
  ['\rx', `"'\rx"`],
  ['\nx', `"'\nx"`],
  ['\n=1', `"'\n=1"`],
  [' =1', `' =1`],
  ['\u200e\u00a0=1', `'\u200e\u00a0=1`],
  ['＝1', `'＝1`],
  ['＋1', `'＋1`],
  ['－1', `'－1`],
  ['＠x', `'＠x`],
  ['−1', `'−1`],
  ['a;=1', `"a;=1"`],
  ['a\t=1', `"a\t=1"`],
  ['a,"b"', `"a,""b"""`],
  ['two\nlines', `"two\nlines"`],
  ['', `""`],
  [null, ''],
  ['plain - text', 'plain - text'],
])('a CSV has the text %j as %j, so that no spreadsheet runs it', async (value, field) => {
  expect(await fieldOf(value, 'text')).toBe(field)
})

test('a CSV has numbers as they are, negative ones too', async () => {
  expect(await fieldOf('-2', 'bigint')).toBe('-2')
})
