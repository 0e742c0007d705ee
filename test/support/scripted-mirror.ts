/** A mirror of one teammate's queue, whose rows the test writes: at the top of a test file. */
import { afterAll, beforeAll } from 'vitest'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { type Mirror, openMirror } from './mirror.ts'
import { type ScriptedAllo, startScriptedAllo } from './scripted-allo.ts'

export interface ScriptedMirror {
  readonly database: TestDatabase
  /** Mirrors a queue of these rows, and returns what the pass reported of it. */
  read(queueId: string, numbers: readonly object[]): Promise<object | undefined>
}

const userId = 'usr_1'

export function useScriptedMirror(): () => ScriptedMirror {
  let database: TestDatabase | undefined
  let allo: ScriptedAllo | undefined
  let mirror: Mirror | undefined
  beforeAll(async () => {
    database = await createTestDatabase()
    allo = await startScriptedAllo()
    allo.users = [{ id: userId, name: 'Kim' }]
    mirror = await openMirror({ simulated: allo, databaseUrl: database.url, apiKey: 'ak_live_of_one_queue' })
  })
  afterAll(async () => {
    await mirror?.close()
    await allo?.close()
    await database?.drop()
  })
  return () => {
    if (!database || !allo || !mirror) throw new Error('a scripted mirror is used within a test')
    const { queues } = allo
    const { pass } = mirror
    return {
      database,
      async read(id, numbers) {
        queues.set(userId, { id, numbers })
        return (await pass()).readings[0]
      },
    }
  }
}
