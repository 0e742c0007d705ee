/**
 * Readings of a simulated team without HTTP, so that only saving is measured. Pages are converted to JSON and parsed,
 * and the proof of membership is the real one.
 */
import { parseQueueAnswer } from '../src/allo/parse-queue.ts'
import type { AlloClient, QueueNumber } from '../src/allo/types.ts'
import { answerQueuePage } from '../src/simulation/answers.ts'
import type { World } from '../src/simulation/world.ts'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import type { QueueSnapshot } from '../src/snapshot/snapshot.ts'
import { takeSnapshot } from '../src/snapshot/take-snapshot.ts'
import { startPass } from '../src/store/pass/passes.ts'
import { recordTeam, recordTeammates } from '../src/store/pass/teammates.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { recordNumberKey } from '../src/store/queries/settings.ts'
import { concealSuppressed, databaseClock, knownQueue } from '../src/store/reading/read-store.ts'
import type { Reading, SavedReading } from '../src/store/reading/reading.ts'
import { saveReading } from '../src/store/reading/save-reading.ts'

export type QueueReading = Reading & { readonly result: QueueSnapshot }

/** Of all teams in a database of the bench, in hex. */
export const NUMBER_KEY = '5eed'.repeat(16)

const numberKeys = createNumberKeys(Buffer.from(NUMBER_KEY, 'hex'))

export interface Source {
  /** A reading of this teammate in the present state of the world, in its own pass, ready to be saved. */
  read(userId: string): Promise<QueueReading>
}

export async function openSource(world: World, pool: Pool): Promise<Source> {
  const { id: teamId, name } = world.team
  await recordNumberKey(pool, numberKeys.fingerprint)
  await recordTeam(pool, { teamId, name }, 'bench')
  await recordTeammates(
    pool,
    teamId,
    world.teammates().map(({ id, image_url, ...same }) => ({
      ...same,
      userId: id,
      imageUrl: image_url,
      extra: null,
    })),
  )
  const sources = {
    allo: clientOf(world),
    clock: () => databaseClock(pool),
    knownQueue: (queueId: string) => knownQueue(pool, queueId),
    conceal: (numbers: readonly QueueNumber[]) => concealSuppressed(pool, numberKeys, numbers),
  }
  return {
    async read(userId) {
      const passId = await startPass(pool, { teamId, trigger: 'manual', isWholeTeam: true, version: 'bench' })
      const result = await takeSnapshot(sources, userId)
      if (result.kind !== 'queue') throw new Error(`${userId} was read as ${result.kind}`)
      return { passId, teamId, userId, result, effort: { requests: 0, throttled: 0, durationMs: 0 } }
    },
  }
}

/** Throws if the reading was skipped, because that would take no time. */
export async function save(pool: Pool, reading: Reading): Promise<SavedReading> {
  const saved = await saveReading(pool, reading, numberKeys)
  if (saved.status !== 'ok') throw new Error(`saved as ${saved.status}: ${saved.errorMessage}`)
  return saved
}

function clientOf(world: World): AlloClient {
  const onSurprise = ({ where, what }: { where: string; what: string }) => {
    throw new Error(`the simulation surprised us: ${where}: ${what}`)
  }
  const client: AlloClient = {
    counts: { requests: 0, throttled: 0, exchangeMs: 0, bytes: 0 },
    me: () => Promise.reject(new Error('not used')),
    listTeammates: () => Promise.reject(new Error('not used')),
    async readQueuePage(userId, page) {
      const { body } = answerQueuePage(world, { userId, email: null, page, size: 100 }, 'naive')
      const context = { asked: userId, requestId: null, naiveTimeZone: 'UTC', onSurprise }
      return parseQueueAnswer(JSON.parse(JSON.stringify(body)), page, context)
    },
    readCall: () => Promise.reject(new Error('not used')),
    counted: () => client,
    once: () => client,
    close: async () => undefined,
  }
  return client
}
