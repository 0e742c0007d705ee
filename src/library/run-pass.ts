/** `runPass`: one pass over all teammates, as the command `sync` runs it. */
import type { SyncJson } from '../commands/sync/json.ts'
import { toJson } from '../commands/sync/result.ts'
import { openAndSync } from '../commands/sync/run.ts'
import { mask } from '../logger.ts'
import type { AlloAccess } from './access.ts'
import { configOf, secretsOf } from './configuration.ts'
import { orMirrorFailure } from './mirror-failure.ts'
import { type PgPool, urlOfPool } from './pool-url.ts'

export interface PassOptions extends AlloAccess {
  /** Of `pg`, for Postgres 14 or newer. */
  readonly pool: PgPool
  /** Default: true. With false, the database must be of this version. */
  readonly migrate?: boolean | undefined
  /** Ids or e-mail addresses: read only these teammates. Default: all. */
  readonly users?: readonly string[] | undefined
  /** Reads everything and saves nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Other variables of the README with their values as text, such as `{ REPORT_TIME_ZONE: 'Europe/Paris' }`. */
  readonly settings?: Readonly<Record<string, string>> | undefined
  /** When it is aborted, the pass stops: what was saved stays, and the call rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** The object that `sync --json` prints, and what it would have warned of. */
export interface PassResult extends SyncJson {
  readonly warnings: readonly string[]
}

/**
 * Runs one pass. Resolves when every teammate was asked: `status` is `ok`, or `partial` if some could not be read, and
 * `failures` says why; their data stay as they were. Rejects if the pass could not begin, or stopped before the end.
 * Repeating a pass is safe at any time, also after the process was killed.
 *
 * The pass opens up to 15 connections of its own with the address of `pool`, because its sessions need settings of
 * their own and its read budget a connection that is never busy. It closes them, and leaves `pool` alone. All processes
 * with the same key and database share one read budget.
 */
export async function runPass(options: PassOptions): Promise<PassResult> {
  const { users = [], dryRun = false, migrate = true, signal } = options
  let secrets = (): readonly string[] => secretsOf(options)
  return orMirrorFailure({ secrets: () => secrets(), signal }, async () => {
    const config = configOf(options, {
      ...options.settings,
      DATABASE_URL: urlOfPool(options.pool),
      AUTO_MIGRATE: String(migrate),
    })
    secrets = config.secrets
    const warnings = [...config.warnings]
    const progress = { ...silent, warn: (warning: string) => void warnings.push(mask(warning, secrets())) }
    const result = await openAndSync(config, { dryRun, users }, progress, signal ?? neverAborted())
    const failure = result.stoppedBy ?? result.bug
    if (failure !== null) throw failure
    return { ...toJson(result, dryRun), warnings }
  })
}

const silent = {
  step: () => undefined,
  watch: () => undefined,
  passStarted: () => undefined,
  teammateRead: () => undefined,
}

function neverAborted(): AbortSignal {
  return new AbortController().signal
}
