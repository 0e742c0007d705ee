/** Finds the entries of a number in any spelling. */
import { comparableNumber, type NumberKeys } from '../snapshot/number-key.ts'
import { compare, likelySpellings, type PhoneNumber, readPhoneNumber } from '../snapshot/phone-number.ts'
import type { Client } from '../store/postgres/database.ts'
import type { Stay } from '../store/reading/erase-numbers.ts'

export interface Found {
  readonly stays: readonly Stay[]
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
  const stays: Stay[] = []
  const spellings = new Set<string>()
  const similar = new Set<string>()
  for await (const rows of candidates(client, wanted.phone)) {
    for (const { number_to, masked, ...stay } of rows) {
      const likeness = likenessOf(number_to, wanted)
      if (likeness === 'similar') similar.add(masked)
      if (likeness !== 'same') continue
      stays.push(stay)
      spellings.add(number_to)
    }
  }
  const { rows: erased } = await client.query<Stay>(
    'select entry_id, queue_id from allo.queue_entries where number_to is null and number_key = any ($1)',
    [keysOf(number, numberKeys, [...spellings])],
  )
  return { stays: [...stays, ...erased], spellings: [...spellings], similar: [...similar] }
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

type Candidate = Stay & { readonly number_to: string; readonly masked: string }

const BATCH = 20_000

/** Plain numbers with the same ending, and all values that are not plain numbers. The program compares them exactly. */
async function* candidates(client: Client, phone: PhoneNumber | null): AsyncGenerator<readonly Candidate[]> {
  const ending = phone?.national.slice(-6) ?? ''
  for (let after = '0', isMore = true; isMore; ) {
    const { rows } = await client.query<Candidate>(
      `select entry_id, queue_id, number_to, allo.masked_number(number_to) as masked from allo.queue_entries
       where entry_id > $1 and number_to is not null
         and (number_to !~ '^[+]?[0-9]+$' or $2 <> '' and right(number_to, length($2)) = $2)
       order by entry_id limit ${BATCH}`,
      [after, ending],
    )
    yield rows
    after = rows.at(-1)?.entry_id ?? after
    isMore = rows.length === BATCH
  }
}
