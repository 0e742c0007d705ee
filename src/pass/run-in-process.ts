/**
 * The executor of `sync`: runs the steps of a pass in this process, with several readings at a time. The executor of
 * the worker (src/worker/pass-job.ts and reading-job.ts) runs the same steps as jobs.
 *
 *   identify ─▶ select ─▶ begin ─▶ read each teammate ─▶ finish
 */
import pLimit from 'p-limit'
import { messageOf } from '../errors.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import type { Conclusions } from '../store/pass/finish-pass.ts'
import { type Cadence, type PassTrigger, startPass } from '../store/pass/passes.ts'
import type { KnownTeammate, Team } from '../store/pass/teammates.ts'
import { PassClosedError, type SavedReading } from '../store/reading/reading.ts'
import { type Choice, recordNotAsked, type Selection, selectTeammates } from './choose-teammates.ts'
import { openDryRunRecord } from './dry-run-record.ts'
import { isBug, UnknownTeammateError } from './failure.ts'
import { type FinishedPass, finish, type PassPlan } from './finish.ts'
import { type Identification, identify } from './identify-team.ts'
import { createLeaseKeeper } from './leases.ts'
import { openRecord, type PassRecord } from './pass-record.ts'
import { readTeammate } from './read-teammate.ts'
import { followSideEffects, type SideEffectSources, type SideEffectsOfPass } from './side-effects.ts'

export interface SyncDependencies extends SideEffectSources, Omit<Identification, 'warn'> {
  /** Null: numbers get no key. */
  readonly numberKeys: NumberKeys | null
  /** How many queues to read at the same time; asked again after each. */
  readonly concurrency: () => number
  readonly observer: SyncObserver
  readonly version: string
}

/** For the progress display. */
export interface SyncObserver {
  passStarted(pass: { passId: string | null; team: Team; teammates: number }): void
  teammateRead(reading: SavedReading, teammate: KnownTeammate): void
  warn(message: string): void
}

