/**
 * Drizzle on our own connections: values in both directions, and that names in statements are those of the database.
 */
import { eq, is, sql } from 'drizzle-orm'
import { alias, getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inTransaction, openPool, withDatabaseErrors } from '../src/store/postgres/database.ts'
import {
  anyOf,
  array,
  assign,
  change,
  type Fields,
  fields,
  insertion,
  maybeOne,
  name,
  names,
  one,
  orm,
  run,
} from '../src/store/postgres/query.ts'
import * as schema from '../src/store/schema.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

const { queueEntries, syncPasses, teams, teammates } = schema
const instant = '2026-04-30 10:00:00.123456+00'
const beyondDoubles = '9007199254740993'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

describe('the schema in the code', () => {
  it('names the tables and columns of the migrated database, and their types', async () => {
    const { rows } = await database.pool.query<{ column: string }>(
      `select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ||
         case when a.attnotnull then ' not null' else '' end as column
       from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
       where c.relnamespace = 'allo'::regnamespace and c.relkind = 'r' and c.relname not like '%migrations'
         and a.attnum > 0 and not a.attisdropped`,
    )
    const inCode = Object.values(schema)
      .filter((value) => is(value, PgTable))
      .flatMap((table) => {
        const config = getTableConfig(table)
        const keys = new Set(
          config.primaryKeys.flatMap(({ columns }) => columns.map((column) => column.name)),
        )
        return config.columns.map((column) => {
          const isNotNull = column.notNull || column.primary || keys.has(column.name)
          return `${config.name}.${column.name} ${column.getSQLType()}${isNotNull ? ' not null' : ''}`
        })
      })
    expect(inCode.sort()).toEqual(rows.map(({ column }) => column).sort())
  })
})

describe('values', () => {
  it('keep microseconds and 64 bits, in a template and in a query of drizzle', async () => {
    await rolledBack(async (client) => {
      const row = {
        entryId: beyondDoubles,
        queueId: 'q1',
        numberTo: "+1' or true --",
        sourceCreatedAt: null,
        firstSeenAt: instant,
        outcome: 'remaining',
      }
      await change(client, sql`insert into ${queueEntries} ${insertion(queueEntries, row)}`)
      const e = alias(queueEntries, 'e')
      type Row = Fields<typeof queueEntries, 'entryId' | 'numberTo' | 'sourceCreatedAt' | 'firstSeenAt'>
      const template = sql`select ${fields(e, 'entryId', 'numberTo', 'sourceCreatedAt', 'firstSeenAt')}
        from ${queueEntries} ${e} where ${e.entryId} ${anyOf([beyondDoubles])} and ${e.queueId} = ${'q1'}`
      const { entryId, numberTo, sourceCreatedAt, firstSeenAt } = queueEntries
      const query = orm(client)
        .select({ entryId, numberTo, sourceCreatedAt, firstSeenAt })
        .from(queueEntries)
        .where(eq(entryId, beyondDoubles))
      const expected = {
        entryId: beyondDoubles,
        numberTo: row.numberTo,
        sourceCreatedAt: null,
        firstSeenAt: instant,
      }
      expect(await one<Row>(client, template)).toEqual(expected)
      expect(await query).toEqual([expected])
    })
  })

  it('of type json are written as json, and null as null', async () => {
    await rolledBack(async (client) => {
      await client.query(
        `insert into allo.teams (team_id, first_seen_at, last_seen_at) values ('t', now(), now())`,
      )
      for (const extra of [{ a: ['"', null] }, null]) {
        await client.query('delete from allo.teammates')
        const row = {
          userId: 'u',
          teamId: 't',
          isListed: true,
          firstSeenAt: instant,
          lastSeenAt: instant,
          extra,
        }
        await change(client, sql`insert into ${teammates} ${insertion(teammates, row)}`)
        expect(
          await one(
            client,
            sql`select ${fields(teammates, 'extra')}, extra is null as "isNull" from ${teammates}`,
          ),
        ).toEqual({ extra, isNull: extra === null })
      }
    })
  })

  it('in a list are sent as one array', async () => {
    const rows = await run<{ id: string; at: string }>(
      database.pool,
      sql`select * from unnest(${array(['1', '2'])}::bigint[], ${array([instant, null])}::timestamptz[]) as t (id, at)`,
    )
    expect(rows).toEqual([
      { id: '1', at: instant },
      { id: '2', at: null },
    ])
  })
})

