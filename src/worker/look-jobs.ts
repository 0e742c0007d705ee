/**
 * The jobs of looks, in a queue of their own. All processes share them:
 *
 *   plan      every five seconds, by a schedule in the job backend: plans the looks of the next five seconds
 *   looks     makes a few planned looks, each at its time
 *   reading   reads one teammate at once, because a look was unexpected
 *
 * No job is worth a retry: what was not looked at is due again. A job that a killed worker left is taken up by another
 * one, which drops the looks that have been planned again since.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'bullmq'
import pLimit from 'p-limit'
import type { MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import { lookAtTeammate } from '../live/look-at-teammate.ts'
import { readAtOnce } from '../live/read-at-once.ts'
import { concernOf } from '../pass/failure.ts'
import {
  delayLooks,
  forgetOldLooks,
  type LookBudget,
  type PlannedLook,
  planLookNow,
  planLooks,
  recordUnexpected,
} from '../store/look/plan-looks.ts'
import type { WorkerContext } from './context.ts'
import type { JobData, JobQueue } from './jobs.ts'

export const PLAN_EVERY_MS = 5000
/** Looks of one job that wait for Allo at the same time. */
const AT_ONCE = 4
/** Looks of one job; the rest goes to other jobs, so that other processes can take them. */
const LOOKS_PER_JOB = 8
/** For its turn and its answer together. Then the next look is due. */
const LOOK_DEADLINE_MS = 10_000
/** After a look without an answer, and after one that no teammate's look will get. */
const DELAY_MS = { teammate: 5000, pass: 60_000 }

export interface LookSettings {
  /** Requests per second for looks; null: unlimited. */
  readonly looksPerSecond: () => number | null
}

/** A look or a reading for a reason that this process learned of. */
export interface LookRequests {
  /**
   * Looks at the teammate now. `rank`: at the page with that place in the order of their queue; null: where dialling
   * stands. A no-op if the share of looks is spent.
   */
  lookNow(userId: string, rank: number | null): Promise<void>
  /** Reads the teammate now, unless a running pass is about to. */
  readNow(teamId: string, userId: string, reason: string): Promise<void>
}

export function createLookRequests(context: WorkerContext, queue: JobQueue, settings: LookSettings): LookRequests {
  return {
    async lookNow(userId, rank) {
      const planned = await planLookNow(context.pool, budgetOf(context, settings), userId)
      if (planned !== null) await addLooks(queue, planned.teamId, [{ ...planned, rank }])
    },
    readNow: (teamId, userId, reason) => requestReading(context, queue, { teamId, userId, reason }),
  }
}

export function runLookJob(
  context: WorkerContext,
  queue: JobQueue,
  settings: LookSettings,
  job: Job<JobData>,
  signal: AbortSignal,
): Promise<void> {
  if (job.name === 'plan') return runPlan(context, queue, settings)
  if (job.name === 'looks') return runLooks(context, queue, settings, job, signal)
  return runReadingAtOnce(context, queue, settings, job, signal)
}

async function runPlan(context: WorkerContext, queue: JobQueue, settings: LookSettings): Promise<void> {
  const { pool, metrics } = context
  const { teamId, looks, heldBackBy } = await planLooks(pool, budgetOf(context, settings), PLAN_EVERY_MS)
  metrics.count({ type: 'planned', heldBackBy })
  if (teamId === null) return
  await addLooks(queue, teamId, looks)
  await forgetOldLooks(pool)
}
