/**
 * Saves what a look saw: fields of calls, and nothing else. One transaction, or nothing.
 *
 *   nothing differs ─▶ one row of allo.looks, no history
 *   rows differ ─────▶ current rows, versions, entries, dials and counts, by the code and under the locks of a reading
 *   the mirror is not as it was when the look began, or a pass is about to read the teammate ─▶ nothing (`dropped`)
 *   the look began before the mirror's last reading or look ended (a clock was set back) ─▶ nothing (`dropped`)
 *   a row is another number than the mirror holds at its position ─▶ nothing (`unexpected`)
 *
 * A look never adds, removes or moves a number, and never changes a queue, its holder or its end. It does not make the
 * membership fresh: `last_observed_at` stays.
 */
import { eq, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { QueueNumber } from '../../allo/types.ts'
import { exitCodes, MirrorError } from '../../errors.ts'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import { type Client, inTransaction, type Pool, withDatabaseErrors } from '../postgres/database.ts'
import {
  assign,
  change,
  excluded,
  insertion,
  maybeOne,
  type Named,
  name,
  one,
  orm,
  template,
} from '../postgres/query.ts'
import { withoutSuppressed } from '../reading/apply-queue.ts'
import { findState, lockTouched } from '../reading/reading-state.ts'
import { writeSlots } from '../reading/write-numbers.ts'
import { recordCounts } from '../reading/write-queue.ts'
import { looks, queues, teammates } from '../schema.ts'
import { isAboutToBeRead, type MirrorState } from './look-evidence.ts'

/** A look whose answer is the page that the mirror holds, up to fields of calls. */
export interface CountedLook {
  readonly teamId: string
  readonly userId: string
  readonly queueId: string
  /** On the database's clock, before the request. */
  readonly startedAt: string
  /** Of the mirror when the look began. */
  readonly state: MirrorState
  readonly firstPosition: number | null
  readonly lastPosition: number | null
  /** The rows that differ from the mirror, without suppressed phone numbers, and the same as COPY lines. */
  readonly differing: readonly QueueNumber[]
  readonly lines: readonly string[]
  readonly hasDials: boolean
}

export type SavedLook = 'unchanged' | 'changed' | 'dropped' | 'unexpected'

const q = alias(queues, 'q')
const t = alias(teammates, 't')
const l = alias(looks, 'l')

export async function saveLook(
  pool: Pool,
  look: CountedLook,
  numberKeys: NumberKeys | null,
): Promise<SavedLook> {
  if (look.lines.length === 0) {
    const counted = await withDatabaseErrors('recording a look', () =>
      change(pool, recordLook(valuesOf(look))),
    )
    return counted > 0 ? 'unchanged' : 'dropped'
  }
  try {
    return await inTransaction(pool, `saving a look at the queue of ${look.userId}`, (client) =>
      applyLook(client, look, numberKeys),
    )
  } catch (error) {
    if (error instanceof UnexpectedRowsError) return 'unexpected'
    throw error
  }
}

/** Rolls the transaction back. */
class UnexpectedRowsError extends MirrorError {
  readonly code = 'unexpected_rows'
  readonly exitCode = exitCodes.tryAgain
}

async function applyLook(
  client: Client,
  look: CountedLook,
  numberKeys: NumberKeys | null,
): Promise<SavedLook> {
  const { teamId, userId, queueId, startedAt, differing } = look
  await lockTouched(client, { userId, queueId })
  // Under the locks: so it is later than everything that was applied.
  const observedAt = (await one<{ now: string }>(client, sql`select clock_timestamp() as now`)).now
  const found = await findState(client, {
    passId: null,
    userId,
    queueId,
    readStartedAt: startedAt,
    observedAt,
  })
  const { queue, counts, isAssigned, overtakenBy } = found
  if (queue === null || counts === null || !isAssigned || queue.isCurrent !== true || queue.isClosed) {
    return 'dropped'
  }
  if (overtakenBy !== null) return 'dropped'
  // Something else changed rows of the queue: the next reading repairs them first.
  if (!queue.contentDigest.endsWith(` ${queue.rowsMark}`)) return 'dropped'
  // A number may have been suppressed since the request.
  if (withoutSuppressed(differing, found, numberKeys) !== differing) return 'dropped'
  const evidence = await maybeOne<Evidence>(client, evidenceBefore(valuesOf(look)))
  if (evidence === null) return 'dropped'
  const { changedAfter, numbers } = evidence
  const context = { teamId, userId, queueId, numberKeys, observedAt, changedAfter, lastSeenAt: null }
  const written = await writeSlots(client, { ...context, isReopened: false, needsRepair: false }, look)
  if (!written.isSameMembership) throw new UnexpectedRowsError('other numbers')
  const seen = { queueId, userId, observedAt, passId: null, numbers, apiTotalCount: numbers }
  await recordCounts(client, seen, { onRecord: counts, before: counts, difference: written.difference })
  await markQueue(client, queueId, observedAt)
  await change(client, recordAppliedLook({ ...valuesOf(look), lookedAt: observedAt }))
  return written.changed > 0 ? 'changed' : 'unchanged'
}

type Values = Omit<CountedLook, 'state' | 'differing' | 'lines' | 'hasDials'> &
  MirrorState & { readonly firstDiffering: number; readonly lastDiffering: number }

function valuesOf({ state, differing, lines: _, hasDials: __, ...look }: CountedLook): Values {
  const positions = differing.map(({ position }) => position)
  return {
    ...look,
    ...state,
    firstDiffering: Math.min(...positions, look.lastPosition ?? 0),
    lastDiffering: Math.max(...positions, look.firstPosition ?? 0),
  }
}

/** The rows of queue `q` and teammate `t`, if the look is evidence. */
function ifEvidence({
  teamId,
  userId,
  queueId,
  teammateObservedAt,
  queueObservedAt,
  lookAppliedAt,
}: Named<Values>): SQL {
  return sql`from ${queues} ${q} join ${teammates} ${t} on ${t.userId} = ${userId}
    where ${q.queueId} = ${queueId} and ${q.isCurrent} and ${q.missingSince} is null
      and ${t.lastObservedAt} = ${teammateObservedAt} and ${q.lastObservedAt} = ${queueObservedAt}
      and ${q.lastLookAppliedAt} is not distinct from ${lookAppliedAt}::timestamptz
      and not ${isAboutToBeRead(teamId, userId)}`
}

interface Evidence {
  /** Start of the last reading of the queue, or of the later look that covered these rows. */
  readonly changedAfter: string
  readonly numbers: number
}

/**
 * The last look is evidence about these rows only if it ended before this one began, and compared them with what the
 * mirror holds now. Its times do not show that: another look or reading may have seen the rows before it, in another
 * state, and been saved after it.
 */
const evidenceBefore = template<Values>((values) => {
  const { userId, queueId, startedAt, firstDiffering, lastDiffering } = values
  const lastLook = sql`(select ${l.lookStartedAt} from ${looks} ${l}
    where ${l.userId} = ${userId} and ${l.queueId} = ${queueId}
      and ${l.firstPosition} <= ${firstDiffering} and ${l.lastPosition} >= ${lastDiffering}
      and ${l.mirrorAsOf} = greatest(${q.lastObservedAt}, ${q.lastLookAppliedAt}) and ${l.lookedAt} <= ${startedAt})`
  return sql`select greatest(${q.lastReadStartedAt}, ${lastLook}) as "changedAfter", ${q.numbers} as numbers
    ${ifEvidence(values)}`
})

const recordLook = template<Values>((values) =>
  upsertLook(
    values,
    { lookedAt: sql`clock_timestamp()`, mirrorAsOf: mirrorAsOf(values) },
    ifEvidence(values),
  ),
)

const recordAppliedLook = template<Values & { lookedAt: string }>((values) =>
  upsertLook(values, { lookedAt: values.lookedAt, mirrorAsOf: values.lookedAt }, sql``),
)

/** Unique per queue, because the end of each reading and applied look is later than those before. */
function mirrorAsOf({ queueObservedAt, lookAppliedAt }: Named<Values>): SQL {
  return sql`greatest(${queueObservedAt}::timestamptz, ${lookAppliedAt}::timestamptz)`
}

/** Seconds without a look after which the moving average of the interval begins again. */
const PAUSE_SECONDS = 600

function upsertLook(
  values: Named<Values>,
  { lookedAt, mirrorAsOf }: { readonly lookedAt: SQL; readonly mirrorAsOf: SQL },
  onlyIf: SQL,
): SQL {
  const look = {
    teamId: sql`${values.teamId}::text`,
    queueId: sql`${values.queueId}::text`,
    lookStartedAt: sql`${values.startedAt}::timestamptz`,
    lookedAt: sql`${lookedAt}::timestamptz`,
    firstPosition: sql`${values.firstPosition}::int`,
    lastPosition: sql`${values.lastPosition}::int`,
    mirrorAsOf: sql`${mirrorAsOf}::timestamptz`,
  }
  const seconds = sql`extract(epoch from ${excluded(looks.lookedAt)} - ${l.lookedAt})`
  const intervalSeconds = sql`case when ${l.queueId} = ${excluded(looks.queueId)} and ${seconds} < ${sql.raw(`${PAUSE_SECONDS}`)}
    then coalesce(${l.intervalSeconds}, ${seconds}) * 0.8 + ${seconds} * 0.2 end`
  const row = insertion(looks, {
    userId: sql`${values.userId}::text`,
    plannedAt: look.lookStartedAt,
    ...look,
  })
  const seen = Object.fromEntries(
    Object.keys(look).map((key) => [key, excluded(looks[key as keyof typeof look])]),
  )
  const counted = { unexpectedInARow: 0, unexpectedAt: null, unexpectedReason: null }
  return sql`insert into ${looks} as l ${row} ${onlyIf}
    on conflict (${name(looks.userId)}) do update set ${assign(looks, { ...seen, intervalSeconds, ...counted })}
    where ${l.lookedAt} is null or ${l.lookedAt} < ${excluded(looks.lookedAt)}`
}

/** The digest of the numbers is unknown now, and the rows are marked as they are: the next reading compares them. */
async function markQueue(client: Client, queueId: string, lookAppliedAt: string): Promise<void> {
  const contentDigest = sql`'looked at ' || allo.rows_mark(${queueId})`
  await orm(client)
    .update(queues)
    .set({ lastLookAppliedAt: lookAppliedAt, contentDigest })
    .where(eq(queues.queueId, queueId))
}
