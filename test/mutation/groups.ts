/** The code that decides what is true, in groups, each with the tests that must notice a fault in it. */

import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** In the repository: copies of it, and the outcomes of the last run. */
export const cache = '.cache/mutation'

export interface Group {
  readonly name: string
  /** Patterns of files in `src`. */
  readonly files: readonly string[]
  /** Names of test files, without `.test.ts`. The first failure ends a run, so the slow ones come last. */
  readonly tests: readonly string[]
}

export const codeGroups: readonly Group[] = [
  {
    name: 'snapshot',
    files: ['snapshot/{take-snapshot,walk-queue,membership}.ts'],
    tests: ['snapshot.fast', 'proof-readings.fast'],
  },
  {
    name: 'phone-numbers',
    files: ['snapshot/{conceal,number-key,phone-number,redact-number}.ts'],
    tests: ['phone-numbers.fast'],
  },
  {
    name: 'answers',
    files: ['allo/parse-*.ts'],
    tests: ['allo-answers.fast', 'allo-parse.fast', 'allo-limits.fast', 'properties-of-parsing.fast'],
  },
  {
    name: 'fields',
    files: ['allo/{record,extra-fields,value,timestamp}.ts'],
    tests: ['allo-fields.fast', 'allo-parse.fast', 'allo-limits.fast', 'properties-of-parsing.fast'],
  },
  {
    name: 'texts',
    files: ['allo/{json,text}.ts'],
    tests: ['allo-texts.fast', 'masking.fast', 'allo-parse.fast'],
  },
  {
    name: 'matching',
    files: ['store/reading/match-entries.ts'],
    tests: ['properties-of-identity', 'history-of-numbers'],
  },
  {
    name: 'pacing',
    files: ['allo/{pacer,pause,private-read-budget}.ts'],
    tests: ['pause.fast', 'pacer.fast', 'properties-of-pacing.fast'],
  },
]

/** Faults in statements, made by the rules of edits-of-sql.ts. */
export const statementGroups: readonly Group[] = [
  {
    name: 'read-budget-sql',
    files: ['store/pass/read-budget.ts'],
    tests: ['read-budget'],
  },
  {
    name: 'passes-sql',
    files: ['store/pass/{finish-pass,end-queues,close-history,unobservable}.ts'],
    tests: [
      'history-of-passes',
      'history-of-handovers',
      'history-of-a-team',
      'history-of-queues',
      'data-at-the-edges',
    ],
  },
  {
    name: 'matching-sql',
    files: ['store/reading/match-entries.ts'],
    tests: ['properties-of-identity', 'history-of-numbers', 'personal-data-retain'],
  },
]
