/** What the present settings cost at Allo in a day, from what the database counted. */
import type { Config } from '../../config/config.ts'
import { costInWords, quotaProblem } from '../../http/daily-cost.ts'
import { inspectSchema } from '../../store/migrate/migrate.ts'
import { dailyRequests } from '../../store/queries/daily-requests.ts'
import type { OpenAllo } from '../open/allo.ts'
import type { OpenDatabase } from '../open/database.ts'
import type { Report } from './report.ts'

export async function checkRequests(
  report: Report,
  { dailyRequests: quota, liveBudgetShare, callDetails }: Config,
  database: OpenDatabase | null,
  { keyFingerprint, readsPerSecond }: OpenAllo,
): Promise<void> {
  await report.check('requests', async ({ right, warning }) => {
    const isReadable = database !== null && (await inspectSchema(database.pool)).state === 'current'
    const cost = isReadable ? await dailyRequests(database.pool, keyFingerprint) : null
    const problem = quotaProblem(cost, quota)
    if (problem !== null) return warning(problem)
    const calls = callDetails
      ? '\ndetails of calls: a request for each call, and a second for conversations; they come last'
      : ''
    right(`${costInWords(cost, quota)}\n${looksInWords(readsPerSecond(), liveBudgetShare)}${calls}`)
  })
}

function looksInWords(rate: number | null, share: number): string {
  if (share === 0) return 'looks are off: LIVE_BUDGET_SHARE is 0'
  if (rate === null) return 'looks are not limited'
  const perSecond = rate * share
  const aDay = Math.round(perSecond * 86_400).toLocaleString('en')
  return `looks: at most ${Number(perSecond.toFixed(2))} a second, ${aDay} a day, while teammates dial (LIVE_BUDGET_SHARE)`
}
