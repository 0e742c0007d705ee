/**
 * A check of the data: one statement that looks at many things, and the words for what it finds. What it finds is
 * told by ids, never by a phone number.
 */

/** `error`: do not trust the data. `warn`: look into it. `note`: legal, but good to know. */
export type Severity = 'error' | 'warn' | 'note'

export interface Check {
  readonly name: string
  readonly severity: Severity
  /** A row for each thing of team $1 that is looked at: `id` as a person may find it, `is_wrong` never null. */
  readonly sql: string
  /** Of the statement, from $2. */
  readonly values?: readonly unknown[]
  /** What is looked at: one, and several. */
  readonly things: readonly [string, string]
  /** What is said of one, and of several. */
  readonly right: readonly [string, string]
  readonly wrong: readonly [string, string]
  /** What to do about it, as a sentence. */
  readonly advice: string
  /** So many, and such a share of all, are wrong on a good day, too: only more than both is a failure. */
  readonly usual?: { readonly atMost: number; readonly share: number }
}

/** What to do when tables contradict each other: each reading is one transaction, so no crash does that. */
export const someoneWrote =
  'No reading leaves that behind: something else wrote to schema allo, or it is a bug; docs/operating.md says what the next pass mends and what to do.'

export interface CheckResult {
  readonly name: string
  readonly severity: Severity
  readonly checked: number
  readonly failing: number
  /** Skipped: there was nothing to look at. */
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly sentence: string
}

/** What the statement of a check amounts to. */
export interface Found {
  readonly checked: number
  readonly failing: number
  /** The first and the last of those that fail, by their ids. */
  readonly first: string | null
  readonly last: string | null
}

export function judge(check: Check, found: Found): CheckResult {
  const { name, severity } = check
  const { checked, failing } = found
  const status = isTooMany(check, found) ? 'failed' : checked > 0 ? 'passed' : 'skipped'
  return { name, severity, checked, failing, status, sentence: sentenceOf(check, found) }
}

function isTooMany({ usual = { atMost: 0, share: 0 } }: Check, { checked, failing }: Found): boolean {
  return failing > Math.max(usual.atMost, usual.share * checked)
}

function sentenceOf(check: Check, found: Found): string {
  const { right, wrong, advice } = check
  const [one, several] = check.things
  const { checked, failing } = found
  if (failing > 0) {
    const what = failing === 1 ? wrong[0] : wrong[1]
    const all = checked === 1 ? one : several
    const says = `${count(failing)} of ${count(checked)} ${all} ${what}: ${examples(found)}.`
    return `${says} ${isTooMany(check, found) ? advice : 'So few are usual.'}`
  }
  if (checked === 0) return 'There is nothing to look at yet.'
  return checked === 1 ? `The one ${one} ${right[0]}.` : `All ${count(checked)} ${several} ${right[1]}.`
}

function examples({ failing, first, last }: Found): string {
  if (failing === 1 || first === last) return first ?? ''
  return failing === 2 ? `${first} and ${last}` : `${first}, ${last} and ${count(failing - 2)} more`
}

function count(things: number): string {
  return things.toLocaleString('en')
}
