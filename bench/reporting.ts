/**
 * Whether the cost of a query on schema reporting depends on its answer only, and not on the length of history (some
 * months, three years). The long history is the short one with older weeks before it, so each query has the same answer.
 */
import { grantLogin } from '../src/access/login.ts'
import { roleNames, setUpRoles } from '../src/access/roles.ts'
import { openPool, type Pool } from '../src/store/postgres/database.ts'
import { bounded, type Figure } from './figures.ts'
import type { Lab } from './lab.ts'
import { timed } from './measure.ts'
import { copyWeek, writeTwoWeeks } from './reporting-history.ts'
import { chooseSubject } from './reporting-questions.ts'
import { costsOf, readFigures } from './reporting-reads.ts'
import { benchTimes } from './reporting-times.ts'

/** Copied weeks. With the two weeks that are written, they make some months, and three years. */
const SHORT_WEEKS = 14
const LONG_WEEKS = 154

export async function benchReporting(
  lab: Lab,
  { isQuick }: { readonly isQuick: boolean },
): Promise<Figure[]> {
  return lab.withDatabase(async ({ url, pool: owner }) => {
    const startedAt = performance.now()
    const weeks = await writeTwoWeeks({ url, pool: owner })
    const writtenMs = performance.now() - startedAt
    const copy = (from: number, to: number) => timed(() => copyWeek(owner, weeks, from, to))
    const shortMs = await copy(1, SHORT_WEEKS)
    const reader = await openReader(url, owner)
    try {
      const history = { reader, owner, subject: await chooseSubject(owner, weeks.endsAt) }
      const before = await costsOf(history)
      const longMs = await copy(SHORT_WEEKS + 1, LONG_WEEKS)
      return [
        await sizeOf(owner, writtenMs, shortMs + longMs),
        ...readFigures(before, await costsOf(history)),
        ...(await benchTimes(history, { warmUps: 1, rounds: isQuick ? 3 : 11 })),
      ]
    } finally {
      await reader.end()
    }
  })
}

async function openReader(databaseUrl: string, owner: Pool): Promise<Pool> {
  const login = 'bench_analyst'
  const prefix = 'bench'
  const password = 'of a bench'
  await setUpRoles(owner, prefix)
  await grantLogin(owner, { login, role: 'reader', roles: roleNames(prefix), password, exists: false })
  const url = new URL(databaseUrl)
  url.username = login
  url.password = encodeURIComponent(password)
  return openPool(url.href, { max: 1, name: 'bench' })
}

async function sizeOf(owner: Pool, writtenMs: number, copiedMs: number): Promise<Figure> {
  const { rows } = await owner.query<{ versions: number; dials: number }>(
    `select (select count(*) from allo.queue_number_versions)::int as versions,
       (select count(*) from allo.dials)::int as dials`,
  )
  const { versions = 0, dials = 0 } = rows[0] ?? {}
  const what = `${versions.toLocaleString('en')} versions and ${dials.toLocaleString('en')} dials, made in`
  const detail = `${(writtenMs / 1000).toFixed(0)} s of passes, ${(copiedMs / 1000).toFixed(0)} s of copying`
  return bounded(what, (writtenMs + copiedMs) / 1000, null, { unit: ' s', digits: 0, detail })
}
