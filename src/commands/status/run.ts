/** `status`: one screen on the age of the data and on problems. Changes nothing, and needs no running worker. */
import { sql } from 'drizzle-orm'
import { type ConfigWithKey, readConfig } from '../../config/config.ts'
import { type ExitCode, exitCodes, messageOf } from '../../errors.ts'
import { type Overview, overviewOf, troublesOf } from '../../http/overview.ts'
import { mask } from '../../logger.ts'
import { assertSchemaIsReadable } from '../../store/migrate/migrate.ts'
import { keyFingerprint } from '../../store/pass/read-budget.ts'
import type { Pool } from '../../store/postgres/database.ts'
import { JOBS_SCHEMA } from '../../store/postgres/foreign-owners.ts'
import { run } from '../../store/postgres/query.ts'
import { staleAfterOfWorker, teamOnRecord } from '../../store/queries/status.ts'
import { print, printJson } from '../../terminal/output.ts'
import { tableLines } from '../../terminal/table.ts'
import { counted } from '../../text/counted.ts'
import { inWords } from '../../text/duration.ts'
import { printable } from '../../text/printable.ts'
import { version } from '../../version.ts'
import { within } from '../../waiting.ts'
import { backendNames, openJobBackend, queueNames } from '../../worker/job-backend.ts'
import { type JobsStatus, jobsStatus } from '../../worker/jobs-status.ts'
import { type OpenDatabase, withDatabase } from '../open/database.ts'

/** Rows of each table, so that all fits one screen; `--json` has all rows. */
const ROWS_SHOWN = 10

/** Exit code: ok when the data are fresh, tryAgain when they are too old or there are none. */
export async function runStatus({ json }: { readonly json: boolean }): Promise<ExitCode> {
  const config = readConfig({ needsApiKey: true })
  const overview = await withDatabase(config, (database) => look(config, database), {
    name: 'status',
    mayCreate: false,
  })
  const secrets = config.secrets()
  if (json) printJson(overview, secrets)
  else if (config.logLevel !== 'silent') print(mask(toScreen(overview).join('\n'), secrets))
  return overview.freshness.isFresh ? exitCodes.ok : exitCodes.tryAgain
}

async function look(config: ConfigWithKey, { pool, url, isEmbedded }: OpenDatabase): Promise<Overview> {
  await assertSchemaIsReadable(pool)
  const fingerprint = keyFingerprint(config.apiKey.value())
  const jobs = await askJobs(config, pool, url, fingerprint)
  const team = await teamOnRecord(pool, fingerprint)
  const workerSeconds = team === null ? null : await staleAfterOfWorker(pool, team.teamId)
  // The schedule of the worker counts, not the one in this environment.
  const sources = {
    schedule: jobs.schedule ?? config.schedule,
    liveBudgetShare: config.liveBudgetShare,
    dailyRequests: config.dailyRequests,
    callDetails: config.callDetails,
    freshnessSloMs: config.freshnessSloMs ?? (workerSeconds === null ? null : workerSeconds * 1000),
    pool,
    keyFingerprint: fingerprint,
    database: isEmbedded ? ('embedded' as const) : ('own' as const),
    version,
  }
  return overviewOf(sources, async () => jobs)
}

async function askJobs(
  config: ConfigWithKey,
  pool: Pool,
  databaseUrl: string,
  fingerprint: string,
): Promise<JobsStatus> {
  const redisUrl = config.redisUrl?.value() ?? null
  const nothing = { workers: null, nextRunAt: null, schedule: null, counts: null }
  if (redisUrl === null && !(await hasJobTables(pool))) {
    return { backend: 'postgres', problem: null, ...nothing, workers: 0 }
  }
  const backend = redisUrl === null ? 'postgres' : 'redis'
  const jobs = await openJobBackend({ redisUrl, databaseUrl }, () => undefined, { mayMigrate: false })
  try {
    // Ping first, because opening a queue waits without limit for an absent Redis.
    await jobs.ping()
    const names = queueNames(fingerprint)
    const [passes, readings] = await Promise.all([
      jobs.openQueue(names.passes),
      jobs.openQueue(names.readings),
    ])
    try {
      return await jobsStatus(jobs, { passes, readings })
    } finally {
      await within(1000, Promise.all([passes.close(), readings.close()])).catch(() => undefined)
    }
  } catch (error) {
    return { backend, problem: messageOf(error), ...nothing }
  } finally {
    await jobs.close()
  }
}

