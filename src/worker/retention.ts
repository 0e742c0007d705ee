/**
 * Once a day some worker of the team erases what is older than configured. What fails is logged and recorded, and done
 * again within the hour, by whoever comes first.
 */
import type { Logger } from 'pino'
import { type Retention, retain, retainedInWords } from '../personal-data/retain.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import type { Pool } from '../store/database.ts'
import { claimTask, finishTask } from '../store/maintenance.ts'
import { teamOnRecord } from '../store/status.ts'

export interface RetentionSettings {
  readonly pool: Pool
  readonly keyFingerprint: string
  readonly numberKeys: NumberKeys | null
  readonly retention: Retention
  readonly logger: Logger
}

export interface RetentionChore {
  /** Looks now whether it is due, and does it. */
  look(): Promise<void>
  /** What is being erased stops after its transaction; the rest is done by another worker. Twice is once. */
  stop(): Promise<void>
}

const DAY_SECONDS = 86_400
const LOOK_EVERY_MS = 10 * 60_000

export function startRetention(settings: RetentionSettings): RetentionChore {
  const { logger } = settings
  const stopping = new AbortController()
  let looking: Promise<void> | null = null

  const lookOnce = async () => {
    try {
      await retainIfDue(settings, stopping.signal)
    } catch (error) {
      if (!stopping.signal.aborted) logger.warn({ event: 'retain_failed' }, reasonOf(error))
    }
  }
  const look = () => {
    if (stopping.signal.aborted) return Promise.resolve()
    looking ??= lookOnce().finally(() => {
      looking = null
    })
    return looking
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  return {
    look,
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await looking
    },
  }
}

async function retainIfDue(settings: RetentionSettings, signal: AbortSignal): Promise<void> {
  const { pool, keyFingerprint, numberKeys, retention, logger } = settings
  const team = await teamOnRecord(pool, keyFingerprint)
  if (team === null) return
  const claim = await claimTask(pool, team.teamId, 'retain', DAY_SECONDS)
  if (claim === null) return
  try {
    const retained = await retain({ pool, teamId: team.teamId, numberKeys, signal }, retention)
    // Unfinished, it is taken up by somebody else.
    if (signal.aborted) return
    await finishTask(pool, claim, { summary: retainedInWords(retained) })
    logger.info({ event: 'retained', ...retained }, retainedInWords(retained))
  } catch (error) {
    await finishTask(pool, claim, { error: reasonOf(error) })
    throw error
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
