/** Doctor's questions to Allo: four requests, within the budget of the key. */
import { createPrivateBook } from '../../allo/private-book.ts'
import type { AlloClient, Teammate } from '../../allo/types.ts'
import type { ConfigWithKey } from '../../config/config.ts'
import { exitCodes } from '../../errors.ts'
import { unusableRows } from '../../pass/choose-teammates.ts'
import { inspectSchema } from '../../store/migrate/migrate.ts'
import { openReadBudget, type ReadBudget } from '../../store/pass/read-budget.ts'
import { DatabaseError } from '../../store/postgres/database.ts'
import { configuredRate, type OpenAllo, withAllo } from '../open/allo.ts'
import type { OpenDatabase } from '../open/database.ts'
import type { Report } from './report.ts'

/** Somebody waits for the answer: less patient than a pass. */
const limits = { maxThrottledMs: 10_000, retry: { retries: 1 } }

const neededScopes = ['USERS_READ', 'DIALING_QUEUE_READ_WRITE']

export async function checkAllo(
  report: Report,
  config: ConfigWithKey,
  database: OpenDatabase | null,
  signal: AbortSignal,
): Promise<void> {
  const openBook = (fingerprint: string) => openSharedOrOwnBook(database, fingerprint)
  await report.check('key', () =>
    withAllo(
      config,
      openBook,
      async (open) => {
        if (!(await checkKey(report, config, open, signal))) {
          for (const subject of ['scopes', 'limit', 'teammates', 'queues']) report.skipped(subject, 'see key')
          return
        }
        const everyone = await checkTeammates(report, config, open.allo, signal)
        if (everyone === null) report.skipped('queues', 'see teammates')
        else await checkQueues(report, open.allo, everyone, signal)
        for (const { where, what } of open.surprises()) report.warning('new', `${where}: ${what}`)
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
  if (team === null) report.warning('key', 'is right, but Allo names no team for it')
  else report.right('key', `of team ${team.name ?? '(without a name)'} (${team.id})`)

  const unlisted = neededScopes.filter((scope) => scopes !== null && !scopes.includes(scope))
  if (scopes === null) report.warning('scopes', 'Allo lists none; what follows shows whether they are there')
  else if (unlisted.length > 0) {
    report.warning('scopes', `not listed: ${unlisted.join(', ')}. Give the key these scopes in Allo.`)
  } else report.right('scopes', neededScopes.join(', '))

  const rate = configuredRate(config, readsPerSecond ?? 20)
  const used = rate === null ? 'no limit of our own' : `${Number(rate.toFixed(2))} of them are used at most`
  if (readsPerSecond === null)
    report.warning('limit', `Allo does not say it; 20 reads a second are documented, ${used}`)
  else if (rate === null || rate > readsPerSecond) {
    const says = `Allo allows ${readsPerSecond} reads a second, ALLO_READS_PER_SECOND is above: expect to be throttled`
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
      report.wrong(
        'teammates',
        'Allo lists no active teammate at all, so a pass would stop',
        exitCodes.tryAgain,
      )
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
      const nobody = names.filter((name) => !isThere(name))
      if (nobody.length > 0)
        report.warning('teammates', `${variable} names nobody on the team: ${nobody.join(', ')}`)
    }
    return everyone
  })
}

/** One page proves the scope, which Allo's list of scopes only claims. */
async function checkQueues(
  report: Report,
  allo: AlloClient,
  [someone]: readonly Teammate[],
  signal: AbortSignal,
): Promise<void> {
  if (someone === undefined) return report.skipped('queues', 'there is nobody to ask for')
  await report.check('queues', async () => {
    const answer = await allo.readQueuePage(someone.userId, 1, signal)
    const whose = someone.name ?? someone.userId
    if (answer.kind === 'page') {
      const size = answer.totalCount ?? answer.numbers.length
      report.right('queues', `can be read: ${whose} has one of ${size} numbers`)
    } else if (answer.kind === 'no_queue') report.right('queues', `can be read: ${whose} has none`)
    else
      report.warning('queues', `Allo lists ${whose} (${someone.userId}), and does not know them when asked`)
  })
}

/** The budget of the key where it is kept already; else one of our own, so that no table has to be made. */
async function openSharedOrOwnBook(database: OpenDatabase | null, fingerprint: string): Promise<ReadBudget> {
  try {
    if (database !== null && (await inspectSchema(database.pool)).state !== 'absent') {
      return await openReadBudget(database.url, fingerprint)
    }
  } catch (error) {
    // Said by the database's own checks; the key can be looked at all the same.
    if (!(error instanceof DatabaseError)) throw error
  }
  return { ...createPrivateBook(), close: async () => undefined }
}