async function hasJobTables(pool: Pool): Promise<boolean> {
  return (await run(pool, sql`select from pg_namespace where nspname = ${JOBS_SCHEMA}`)).length > 0
}

function toScreen(overview: Overview): string[] {
  const { verdict, team, freshness, jobs, schedule, passes, counts, teammates, at } = overview
  const last = passes.find(({ status }) => status !== 'running')
  const oldest = freshness.oldestSeconds === null ? 'none' : inWords(freshness.oldestSeconds)
  const sign = { good: '✓', warning: '!', bad: '✗' }[verdict.tone]
  const next =
    schedule.nextRunAt === null
      ? 'when a worker runs'
      : `${schedule.nextRunAt} (${until(at, schedule.nextRunAt)})`
  const facts: [string, string][] = [
    ['Team', team === null ? 'not known yet' : `${team.name ?? 'without a name'} (${team.teamId})`],
    ['Data', `oldest ${oldest}; stale after ${inWords(freshness.staleAfterSeconds)}`],
    ['Live', overview.liveInWords],
    ['Requests', overview.requestsInWords],
    ...(overview.callsInWords === null ? [] : [['Calls', overview.callsInWords] as [string, string]]),
    [
      'Mirrored',
      `${counts.numbers.toLocaleString('en')} numbers of ${counts.teammates.toLocaleString('en')} teammates`,
    ],
    [
      'Last pass',
      last === undefined
        ? 'none'
        : `${last.status}, ${ago(at, last.finishedAt)}, took ${inWords(last.durationSeconds)}, ${last.requests ?? 0} requests`,
    ],
    [
      'Throttled',
      `${last?.throttled ?? 0} times, ${inWords(last?.throttledSeconds ?? 0)} waited in the last pass`,
    ],
    ['Checks', checksInWords(overview)],
    ['Schedule', `${schedule.text}; next ${next}`],
    [
      'Jobs',
      `in ${backendNames[jobs.backend]}; ${jobs.workers === null ? 'workers not known' : counted(jobs.workers, 'worker')}`,
    ],
    ['Database', overview.database],
  ]
  const failing = troublesOf(teammates).map(({ name, failure, reason }) => [
    name,
    failure.status,
    ago(at, failure.since),
    reason,
  ])
  return [
    `${sign} ${printable(verdict.headline)}`,
    ...verdict.notes.map((note) => `  ${printable(note)}`),
    '',
    ...facts.map(([name, value]) => `${name.padEnd(9)}  ${printable(value)}`),
    ...section('Teammates with problems', ['teammate', 'status', 'since', 'reason'], failing),
    ...section(
      'Oldest data first',
      ['teammate', 'verified', 'looked at', 'looks', 'numbers'],
      teammates.map(({ userId, name, observedAt, lookedAt, lookIntervalSeconds, numbers }) => [
        name ?? userId,
        observedAt === null ? 'never' : ago(at, observedAt),
        lookedAt === null ? 'never' : ago(at, lookedAt),
        lookIntervalSeconds === null ? '–' : `every ${inWords(lookIntervalSeconds)}`,
        numbers ?? 'no queue',
      ]),
    ),
  ]
}

function checksInWords({ quality, at }: Overview): string {
  if (quality === null) return 'not run yet'
  const failed = quality.results.filter(({ status, severity }) => status === 'failed' && severity !== 'note')
  const names = failed.map(({ name }) => name).join(', ')
  return `${failed.length === 0 ? 'nothing is wrong' : `something is wrong (${names})`}, ${ago(at, quality.checkedAt)}`
}

function section(title: string, columns: readonly string[], rows: readonly (string | number)[][]): string[] {
  if (rows.length === 0) return []
  const rest = rows.length - ROWS_SHOWN
  return [
    '',
    title,
    ...tableLines(columns, rows.slice(0, ROWS_SHOWN)),
    ...(rest > 0 ? [`and ${rest.toLocaleString('en')} more: --json has all`] : []),
  ]
}

function ago(now: string, instant: string | null): string {
  if (instant === null) return 'running'
  return `${inWords(Math.max(0, Math.round((Date.parse(now) - Date.parse(instant)) / 1000)))} ago`
}

function until(now: string, instant: string): string {
  const seconds = Math.round((Date.parse(instant) - Date.parse(now)) / 1000)
  return seconds < 1 ? 'now' : `in ${inWords(seconds)}`
}
