/** What an import refuses. It then leaves the database as it was. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { exitCodes } from '../src/errors.ts'
import { readMigrations } from '../src/store/migrate/ledger.ts'
import { assertSchemaIsCurrent } from '../src/store/migrate/migrate.ts'
import { openPool } from '../src/store/postgres/database.ts'
import { LockedError } from '../src/store/postgres/yielding-transaction.ts'
import { importMirror } from '../src/transfer/import-mirror.ts'
import { readExport } from '../src/transfer/read-export.ts'
import { assertSchemaIsKnown } from '../src/transfer/target.ts'
import { createTestDatabase, dropDatabase, emptyTables, type TestDatabase } from './support/database.ts'
import { createMigratedFixture, exportText, importInto, rowsOf } from './support/transfer.ts'
import { until } from './support/worker.ts'

let target: TestDatabase
let template: string
let text: string

beforeAll(async () => {
  template = (await createMigratedFixture()).name
  const source = await createTestDatabase({ template })
  text = await exportText(source.pool)
  await source.drop()
  target = await createTestDatabase()
})
afterAll(async () => {
  await target.drop()
  await dropDatabase(inject('serverUrl'), template)
})
beforeEach(async () => {
  await emptyTables(target.pool)
  await target.pool.query('insert into allo.settings default values')
})

const sha256 = (lines: readonly string[]) =>
  createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex')

/** As an export that really has these lines: its digests and counts are theirs. */
function withDigests(changed: string): string {
  const all: string[] = []
  const structure: string[] = []
  let rows: string[] = []
  const fixed = changed
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (line.startsWith('["')) {
        all.push(line)
        rows.push(line)
        return line
      }
      if (line.startsWith('{"begin"')) rows = []
      let next = line
      if (line.startsWith('{"end"'))
        next = JSON.stringify({ ...JSON.parse(line), rows: rows.length, sha256: sha256(rows) })
      if (line.startsWith('{"complete"'))
        return JSON.stringify({ ...JSON.parse(line), rows: all.length, sha256: sha256(structure) })
      structure.push(next)
      return next
    })
  return `${fixed.join('\n')}\n`
}

/** The export as it would be with only these columns of these tables. */
function withColumns(whole: string, columns: ReadonlyMap<string, readonly string[]>): string {
  let kept: readonly number[] | null = null
  const lines = whole.split('\n').flatMap((line) => {
    if (line.startsWith('["')) return kept === null ? [] : [pick(JSON.parse(line), kept)]
    if (!line.startsWith('{"begin"')) return line.startsWith('{"end"') && kept === null ? [] : [line]
    const table: { begin: string; columns: string[] } = JSON.parse(line)
    const known = columns.get(table.begin)
    kept = known ? [...table.columns.keys()].filter((at) => known.includes(table.columns[at] ?? '')) : null
    return kept === null ? [] : [JSON.stringify({ ...table, columns: kept.map((at) => table.columns[at]) })]
  })
  return lines.join('\n')
}

function pick(row: readonly unknown[], kept: readonly number[]): string {
  return JSON.stringify(kept.map((at) => row[at]))
}

async function refused(bytes: Buffer | string, says: RegExp): Promise<void> {
  const before = await rowsOf(target.pool)
  await expect(importInto(target.pool, bytes)).rejects.toMatchObject({
    message: expect.stringMatching(says),
    exitCode: exitCodes.data,
  })
  expect(await rowsOf(target.pool)).toEqual(before)
}

