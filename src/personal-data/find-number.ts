/** Finds the entries of a number in any spelling. */
import { and, isNull, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { comparableNumber, type NumberKeys } from '../snapshot/number-key.ts'
import { compare, likelySpellings, type PhoneNumber, readPhoneNumber } from '../snapshot/phone-number.ts'
import type { Client } from '../store/postgres/database.ts'
import { anyOf, fields, orm, run } from '../store/postgres/query.ts'
import type { Entry } from '../store/reading/erase-numbers.ts'
import { queueEntries } from '../store/schema.ts'

export interface Found {
  readonly entries: readonly Entry[]
  /** The stored spellings of the number, each once. */
  readonly spellings: readonly string[]
  /** Similar stored numbers, masked. They are not changed. */
  readonly similar: readonly string[]
}

/** Number keys that this number may have, now or later. */
export function keysOf(
  number: string,
  numberKeys: NumberKeys | null,
  spellings: readonly string[],
): string[] {
  if (numberKeys === null) return []
  const phone = readPhoneNumber(number)
  const texts = [number, ...spellings, ...(phone === null ? [] : likelySpellings(phone))]
  return [...new Set(texts.flatMap((text) => numberKeys.keyOf(text) ?? []))]
}

/** `numberKeys` is needed to find numbers that were erased by age. */
export async function findNumber(
  client: Client,
  number: string,
  numberKeys: NumberKeys | null,
): Promise<Found> {
  const wanted = { text: comparable(number), phone: readPhoneNumber(number) }
  const entries: Entry[] = []
  const spellings = new Set<string>()
  const similar = new Set<string>()
  for await (const rows of candidates(client, wanted.phone)) {
    for (const { numberTo, masked, ...entry } of rows) {
      const likeness = likenessOf(numberTo, wanted)
      if (likeness === 'similar') similar.add(masked)
      if (likeness !== 'same') continue
      entries.push(entry)
      spellings.add(numberTo)
    }
  }
  const erased = await erasedEntries(client, keysOf(number, numberKeys, [...spellings]))
  return { entries: [...entries, ...erased], spellings: [...spellings], similar: [...similar] }
}

/** Those whose number was erased by age, and whose key remains. */
function erasedEntries(client: Client, keys: readonly string[]): Promise<Entry[]> {
  return orm(client)
    .select({ entryId: queueEntries.entryId, queueId: queueEntries.queueId })
    .from(queueEntries)
    .where(and(isNull(queueEntries.numberTo), sql`${queueEntries.numberKey} ${anyOf(keys)}`))
}

interface Wanted {
  readonly text: string
  readonly phone: PhoneNumber | null
}

function likenessOf(numberTo: string, { text, phone }: Wanted) {
  if (comparable(numberTo) === text) return 'same'
  const other = readPhoneNumber(numberTo)
  return other === null || phone === null ? 'other' : compare(phone, other)
}

/** Letters and digits, as in a number key, but case-insensitive. */
function comparable(text: string): string {
  return comparableNumber(text).toLowerCase()
}

type Candidate = Entry & { readonly numberTo: string; readonly masked: string }

const BATCH = 20_000
const e = alias(queueEntries, 'e')

/** Plain numbers with the same ending, and all values that are not plain numbers. The program compares them exactly. */
async function* candidates(client: Client, phone: PhoneNumber | null): AsyncGenerator<readonly Candidate[]> {
  const ending = phone?.national.slice(-6) ?? ''
  const endsAlike = ending === '' ? sql`false` : sql`right(${e.numberTo}, ${ending.length}) = ${ending}`
  for (let after = '0', isMore = true; isMore; ) {
    const rows = await run<Candidate>(
      client,
      sql`select ${fields(e, 'entryId', 'queueId', 'numberTo')}, allo.masked_number(${e.numberTo}) as masked
          from ${queueEntries} ${e}
          where ${e.entryId} > ${after} and ${e.numberTo} is not null and (${e.numberTo} !~ '^[+]?[0-9]+$' or ${endsAlike})
          order by ${e.entryId} limit ${BATCH}`,
    )
    yield rows
    after = rows.at(-1)?.entryId ?? after
    isMore = rows.length === BATCH
  }
}
