/** `worker`: the service. Runs until SIGTERM or SIGINT; a second one stops it at once. */
import type { Logger } from 'pino'
import { readConfig } from '../../config/config.ts'
import { connectionsInClear } from '../../config/plaintext.ts'
import { type ExitCode, exitCodes } from '../../errors.ts'
import { createLogger } from '../../logger.ts'
import { withInterruption } from '../../terminal/interruption.ts'
import { logOutput } from '../../terminal/log-output.ts'
import { longestWait } from '../../waiting.ts'
import { runService } from './service.ts'

export async function runWorker(): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: true })
  const logger = createLogger(config.logLevel, logOutput(process.stdout), config.secrets)
  for (const warning of [...config.warnings, ...connectionsInClear(config)])
    logger.warn({ event: 'configuration' }, warning)
  const onFirst = () => {
    logger.info({ event: 'worker_stopping' }, 'stopping: running jobs are requeued')
    leaveInTime(config.shutdownTimeoutMs, logger)
  }
  const endWithinMs = config.shutdownTimeoutMs
  await withInterruption((signal) => runService(config, { logger, signal }), { onFirst, endWithinMs })
  logger.info({ event: 'worker_stopped' }, 'worker stopped')
  return exitCodes.ok
}

/** Whatever still hangs on something that is gone: what was being read is taken over all the same. */
function leaveInTime(shutdownTimeoutMs: number, logger: Logger): void {
  setTimeout(() => {
    const what = longestWait()
    const message = `worker stopped without waiting any longer${what === null ? '' : ` for ${what}`}`
    logger.warn({ event: 'worker_stopped' }, message)
    process.exit(exitCodes.ok)
  }, shutdownTimeoutMs * 0.95).unref()
}
