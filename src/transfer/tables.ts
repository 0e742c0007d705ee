/**
 * Which tables of schema `allo` an export contains. A new table must be added to one of the two lists; a test compares
 * them with the database.
 */
import { getTableColumns, getTableName, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import {
  apiKeys,
  calls,
  dials,
  incidents,
  maintenance,
  qualityResults,
  queueAssignments,
  queueEntries,
  queueNumbers,
  queueNumberVersions,
  queueSnapshots,
  queues,
  queueVersions,
  readingGaps,
  readSlots,
  settings,
  suppressedNumbers,
  syncPasses,
  syncReads,
  teammates,
  teams,
} from '../store/schema.ts'

/** In the order of an export: a table comes after those that it refers to. */
export const exportedTables: readonly PgTable[] = [
  teams,
  apiKeys,
  // The requests of the day, for ALLO_DAILY_REQUESTS.
  readSlots,
  settings,
  suppressedNumbers,
  teammates,
  queues,
  queueVersions,
  queueAssignments,
  queueEntries,
  queueNumbers,
  queueNumberVersions,
  dials,
  calls,
  queueSnapshots,
  readingGaps,
  syncPasses,
  syncReads,
  incidents,
  qualityResults,
  maintenance,
]

/** State of running processes, and the ledgers of migrations, which `migrate` writes. */
export const tablesLeftOut = ['looks', 'webhook_deliveries', 'locks', 'migrations', 'repeatable_migrations']

/** Tables that hold rows before the first reading. An import replaces these rows. */
export const tablesOfAnEmptyMirror: readonly PgTable[] = [settings, apiKeys, readSlots, maintenance]

export function columnNamesOf(table: PgTable): string[] {
  return Object.values(getTableColumns(table)).map(({ name }) => name)
}

/** The columns whose values a sequence gives. */
export const identityColumns = exportedTables.flatMap((table) =>
  Object.values(getTableColumns(table))
    .filter(({ generatedIdentity }) => generatedIdentity !== undefined)
    .map((column) => ({
      table,
      column,
      name: `${getTableName(table)}.${column.name}`,
      sequence: sql`pg_get_serial_sequence(${`allo.${getTableName(table)}`}, ${column.name})::regclass`,
    })),
)

/** Null: this version has no such table. */
export function exportedTable(name: string): PgTable | null {
  return exportedTables.find((table) => getTableName(table) === name) ?? null
}