describe('a file', () => {
  test('that is cut off anywhere is refused', async () => {
    const whole = gzipSync(text)
    for (const share of [0.001, 0.3, 0.9, 0.9999])
      await refused(
        whole.subarray(0, Math.floor(whole.length * share)),
        /ends too early.*nothing was imported/,
      )
    const lines = text.trimEnd().split('\n')
    for (const kept of [1, 2, 40, lines.length - 1])
      await refused(`${lines.slice(0, kept).join('\n')}\n`, /ends too early/)
    await refused(text.slice(0, -1), /ends too early/)
    await refused(Buffer.alloc(0), /the export is empty/)
  })

  test('of which one byte is altered is refused, compressed or not', async () => {
    const altered = (bytes: Buffer, at: number, bit = 1) => {
      const copy = Buffer.from(bytes)
      copy.writeUInt8(copy.readUInt8(at) ^ bit, at)
      return copy
    }
    const compressed = gzipSync(text)
    for (const share of [0.1, 0.35, 0.6, 0.85])
      await refused(altered(compressed, Math.floor(compressed.length * share)), /damaged|ends too early/)
    await refused(altered(compressed, compressed.length - 6), /damaged/)
    const plain = Buffer.from(text)
    // In the header, a row, the columns and the rows of a table, the last ids, and the last line.
    const places = ['Umbrella', '["team-', '"teams"', '"rows":', 'dials.dial_id', '"complete":t', '"rows":1']
    for (const place of places)
      await refused(altered(plain, plain.lastIndexOf(place) + place.length - 1), /damaged|no export/)
    await refused(altered(plain, plain.indexOf('"Umbrella') + 3), /damaged/)
  })

  test.each([
    ['of another program', gzipSync('{"hello":1}\n'), /this is no export of allo-queue-mirror/],
    ['that is no JSON', gzipSync('pg_dump\n'), /this is no export/],
    ['in another compression', deflateSync('{}\n'), /this is no export|ends too early/],
    ['that only looks like gzip', Buffer.from('\u001f\u008bnothing', 'latin1'), /damaged/],
    ['without a line end', gzipSync('a'.repeat(10_000)), /ends too early|no export/],
  ])('%s is refused', async (_, bytes, says) => {
    await refused(bytes, says)
  })

  test.each([
    ['goes on after its end', (whole: string) => `${whole}{"lastIds":{}}\n`, /continues after its last line/],
    [
      'has a row too short',
      (whole: string) => whole.replace(/\["team-[\s\S]*?",/, '['),
      /a row of teams can’t be read/,
    ],
    [
      'has a value that its column refuses',
      (whole: string) => whole.replace(/("Acme Sales",)"[^"]*"/, '$1"the day before"'),
      /Postgres refuses a row of teams/,
    ],
    [
      'has the same row twice',
      (whole: string) => whole.replace(/(\n\["team-.*)/, '$1$1'),
      /Postgres refuses a row of teams.*constraint teams_pkey/,
    ],
    ['has an unknown table', (whole: string) => whole.replaceAll('"dials"', '"deals"'), /has no table deals/],
    [
      'has an unknown column',
      (whole: string) => whole.replace('"dial_id"', '"deal_id"'),
      /no column dials.deal_id/,
    ],
  ])('whose digests are right but that %s is refused', async (_, change, says) => {
    const changed = withDigests(change(text))
    expect(changed).not.toBe(text)
    await refused(changed, says)
  })

  test('without last ids is imported, and the next rows get ids that no row has', async () => {
    const without = withDigests(text.replace(/\{"lastIds":.*\}/, '{"lastIds":{}}'))
    await importInto(target.pool, without)
    const { rows } = await target.pool.query<{ next: string; highest: string }>(
      `select nextval('allo.sync_passes_pass_id_seq') as next, max(pass_id) as highest from allo.sync_passes union all
       select nextval('allo.dials_dial_id_seq'), max(dial_id) from allo.dials`,
    )
    for (const { next, highest } of rows) expect(BigInt(next)).toBe(BigInt(highest) + 1n)
  })

  test('that was uncompressed on its way is imported', async () => {
    expect(await importInto(target.pool, Buffer.from(text))).toMatchObject({ outcome: 'imported' })
  })
})

describe('an export of another version', () => {
  const withHeader = (change: (header: { migrations: object[]; version: number }) => void) => {
    const [first = '', ...rest] = text.split('\n')
    const header = JSON.parse(first)
    change(header)
    return [JSON.stringify(header), ...rest].join('\n')
  }
  const headerOf = async (changed: string) => (await readExport(Readable.from([Buffer.from(changed)]))).header

  test('of the program with a newer format or newer tables is refused, and says to upgrade', async () => {
    const newerFormat = withHeader((header) => {
      header.version = 2
    })
    await expect(headerOf(newerFormat)).rejects.toMatchObject({
      message: expect.stringMatching(/newer format.*Upgrade/),
      exitCode: exitCodes.configuration,
    })
    const newerTables = withHeader(({ migrations }) => {
      migrations.push({ hash: 'of a later migration', createdAt: 9e12 })
    })
    const header = await headerOf(newerTables)
    expect(() => assertSchemaIsKnown(header)).toThrow(/A newer version wrote it.*upgrade/)
  })

  test('with the tables of 0.1.0 is imported, and its rows are those of an upgraded 0.1.0', async () => {
    const [first] = readMigrations()
    const old = await createTestDatabase({ empty: true })
    for (const statement of first?.statements ?? []) await old.pool.query(statement)
    const { rows } = await old.pool.query<{ table: string; columns: string[] }>(
      `select relname as table, array_agg(attname::text) as columns from pg_class c
       join pg_attribute a on attrelid = c.oid and attnum > 0 where relnamespace = 'allo'::regnamespace and relkind = 'r'
       group by 1`,
    )
    await old.drop()
    const columns = new Map(rows.map(({ table, columns }) => [table, columns]))
    const older = withDigests(
      withColumns(
        withHeader(({ migrations }) => {
          migrations.length = 1
        }),
        columns,
      ),
    )
    assertSchemaIsKnown(await headerOf(older))
    expect(await importInto(target.pool, older)).toMatchObject({ outcome: 'imported' })
    const imported = await rowsOf(target.pool)
    await emptyTables(target.pool)
    await importInto(target.pool, text)
    expect(imported).toEqual(await rowsOf(target.pool))
    await expect(assertSchemaIsCurrent(target.pool)).resolves.toBeUndefined()
  })
})

describe('a database', () => {
  const refusedBy = async (says: RegExp, exitCode: number) => {
    const before = await rowsOf(target.pool)
    await expect(importInto(target.pool, text)).rejects.toMatchObject({
      message: expect.stringMatching(says),
      exitCode,
    })
    expect(await rowsOf(target.pool)).toEqual(before)
  }

  test('with a mirror of another team is refused, and named', async () => {
    await target.pool.query(
      `insert into allo.teams (team_id, name, first_seen_at, last_seen_at) values ('team-other', 'Other', now(), now())`,
    )
    await refusedBy(/has a mirror already, of another team \(Other, team-other\)/, exitCodes.configuration)
  })

  test('with another export of the same team is refused: it may be the one that was exported', async () => {
    await importInto(target.pool, text)
    const source = await createTestDatabase({ template })
    text = await exportText(source.pool)
    await source.drop()
    await refusedBy(/of the same team, perhaps the one that was exported/, exitCodes.configuration)
  })

  test('with nothing but a suppressed number is refused, because that choice would be lost', async () => {
    await target.pool.query(`insert into allo.suppressed_numbers values ('of a number', now())`)
    await refusedBy(/the database is not empty: rows in suppressed_numbers;/, exitCodes.configuration)
  })

  test('that a worker uses is refused, and named', async () => {
    const worker = openPool(target.url, { max: 1, name: 'worker' })
    const client = await worker.connect()
    await refusedBy(
      /another process uses the database \(allo-queue-mirror worker, process \d+/,
      exitCodes.tryAgain,
    )
    client.release()
    await worker.end()
  })

  test('whose tables another session locks is refused, and the session is named', async () => {
    const client = await target.pool.connect()
    await client.query('begin; lock table allo.dials in share mode')
    await refusedBy(/process \d+ of login \w+ holds a lock/, exitCodes.tryAgain)
    await client.query('rollback')
    client.release()
  })
  test('of which another session changes a sequence is refused, and the session is named', async () => {
    const client = await target.pool.connect()
    await client.query('begin; alter sequence allo.dials_dial_id_seq cache 1')
    await refusedBy(/process \d+ of login \w+ holds a lock/, exitCodes.tryAgain)
    await client.query('rollback')
    client.release()
  })

  test('in which a deadlock ends the import is as it was, because the file can be consumed once', async () => {
    await target.pool.query(
      `create table public.of_a_customer ();
       create function public.copy_for_customer() returns trigger language plpgsql as
         'begin lock table public.of_a_customer in share mode; return new; end';
       create trigger of_a_customer before insert on allo.dials for each row execute function public.copy_for_customer()`,
    )
    const other = await target.pool.connect()
    // The import is the one that detects the deadlock.
    await other.query(`set deadlock_timeout = '1h'; begin; lock table public.of_a_customer`)
    const before = await rowsOf(target.pool)
    const { header, parts } = await readExport(Readable.from([Buffer.from(text)]))
    let reading: Promise<unknown> | undefined
    const partsBesideAReader = async function* () {
      for await (const part of parts) {
        reading ??= other.query('select from allo.dials')
        if (part.kind === 'begin' && part.table === 'dials') await untilWaiting()
        yield part
      }
    }
    const untilWaiting = () =>
      until('the other session waits for the import', async () => {
        const { rowCount } = await target.pool.query(
          `select from pg_locks where not granted and relation = 'allo.dials'::regclass`,
        )
        return rowCount === 1
      })
    await expect(
      importMirror({ header, parts: partsBesideAReader() }, { pool: target.pool }),
    ).rejects.toThrow(LockedError)
    await reading
    await other.query('rollback')
    other.release(true)
    expect(await rowsOf(target.pool)).toEqual(before)
    await target.pool.query(
      'drop trigger of_a_customer on allo.dials; drop function public.copy_for_customer; drop table public.of_a_customer',
    )
  })
})
