/**
 * All facts that people and probes are shown, and the verdict on them, computed once: `status`, `/status`, the page and the
 * metrics say the same.
 */
import { z } from 'zod'
import type { Schedule } from '../config/config.ts'
import { amount, instant, type Output, seconds } from '../json-output.ts'
import { tones } from '../page/sign.ts'
import { lastResults } from '../quality/results.ts'
import { failsBadly, qualityReportSchema } from '../quality/run-checks.ts'
import type { Pool } from '../store/postgres/database.ts'
import { dailyRequests, dailyRequestsSchema } from '../store/queries/daily-requests.ts'
import { mirrorStatus, mirrorStatusSchema, type TeammateStatus } from '../store/queries/status.ts'
import { inWords } from '../text/duration.ts'
import { describeSchedule, nextSlot, staleAfterMs } from '../worker/freshness.ts'
import { backendNames } from '../worker/job-backend.ts'
import { type JobsStatus, jobsStatusSchema } from '../worker/jobs-status.ts'
import { callsInWords } from './calls.ts'
import { costInWords, quotaProblem } from './daily-cost.ts'
import { liveInWords } from './live.ts'

/** Whether to worry, in a sentence; and what else is wrong, a sentence each. */
const verdictSchema = z.object({
  tone: z.enum(tones),
  headline: z.string().describe('A sentence for people. Its wording can change.'),
  notes: z.array(z.string()).describe('What else is wrong, a sentence each.'),
})

export type Verdict = Output<typeof verdictSchema>

const freshnessSchema = z.object({
  isFresh: z.boolean().describe("There are data, and no teammate's are stale. Then `status` exits 0."),
  oldestSeconds: seconds
    .nullable()
    .describe('Age of the oldest data of a teammate. Null: no teammate is known.'),
  staleAfterSeconds: seconds.describe('The target: data of a greater age are stale.'),
})

export const overviewSchema = z
  .object({
    verdict: verdictSchema,
    freshness: freshnessSchema,
    counts: z.object({
      teammates: amount,
      stale: amount,
      failing: amount,
      neverRead: amount,
      numbers: amount,
    }),
    schedule: z.object({ text: z.string(), nextRunAt: instant.nullable() }),
    liveInWords: z.string().describe('How soon changes are visible, in a sentence.'),
    callsInWords: z
      .string()
      .nullable()
      .describe(
        'How far the details of calls are known. Null: they are not asked for, and none is on record.',
      ),
    requests: dailyRequestsSchema.nullable().describe('Requests to Allo a day. Null: no pass has finished.'),
    requestsInWords: z.string(),
    quality: qualityReportSchema
      .nullable()
      .describe('What the checks of the data found last. Null: they never ran.'),
    jobs: jobsStatusSchema,
    database: z.enum(['embedded', 'own']),
    version: z.string(),
    ...mirrorStatusSchema.shape,
  })
  .describe('How the mirror of one team stands.')

export type Overview = Output<typeof overviewSchema>

export interface OverviewSources {
  readonly pool: Pool
  readonly keyFingerprint: string
  readonly schedule: Schedule
  readonly freshnessSloMs: number | null
  readonly liveBudgetShare: number
  readonly dailyRequests: number | null
  readonly callDetails: boolean
  readonly database: 'embedded' | 'own'
  readonly version: string
}

export async function overviewOf(
  sources: OverviewSources,
  askJobs: () => Promise<JobsStatus>,
): Promise<Overview> {
  const { pool, keyFingerprint, schedule, freshnessSloMs, liveBudgetShare, database, version } = sources
  const { dailyRequests: quota } = sources
  const targetAt = (at: Date) => staleAfterMs(schedule, freshnessSloMs, at) / 1000
  const [mirror, jobs] = await Promise.all([mirrorStatus(pool, keyFingerprint, targetAt), askJobs()])
  const requests = await dailyRequests(pool, keyFingerprint)
  const quality = mirror.team === null ? null : await lastResults(pool, mirror.team.teamId)
  const now = new Date(mirror.at)
  const { teammates } = mirror
  const counts = {
    teammates: teammates.length,
    stale: teammates.filter(({ isStale }) => isStale).length,
    failing: teammates.filter(({ failure }) => failure !== null).length,
    neverRead: teammates.filter(({ observedAt }) => observedAt === null).length,
    numbers: teammates.reduce((sum, { numbers }) => sum + (numbers ?? 0), 0),
  }
  const isFresh = counts.teammates > counts.neverRead && counts.stale === 0
  const facts = {
    ...mirror,
    counts,
    quality,
    jobs,
    database,
    version,
    requests,
    requestsInWords: costInWords(requests, quota),
    callsInWords: callsInWords(mirror.calls, sources.callDetails),
    liveInWords: liveInWords({
      live: mirror.live,
      budgetShare: liveBudgetShare,
      hasDailyQuota: quota !== null,
      pausedSeconds: mirror.pausedSeconds,
      workers: jobs.workers,
      hasQueues: teammates.some(({ numbers }) => numbers !== null),
    }),
    freshness: {
      isFresh,
      oldestSeconds: teammates[0]?.ageSeconds ?? null,
      staleAfterSeconds: targetAt(now),
    },
    schedule: {
      text: describeSchedule(schedule),
      nextRunAt: jobs.nextRunAt ?? nextSlot(schedule, now)?.toISOString() ?? null,
    },
  }
  return { ...facts, verdict: judge(facts, quotaProblem(requests, quota)) }
}

