/** `runPass` of the library, against the simulated Allo of the library. */
import { inspect } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PassOptions, runPass } from '../src/library/index.ts'
import { urlOfPool } from '../src/library/pool-url.ts'
import { type Simulation, startSimulation } from '../src/simulation/index.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { until } from './support/worker.ts'

let database: TestDatabase
let simulation: Simulation
let options: PassOptions
beforeAll(async () => {
  database = await createTestDatabase({ empty: true })
  simulation = await startSimulation({ teammates: 2, numbersPerQueue: 30, readsPerSecond: null })
  options = {
    apiKey: simulation.apiKey,
    baseUrl: simulation.url,
    readsPerSecond: 'unlimited',
    pool: new pg.Pool({ connectionString: database.url }),
    settings: { ROLE_PREFIX: 'none' },
  }
})
afterAll(async () => {
  await simulation.close()
  await database.drop()
})

describe('runPass', () => {
  test('without migrations rejects, and writes nothing', async () => {
    await expect(runPass({ ...options, migrate: false })).rejects.toMatchObject({ code: 'schema_version' })
    const { rows } = await database.pool.query(`select to_regnamespace('allo') as schema`)
    expect(rows).toEqual([{ schema: null }])
  })

  test('migrates, reads every teammate and resolves with the object of sync --json', async () => {
    const result = await runPass(options)
    expect(result).toMatchObject({
      status: 'ok',
      teammates: 2,
      queues: 2,
      added: 60,
      failures: [],
      error: null,
    })
    const { rows } = await database.pool.query(
      'select count(*)::int as numbers from reporting.current_numbers',
    )
    expect(rows).toEqual([{ numbers: 60 }])
  })

  test('leaves the pool of the caller alone', () => {
    const { pool } = options
    expect(pool).toMatchObject({ totalCount: 0, ended: false })
  })

  test('in a dry run says what it would save', async () => {
    simulation.apply({ type: 'append', userId: simulation.teammates()[0]?.id ?? '', count: 3 })
    expect(await runPass({ ...options, dryRun: true })).toMatchObject({ pass_id: null, added: 3 })
    expect(await runPass(options)).toMatchObject({ added: 3 })
  })

  test('is partial when a teammate could not be read, and names them', async () => {
    const userId = simulation.teammates()[1]?.id ?? ''
    const fault = simulation.addFault({ kind: 'wrong_owner', userId })
    const result = await runPass(options)
    fault.remove()
    expect(result).toMatchObject({
      status: 'partial',
      failures: [{ user_id: userId, code: 'wrong_owner' }],
    })
  })

  test('rejects when the pass stops, without the key', async () => {
    const failure: unknown = await runPass({ ...options, apiKey: 'ak_live_not_the_right_one' }).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ name: 'MirrorFailure', code: 'API_KEY_INVALID' })
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('not_the_right_one')
  })

  test('rejects a database that can not be reached, without its password', async () => {
    const pool = new pg.Pool({ connectionString: 'postgresql://reader:0123456789abcdef@127.0.0.1:1/nowhere' })
    const failure: unknown = await runPass({ ...options, pool }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'MirrorFailure', code: 'database' })
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('0123456789abcdef')
  })

  test('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough')
    await expect(runPass({ ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const stop = new AbortController()
    const fault = simulation.addFault({ kind: 'no_answer', endpoint: 'queue' })
    const pass = runPass({ ...options, signal: stop.signal })
    await until('a queue is asked for', () => fault.injected() > 0)
    stop.abort(reason)
    await expect(pass).rejects.toBe(reason)
    fault.remove()
    expect(await runPass(options)).toMatchObject({ status: 'ok' })
  })
})

describe('the address of a pool', () => {
  const urlOf = (settings: pg.PoolConfig) => urlOfPool(new pg.Pool(settings))

  test('is its connection string, or what its settings say', () => {
    expect(urlOf({ connectionString: 'postgresql://a:b@db/c' })).toBe('postgresql://a:b@db/c')
    expect(urlOf({ host: 'db', port: 5433, user: 'a@b', password: 'c/d', database: 'e' })).toBe(
      'postgresql://a%40b:c%2Fd@db:5433/e',
    )
    expect(urlOf({ host: '/run/postgresql', database: 'e' })).toBe('postgresql://%2Frun%2Fpostgresql/e')
    expect(urlOf({ host: '::1' })).toBe('postgresql://[::1]/')
  })

  test('never asks for less than the TLS of the pool', () => {
    const connectionString = 'postgresql://a:b@db/c'
    expect(urlOf({ connectionString, ssl: true })).toBe(`${connectionString}?sslmode=verify-full`)
    expect(urlOf({ host: 'db', ssl: true })).toBe('postgresql://db/?sslmode=verify-full')
    expect(() => urlOf({ connectionString, ssl: { ca: 'own' } })).toThrow('TLS settings')
  })

  test('is refused where a connection string can not say the same', () => {
    expect(() => urlOf({ password: async () => 'secret' })).toThrow('a password that is a function')
    expect(() => urlOf({ connectionString: 'postgresql://a:b@db/c', host: 'other' })).toThrow(
      'other settings of its address',
    )
  })
})
