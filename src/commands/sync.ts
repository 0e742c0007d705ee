/** `sync`: one pass now. Progress goes to stderr, the result to stdout. */
import { AlloThrottledError } from '../allo/errors.ts'
import type { Config, ConfigWithKey } from '../config.ts'
import { type ExitCode, exitCodeOf, exitCodes } from '../exit-code.ts'
import { InterruptedError } from '../pass/failure.ts'
import { assertSchemaIsCurrent, migrateDatabase } from '../store/migrate.ts'
import { type SyncObserver, type SyncResult, syncTeam } from '../sync.ts'
import { createProgress } from '../terminal/progress.ts'
import { version } from '../version.ts'
import { type OpenAllo, withAllo, withDatabase } from './open.ts'

export interface SyncArguments {
  readonly json: boolean
  readonly dryRun: boolean
  readonly users: readonly string[]
}

export async function runSync(config: ConfigWithKey, args: SyncArguments): Promise<ExitCode> {
  const interrupted = new AbortController()
  const interrupt = () => {
    if (interrupted.signal.aborted) process.exit(exitCodes.tryAgain)
    interrupted.abort(new InterruptedError('stopped by a signal; what was read until then is saved'))
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    const result = await withDatabase(config, async ({ url, pool }) => {
      if (config.autoMigrate && !args.dryRun) await migrateDatabase(url)
      else await assertSchemaIsCurrent(pool)
      return withAllo(config, url, async (open) => {
        const progress = createProgress(process.stderr, config.logLevel, {
          requests: () => open.allo.counts.requests,
          throttledMs: () => open.pacer.throttledMs,
        })
        try {
          for (const warning of config.warnings) progress.warn(warning)
          const result = await syncOnce(config, {
            pool,
            open,
            observer: progress,
            ...args,
            signal: interrupted.signal,
          })
          for (const { where, what } of open.surprises())
            progress.warn(`The API showed something new: ${where}: ${what}.`)
          return result
        } finally {
          progress.stop()
        }
      })
    })
    if (args.json) console.log(JSON.stringify(toJson(result)))
    else console.log(toSentence(result, args.dryRun))
    return reportOutcome(result, config)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/** One pass with what is open; the demo runs several. */
export function syncOnce(
  config: Config,
  run: {
    readonly pool: Parameters<typeof syncTeam>[0]['pool']
    readonly open: OpenAllo
    readonly observer: SyncObserver
    readonly users?: readonly string[]
    readonly dryRun?: boolean
    readonly signal?: AbortSignal
  },
): Promise<SyncResult> {
  const { pool, open, observer, users = [], dryRun = false, signal } = run
  return syncTeam(
    { pool, observer, version, ...open, throttledMs: () => open.pacer.throttledMs },
    {
      trigger: 'manual',
      users,
      dryRun,
      only: config.onlyTeammates,
      except: config.exceptTeammates,
      includeBlocked: config.includeBlocked,
      ...(signal ? { signal } : {}),
    },
  )
}

/** The `--json` object; keys are contract. */
export function toJson(result: SyncResult) {
  const { readings } = result
  const sum = (pick: (reading: SyncResult['readings'][number]) => number) =>
    readings.reduce((total, reading) => total + pick(reading), 0)
  const added = sum((reading) => reading.added)
  const changed = sum((reading) => reading.changed)
  const moved = sum((reading) => reading.moved)
  const numbers = sum((reading) => reading.numbers ?? 0)
  return {
    pass_id: result.passId === null ? null : Number(result.passId),
    team_id: result.team.teamId,
    status: result.status,
    stopped_by: result.stoppedBy === null ? null : codeOfStop(result.stoppedBy),
    teammates: result.teammates,
    queues: readings.filter((reading) => reading.status === 'ok').length,
    numbers,
    added,
    changed,
    moved,
    removed: sum((reading) => reading.removed),
    unchanged: numbers - added - changed - moved,
    queues_ended: result.conclusions.ended.length,
    queues_unknown: result.conclusions.unknown.length,
    requests: result.requests,
    throttled: result.throttled,
    throttled_seconds: round(result.throttledMs / 1000),
    duration_seconds: round(result.durationMs / 1000),
    failures: readings
      .filter((reading) => !['ok', 'no_queue', 'not_found'].includes(reading.status))
      .map((reading) => ({
        user_id: reading.userId,
        status: reading.status,
        code: reading.errorCode,
        message: reading.errorMessage,
        request_id: reading.requestId,
      })),
  }
}

function toSentence(result: SyncResult, dryRun: boolean): string {
  const {
    teammates,
    queues,
    numbers,
    added,
    changed,
    moved,
    removed,
    requests,
    throttled,
    throttled_seconds,
    duration_seconds,
  } = toJson(result)
  const pass = dryRun ? 'Dry run' : `Pass ${result.passId}`
  const waits = throttled > 0 ? `, ${throttled} × 429 (${throttled_seconds} s waited)` : ''
  return [
    `${pass} of ${result.team.name ?? result.team.teamId}: ${result.status}.`,
    `${teammates} teammates, ${queues} queues, ${numbers} numbers:`,
    `${added} added, ${changed} changed, ${moved} moved, ${removed} removed`,
    `(${requests} requests in ${duration_seconds} s${waits}).`,
    ...(dryRun ? ['Nothing was written.'] : []),
  ].join(' ')
}

function reportOutcome(result: SyncResult, { logLevel }: Config): ExitCode {
  if (result.stoppedBy !== null) throw result.stoppedBy
  if (result.status === 'ok') return exitCodes.ok
  if (logLevel !== 'silent') {
    const failures = toJson(result).failures.length
    console.error(
      `${failures} of ${result.teammates} teammates could not be read; their data are as before. Try again.`,
    )
  }
  return exitCodes.tryAgain
}

function codeOfStop(error: unknown): string {
  if (error instanceof AlloThrottledError) return 'rate_limited'
  const exitCode = exitCodeOf(error)
  if (error instanceof InterruptedError) return 'interrupted'
  if (exitCode === exitCodes.configuration) return 'configuration'
  return exitCode === exitCodes.bug ? 'bug' : 'temporary'
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
