/**
 * One pass: ask who is on the team, read everyone's queue, save each reading by itself, and conclude from all of
 * them what ended. Shared by the one-shot command and the worker.
 */
import { AlloError, AlloRefusedError, AlloThrottledError, AlloUnreachableError } from './allo/errors.ts'
import type { AlloClient, Surprise, Teammate } from './allo/types.ts'
import { takeSnapshot } from './snapshot/take-snapshot.ts'
import { WrongAnswerError } from './snapshot/walk-queue.ts'
import { DatabaseError, type Pool } from './store/database.ts'
import { finishPass } from './store/finish-pass.ts'
import { LEASE_SECONDS, type PassTrigger, renewLease, startPass } from './store/passes.ts'
import { databaseClock, knownQueue } from './store/read-store.ts'
import { rehearseReading } from './store/rehearse-reading.ts'
import { type FailedReading, PassClosedError, type SavedReading, saveReading } from './store/save-reading.ts'
import {
  type KnownTeammate,
  knownTeammates,
  lastTeamOfKey,
  recordTeam,
  recordTeammates,
  type Team,
  teamOf,
} from './store/teammates.ts'

export interface SyncDependencies {
  readonly pool: Pool
  readonly allo: AlloClient
  /** Told what the API allows, in reads per second, as soon as it says so; null when it does not. */
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

export interface SyncOptions {
  readonly trigger: PassTrigger
  /** Ids or e-mails; empty: everyone. */
  readonly users: readonly string[]
  readonly only: readonly string[]
  readonly except: readonly string[]
  readonly includeBlocked: boolean
  /** Reads, and says what saving would change; nothing is saved. */
  readonly dryRun: boolean
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
  readonly ended: readonly string[]
  readonly unknown: readonly string[]
}

/** `--user` names someone who is not on the team. */
export class UnknownTeammateError extends Error {
  override readonly name = 'UnknownTeammateError'
}

/** The lists were answered, and can't be true. */
export class ImplausibleTeamError extends Error {
  override readonly name = 'ImplausibleTeamError'
}

/** This many teammates in a row without an answer: the API is down, and the others need not be tried. */
const MAX_UNREACHABLE_IN_A_ROW = 10

export async function syncTeam(deps: SyncDependencies, options: SyncOptions): Promise<SyncResult> {
  const startedAt = performance.now()
  const team = await identifyTeam(deps, options)
  const pass = await openPass(deps, options, team)
  const readings: SavedReading[] = []
  let asked: readonly KnownTeammate[] = []
  let stoppedBy: unknown = null
  try {
    const everyone = await listTeammates(deps, options, team, pass.signal)
    const { toRead, notAsked } = choose(everyone, options)
    asked = toRead
    deps.observer.passStarted({ passId: pass.id, team, teammates: toRead.length })
    for (const teammate of notAsked)
      await pass.save(teammate, failed('skipped', 'not_asked', 'left out by configuration'))
    await readEveryone(deps, pass, toRead, readings)
  } catch (error) {
    stoppedBy = error
  }
  await recordUnread(pass, asked, readings, stoppedBy)
  const status = outcomeOf(asked.length, readings, stoppedBy)
  const conclusions = await pass.finish(status, asked.length, stoppedBy)
  return {
    passId: pass.id,
    team,
    status,
    stoppedBy,
    teammates: asked.length,
    readings,
    requests: deps.allo.counts.requests,
    throttled: deps.allo.counts.throttled,
    throttledMs: deps.throttledMs(),
    durationMs: performance.now() - startedAt,
    ...conclusions,
  }
}

/** Proves the key and names the team; when the API can't say, the team last recorded for this key. */
async function identifyTeam(deps: SyncDependencies, { dryRun, signal, trigger }: SyncOptions): Promise<Team> {
  try {
    const account = await deps.allo.me(signal)
    deps.onLimit(account.readsPerSecond)
    warnOfMissingScopes(account.scopes, deps.observer)
    const team = teamOf(account, deps.keyFingerprint)
    if (!dryRun) await recordTeam(deps.pool, team, deps.keyFingerprint)
    return team
  } catch (error) {
    if (!(error instanceof AlloError) || error instanceof AlloThrottledError) throw error
    const team = await lastTeamOfKey(deps.pool, deps.keyFingerprint)
    if (team === null) throw error
    if (error instanceof AlloRefusedError && error.kind === 'credentials') {
      if (!dryRun) await recordRefusedPass(deps, team, trigger, error)
      throw error
    }
    deps.observer.warn(`${error.message} Going on with team ${team.teamId}, last recorded for this key.`)
    return team
  }
}

function warnOfMissingScopes(scopes: readonly string[] | null, observer: SyncObserver): void {
  for (const scope of ['USERS_READ', 'DIALING_QUEUE_READ_WRITE']) {
    if (scopes !== null && !scopes.includes(scope))
      observer.warn(`The API key does not list the scope ${scope}.`)
  }
}

async function recordRefusedPass(deps: SyncDependencies, team: Team, trigger: PassTrigger, error: AlloError) {
  const { pool, version } = deps
  const passId = await startPass(pool, { teamId: team.teamId, trigger, isWholeTeam: false, version })
  await finishPass(pool, {
    passId,
    teamId: team.teamId,
    status: 'failed',
    ...effortOf(deps, 0),
    ...reasonOf(error),
  })
}

/** Both lists, always: being blocked must not look like having left. */
async function listTeammates(
  deps: SyncDependencies,
  { dryRun }: SyncOptions,
  team: Team,
  signal: AbortSignal,
): Promise<readonly KnownTeammate[]> {
  const active = await deps.allo.listTeammates('ACTIVE', signal)
  if (active.length === 0) {
    throw new ImplausibleTeamError('the API listed no active teammate at all; nothing was concluded from it')
  }
  const blocked = await deps.allo.listTeammates('BLOCKED', signal)
  const listed = [...new Map([...blocked, ...active].map((teammate) => [teammate.userId, teammate])).values()]
  if (!dryRun) return recordTeammates(deps.pool, team.teamId, listed)
  const known = await knownTeammates(deps.pool, team.teamId)
  const listedIds = new Set(listed.map((teammate) => teammate.userId))
  return [...listed.map(asKnown), ...known.filter((teammate) => !listedIds.has(teammate.userId))]
}

function asKnown({ userId, name, email, status }: Teammate): KnownTeammate {
  return { userId, name, email, status, isListed: true }
}

/** Whom to read. A teammate who is in no list is asked too: only the API's word ends what it said before. */
function choose(everyone: readonly KnownTeammate[], options: SyncOptions) {
  const isNamed = (teammate: KnownTeammate, names: readonly string[]) =>
    names.some((name) => name === teammate.userId || name.toLowerCase() === teammate.email?.toLowerCase())
  for (const user of options.users) {
    if (!everyone.some((teammate) => isNamed(teammate, [user]))) {
      throw new UnknownTeammateError(`no teammate with the id or e-mail ${user}`)
    }
  }
  const isAsked = (teammate: KnownTeammate) =>
    options.users.length > 0
      ? isNamed(teammate, options.users)
      : (options.only.length === 0 || isNamed(teammate, options.only)) &&
        !isNamed(teammate, options.except) &&
        (options.includeBlocked || teammate.status !== 'BLOCKED')
  const toRead = everyone.filter(isAsked)
  const notAsked = options.users.length > 0 ? [] : everyone.filter((teammate) => !isAsked(teammate))
  return { toRead, notAsked }
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
      const { reading, error } = await readTeammate(deps, pass, teammate, signal)
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

/** Takes the snapshot and saves it. An error about this teammate alone is saved as such; any other is thrown. */
async function readTeammate(
  deps: SyncDependencies,
  pass: Pass,
  teammate: KnownTeammate,
  signal: AbortSignal,
): Promise<{ reading: SavedReading; error: unknown }> {
  const startedAt = performance.now()
  const allo = deps.allo.forOneReading()
  const { pool } = deps
  const sources = { allo, clock: () => databaseClock(pool), knownQueue: (id: string) => knownQueue(pool, id) }
  const effort = () => ({ ...allo.counts, durationMs: performance.now() - startedAt })
  try {
    const snapshot = await takeSnapshot(sources, teammate.userId, signal)
    return { reading: await pass.save(teammate, snapshot, effort()), error: null }
  } catch (error) {
    const failure = aboutThisTeammate(error)
    if (failure === null) throw error
    return { reading: await pass.save(teammate, failure, effort()), error }
  }
}

/** The reading to record when only this teammate is concerned; null when the pass must stop. */
function aboutThisTeammate(error: unknown): FailedReading | null {
  if (error instanceof WrongAnswerError) return failed('error', error.code, error.message)
  if (error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')) {
    return failed('error', 'database_refused', error.message)
  }
  if (!(error instanceof AlloError) || error instanceof AlloThrottledError) return null
  if (error instanceof AlloRefusedError && error.kind === 'credentials') return null
  return failed('error', error.code ?? codeOf(error), error.message, error.requestId)
}

/** Those not reached because the pass stopped get the reason; their data stay as they were. */
async function recordUnread(
  pass: Pass,
  asked: readonly KnownTeammate[],
  readings: readonly SavedReading[],
  stoppedBy: unknown,
): Promise<void> {
  if (stoppedBy === null || !(stoppedBy instanceof AlloError)) return
  const wasRead = new Set(readings.map((reading) => reading.userId))
  const { errorCode, errorMessage, errorRequestId } = reasonOf(stoppedBy)
  const status =
    stoppedBy instanceof AlloThrottledError
      ? 'rate_limited'
      : stoppedBy instanceof AlloRefusedError && stoppedBy.kind === 'credentials'
        ? 'forbidden'
        : 'error'
  for (const teammate of asked) {
    if (wasRead.has(teammate.userId)) continue
    await pass.save(teammate, failed(status, errorCode ?? 'unknown', errorMessage ?? '', errorRequestId))
  }
}

function outcomeOf(asked: number, readings: readonly SavedReading[], stoppedBy: unknown) {
  const answered = readings.filter(({ status }) => ['ok', 'no_queue', 'not_found'].includes(status)).length
  if (stoppedBy === null && answered === asked) return 'ok'
  return answered > 0 ? 'partial' : 'failed'
}

interface Pass {
  /** Null in a dry run. */
  readonly id: string | null
  /** Aborts when the pass must stop: the caller's wish, or its lease was lost. */
  readonly signal: AbortSignal
  save(
    teammate: KnownTeammate,
    result: Parameters<typeof saveReading>[1]['result'],
    effort?: { requests: number; throttled: number; durationMs: number },
  ): Promise<SavedReading>
  finish(
    status: SyncResult['status'],
    teammates: number,
    stoppedBy: unknown,
  ): Promise<{ ended: readonly string[]; unknown: readonly string[] }>
}

const noEffort = { requests: 0, throttled: 0, durationMs: 0 }

async function openPass(deps: SyncDependencies, options: SyncOptions, team: Team): Promise<Pass> {
  const { pool, version, keyFingerprint } = deps
  const { teamId } = team
  const lost = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, lost.signal]) : lost.signal
  if (options.dryRun) {
    return {
      id: null,
      signal,
      save: (teammate, result, effort = noEffort) =>
        rehearseReading(pool, { team, keyFingerprint, teammate, result, effort, version }),
      finish: async () => ({ ended: [], unknown: [] }),
    }
  }
  const isWholeTeam = options.users.length === 0
  const id = await startPass(pool, { teamId, trigger: options.trigger, isWholeTeam, version })
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
      saveReading(pool, { passId: id, teamId, userId, result, effort }),
    async finish(status, teammates, stoppedBy) {
      clearInterval(heartbeat)
      if (stoppedBy instanceof PassClosedError) return { ended: [], unknown: [] }
      const reason = reasonOf(stoppedBy)
      return finishPass(pool, { passId: id, teamId, status, ...effortOf(deps, teammates), ...reason })
    },
  }
}