export interface SyncOptions extends Choice {
  readonly trigger: PassTrigger
  /** Reads, and says what saving would change; nothing is saved. */
  readonly dryRun: boolean
  readonly cadence?: Cadence | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SyncResult {
  readonly passId: string | null
  readonly team: Team
  readonly status: FinishedPass['status']
  /** Why the pass stopped before everyone was asked; null when it did not. */
  readonly stoppedBy: unknown
  /** The first bug that kept a teammate from being read; null: none did. */
  readonly bug: unknown
  readonly teammates: number
  readonly readings: readonly SavedReading[]
  readonly requests: number
  readonly throttled: number
  readonly throttledMs: number
  readonly durationMs: number
  readonly conclusions: Conclusions
}

type Deps = SyncDependencies & { readonly signal: AbortSignal }

/** Throws when there is no pass: the team is not known, or a name matches no teammate. Else the result says all. */
export async function runInProcess(shared: SyncDependencies, options: SyncOptions): Promise<SyncResult> {
  const startedAt = performance.now()
  const { signal = new AbortController().signal } = options
  const deps: Deps = { ...shared, allo: shared.allo.counted(), signal }
  const effects = followSideEffects(deps)
  effects.enter(null)
  const team = await identifyOrFail(deps, options, effects)
  const selected = await select(deps, options, team)
  const record = await begin(deps, options, team, options.users.length === 0)
  const leases = createLeaseKeeper(deps.pool)
  if (record.passId !== null) leases.hold(record.passId)
  try {
    const { readings, spent, stoppedBy, bug } = await readEveryone(deps, record, team, selected)
    await tellSideEffects(deps, effects, record)
    const { incomplete, toRead } = selected
    const finished = await finish(record, { asked: toRead.length, spent, incomplete }, stoppedBy)
    return {
      passId: record.passId,
      team,
      status: finished?.status ?? 'failed',
      stoppedBy: finished === null ? (stoppedBy ?? closedByOthers(record)) : finished.stoppedBy,
      bug,
      teammates: toRead.length,
      readings,
      requests: deps.allo.counts.requests,
      throttled: deps.allo.counts.throttled,
      throttledMs: deps.pacer.throttledMs,
      durationMs: performance.now() - startedAt,
      conclusions: finished?.conclusions ?? { ended: [], unknown: [] },
    }
  } finally {
    leases.stop()
  }
}

/** When the API refuses the key or names another team, that is a failed pass of the team on record. */
async function identifyOrFail(deps: Deps, options: SyncOptions, effects: SideEffectsOfPass): Promise<Team> {
  const { observer, signal } = deps
  const warn = (message: string) => observer.warn(message)
  const { team, error } = await identify({ ...deps, warn }, { record: !options.dryRun, signal })
  if (error === null) return team
  if (!options.dryRun) {
    const record = await begin(deps, options, team, false)
    await tellSideEffects(deps, effects, record)
    await finish(record, { asked: 0, spent: deps.allo.counts, incomplete: null }, error)
  }
  throw error
}

/** That they could not be recorded is no reason to leave the pass unfinished. */
async function tellSideEffects(
  { observer }: Deps,
  effects: SideEffectsOfPass,
  record: PassRecord,
): Promise<void> {
  await effects.tell(record, () => undefined).catch((error: unknown) => observer.warn(messageOf(error)))
}

interface SelectionOrFailure extends Selection {
  /** Why no teammate can be read, which is a failure of the pass; null: the selection holds. */
  readonly error: unknown
}

/** Before the pass begins: a misspelled name must not be recorded as a failed pass. */
async function select(deps: Deps, options: SyncOptions, { teamId }: Team): Promise<SelectionOrFailure> {
  try {
    const { signal } = deps
    const selected = await selectTeammates(deps, teamId, options, { record: !options.dryRun, signal })
    return { ...selected, error: null }
  } catch (error) {
    if (error instanceof UnknownTeammateError) throw error
    return { toRead: [], leftOut: [], warnings: [], incomplete: null, error }
  }
}

async function begin(
  { pool, numberKeys, keyFingerprint, version }: Deps,
  { dryRun, trigger, cadence }: SyncOptions,
  team: Team,
  isWholeTeam: boolean,
): Promise<PassRecord> {
  if (dryRun) return openDryRunRecord(pool, { team, keyFingerprint, numberKeys, version })
  const { teamId } = team
  const pass = { teamId, trigger, isWholeTeam, version, cadence }
  return openRecord(pool, numberKeys, { passId: await startPass(pool, pass), teamId })
}

interface WhatWasRead {
  readonly readings: readonly SavedReading[]
  readonly spent: PassPlan['spent']
  readonly stoppedBy: unknown
  readonly bug: unknown
}

async function readEveryone(
  deps: Deps,
  record: PassRecord,
  team: Team,
  selected: SelectionOrFailure,
): Promise<WhatWasRead> {
  const { requests, throttled } = deps.allo.counts
  const readings: SavedReading[] = []
  const spent = { requests, throttled }
  const halt = new AbortController()
  const signal = AbortSignal.any([deps.signal, halt.signal])
  const limit = pLimit(deps.concurrency())
  let stoppedBy: unknown = null
  let bug: unknown = null

  const readOne = async (teammate: KnownTeammate): Promise<void> => {
    if (signal.aborted) return
    const allo = deps.allo.counted()
    try {
      const done = await readTeammate({ ...deps, allo, record }, teammate.userId, { signal })
      // Not one line for each teammate who was not reached: the reason is that of the pass.
      if (done === null || !done.wasAsked) return
      readings.push(done.reading)
      deps.observer.teammateRead(done.reading, teammate)
      if (done.stopsPass) stoppedBy ??= done.error
      if (done.error !== null && isBug(done.error)) bug ??= done.error
    } catch (error) {
      spent.requests += allo.counts.requests
      spent.throttled += allo.counts.throttled
      halt.abort(error)
    }
    limit.concurrency = deps.concurrency()
  }
  try {
    if (selected.error !== null) throw selected.error
    for (const warning of selected.warnings) deps.observer.warn(`${warning}.`)
    deps.observer.passStarted({ passId: record.passId, team, teammates: selected.toRead.length })
    await recordNotAsked(record, selected)
    await Promise.all(selected.toRead.map((teammate) => limit(readOne, teammate)))
    signal.throwIfAborted()
  } catch (error) {
    stoppedBy ??= error
  }
  return { readings, spent, stoppedBy, bug }
}

function closedByOthers({ passId }: PassRecord): PassClosedError {
  return new PassClosedError(`pass ${passId} was closed before it could finish`)
}
