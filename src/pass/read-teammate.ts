/**
 * One reading of a pass: check that the pass is still running, take the snapshot, save it, and decide what a failure
 * means. `sync` and the jobs of the worker both call it, so all decisions about a reading are here.
 */
import { AlloUnreachableError } from '../allo/errors.ts'
import type { AlloClient, QueueNumber } from '../allo/types.ts'
import type { MirrorError } from '../errors.ts'
import { toMirrorError } from '../foreign-errors.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { takeSnapshot } from '../snapshot/take-snapshot.ts'
import type { Pool } from '../store/postgres/database.ts'
import { concealSuppressed, databaseClock, knownQueue } from '../store/reading/read-store.ts'
import { PassClosedError, type SavedReading } from '../store/reading/reading.ts'
import { annotate, type SpanAttributes, traced } from '../tracing.ts'
import { concernOf, readingOf } from './failure.ts'
import type { Effort, PassRecord } from './pass-record.ts'

/** After this many teammates in a row without a response, Allo counts as down, and the pass stops. */
const MAX_UNREACHABLE_IN_A_ROW = 10

export interface ReadingDone {
  readonly reading: SavedReading
  /** What failed; null: nothing, or Allo was not asked because the pass had stopped. */
  readonly error: MirrorError | null
  readonly wasAsked: boolean
  /** Because of this failure the pass stops. */
  readonly stopsPass: boolean
}

/**
 * Returns what was recorded; null: an answer about this teammate is recorded already. A failure is recorded even if it
 * is retried; the retry replaces it.
 *
 * Throws without recording when the failure concerns only this process: `signal` was aborted, Postgres is gone, or the
 * pass was closed (PassClosedError). `allo` has counted the requests of this reading.
 */
export async function readTeammate(
  deps: {
    readonly pool: Pool
    readonly numberKeys: NumberKeys | null
    /** Counts the requests of this reading. */
    readonly allo: AlloClient
    readonly record: PassRecord
  },
  userId: string,
  options: {
    readonly signal: AbortSignal
    readonly spentBefore?: Pick<Effort, 'requests' | 'throttled'>
    /** Called if Allo is going to be asked: the pass is running, and this reading is still wanted. */
    readonly onAsking?: () => void
  },
): Promise<ReadingDone | null> {
  const { record, allo } = deps
  const { signal, spentBefore = { requests: 0, throttled: 0 }, onAsking = () => undefined } = options
  const startedAt = performance.now()
  const effort = (): Effort => ({
    requests: spentBefore.requests + allo.counts.requests,
    throttled: spentBefore.throttled + allo.counts.throttled,
    durationMs: performance.now() - startedAt,
  })
  const save = (result: Parameters<PassRecord['save']>[1]) =>
    traced('transaction', {}, async () => {
      const reading = await record.save(userId, result, effort())
      annotate(written(reading))
      return reading
    })
  const { isRunning, isRead, stop } = await record.state(userId)
  if (!isRunning)
    throw new PassClosedError(`pass ${record.passId} was closed as abandoned by another process`)
  if (isRead) return null
  if (stop !== null) {
    const reading = await save(stop)
    return { reading, error: null, wasAsked: false, stopsPass: false }
  }
  onAsking()
  try {
    const snapshot = await traced('snapshot', {}, () => takeSnapshot(sourcesOf(deps), userId, signal))
    const reading = await save(snapshot)
    return { reading, error: null, wasAsked: true, stopsPass: false }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toMirrorError(thrown)
    if (concernOf(error) === 'process') throw thrown
    const failure = readingOf(error)
    const concernsPass = concernOf(error) === 'pass'
    // First, because what refused the snapshot (a missing right) may refuse this reading as well.
    if (concernsPass) await record.stop(failure)
    const reading = await save(failure)
    const isDown = !concernsPass && (await isAlloDown(record, error))
    if (isDown) await record.stop(failure)
    return { reading, error, wasAsked: true, stopsPass: concernsPass || isDown }
  }
}

function written({ status, added, changed, moved, removed }: SavedReading): SpanAttributes {
  return {
    'allo.reading_status': status,
    'allo.added': added,
    'allo.changed': changed,
    'allo.moved': moved,
    'allo.removed': removed,
  }
}

function sourcesOf({ pool, numberKeys, allo }: Omit<Parameters<typeof readTeammate>[0], 'record'>) {
  return {
    allo,
    clock: () => databaseClock(pool),
    knownQueue: (queueId: string) => knownQueue(pool, queueId),
    conceal: (numbers: readonly QueueNumber[]) => concealSuppressed(pool, numberKeys, numbers),
  }
}

/** Counts recorded readings, so that all processes count together. A teammate counts once, however often retried. */
async function isAlloDown(record: PassRecord, error: MirrorError): Promise<boolean> {
  if (!(error instanceof AlloUnreachableError)) return false
  const inARow = await record.unreachableInARow(MAX_UNREACHABLE_IN_A_ROW)
  return inARow >= MAX_UNREACHABLE_IN_A_ROW
}
