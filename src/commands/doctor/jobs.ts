/** Doctor's look at where a worker would keep its jobs. */
import { type Config, ConfigError } from '../../config/config.ts'
import { exitCodes, messageOf } from '../../errors.ts'
import { inspectJobsInPostgres, inspectRedis, type JobsReport } from '../../worker/inspect-jobs.ts'
import type { OpenDatabase } from '../open/database.ts'
import type { Report } from './report.ts'

export async function checkJobs(
  report: Report,
  { redisUrl }: Pick<Config, 'redisUrl'>,
  database: OpenDatabase | null,
): Promise<void> {
  report.section('Jobs of the worker')
  if (redisUrl !== null) {
    const { host } = new URL(redisUrl.value())
    try {
      tell(report, 'Redis', await inspectRedis(redisUrl.value()))
    } catch (error) {
      const reason = messageOf(error)
      const says = `${host} can't be used: ${reason.replace(/\.$/, '')}. ${wayOutOf(reason)}`
      report.wrong(
        'Redis',
        says,
        /WRONGPASS|NOAUTH/.test(reason) ? exitCodes.configuration : exitCodes.tryAgain,
      )
    }
  } else if (database === null) {
    report.skipped('jobs', 'kept in Postgres, which comes first')
  } else {
    await report.check('jobs', async () => {
      try {
        tell(report, 'jobs', await inspectJobsInPostgres(database.url))
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        for (const { variable, problem } of error.problems) report.wrong('jobs', `${variable}: ${problem}`)
      }
    })
  }
}

function wayOutOf(reason: string): string {
  const [, wayOut] = waysOut.find(([pattern]) => pattern.test(reason)) ?? []
  return wayOut ?? 'Start it, or check REDIS_URL.'
}

/** By how Redis begins its errors. */
const waysOut: readonly (readonly [RegExp, string])[] = [
  [/^OOM/, 'Raise its maxmemory, or remove what fills it.'],
  [/^READONLY/, 'It is a replica: point REDIS_URL at the primary.'],
  [/^MISCONF/, 'It could not save to its disk: see its log.'],
  [/^(?:LOADING|BUSY)/, 'Wait until it is done.'],
  [/^(?:WRONGPASS|NOAUTH)/, 'Check user and password in REDIS_URL.'],
  [/^NOPERM/, 'Let this login run all commands on keys that begin with bull: (~bull:* +@all).'],
]

function tell(report: Report, subject: string, { what, concerns }: JobsReport): void {
  if (concerns.length === 0) report.right(subject, what)
  for (const concern of concerns) report.warning(subject, concern)
}
