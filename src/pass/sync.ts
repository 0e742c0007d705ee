/**
 * One pass: ask who is on the team, read everyone's queue, save each reading by itself, and conclude from all of
 * them what ended.
 */
import { AlloUnreachableError } from '../allo/errors.ts'
import type { AlloClient, Surprise } from '../allo/types.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import { type Conclusions, finishPass } from '../store/pass/finish-pass.ts'
import {
  type Cadence,
  LEASE_SECONDS,
  type PassTrigger,
  renewLease,
  startPass,
  stopPass,
} from '../store/pass/passes.ts'
import { type KnownTeammate, lastTeamOfKey, type Team } from '../store/pass/teammates.ts'
import type { Pool } from '../store/postgres/database.ts'
import { isAnswered, PassClosedError, type Reading, type SavedReading } from '../store/reading/reading.ts'
import { rehearseReading } from '../store/reading/rehearse-reading.ts'
import { saveReading } from '../store/reading/save-reading.ts'
import { type Choice, choose, type Listing, listTeammates, type Selection } from './choose-teammates.ts'
import {
  failed,
  IncompleteTeamError,
  isRefusal,
  notReached,
  outcomeOf,
  reasonOf,
  TeamChangedError,
  UnknownTeammateError,
} from './failure.ts'
import { identifyTeam } from './identify-team.ts'
import { readTeammate, type SaveReading } from './read-teammate.ts'

export interface SyncDependencies {
  readonly pool: Pool
  /** Null: numbers get no key. */
  readonly numberKeys: NumberKeys | null
  readonly allo: AlloClient
  /** See Identification. */
  readonly onLimit: (readsPerSecond: number | null) => void
  readonly throttledMs: () => number
  /** How many queues to read at the same time, asked before each. */
  readonly concurrency: () => number
  /** Each different surprise of the API so far. */
  readonly surprises: () => readonly Surprise[]
  readonly observer: SyncObserver
  readonly keyFingerprint: string
  readonly version: string
}

/** What a person may want to see meanwhile. */
export interface SyncObserver {
  passStarted(pass: { passId: string | null; team: Team; teammates: number }): void
  teammateRead(reading: SavedReading, teammate: KnownTeammate): void
  warn(message: string): void
}

export interface SyncOptions extends Choice {
  readonly trigger: PassTrigger
  /** Reads, and says what saving would change; nothing is saved. */
  readonly dryRun: boolean
  readonly cadence?: Cadence
  readonly signal?: AbortSignal
}

export interface SyncResult {
  readonly passId: string | null
  readonly team: Team
  readonly status: 'ok' | 'partial' | 'failed'
  /** Why the pass stopped before everyone was asked; null when it did not. */
  readonly stoppedBy: unknown
  readonly teammates: number
  readonly readings: readonly SavedReading[]
  readonly requests: number
  readonly throttled: number
  readonly throttledMs: number
  readonly durationMs: number
  readonly conclusions: Conclusions
}

/** This many teammates in a row without an answer: the API is down, and the others need not be tried. */
const MAX_UNREACHABLE_IN_A_ROW = 10

export async function syncTeam(shared: SyncDependencies, options: SyncOptions): Promise<SyncResult> {
  const startedAt = performance.now()
  const deps = countedAnew(shared)
  const team = await identify(deps, options)
  const selected = await selectTeammates(deps, options, team)
  const pass = await openPass(deps, options, team)
  const readings: SavedReading[] = []
  const asked = 'error' in selected ? [] : selected.toRead
  let stoppedBy: unknown = null
  try {
    if ('error' in selected) throw selected.error
    for (const warning of selected.warnings) deps.observer.warn(`${warning}.`)
    deps.observer.passStarted({ passId: pass.id, team, teammates: asked.length })
    for (const teammate of selected.notAsked) {
      await pass.save(teammate, failed('skipped', 'not_asked', 'left out by configuration'))
    }
    await readEveryone(deps, pass, asked, readings)
    if (selected.incomplete !== null) throw new IncompleteTeamError(selected.incomplete)
  } catch (error) {
    stoppedBy = error
  }
  try {
    await recordNotReached(pass, asked, readings, stoppedBy)
    const status = outcomeOf(asked.length, readings.filter(isAnswered).length, stoppedBy)
    const conclusions = await pass.finish(status, asked.length, stoppedBy)
    return {
      passId: pass.id,
      team,
      status,
      stoppedBy,
      teammates: asked.length,
      readings,
      conclusions,
      requests: deps.allo.counts.requests,
      throttled: deps.allo.counts.throttled,
      throttledMs: deps.throttledMs(),
      durationMs: performance.now() - startedAt,
    }
  } finally {
    pass.release()
  }
}

/**
 * Before the pass begins, since a name that is nobody's is no pass that failed: it throws UnknownTeammateError. Any
 * other error is one of the pass.
 */
async function selectTeammates(
  deps: SyncDependencies,
  options: SyncOptions,
  { teamId }: Team,
): Promise<(Selection & Pick<Listing, 'incomplete'>) | { readonly error: unknown }> {
  const { dryRun, signal = new AbortController().signal } = options
  try {
    const listing = await listTeammates(deps, teamId, { record: !dryRun, signal })
    return { ...choose(listing, options), incomplete: listing.incomplete }
  } catch (error) {
    if (error instanceof UnknownTeammateError) throw error
    return { error }
  }
}

/** What is open may serve several passes; each counts its own requests and waits. */
function countedAnew(shared: SyncDependencies): SyncDependencies {
  const throttledBefore = shared.throttledMs()
  return {
    ...shared,
    allo: shared.allo.counted(),
    throttledMs: () => shared.throttledMs() - throttledBefore,
  }
}

