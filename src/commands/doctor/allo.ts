/** Checks of doctor on Allo: four requests, within the read budget of the key. */
import { createPrivateReadBudget } from '../../allo/private-read-budget.ts'
import type { AlloClient, Teammate } from '../../allo/types.ts'
import type { ConfigWithKey } from '../../config/config.ts'
import { exitCodes } from '../../errors.ts'
import { unusableRows } from '../../pass/choose-teammates.ts'
import { inspectSchema } from '../../store/migrate/migrate.ts'
import { type OpenReadBudget, openReadBudget } from '../../store/pass/read-budget.ts'
import { DatabaseError } from '../../store/postgres/database.ts'
import { configuredRate, type OpenAllo, withAllo } from '../open/allo.ts'
import type { OpenDatabase } from '../open/database.ts'
import type { Report } from './report.ts'

/** Shorter than in a pass, because a person waits for the result. */
const limits = { maxThrottledMs: 10_000, retry: { retries: 1 } }

const neededScopes = ['USERS_READ', 'DIALING_QUEUE_READ_WRITE']

export async function checkAllo(
  report: Report,
  config: ConfigWithKey,
  database: OpenDatabase | null,
  signal: AbortSignal,
): Promise<void> {
  const openBudget = (fingerprint: string) => openSharedOrPrivateBudget(database, fingerprint)
  await report.check('key', () =>
    withAllo(
      config,
      openBudget,
      async (open) => {
        if (!(await checkKey(report, config, open, signal))) {
          for (const subject of ['scopes', 'limit', 'teammates', 'queues']) report.skipped(subject, 'see key')
          return
        }
        const everyone = await checkTeammates(report, config, open.allo, signal)
        if (everyone === null) report.skipped('queues', 'see teammates')
        else await checkQueues(report, open.allo, everyone, signal)
        for (const { where, what } of open.surprises.all()) report.warning('new', `${where}: ${what}`)
      },
      limits,
    ),
  )
}

async function checkKey(
  report: Report,
  config: ConfigWithKey,
  { allo, onLimit }: OpenAllo,
  signal: AbortSignal,
): Promise<boolean> {
  const account = await report.check('key', () => allo.me(signal))
  if (account === null) return false
  onLimit(account.readsPerSecond)
  const { team, scopes, readsPerSecond } = account
  if (team === null) report.warning('key', 'is valid, but Allo names no team for it')
  else report.right('key', `of team ${team.name ?? '(without a name)'} (${team.id})`)

  const unlisted = neededScopes.filter((scope) => scopes !== null && !scopes.includes(scope))
  if (scopes === null)
    report.warning('scopes', 'Allo lists none; the next checks show whether the key has them')
  else if (unlisted.length > 0) {
    report.warning('scopes', `not listed: ${unlisted.join(', ')}. Add these scopes to the key in Allo.`)
  } else report.right('scopes', neededScopes.join(', '))

  const rate = configuredRate(config, readsPerSecond ?? 20)
  const used =
    rate === null ? 'without a limit of our own' : `of which we use ${Number(rate.toFixed(2))} at most`
  if (readsPerSecond === null)
    report.warning('limit', `Allo sends no limit; 20 reads a second are documented, ${used}`)
  else if (rate === null || rate > readsPerSecond) {
    const says = `Allo allows ${readsPerSecond} reads a second, and ALLO_READS_PER_SECOND is higher: expect 429 responses`
    report.warning('limit', says)
  } else report.right('limit', `${readsPerSecond} reads a second, ${used}`)
  return true
}

async function checkTeammates(
  report: Report,
  config: ConfigWithKey,
  allo: AlloClient,
  signal: AbortSignal,
): Promise<readonly Teammate[] | null> {
  return report.check('teammates', async () => {
    const active = await allo.listTeammates('ACTIVE', signal)
    const blocked = await allo.listTeammates('BLOCKED', signal)
    const everyone = [...active.teammates, ...blocked.teammates]
    if (active.teammates.length === 0) {
      report.wrong('teammates', 'Allo lists no active teammate, so a pass would stop', exitCodes.tryAgain)
    } else {
      report.right('teammates', `${active.teammates.length} active, ${blocked.teammates.length} blocked`)
    }
    const unusable = unusableRows(active.unusable, blocked.unusable)
    if (unusable !== null) report.warning('teammates', unusable)
    const isThere = (name: string) =>
      everyone.some(({ userId, email }) => userId === name || email?.toLowerCase() === name.toLowerCase())
    for (const [variable, names] of [
      ['ONLY_TEAMMATES', config.onlyTeammates],
      ['EXCEPT_TEAMMATES', config.exceptTeammates],
    ] as const) {
      const unknown = names.filter((name) => !isThere(name))
      if (unknown.length > 0)
        report.warning('teammates', `${variable} has names that are not on the team: ${unknown.join(', ')}`)
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
  if (teammate === undefined) return report.skipped('queues', 'there is no teammate')
  await report.check('queues', async () => {
    const answer = await allo.readQueuePage(teammate.userId, 1, signal)
    const name = teammate.name ?? teammate.userId
    if (answer.kind === 'page') {
      const size = answer.totalCount ?? answer.numbers.length
      report.right('queues', `readable: ${name} has a queue of ${size} numbers`)
    } else if (answer.kind === 'no_queue') report.right('queues', `readable: ${name} has no queue`)
    else
      report.warning(
        'queues',
        `Allo lists ${name} (${teammate.userId}), but says not on the team when asked by id`,
      )
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
