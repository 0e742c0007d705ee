/**
 * How much of the API's answers is taken in, at most. All of it is far above what Allo documents, and exists so that
 * a broken answer ends as one error with a name: not as a row that Postgres refuses, and not as a process without
 * memory.
 */

/** A text field: how long it may be, and what happens when it is longer. */
export interface TextLimit {
  readonly bytes: number
  /**
   * `refuse`: the field says what the row is, or what became of it. Cut or left out, it would say something else, so
   * the whole answer is an error that names the field.
   * `leave_out`: the field only describes. It becomes null, and a surprise says so.
   */
  readonly over: 'refuse' | 'leave_out'
  /** An identifier is taken character by character or not at all: replaced characters could make two of them one. */
  readonly isIdentifier?: true
}

/**
 * Identifiers and numbers stand in indexes, two in one row, and Postgres takes 2,704 bytes for an index row. Allo's
 * have some thirty characters.
 */
export const textLimits = {
  id: { bytes: 256, over: 'refuse', isIdentifier: true },
  number: { bytes: 256, over: 'refuse' },
  name: { bytes: 2048, over: 'leave_out' },
  url: { bytes: 4096, over: 'leave_out' },
} as const satisfies Record<string, TextLimit>

/** JSON text of all undocumented fields of one row together; longer, they are left out, and a surprise says so. */
export const largestExtra = 16_384

/** A page of 100 numbers is some 40 kB; the older form has a whole queue in one body. */
export const largestBody = 32 * 1024 * 1024

/** Of one walk over one queue: numbers (four times the larger limit that Allo names), requests, and bytes. */
export const largestWalk = { numbers: 100_000, pages: 2000, bytes: 64 * 1024 * 1024 } as const

/** Of one list of teammates. */
export const largestTeam = { teammates: 100_000, pages: 1000 } as const

/** JSON nested deeper than this is no answer. */
export const deepestJson = 1000

/** Values in one answer, about: 100,000 numbers with all their fields are 1,300,000. */
export const mostValues = 2_000_000

/** What Postgres's integer holds: a position beyond it can't be stored. */
export const largestInteger = 2_147_483_647

/** Nothing in a queue is older than Allo; the latest plausible day is the day after tomorrow, since zones differ. */
export const earliestPlausibleDay = '2000-01-01'
