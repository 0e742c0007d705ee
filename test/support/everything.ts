/** Everything that our tables and views contain, as text, for columns of any type. */
import type { Pool } from '../../src/store/postgres/database.ts'

/** Where a number stands, or what is made of one: all that erasing it may change. */
const ofNumbers = new Set([
  'number_to',
  'number_key',
  'number_masked',
  'extra',
  'row_digest',
  'membership_digest',
  'content_digest',
])
/** What changes by itself. */
const ofTheClock = new Set([
  'age_seconds',
  'judged_age_seconds',
  'look_age_seconds',
  'is_stale',
  'suppressed_at',
  'measured_from',
  'measured_at',
])

/** Relation → its rows, sorted. Also what Postgres keeps of them to plan with. */
export async function everything(pool: Pool): Promise<Map<string, string>> {
  const said = new Map<string, string>()
  for (const { name, columns } of await relations(pool)) said.set(name, await rowsOf(pool, name, columns))
  const { rows } = await pool.query<{ text: string | null }>(
    `select string_agg(to_jsonb(s)::text, E'\\n') as text from pg_stats s
     where schemaname in ('allo', 'reporting', 'reporting_pii')`,
  )
  said.set('pg_stats', rows[0]?.text ?? '')
  return said
}

/** Of numbers alone: a row more or less is what erasing is about. */
const listsOfNumbers = new Set(['allo.suppressed_numbers', 'reporting_pii.numbers'])

/** The same without what erasing a number may change: equal before and after, if it changed nothing else. */
export async function everythingButNumbers(pool: Pool): Promise<Record<string, string>> {
  const said: Record<string, string> = {}
  for (const { name, columns } of await relations(pool)) {
    if (listsOfNumbers.has(name)) continue
    const kept = columns.filter((column) => !ofNumbers.has(column) && !ofTheClock.has(column))
    said[name] = await rowsOf(pool, name, kept)
  }
  return said
}

/** In how many entries each number is, known by its key or itself: the sizes alone, sorted. */
export async function timesEachNumberIsThere(pool: Pool): Promise<number[]> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from allo.queue_entries group by coalesce(number_key, number_to) order by n`,
  )
  return rows.map(({ n }) => n)
}

/** `relation: text` wherever one of the texts stands. */
export async function findAnywhere(pool: Pool, texts: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const [name, rows] of await everything(pool)) {
    for (const text of texts) if (rows.includes(text)) found.push(`${name}: ${text}`)
  }
  return found
}

async function relations(pool: Pool): Promise<{ name: string; columns: string[] }[]> {
  const { rows } = await pool.query<{ name: string; columns: string[] }>(
    `select nspname || '.' || relname as name, array_agg(attname::text order by attnum) as columns
     from pg_namespace n join pg_class c on c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm')
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where nspname in ('allo', 'reporting', 'reporting_pii') group by 1 order by 1`,
  )
  return rows
}

async function rowsOf(pool: Pool, name: string, columns: readonly string[]): Promise<string> {
  const { rows } = await pool.query<{ text: string | null }>(
    `select string_agg(row, E'\\n' order by row) as text
     from (select to_jsonb(t)::text as row from (select ${columns.map((column) => `"${column}"`).join(', ')} from ${name}) t) r`,
  )
  return rows[0]?.text ?? ''
}