function judge(facts: Omit<Overview, 'verdict'>, problemWithQuota: string | null): Verdict {
  const { counts, freshness, jobs, credentials } = facts
  const notes: string[] = []
  if (jobs.problem !== null) {
    const where = backendNames[jobs.backend]
    notes.push(sentence(`${where}, which has the jobs, does not answer: ${jobs.problem}`))
  } else if (jobs.workers === 0) notes.push('No worker is running.')
  if (facts.pausedSeconds >= 1) notes.push(`Allo asked for a pause: ${inWords(facts.pausedSeconds)} left.`)
  const [last] = facts.passes.filter(({ status }) => status !== 'running')
  if (last?.status === 'failed' && credentials?.isRefused !== true) {
    notes.push(
      sentence(`The last pass failed: ${last.errorMessage ?? last.errorCode ?? 'no teammate could be read'}`),
    )
  }

  if (problemWithQuota !== null) notes.push(problemWithQuota)

  // How old the data are is known better now than when they were checked.
  const doubts = (facts.quality?.results ?? []).filter(
    (result) => failsBadly(result) && result.name !== 'freshness',
  )
  notes.push(...doubts.map(({ sentence }) => sentence))

  const limit = inWords(freshness.staleAfterSeconds)
  if (credentials?.isRefused === true) {
    if (credentials.reason !== null) notes.unshift(credentials.reason)
    return { tone: 'bad', headline: 'Allo refuses the API key: nothing new is read.', notes }
  }
  if (counts.teammates === counts.neverRead) {
    const isReading = facts.passes[0]?.status === 'running'
    const headline = isReading ? 'The first pass is running.' : 'Nothing has been read yet.'
    return { tone: 'warning', headline, notes }
  }
  if (counts.stale > 0) {
    const headline = `The data of ${of(counts.stale, counts.teammates)} are older than ${limit}.`
    return { tone: 'bad', headline, notes }
  }
  if (doubts.length > 0) {
    return { tone: 'bad', headline: "The data are fresh, but a check failed: don't trust them yet.", notes }
  }
  if (counts.failing > 0) {
    const headline = `The data are fresh, but ${of(counts.failing, counts.teammates)} could not be read last time.`
    return { tone: 'warning', headline, notes }
  }
  const oldest = inWords(freshness.oldestSeconds ?? 0)
  const isWell = notes.length === 0
  const start = isWell ? 'All is well' : 'The data are fresh'
  const headline = `${start}: everyone was read within the last ${oldest}.`
  return { tone: isWell ? 'good' : 'warning', headline, notes }
}

/** What a reason says beside whom and which request it is about: the same trouble of many is told once. */
export function gistOf(reason: string, userId = ''): string {
  return reason.replace(/\(request [^)]*\)/, '').replaceAll(userId, '')
}

/** A teammate with a problem, and why; `as above` where the one before has the same. */
export interface Trouble {
  readonly name: string
  readonly failure: NonNullable<TeammateStatus['failure']>
  readonly reason: string
}

export function troublesOf(teammates: readonly TeammateStatus[]): Trouble[] {
  let above: string | null = null
  return teammates.flatMap(({ userId, name, failure }) => {
    if (failure === null) return []
    const reason = failure.message ?? failure.code ?? ''
    const gist = gistOf(reason, userId)
    const isSaid = gist === above
    above = gist
    return [{ name: name ?? userId, failure, reason: isSaid ? 'as above' : reason }]
  })
}

/** Some reasons come with a full stop, and some without. */
function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`
}

function of(some: number, all: number): string {
  if (some === all) return all === 1 ? 'the one teammate' : `all ${all.toLocaleString('en')} teammates`
  return `${some.toLocaleString('en')} of ${all.toLocaleString('en')} teammates`
}