/** A key that is refused, or of another team, is recorded as a failed pass once the team of the key is on record. */
async function identify(deps: SyncDependencies, options: SyncOptions): Promise<Team> {
  const { dryRun, signal, trigger } = options
  try {
    const warn = (message: string) => deps.observer.warn(message)
    return await identifyTeam({ ...deps, warn }, { record: !dryRun, ...(signal ? { signal } : {}) })
  } catch (error) {
    const isAboutKey = isRefusal(error) || error instanceof TeamChangedError
    const team = isAboutKey && !dryRun ? await lastTeamOfKey(deps.pool, deps.keyFingerprint) : null
    if (team === null) throw error
    const { pool, version } = deps
    const passId = await startPass(pool, { teamId: team.teamId, trigger, isWholeTeam: false, version })
    await recordStop(pool, passId, error)
    await finishPass(pool, {
      passId,
      teamId: team.teamId,
      status: 'failed',
      ...effortOf(deps, 0),
      ...reasonOf(error),
    })
    throw error
  }
}

async function readEveryone(
  deps: SyncDependencies,
  pass: Pass,
  teammates: readonly KnownTeammate[],
  readings: SavedReading[],
): Promise<void> {
  const waiting = teammates.values()
  const stop = new AbortController()
  const signal = AbortSignal.any([pass.signal, stop.signal])
  let unreachableInARow = 0
  let readers = 0

  const readOn = async (): Promise<void> => {
    for (const teammate of waiting) {
      const save: SaveReading = (result, effort) => pass.save(teammate, result, effort)
      const { reading, error } = await readTeammate({ ...deps, save }, teammate.userId, { signal })
      readings.push(reading)
      deps.observer.teammateRead(reading, teammate)
      unreachableInARow = error instanceof AlloUnreachableError ? unreachableInARow + 1 : 0
      if (unreachableInARow >= MAX_UNREACHABLE_IN_A_ROW) throw error
      if (readers > deps.concurrency()) return
    }
  }
  const reader = async (): Promise<void> => {
    try {
      await readOn()
    } catch (error) {
      if (!stop.signal.aborted) stop.abort(error)
    } finally {
      readers -= 1
    }
  }
  const running: Promise<void>[] = []
  for (readers = 0; readers < Math.min(deps.concurrency(), teammates.length); ) {
    readers += 1
    running.push(reader())
  }
  await Promise.all(running)
  signal.throwIfAborted()
}

/** Those not reached because the pass stopped get the reason; their data stay as they were. */
async function recordNotReached(
  pass: Pass,
  asked: readonly KnownTeammate[],
  readings: readonly SavedReading[],
  stoppedBy: unknown,
): Promise<void> {
  const reading = notReached(stoppedBy)
  if (reading === null) return
  const wasRead = new Set(readings.map(({ userId }) => userId))
  for (const teammate of asked) if (!wasRead.has(teammate.userId)) await pass.save(teammate, reading)
}

interface Pass {
  /** Null in a dry run. */
  readonly id: string | null
  /** Aborts when the pass must stop: the caller's wish, or its lease was lost. */
  readonly signal: AbortSignal
  save(teammate: KnownTeammate, result: Reading['result'], effort?: Reading['effort']): Promise<SavedReading>
  finish(status: SyncResult['status'], teammates: number, stoppedBy: unknown): Promise<Conclusions>
  /** Stops renewing the lease. */
  release(): void
}

const noEffort = { requests: 0, throttled: 0, durationMs: 0 }

const nothingConcluded: Conclusions = { ended: [], unknown: [] }

async function openPass(deps: SyncDependencies, options: SyncOptions, team: Team): Promise<Pass> {
  const { pool, version, keyFingerprint, numberKeys } = deps
  const { teamId } = team
  const lost = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, lost.signal]) : lost.signal
  if (options.dryRun) {
    return {
      id: null,
      signal,
      save: (teammate, result, effort = noEffort) =>
        rehearseReading(pool, { team, keyFingerprint, numberKeys, teammate, result, effort, version }),
      finish: async () => nothingConcluded,
      release: () => undefined,
    }
  }
  const isWholeTeam = options.users.length === 0
  const { trigger, cadence } = options
  const id = await startPass(pool, { teamId, trigger, isWholeTeam, version, ...(cadence ? { cadence } : {}) })
  const heartbeat = setInterval(
    () =>
      // A database that can't be reached will fail the next save; the lease tells only who is alive.
      renewLease(pool, id).then(
        (isRunning) =>
          isRunning || lost.abort(new PassClosedError(`pass ${id} was taken for dead and closed`)),
        () => undefined,
      ),
    (LEASE_SECONDS * 1000) / 4,
  )
  return {
    id,
    signal,
    save: ({ userId }, result, effort = noEffort) =>
      saveReading(pool, { passId: id, teamId, userId, result, effort }, numberKeys),
    async finish(status, teammates, stoppedBy) {
      if (stoppedBy instanceof PassClosedError) return nothingConcluded
      const reason = reasonOf(stoppedBy)
      await recordStop(pool, id, stoppedBy)
      return finishPass(pool, { passId: id, teamId, status, ...effortOf(deps, teammates), ...reason })
    },
    release: () => clearInterval(heartbeat),
  }
}

/** How the API stopped it, so that `status` and the alerts know a refused key from any other failure. */
async function recordStop(pool: Pool, passId: string, stoppedBy: unknown): Promise<void> {
  const stop = notReached(stoppedBy)
  if (stop !== null) await stopPass(pool, passId, stop)
}

function effortOf({ allo, throttledMs, surprises }: SyncDependencies, teammates: number) {
  return { teammates, ...allo.counts, throttledMs: throttledMs(), surprises: surprises() }
}
