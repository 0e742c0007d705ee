/**
 * Whether a long history makes the daily work slower: saving a reading and making a report, with two weeks of history
 * and with fifteen years, and how fast old history is deleted.
 */
import { retainHistory } from '../src/personal-data/retain-history.ts'
import type { Pool } from '../src/store/postgres/database.ts'
import { bounded, type Figure } from './figures.ts'
import type { Lab } from './lab.ts'
import { type Comparison, median, timed } from './measure.ts'
import { copyWeek, TEAM_ID, WEEK_MS, writeTwoWeeks } from './reporting-history.ts'
import { makePage } from './reporting-times.ts'
import { dialSome, savingAgainIn } from './saving.ts'

/** Fifteen years of a team of ten, or three of a team of 50. */
const WEEKS = 780
const WEEKS_QUICK = 20
/** Of the oldest history. */
const DELETED_SHARE = 0.05
const PAGES = 5

export async function benchHistorySize(
  lab: Lab,
  { isQuick }: { readonly isQuick: boolean },
): Promise<Figure[]> {
  const weeks = isQuick ? WEEKS_QUICK : WEEKS
  return lab.withDatabase(async ({ url, pool }) => {
    const written = await writeTwoWeeks({ url, pool })
    await pool.query('vacuum analyze')
    const short = await measure(pool)
    await copyWeek(pool, written, 1, weeks)
    const long = await measure(pool)
    const saving = ({ saving: { oursMs, baselineMs } }: Measured) =>
      `${oursMs.toFixed(1)} ms by ${baselineMs.toFixed(1)} ms`
    return [
      bounded('versions', long.versions / 1e6, null, {
        ...{ unit: ' million', digits: 2 },
        detail: `${(short.versions / 1e6).toFixed(2)} million before`,
      }),
      bounded('  database', long.bytes / long.versions, null, { unit: ' B a version', digits: 0 }),
      bounded(
        '  saving a reading, 500 numbers, 1 % changed',
        long.saving.ratio / short.saving.ratio,
        { atMost: 1.5 },
        { unit: ' ×', detail: `by a bare COPY: ${saving(long)}; before ${saving(short)}` },
      ),
      bounded(
        '  page of 7 days',
        long.pageMs / short.pageMs,
        { atMost: 2 },
        { unit: ' ×', detail: `${long.pageMs.toFixed(0)} ms; before ${short.pageMs.toFixed(0)} ms` },
      ),
      await deleting(pool, written.endsAt - weeks * (1 - DELETED_SHARE) * WEEK_MS),
    ]
  })
}

interface Measured {
  readonly versions: number
  readonly bytes: number
  readonly saving: Comparison
  readonly pageMs: number
}

async function measure(pool: Pool): Promise<Measured> {
  const saving = await savingAgainIn(pool, { numbers: 500, warmUps: 15, rounds: 40 }, dialSome)
  const pages: number[] = []
  for (let page = 0; page <= PAGES; page += 1) pages.push(await timed(() => makePage(pool, 7)))
  return { ...(await sizeOf(pool)), saving, pageMs: median(pages.slice(1)) }
}

async function sizeOf(pool: Pool): Promise<Pick<Measured, 'versions' | 'bytes'>> {
  const { rows } = await pool.query<Pick<Measured, 'versions' | 'bytes'>>(
    `select (select count(*)::float8 from allo.queue_number_versions) as versions,
       pg_database_size(current_database())::float8 as bytes`,
  )
  return rows[0] ?? { versions: Number.NaN, bytes: Number.NaN }
}

/** As `RETAIN_HISTORY_DAYS` does. */
async function deleting(pool: Pool, before: number): Promise<Figure> {
  const { versions } = await sizeOf(pool)
  const run = { pool, teamId: TEAM_ID, numberKeys: null }
  const ms = await timed(() => retainHistory(run, new Date(before).toISOString()))
  const deleted = versions - (await sizeOf(pool)).versions
  return bounded('  deleting old history', deleted / (ms / 1000), null, {
    ...{ unit: ' versions a second', digits: 0 },
    detail: `${deleted} versions, with their entries and dials`,
  })
}
