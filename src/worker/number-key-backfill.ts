import type { Logger } from 'pino'
import { messageOf } from '../errors.ts'
import { backfillNumberKeys } from '../personal-data/backfill.ts'
import type { NumberKeys } from '../snapshot/number-key.ts'
import type { Pool } from '../store/postgres/database.ts'
import type { Chore } from './chore.ts'

interface Settings {
  readonly pool: Pool
  /** Null: NUMBER_KEY is not set. */
  readonly numberKeys: NumberKeys | null
  readonly logger: Logger
  readonly signal: AbortSignal
}

/**
 * Computes the number key of older entries, once, while passes run. After an error the next start of a worker resumes.
 */
export function createNumberKeyBackfill(settings: Settings): Chore {
  let filling: Promise<void> | null = null
  return {
    start() {
      filling = fill(settings)
    },
    stop: async () => filling ?? undefined,
  }
}

async function fill({ pool, numberKeys, logger, signal }: Settings): Promise<void> {
  if (numberKeys === null) {
    const message = 'NUMBER_KEY is not set: number_key stays empty, and no number can be suppressed'
    return logger.info({ event: 'no_number_key' }, message)
  }
  try {
    const entries = await backfillNumberKeys(pool, numberKeys, signal)
    if (entries > 0)
      logger.info({ event: 'number_keys_filled', entries }, 'older entries got their number key')
  } catch (error) {
    logger.warn({ event: 'number_keys_failed' }, `older entries have no number key yet: ${messageOf(error)}`)
  }
}
