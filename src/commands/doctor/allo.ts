/** Checks of doctor on Allo: four requests, within the read budget of the key. */
import { createPrivateReadBudget } from '../../allo/private-read-budget.ts'
import type { AlloClient, Teammate } from '../../allo/types.ts'
import type { Config, ConfigWithKey } from '../../config/config.ts'
import { exitCodes } from '../../errors.ts'
import { unusableRows } from '../../pass/choose-teammates.ts'
import { inspectSchema } from '../../store/migrate/migrate.ts'
import { type OpenReadBudget, openReadBudget } from '../../store/pass/read-budget.ts'
import { DatabaseError } from '../../store/postgres/database.ts'
import { configuredRate, DOCUMENTED_READS_PER_SECOND, type OpenAllo, withAllo } from '../open/allo.ts'
import type { OpenDatabase } from '../open/database.ts'
import type { Report, Subject } from './report.ts'
import { checkRequests } from './requests.ts'
import { checkClockOfAllo } from './webhooks.ts'

/** Shorter than in a pass, because a person waits for the result. */
const limits = { maxThrottledMs: 10_000, retry: { retries: 1 } }

export async function checkAllo(
  report: Report,
  config: ConfigWithKey,
  database: OpenDatabase | null,
  signal: AbortSignal,
): Promise<void> {
  const clock = { aheadMs: Number.NaN }
  const openBudget = (fingerprint: string) => openSharedOrPrivateBudget(database, fingerprint)
  await report.check('key', () =>
    withAllo(
      config,
      openBudget,
      async (open) => {
        if (!(await checkKey(report, config, open, signal))) {
          for (const name of ['scopes', 'limit', 'requests', 'teammates', 'queues'])
            report.about(name).skipped('see key')
          return
        }
        await checkRequests(report, config, database, open)
        const everyone = await checkTeammates(report, config, open.allo, signal)
        if (everyone === null) report.about('queues').skipped('see teammates')
        else await checkQueues(report, open.allo, everyone, signal)
        for (const { where, what } of open.surprises.all()) report.about('new').warning(`${where}: ${what}`)
        if (config.http.webhookSecret !== null) checkClockOfAllo(report.about('clock'), clock.aheadMs)
      },
      {
        ...limits,
        onAnswer(_, date) {
          clock.aheadMs = Date.parse(date ?? '') - Date.now()
        },
      },
    ),
  )
}

async function checkKey(
  report: Report,
  config: ConfigWithKey,
  { allo, onLimit, scopes }: OpenAllo,
  signal: AbortSignal,
): Promise<boolean> {
  const account = await report.check('key', () => allo.me(signal))
  if (account === null) return false
  onLimit(account.readsPerSecond)
  const { team, readsPerSecond } = account
  const key = report.about('key')
  if (team === null) key.warning('is valid, but Allo names no team for it')
  else key.right(`of team ${team.name ?? '(without a name)'} (${team.id})`)
  checkScopes(report.about('scopes'), scopes, account.scopes)
  checkLimit(report.about('limit'), config, readsPerSecond)
  return true
}

function checkScopes(
  { right, warning }: Subject,
  needed: readonly string[],
  listed: readonly string[] | null,
): void {
  const unlisted = needed.filter((scope) => listed !== null && !listed.includes(scope))
  if (listed === null) warning('Allo lists none; the next checks show whether the key has them')
  else if (unlisted.length > 0)
    warning(`not listed: ${unlisted.join(', ')}. Add these scopes to the key in Allo.`)
  else right(needed.join(', '))
}

function checkLimit({ right, warning }: Subject, config: Config, readsPerSecond: number | null): void {
  const rate = configuredRate(config, readsPerSecond)
  const used =
    rate === null ? 'without a limit of our own' : `of which we use ${Number(rate.toFixed(2))} at most`
  if (readsPerSecond === null)
    warning(`Allo sends no limit; ${DOCUMENTED_READS_PER_SECOND} reads a second are documented, ${used}`)
  else if (rate === null || rate > readsPerSecond) {
    warning(
      `Allo allows ${readsPerSecond} reads a second, and ALLO_READS_PER_SECOND is higher: expect 429 responses`,
    )
  } else right(`${readsPerSecond} reads a second, ${used}`)
}

async function checkTeammates(
  report: Report,
  config: ConfigWithKey,
  allo: AlloClient,
  signal: AbortSignal,
): Promise<readonly Teammate[] | null> {
  return report.check('teammates', async ({ right, warning, wrong }) => {
    const active = await allo.listTeammates('ACTIVE', signal)
    const blocked = await allo.listTeammates('BLOCKED', signal)
    const everyone = [...active.teammates, ...blocked.teammates]
    if (active.teammates.length === 0) {
      wrong('Allo lists no active teammate, so a pass would stop', exitCodes.tryAgain)
    } else {
      right(`${active.teammates.length} active, ${blocked.teammates.length} blocked`)
    }
    const unusable = unusableRows(active.unusable, blocked.unusable)
    if (unusable !== null) warning(unusable)
    const isThere = (name: string) =>
      everyone.some(({ userId, email }) => userId === name || email?.toLowerCase() === name.toLowerCase())
    for (const [variable, names] of [
      ['ONLY_TEAMMATES', config.onlyTeammates],
      ['EXCEPT_TEAMMATES', config.exceptTeammates],
    ] as const) {
      const unknown = names.filter((name) => !isThere(name))
      if (unknown.length > 0) warning(`${variable} has names that are not on the team: ${unknown.join(', ')}`)
    }
    return everyone
  })
}

/** Requests one page, because the list of scopes does not prove that the scope works. */
async function checkQueues(
  report: Report,
  allo: AlloClient,
  [teammate]: readonly Teammate[],
  signal: AbortSignal,
): Promise<void> {
  if (teammate === undefined) return report.about('queues').skipped('there is no teammate')
  await report.check('queues', async ({ right, warning }) => {
    const answer = await allo.readQueuePage(teammate.userId, 1, signal)
    const name = teammate.name ?? teammate.userId
    if (answer.kind === 'page') {
      const size = answer.totalCount ?? answer.numbers.length
      right(`readable: ${name} has a queue of ${size} numbers`)
    } else if (answer.kind === 'no_queue') right(`readable: ${name} has no queue`)
    else warning(`Allo lists ${name} (${teammate.userId}), but says not on the team when asked by id`)
  })
}

/** Uses the shared read budget if its table exists. Otherwise uses a private one, so that no table is created. */
async function openSharedOrPrivateBudget(
  database: OpenDatabase | null,
  fingerprint: string,
): Promise<OpenReadBudget> {
  try {
    if (database !== null && (await inspectSchema(database.pool)).state !== 'absent') {
      return await openReadBudget(database.url, fingerprint)
    }
  } catch (error) {
    // The database checks report this error. The key can be checked without the database.
    if (!(error instanceof DatabaseError)) throw error
  }
  return { ...createPrivateReadBudget(), close: async () => undefined }
}
