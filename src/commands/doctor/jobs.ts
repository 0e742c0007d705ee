/** Checks of doctor on the job backend of the worker. */
import { type Config, ConfigError } from '../../config/config.ts'
import { exitCodes, messageOf } from '../../errors.ts'
import { inspectJobsInPostgres, inspectRedis, type JobsReport } from '../../worker/inspect-jobs.ts'
import type { OpenDatabase } from '../open/database.ts'
import type { Report, Subject } from './report.ts'

export async function checkJobs(
  report: Report,
  { redisUrl }: Pick<Config, 'redisUrl'>,
  database: OpenDatabase | null,
): Promise<void> {
  report.section('Jobs of the worker')
  if (redisUrl !== null) {
    const { host } = new URL(redisUrl.value())
    try {
      addFindings(report.about('Redis'), await inspectRedis(redisUrl.value()))
    } catch (error) {
      const reason = messageOf(error)
      const says = `${host} can't be used: ${reason.replace(/\.$/, '')}. ${wayOutOf(reason)}`
      report
        .about('Redis')
        .wrong(says, /WRONGPASS|NOAUTH/.test(reason) ? exitCodes.configuration : exitCodes.tryAgain)
    }
  } else if (database === null) {
    report.about('jobs').skipped('they are in Postgres: see Database')
  } else {
    await report.check('jobs', async (jobs) => {
      try {
        addFindings(jobs, await inspectJobsInPostgres(database.url))
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        for (const { variable, problem } of error.problems) jobs.wrong(`${variable}: ${problem}`)
      }
    })
  }
}

function wayOutOf(reason: string): string {
  const [, wayOut] = waysOut.find(([pattern]) => pattern.test(reason)) ?? []
  return wayOut ?? 'Start Redis, or check REDIS_URL.'
}

/** By the first word of Redis's error. */
const waysOut: readonly (readonly [RegExp, string])[] = [
  [/^OOM/, 'Increase its maxmemory, or delete keys.'],
  [/^READONLY/, 'It is a replica: point REDIS_URL at the primary.'],
  [/^MISCONF/, 'It could not save to its disk: see its log.'],
  [/^(?:LOADING|BUSY)/, 'Wait until it has finished.'],
  [/^(?:WRONGPASS|NOAUTH)/, 'Check user and password in REDIS_URL.'],
  [/^NOPERM/, 'Allow this login all commands on keys that begin with bull: (~bull:* +@all).'],
]

function addFindings({ right, warning }: Subject, { what, concerns }: JobsReport): void {
  if (concerns.length === 0) right(what)
  for (const concern of concerns) warning(concern)
}
