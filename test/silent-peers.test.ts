/** Peers that fall silent without closing their connections. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inTransaction, openPool } from '../src/store/database.ts'
import { type BlackHole, startBlackHole } from './support/black-hole.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase
let hole: BlackHole

beforeAll(async () => {
  database = await createTestDatabase()
  hole = await startBlackHole(database.url)
})
afterAll(async () => {
  await hole.close()
  await database.drop()
})

describe('a connection to Postgres that falls silent', { timeout: 120_000, concurrent: true }, () => {
  it('fails what waits on it, lets its locks go, and makes room for new ones, while a long statement goes on', async () => {
    const direct = openPool(database.url, { max: 1, name: 'long' })
    const pool = openPool(hole.url, { max: 3, name: 'silent' })
    await database.pool.query('create table held (id int primary key); insert into held values (1)')
    const long = direct.query('select 1 as done from pg_sleep(30)')
    // One that listens waits for no answer: it is asked for a sign of life.
    const listener = await pool.connect()
    const lost = new Promise<Error>((resolve) => listener.once('error', resolve))
    await listener.query('listen something')

    const gone = inTransaction(pool, 'holding a row', async (client) => {
      await client.query('select from held for update')
      hole.fallSilent()
      await client.query('select 1')
    })
    await expect(gone).rejects.toMatchObject({ code: 'ETIMEDOUT', retryable: true })
    hole.comeBack()
    // Its row is free again, and a new connection works.
    await pool.query(`set lock_timeout = '60s'; select from held for update`)
    expect(await lost).toMatchObject({ code: 'ETIMEDOUT' })
    listener.release(true)
    expect(hole.deadConnections()).toBe(0)

    // Closing waits for nothing that is silent.
    const stuck = await pool.connect()
    hole.fallSilent()
    const unanswered = expect(stuck.query('select 1')).rejects.toThrow()
    const from = performance.now()
    const ended = pool.end()
    await unanswered
    stuck.release(true)
    await ended
    expect(performance.now() - from).toBeLessThan(8_000)

    expect((await long).rows).toEqual([{ done: 1 }])
    await direct.end()
  })

  it('answers statements in order while it is asked for signs of life', async () => {
    const pool = openPool(database.url, { max: 1, name: 'alive' })
    const client = await pool.connect()
    const until = performance.now() + 26_000
    let expected = 0
    // Statements that begin about when signs of life are asked for.
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 9_990))
      for (let turn = 0; turn < 800; turn++) {
        const { rows } = await client.query<{ n: number }>('select $1::int as n', [++expected])
        expect(rows).toEqual([{ n: expected }])
      }
    }
    client.release()
    await pool.end()
  })
})
