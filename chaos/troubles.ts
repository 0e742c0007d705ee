/** Faults around the workers, drawn from a seed: usually one at a time, sometimes all. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultKind, Faults } from '../src/simulation/faults.ts'
import type { Random } from '../src/simulation/random.ts'
import type { PrivatePostgres } from '../test/support/private-postgres.ts'
import type { TestRedis } from '../test/support/redis.ts'

export interface Victims {
  readonly postgres: PrivatePostgres
  /** Null: the jobs are in Postgres. */
  readonly redis: TestRedis | null
  readonly faults: Faults
  /** One of the workers, at random. */
  signalOne(signal: NodeJS.Signals): void
  signalAll(signal: NodeJS.Signals): void
  /** Waits until no protected process uses Postgres, and keeps them away meanwhile. */
  withoutPostgres(work: () => Promise<void>): Promise<void>
}

type Trouble = (victims: Victims, random: Random) => Promise<void>

const for1To = (seconds: number, random: Random) => sleep(random.int(300, seconds * 1000))

const postgresGone: Trouble = ({ postgres, withoutPostgres }, random) =>
  withoutPostgres(async () => {
    await postgres.halt()
    await for1To(3, random)
    await postgres.start()
  })

const redisGone =
  (withData: boolean): Trouble =>
  async ({ redis }, random) => {
    await redis?.server?.halt()
    await for1To(3, random)
    await redis?.server?.start({ withData })
  }

const apiAnswers =
  (kind: FaultKind): Trouble =>
  async ({ faults }, random) => {
    const fault = faults.add(kind)
    await for1To(4, random)
    fault.remove()
  }

const onRedisOnly = {
  'Redis restarted with its data': { weight: 1, make: redisGone(true) },
  'Redis restarted without its data': { weight: 1, make: redisGone(false) },
  FLUSHALL: { weight: 1.5, make: async ({ redis }) => redis?.flush() },
} satisfies Troubles

const onBoth = {
  SIGKILL: { weight: 4, make: async ({ signalOne }) => signalOne('SIGKILL') },
  SIGTERM: { weight: 3, make: async ({ signalOne }) => signalOne('SIGTERM') },
  'SIGKILL of all': { weight: 0.5, make: async ({ signalAll }) => signalAll('SIGKILL') },
  'SIGTERM of all': { weight: 0.5, make: async ({ signalAll }) => signalAll('SIGTERM') },
  'Postgres restarted': { weight: 1.5, make: postgresGone },
  'Allo down': { weight: 1, make: apiAnswers('connection_reset') },
  'Allo says 429': { weight: 1, make: apiAnswers('rate_limited') },
  'Allo says 500': { weight: 1, make: apiAnswers('server_error') },
  'all at once': {
    weight: 0.4,
    make: async (victims, random) => {
      victims.signalAll('SIGKILL')
      await Promise.all(
        [postgresGone, redisGone(random.chance(0.5)), apiAnswers('connection_reset')].map((make) =>
          make(victims, random),
        ),
      )
    },
  },
} satisfies Troubles

type Troubles = Record<string, { readonly weight: number; readonly make: Trouble }>

/** Causes one fault, waits until it is over, and returns its name. */
export async function makeTrouble(victims: Victims, random: Random): Promise<string> {
  const possible: Troubles = victims.redis === null ? onBoth : { ...onBoth, ...onRedisOnly }
  const { name, make } = random.pickWeighted(
    Object.entries(possible).map(([name, trouble]) => ({ name, ...trouble })),
  )
  await make(victims, random)
  return name
}