describe('statements', () => {
  it('name columns as their place requires, leave out undefined values, and count the rows they change', async () => {
    await rolledBack(async (client) => {
      await orm(client)
        .insert(teams)
        .values([
          { teamId: 'a', name: 'A', firstSeenAt: instant, lastSeenAt: instant },
          { teamId: 'b', name: 'B', firstSeenAt: instant, lastSeenAt: instant },
        ])
      const t = alias(teams, 't')
      const update = sql`update ${teams} ${t} set
        ${assign(teams, { name: sql`${t.name} || ${'!'}`, historyFrom: instant, lastSeenAt: undefined })}
        where ${t.teamId} ${anyOf(['a', 'b', 'c'])}`
      expect(await change(client, update)).toBe(2)
      const rows = await run(
        client,
        sql`with seen (${names(teams, 'teamId', 'name')}) as (select ${teams.teamId}, ${teams.name} from ${teams})
          select ${name(teams.name)} from seen order by 1`,
      )
      expect(rows).toEqual([{ name: 'A!' }, { name: 'B!' }])
    })
  })

  it('that must return one row throw if they return none or several', async () => {
    const none = sql`select 1 where false`
    const two = sql`select generate_series(1, 2)`
    expect(await maybeOne(database.pool, none)).toBeNull()
    await expect(one(database.pool, none)).rejects.toThrow('returned none')
    await expect(maybeOne(database.pool, two)).rejects.toThrow('2 rows')
  })
})

describe('errors', () => {
  const secret = '+4915112345678'

  it.each([
    ['a template', async () => run(database.pool, sql`select ${secret}::int`)],
    ['a query of drizzle', async () => orm(database.pool).execute(sql`select ${secret}::int`)],
  ])('of %s contain no values', async (_, ask) => {
    const error = await withDatabaseErrors<unknown>('asking', ask).catch((error: unknown) => error)
    expect(error).toMatchObject({
      name: 'DatabaseError',
      sqlState: '22003',
      message: expect.stringContaining('asking'),
    })
    expect(inspectAll(error)).not.toContain(secret)
  })

  it('that are not of Postgres contain no values either', async () => {
    const unsendable = {
      toPostgres() {
        throw new TypeError('not to be sent')
      },
    }
    const query = async () => orm(database.pool).execute(sql`select ${secret}::text, ${unsendable}::text`)
    const error = await withDatabaseErrors('asking', query).catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'TypeError', message: 'not to be sent' })
    expect(inspectAll(error)).not.toContain(secret)
  })

  it('about a read-only session end that session, also if a step of the transaction reports them', async () => {
    const pool = openPool(database.url, { max: 1, name: 'test' })
    const pidOf = () => one<{ pid: number }>(pool, sql`select pg_backend_pid() as pid`)
    try {
      const { pid } = await pidOf()
      const work = inTransaction(pool, 'trying', async (client) => {
        await client.query('set transaction read only')
        await withDatabaseErrors('a step', () => change(client, sql`delete from ${teams}`))
      })
      await expect(work).rejects.toMatchObject({ sqlState: '25006' })
      expect(await pidOf()).not.toEqual({ pid })
    } finally {
      await pool.end()
    }
  })

  it('roll the transaction back', async () => {
    const work = inTransaction(database.pool, 'trying', async (client) => {
      await orm(client).insert(teams).values({ teamId: secret, firstSeenAt: instant, lastSeenAt: instant })
      await orm(client).insert(syncPasses).values({
        teamId: secret,
        trigger: 'manual',
        isWholeTeam: true,
        status: secret,
        startedAt: instant,
        leaseExpiresAt: instant,
        version: '1',
      })
    })
    await expect(work).rejects.toThrow(
      'trying: data refused (code 23514, table sync_passes, constraint sync_passes_',
    )
    expect(await orm(database.pool).$count(teams)).toBe(0)
  })
})

function inspectAll(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack} ${JSON.stringify(error)} ${inspectAll(error.cause)}`
}

function rolledBack(work: Parameters<typeof inTransaction<void>>[2]): Promise<void> {
  return inTransaction(database.pool, 'testing', work, { rollback: true })
}
