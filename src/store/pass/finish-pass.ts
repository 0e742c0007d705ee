/**
 * `finishPass` closes a pass in one transaction: it records the outcome, and decides which queues become unknown or
 * end. Throws PassClosedError if the pass is closed already, so it has effect once. pass/finish.ts calls it.
 *
 *   current ──holder seen without it, pass finished──▶ unknown ──a later pass read everyone, no one holds it──▶ ended
 *      ▲                                                  │            (dated back to that first observation)
 *      └─────────────── seen with any teammate ───────────┘
 *
 * The rule by which a queue ends. One wrong answer must not end a queue, and a queue can be reassigned during a pass to
 * a teammate who was read before. So it takes two passes:
 *
 *   1. A reading saw the holder without the queue (`missing_since`).
 *   2. A pass that finished after that reading made the queue unknown (`unknown_since`, later than `missing_since`).
 *   3. Another pass began after `unknown_since`, read the holder and everyone else, and none of them holds the queue.
 *
 * A pass that overlaps with another, or was abandoned, contributes step 1 at most: its readings count, its end does
 * not. Neither does that of a pass that a look requested: it can come seconds before the next pass, and both could get
 * the same wrong answer. It makes the queue unknown, without `unknown_since`. Which teammates a pass read is taken from its own readings, all of which began after the pass.
 *
 * A queue does not end yet because of:
 *   - a teammate who can't be read, or is listed without a usable id: for three passes at most. A pass that was stopped, or
 *     got no answer at all, does not count as one of the three;
 *   - a teammate left out by configuration: as long as that lasts;
 *   - two or more missing queues in a pass that found no queue at all: then the API probably answers "no queue" for every
 *     teammate.
 *
 * If the API does not know a teammate in two passes, their queues do not end: they can't be observed (unobservable.ts).
 */
import { and, eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import { type Client, DatabaseError, inTransaction, type Pool } from '../postgres/database.ts'
import { lock, queueLock, teammateLock } from '../postgres/locks.ts'
import { columns, orm } from '../postgres/query.ts'
import { PassClosedError } from '../reading/reading.ts'
import { queues, syncPasses, teammates } from '../schema.ts'
import { closeHistoryOfEnded } from './close-history.ts'
import {
  type ClosedPass,
  countHeldBack,
  countNotRead,
  isEveryQueueMissing,
  makeMissingUnknown,
  makeUnfoundUnknown,
  queuesStillMissing,
  recordEnd,
} from './end-queues.ts'
import { closeUnobservable } from './unobservable.ts'

const t = alias(teammates, 't')
const q = alias(queues, 'q')

const MAX_HELD_BACK_PASSES = 3

/** The error code of a pass that read everyone on record, while a teammate on the lists could not be asked. */
export const INCOMPLETE_TEAM = 'incomplete_team'

export interface PassOutcome {
  readonly passId: string
  readonly teamId: string
  readonly status: 'ok' | 'partial' | 'failed'
  readonly teammates: number
  readonly requests: number
  readonly throttled: number
  readonly errorCode: string | null
  readonly errorMessage: string | null
  readonly errorRequestId: string | null
}

/** Ids of the queues that ended with this pass, and of those that are unknown after it. */
export interface Conclusions {
  readonly ended: readonly string[]
  readonly unknown: readonly string[]
}

/**
 * If Postgres refuses the rows that end a queue, the pass is closed without ending any queue, and the error is thrown.
 * Otherwise this pass, and each later one, would stay `running`.
 */
export async function finishPass(pool: Pool, outcome: PassOutcome): Promise<Conclusions> {
  try {
    return await concludePass(pool, outcome)
  } catch (error) {
    if (!(error instanceof DatabaseError) || !error.isAboutData) throw error
    const status = outcome.status === 'ok' ? 'partial' : outcome.status
    const reason = { errorCode: 'database_refused', errorMessage: error.message, errorRequestId: null }
    await inTransaction(pool, `closing pass ${outcome.passId}`, (client) =>
      closePass(client, { ...outcome, status, ...reason }),
    )
    throw error
  }
}

function concludePass(pool: Pool, outcome: PassOutcome): Promise<Conclusions> {
  return inTransaction(pool, `finishing pass ${outcome.passId}`, async (client) => {
    const pass = await closePass(client, outcome)
    await lockUnsettled(client, pass.teamId)
    const ended = hasAskedEveryone(pass, outcome) ? await endQueues(client, pass, outcome) : []
    await closeUnobservable(client, pass)
    const unknown = [
      ...(await makeMissingUnknown(client, pass)),
      ...(await makeUnfoundUnknown(client, pass.teamId)),
    ]
    return { ended, unknown: idsOf(unknown) }
  })
}

/** A pass that was stopped, or got no answer at all, ends no queue and does not count as one of the three. */
function hasAskedEveryone(pass: ClosedPass, { status, errorCode }: PassOutcome): boolean {
  return pass.isWholeTeam && status !== 'failed' && (errorCode === null || errorCode === INCOMPLETE_TEAM)
}

/** Step 3 of the rule. */
async function endQueues(client: Client, pass: ClosedPass, outcome: PassOutcome): Promise<string[]> {
  const notRead = await countNotRead(client, pass)
  if (notRead.leftOut > 0) return []
  if (await isEveryQueueMissing(client, pass)) return []

  const missing = await queuesStillMissing(client, pass)
  const isHeldBack = notRead.all > 0 || outcome.errorCode === INCOMPLETE_TEAM
  if (isHeldBack) await countHeldBack(client, idsOf(missing))

  const ending = missing.filter((queue) => !isHeldBack || queue.heldBackPasses >= MAX_HELD_BACK_PASSES)
  await recordEnd(client, idsOf(ending))
  await closeHistoryOfEnded(client, idsOf(ending))
  return idsOf(ending)
}

function idsOf(rows: readonly { readonly queueId: string }[]): string[] {
  return rows.map(({ queueId }) => queueId)
}

async function closePass(client: Client, outcome: PassOutcome): Promise<ClosedPass> {
  const { passId, teamId, ...rest } = outcome
  const [pass] = await orm(client)
    .update(syncPasses)
    .set({
      ...rest,
      finishedAt: sql`clock_timestamp()`,
      // Waits were added while the pass was running.
      throttledMs: sql`coalesce(${syncPasses.throttledMs}, 0)`,
    })
    .where(and(eq(syncPasses.passId, passId), eq(syncPasses.status, 'running')))
    .returning(columns(syncPasses, 'startedAt', 'isWholeTeam', 'trigger'))
  if (pass === undefined) throw new PassClosedError(`pass ${passId} was closed before it could finish`)
  return { passId, teamId, ...pass }
}

/**
 * The same locks as readings take, in the same order, so that a running reading of such a teammate or queue ends first.
 */
async function lockUnsettled(client: Client, teamId: string): Promise<void> {
  await lock(
    client,
    sql`select ${teammateLock(t.userId)} from ${teammates} ${t}
        where ${t.teamId} = ${teamId} and ${t.missingSince} is not null order by name`,
  )
  await lock(
    client,
    sql`select ${queueLock(q.queueId)} from ${queues} ${q} left join ${teammates} ${t} on ${t.userId} = ${q.userId}
        where ${q.teamId} = ${teamId} and ${q.endedAt} is null
          and (${q.missingSince} is not null or ${t.missingSince} is not null)
        order by name`,
  )
}