function effortOf({ allo, throttledMs, surprises }: SyncDependencies, teammates: number) {
  return { teammates, ...allo.counts, throttledMs: throttledMs(), surprises: surprises() }
}

function reasonOf(error: unknown) {
  if (error === null) return { errorCode: null, errorMessage: null, errorRequestId: null }
  const message = error instanceof Error ? error.message : String(error)
  const isOurs = error instanceof AlloError
  return {
    errorCode: isOurs ? (error.code ?? codeOf(error)) : codeOf(error),
    errorMessage: message,
    errorRequestId: isOurs ? error.requestId : null,
  }
}

/** A stable word per kind of failure, for tables and `--json`. */
function codeOf(error: unknown): string {
  if (error instanceof AlloThrottledError) return 'rate_limited'
  if (error instanceof AlloUnreachableError) return 'unreachable'
  if (error instanceof AlloRefusedError) return `http_${error.status}`
  if (error instanceof AlloError) return 'surprised'
  if (error instanceof DatabaseError) return 'database'
  if (error instanceof ImplausibleTeamError) return 'no_active_teammate'
  if (error instanceof UnknownTeammateError) return 'unknown_teammate'
  return error instanceof Error && error.name === 'AbortError' ? 'interrupted' : 'bug'
}

function failed(
  status: FailedReading['status'],
  code: string,
  message: string,
  requestId: string | null = null,
): FailedReading {
  return { kind: 'failed', status, code, message, requestId }
}
