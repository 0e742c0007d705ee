/**
 * Whether asking schema reporting costs what the answer is worth, after three years as after some months. The short
 * history is the last part of the long one, so that the same question has the same answer.
 */
import { grantLogin } from '../src/access/login.ts'
import { roleNames, setUpRoles } from '../src/access/roles.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import { bounded, type Figure } from './figures.ts'
import type { Lab } from './lab.ts'
import { timed } from './measure.ts'
import { loadHistory } from './reporting-history.ts'
import { PASS_EVERY_MS } from './reporting-plan.ts'
import { chooseSubject, type History } from './reporting-questions.ts'
import { benchReads } from './reporting-reads.ts'
import { benchTimes } from './reporting-times.ts'

const LONG_DAYS = 3 * 365
const SHORT_DAYS = 110

export async function benchReporting(
  lab: Lab,
  { isQuick }: { readonly isQuick: boolean },
): Promise<Figure[]> {
  const endsAt = Math.floor(Date.now() / PASS_EVERY_MS) * PASS_EVERY_MS
  return withHistory(lab, { endsAt, days: SHORT_DAYS }, (short) =>
    withHistory(lab, { endsAt, days: LONG_DAYS }, async (long, loadedMs) => [
      await sizeOf(long, loadedMs),
      ...(await benchReads(short, long)),
      ...(await benchTimes(long, { warmUps: 1, rounds: isQuick ? 3 : 11 })),
    ]),
  )
}

async function withHistory<T>(
  lab: Lab,
  { endsAt, days }: { readonly endsAt: number; readonly days: number },
  work: (history: History, loadedMs: number) => Promise<T>,
): Promise<T> {
  return lab.withDatabase(async ({ url, pool: owner }) => {
    const loadedMs = await timed(() => loadHistory(owner, { endsAt, days }))
    const reader = await openReader(url, owner, `analyst of ${days} days`)
    try {
      return await work({ reader, owner, subject: await chooseSubject(owner, endsAt) }, loadedMs)
    } finally {
      await reader.end()
    }
  })
}

async function openReader(databaseUrl: string, owner: Pool, login: string): Promise<Pool> {
  const prefix = 'bench'
  const password = 'of a bench'
  await setUpRoles(owner, prefix)
  await grantLogin(owner, { login, role: 'reader', roles: roleNames(prefix), password, exists: false })
  const url = new URL(databaseUrl)
  url.username = encodeURIComponent(login)
  url.password = encodeURIComponent(password)
  return openPool(url.href, { max: 1, name: 'bench' })
}

async function sizeOf({ owner }: History, loadedMs: number): Promise<Figure> {
  const { rows } = await owner.query<{ versions: number; dials: number }>(
    `select (select count(*) from allo.queue_number_versions)::int as versions,
       (select count(*) from allo.dials)::int as dials`,
  )
  const { versions = 0, dials = 0 } = rows[0] ?? {}
  const what = `${versions.toLocaleString('en')} versions and ${dials.toLocaleString('en')} dials, loaded in`
  return bounded(what, loadedMs / 1000, null, { unit: ' s', digits: 0 })
}
