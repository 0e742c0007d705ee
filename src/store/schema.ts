/**
 * The tables of schema `allo`, as drizzle-kit generates them. What each table and column means is written where
 * analysts see it: as COMMENTs, in migrations/repeatable/90 to 92.
 *
 * No foreign keys between numbers, entries, versions and dials: they would cost more than the writes themselves.
 * Those rows are only ever written together, in one transaction (save-reading.ts, finish-pass.ts).
 */
export * from './schema/columns.ts'
export * from './schema/history.ts'
export * from './schema/mirror.ts'
export * from './schema/operation.ts'
