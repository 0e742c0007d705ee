/**
 * Removes a number from all other text columns of schema `allo`: call ids, names, messages. The list of columns comes
 * from the catalog, so new columns are included.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Redactor } from '../snapshot/redact-number.ts'
import type { Client } from '../store/postgres/database.ts'
import { array, change, list, orm, run } from '../store/postgres/query.ts'
import { queueNumbers, queues } from '../store/schema.ts'

export interface Sweep {
  /** Number of changed rows. */
  readonly changed: number
  /** Names of the tables with such rows. */
  readonly tables: readonly string[]
  /** Present names in Allo that contain it. The next reading would bring the number back. */
  readonly shownAs: readonly string[]
  /** Columns of ids that contain it, such as `queues.queue_id`. They are not changed, because other rows refer to them. */
  readonly left: readonly string[]
}

interface TextColumn {
  readonly name: string
  readonly isJson: boolean
}

/** Columns that are erased elsewhere (numbers and their keys), or are random. */
const notSearched = [
  'number_to',
  'number_key',
  'key_fingerprint',
  'number_key_fingerprint',
  'membership_digest',
  'content_digest',
]
const ids = new Set([
  'team_id',
  'user_id',
  'queue_id',
  'creator_id',
  'assignee_id',
  'replaced_by_queue_id',
  'missing_replaced_by_queue_id',
  'job_id',
])

/** For a row `t` that Allo still shows: SQL of its description; null: Allo does not show it any more. */
const shownNow: Readonly<Record<string, SQL>> = {
  teams: sql`'the name of team ' || t.team_id`,
  teammates: sql`case when t.is_listed then 'the name or another field of teammate ' || t.user_id end`,
  queues: sql`case when t.is_current is distinct from false then 'the name of queue ' || t.queue_id end`,
}

/** Runs in the transaction of `forget`. `callIdFor` returns the replacement of a call id that contains the number. */
export async function sweep(
  client: Client,
  redactor: Redactor,
  callIdFor: (callId: string) => string,
): Promise<Sweep> {
  const found = { changed: 0, tables: new Set<string>(), shownAs: new Set<string>(), left: new Set<string>() }
  for (const [table, columns] of await textColumns(client)) {
    for (const { ctid, shown, ...row } of await rowsWith(client, table, columns, redactor.cores)) {
      const changes = columns.flatMap(({ name, isJson }) => {
        const value = row[name] ?? null
        if (value === null) return []
        const next = isJson ? withoutJson(value, redactor) : redactor.redact(value)
        if (next === value) return []
        if (ids.has(name)) {
          found.left.add(`${table}.${name}`)
          return []
        }
        if (shown && !isJson) found.shownAs.add(shown)
        return [{ name, next: name === 'call_id' ? callIdFor(value) : next }]
      })
      if (changes.length === 0) continue
      found.changed += 1
      found.tables.add(table)
      const assignments = changes.map(({ name, next }) => sql`${sql.identifier(name)} = ${next}`)
      await change(
        client,
        sql`update allo.${sql.identifier(table)} set ${list(assignments)} where ctid = ${ctid}`,
      )
      if (table === 'queue_numbers') await emptyDigests(client, row.queue_id ?? '', Number(row.position))
    }
  }
  return {
    changed: found.changed,
    tables: [...found.tables],
    shownAs: [...found.shownAs],
    left: [...found.left],
  }
}

/** In unknown fields a number may be split into parts, so a value that may contain it is removed completely. */
function withoutJson(json: string, { cores, redact }: Redactor): string | null {
  const digits = json.replace(/\D/g, '')
  const mayHold = cores.some((core) => digits.includes(core)) || redact(json) !== json
  return mayHold ? null : json
}

/** Without digests the next reading compares the row as new. */
async function emptyDigests(client: Client, queueId: string, position: number): Promise<void> {
  await orm(client)
    .update(queueNumbers)
    .set({ rowDigest: '0' })
    .where(and(eq(queueNumbers.queueId, queueId), eq(queueNumbers.position, position)))
  await orm(client)
    .update(queues)
    .set({ membershipDigest: '', contentDigest: '' })
    .where(eq(queues.queueId, queueId))
}

async function textColumns(client: Client): Promise<ReadonlyMap<string, readonly TextColumn[]>> {
  const columns = await run<TextColumn & { table: string }>(
    client,
    sql`select c.relname as "table", a.attname as name, a.atttypid = 'jsonb'::regtype as "isJson"
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'allo'::regnamespace and c.relkind = 'r' and c.relname not like '%migrations%'
       and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype) and a.attname <> all (${array(notSearched)})
     order by c.relname, a.attnum`,
  )
  return Map.groupBy(columns, ({ table }) => table)
}

type Row = { readonly ctid: string; readonly shown: string | null } & Readonly<Record<string, string | null>>

/** Locks the rows, because passes and maintenance continue. */
async function rowsWith(
  client: Client,
  table: string,
  columns: readonly TextColumn[],
  cores: readonly string[],
): Promise<readonly Row[]> {
  const position = table === 'queue_numbers' ? [sql`t.position::text as position`] : []
  const texts = columns.map(({ name }) => sql`t.${sql.identifier(name)}::text as ${sql.identifier(name)}`)
  return run(
    client,
    sql`select t.ctid::text as ctid, ${shownNow[table] ?? sql`null`} as shown, ${list([...position, ...texts])}
        from allo.${sql.identifier(table)} t
        where ${signsOf(columns, cores)} like any (${array(cores.map((core) => `%${core}%`))}::text[])
        for update of t`,
  )
}

/**
 * SQL: all digits of a row, of all columns together; letters too, if the number is written in letters. It processes the
 * text of a row once, because readings wait while it searches millions of rows. It may find too many rows; `redact`
 * decides.
 */
function signsOf(columns: readonly TextColumn[], cores: readonly string[]): SQL {
  const text = sql`concat_ws(' ', ${list(columns.map(({ name }) => sql`t.${sql.identifier(name)}`))})`
  const plain = sql`case when octet_length(${text}) = length(${text}) then ${text}
    else translate(normalize(${text}, nfkc), ${otherDigits.join('')}, ${otherDigits.map((_, index) => index % 10).join('')}) end`
  const digits = sql`regexp_replace(${plain}, '[^0-9]+', '', 'g')`
  if (cores.every((core) => /^[0-9]+$/.test(core))) return digits
  return sql`(${digits} || ' ' || upper(regexp_replace(${plain}, '[^0-9A-Za-z]+', '', 'g')))`
}

/** Decimal digits of all scripts except ASCII. In Unicode they come in groups of ten, in order. */
const otherDigits = Array.from({ length: 0x20000 }, (_, code) => code)
  .filter((code) => code > 0x7f && (code < 0xd800 || code > 0xdfff))
  .map((code) => String.fromCodePoint(code))
  .filter((character) => /\p{Nd}/u.test(character))
