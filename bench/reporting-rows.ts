/** Rows on their way into schema `allo` by COPY: collected by table, written many at a time. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { from as copyFrom } from 'pg-copy-streams'
import type { Pool } from '../src/store/postgres/database.ts'

export type Row = Readonly<Record<string, string | number | bigint | boolean | null>>

export interface Rows {
  /** Keys are columns: the same ones in the same order for every row of a table. Nothing in it wants escaping. */
  add(table: string, row: Row): void
}

export interface Loader extends Rows {
  /** Begins to write what has become much, once that of the last time is written. */
  writeMuch(): Promise<void>
  /** Everything is written then. */
  writeAll(): Promise<void>
}

const MUCH = 20_000

export function createLoader(pool: Pool): Loader {
  const waiting = new Map<string, { readonly columns: string; readonly lines: string[] }>()

  let writing = Promise.resolve()

  async function write(atLeast: number): Promise<void> {
    for (const [table, { columns, lines }] of waiting) {
      if (lines.length < atLeast) continue
      await copy(pool, `copy allo.${table} (${columns}) from stdin`, lines.splice(0))
    }
  }

  return {
    add(table, row) {
      const line = Object.values(row)
        .map((value) => value ?? '\\N')
        .join('\t')
      const collected = waiting.get(table)
      if (collected === undefined) waiting.set(table, { columns: Object.keys(row).join(', '), lines: [line] })
      else collected.lines.push(line)
    },
    async writeMuch() {
      await writing
      writing = write(MUCH)
      writing.catch(() => undefined)
      await setImmediate()
    },
    async writeAll() {
      await writing
      await write(1)
    },
  }
}

async function copy(pool: Pool, sql: string, lines: readonly string[]): Promise<void> {
  const client = await pool.connect()
  try {
    await pipeline(Readable.from([`${lines.join('\n')}\n`]), client.query(copyFrom(sql)))
  } finally {
    client.release()
  }
}
