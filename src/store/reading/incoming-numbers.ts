/**
 * The slots in which a reading differs from the mirror, in a temporary table of the session: copied there, matched
 * there with the entries they continue (match-entries.ts), written from there (write-numbers.ts). A slot is a position
 * of a queue; each has one row at most. The table is empty again when the transaction ends.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { getTableColumns, sql } from 'drizzle-orm'
import { alias, boolean, integer, jsonb, type PgColumn, pgSchema, text } from 'drizzle-orm/pg-core'
import { from as copyFrom } from 'pg-copy-streams'
import type { Client } from '../postgres/database.ts'
import { change, compile, list, name, names } from '../postgres/query.ts'
import { callFields, id, instant } from '../schema.ts'
import { copyColumns } from './encode.ts'
import { outcomeOf } from './outcome-counts.ts'

/** What the reading changes about the entry of a number. `touched`: nothing that the history records. */
const fates = ['added', 'reopened', 'changed', 'moved', 'touched'] as const
export type Fate = (typeof fates)[number]

export const freshEntryId = sql`nextval('allo.queue_entries_entry_id_seq')`

export const incomingNumbers = pgSchema('pg_temp').table('incoming_numbers', {
  position: integer('position').notNull(),
  /** False: the mirror holds a number there, and the reading does not. */
  isPresent: boolean('is_present').notNull(),
  numberTo: text('number_to'),
  createdAt: instant('created_at'),
  updatedAt: instant('updated_at'),
  ...callFields(),
  extra: jsonb('extra'),
  rowDigest: id('row_digest'),
  numberKey: text('number_key'),
  /** A new id, until matching finds the entry that the number continues. */
  entryId: id('entry_id').notNull(),
  fate: text('fate', { enum: fates }).notNull(),
  outcome: text('outcome').notNull(),
})

/** Its alias in most statements. */
export const i = alias(incomingNumbers, 'i')

/** Copies lines of encode.ts into the table, which is created if the session has none. */
export async function copyIncoming(client: Client, lines: readonly string[]): Promise<void> {
  await change(client, createTable)
  await pipeline(Readable.from(chunksOf(lines)), client.query(copyFrom(copy)))
}

const copy = compile(sql`copy ${incomingNumbers} (${names(incomingNumbers, ...copyColumns)}) from stdin`).text

const { entryId, fate, outcome, ...plain } = getTableColumns(incomingNumbers)
const createTable = compile(sql`create temporary table if not exists ${incomingNumbers} (
    ${list(Object.values(plain).map(definition))},
    ${definition(entryId)} default ${freshEntryId},
    ${definition(fate)} default 'added',
    ${definition(outcome)} generated always as (${outcomeOf(incomingNumbers)}) stored
  ) on commit delete rows`)

function definition(column: PgColumn) {
  return sql`${name(column)} ${sql.raw(column.getSQLType())} ${sql.raw(column.notNull ? 'not null' : 'null')}`
}

function* chunksOf(lines: readonly string[]): Generator<string> {
  for (let start = 0; start < lines.length; start += 500)
    yield `${lines.slice(start, start + 500).join('\n')}\n`
}
