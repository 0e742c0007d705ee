/** `/readyz`: what the worker depends on, each asked by itself, for what the work needs, and for two seconds at most. */

import { z } from 'zod'
import { messageOf } from '../errors.ts'
import { amount, type Output } from '../json-output.ts'
import { inspectSchema } from '../store/migrate/migrate.ts'
import { credentialsVerdict } from '../store/queries/credentials.ts'
import { within } from '../waiting.ts'
import { backendNames } from '../worker/job-backend.ts'
import type { WorkerState } from '../worker/worker-state.ts'

const checkSchema = z.object({
  ok: z.boolean(),
  detail: z
    .string()
    .describe('A sentence for people; ready or not ready without the password, if HTTP_OPEN_PROBES is set.'),
  ms: amount.describe('How long it took to find out, in milliseconds.'),
})

type Check = Output<typeof checkSchema>

/** By what the worker depends on. */
const readinessSchema = z.object({
  postgres: checkSchema,
  migrations: checkSchema,
  jobs: checkSchema,
  credentials: checkSchema,
})

export type Readiness = Output<typeof readinessSchema>

export const readyzSchema = z.object({ ready: z.boolean(), checks: readinessSchema })

const DEADLINE_MS = 2000

export async function readinessOf(state: WorkerState, keyFingerprint: string): Promise<Readiness> {
  const { database, worker } = state
  const { waitingFor, waitingBecause } = state
  const waiting = async () =>
    fail(`waiting for ${waitingFor}${waitingBecause === null ? '' : `: ${waitingBecause}`}`)
  const pool = database?.pool
  const [postgres, migrations, jobs, credentials] = await Promise.all([
    check(async () => {
      if (database === null) return waiting()
      await database.probe.ask()
      return 'can be written'
    }),
    check(async () => {
      if (pool === undefined) return waiting()
      const { state, says } = await inspectSchema(pool)
      // In a rolling update an old process sees a newer database. What it uses still exists.
      if (state === 'current' || state === 'ahead')
        return state === 'ahead' ? 'newer than this process' : 'current'
      return fail(says)
    }),
    check(async () => {
      if (worker === null) return waiting()
      await worker.jobs.ping()
      return `kept in ${backendNames[worker.jobs.kind]}`
    }),
    check(async () => {
      if (pool === undefined || worker === null) return waiting()
      // The last of what this process and what any process found: someone else may have met the new key first.
      const recorded = await credentialsVerdict(pool, keyFingerprint)
      const own = worker.credentials.verdict
      const isOwnNewer = own !== null && own.at.getTime() > Date.parse(recorded?.at ?? '1970-01-01')
      const verdict = isOwnNewer ? own : recorded
      if (verdict === null) return 'not tried yet'
      return verdict.isRefused ? fail(verdict.reason ?? 'refused') : 'accepted'
    }),
  ])
  return { postgres, migrations, jobs, credentials }
}

/** For those who may ask whether the worker is ready, and not why it is not. */
export function withoutDetails(readiness: Readiness): Readiness {
  const short = ({ ok, ms }: Check): Check => ({ ok, detail: ok ? 'ready' : 'not ready', ms })
  const { postgres, migrations, jobs, credentials } = readiness
  return {
    postgres: short(postgres),
    migrations: short(migrations),
    jobs: short(jobs),
    credentials: short(credentials),
  }
}

async function check(ask: () => Promise<string>): Promise<Check> {
  const startedAt = performance.now()
  const took = () => Math.round(performance.now() - startedAt)
  try {
    return { ok: true, detail: await within(DEADLINE_MS, ask()), ms: took() }
  } catch (error) {
    return { ok: false, detail: messageOf(error), ms: took() }
  }
}

function fail(why: string): never {
  throw new Error(why)
}
