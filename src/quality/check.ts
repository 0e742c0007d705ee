/**
 * A data check: one SQL statement that tests many items, and the texts for its result. A result names items by id,
 * never by phone number.
 */
import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { amount, type Output } from '../json-output.ts'
import type { Client } from '../store/postgres/database.ts'
import { one } from '../store/postgres/query.ts'

const severitySchema = z
  .enum(['error', 'warn', 'note'])
  .describe('error: do not trust the data. warn: investigate it. note: legal, and useful to know.')

export type Severity = Output<typeof severitySchema>

export interface Check {
  readonly name: string
  readonly severity: Severity
  /** A query of a row for each item of a team: `id` as a person can find it, `is_wrong` never null. */
  readonly rows: (teamId: string) => SQL
  /** Name of the items: singular and plural. */
  readonly items: readonly [string, string]
  /** Predicate of items that pass, and of items that fail: singular and plural. */
  readonly right: readonly [string, string]
  readonly wrong: readonly [string, string]
  /** What to do, as a sentence. */
  readonly advice: string
  /** A number and a share of failing items that are normal. The check fails only above both. */
  readonly usual?: { readonly atMost: number; readonly share: number }
}

/** Advice when tables contradict each other. Each reading is one transaction, so a crash can't cause it. */
export const changedFromOutside =
  "A reading can't cause this: something else changed schema allo, or it is a bug. docs/operating.md says what the next pass repairs and what to do."

export const checkResultSchema = z
  .object({
    name: z.string(),
    severity: severitySchema,
    checked: amount,
    failing: amount,
    status: z.enum(['passed', 'failed', 'skipped']).describe('skipped: there were no items to check.'),
    sentence: z.string().describe('What was found, and what to do. It names items by id.'),
  })
  .meta({ id: 'CheckResult' })

export type CheckResult = Output<typeof checkResultSchema>

/** The result of the statement of a check. */
export interface Found {
  readonly checked: number
  readonly failing: number
  /** Of the failing items, the first and the last id. */
  readonly first: string | null
  readonly last: string | null
}

/** A check without its query. */
type Words = Omit<Check, 'rows'>

/** Runs a query of `rows`. */
export function countItems(client: Client, rows: SQL): Promise<Found> {
  return one(
    client,
    sql`select count(*)::float8 as checked, count(*) filter (where is_wrong)::float8 as failing,
          min(id::text) filter (where is_wrong) as first, max(id::text) filter (where is_wrong) as last
        from (${rows}) items`,
  )
}

export function judge(check: Words, found: Found): CheckResult {
  const { name, severity } = check
  const { checked, failing } = found
  const status = isTooMany(check, found) ? 'failed' : checked > 0 ? 'passed' : 'skipped'
  return { name, severity, checked, failing, status, sentence: sentenceOf(check, found) }
}

function isTooMany({ usual = { atMost: 0, share: 0 } }: Words, { checked, failing }: Found): boolean {
  return failing > Math.max(usual.atMost, usual.share * checked)
}

function sentenceOf(check: Words, found: Found): string {
  const { right, wrong, advice } = check
  const [one, several] = check.items
  const { checked, failing } = found
  if (failing > 0) {
    const what = failing === 1 ? wrong[0] : wrong[1]
    const all = checked === 1 ? one : several
    const says = `${count(failing)} of ${count(checked)} ${all} ${what}: ${examples(found)}.`
    return `${says} ${isTooMany(check, found) ? advice : 'This few are normal.'}`
  }
  if (checked === 0) return 'There is nothing to check yet.'
  return checked === 1 ? `The one ${one} ${right[0]}.` : `All ${count(checked)} ${several} ${right[1]}.`
}

function examples({ failing, first, last }: Found): string {
  if (failing === 1 || first === last) return first ?? ''
  return failing === 2 ? `${first} and ${last}` : `${first}, ${last} and ${count(failing - 2)} more`
}

function count(items: number): string {
  return items.toLocaleString('en')
}
