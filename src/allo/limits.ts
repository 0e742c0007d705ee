/**
 * Maximum sizes of the API's answers. They are far above what Allo documents. With them a broken answer causes one
 * clear error, instead of a row that Postgres refuses or a process that runs out of memory.
 */

/** A text field: how long it may be, and what happens when it is longer. */
export interface TextLimit {
  readonly bytes: number
  /**
   * `refuse`: the field identifies the row or gives its result. Cut or left out, it would mean something else, so the
   * whole answer is an error that names the field. An empty text is taken as none: rows without a number are matched
   * by one empty value.
   * `leave_out`: the field is only a description. It becomes null, and is reported as a surprise.
   */
  readonly over: 'refuse' | 'leave_out'
  /** An identifier with broken characters is refused: with replaced characters, two identifiers could become equal. */
  readonly isIdentifier?: true
}

/**
 * Identifiers and numbers are in indexes, up to two in one index row, and Postgres allows 2,704 bytes for an index row.
 * Those of Allo have about thirty characters.
 */
export const textLimits = {
  id: { bytes: 256, over: 'refuse', isIdentifier: true },
  number: { bytes: 256, over: 'refuse' },
  name: { bytes: 2048, over: 'leave_out' },
  url: { bytes: 4096, over: 'leave_out' },
} as const satisfies Record<string, TextLimit>

/** Bytes of `extra` of one row, as JSON. If it is longer, it is left out and reported as a surprise. */
export const largestExtra = 16_384

/** A page of 100 numbers is some 40 kB; the older form has a whole queue in one body. */
export const largestBody = 32 * 1024 * 1024

/** Of one walk over one queue: numbers (four times the larger limit that Allo names), requests, and bytes. */
export const largestWalk = { numbers: 100_000, pages: 2000, bytes: 64 * 1024 * 1024 } as const

/** Of one call. */
export const mostTags = 100

/** Of one list of teammates. */
export const largestTeam = { teammates: 100_000, pages: 1000 } as const

/** Maximum nesting of JSON. */
export const deepestJson = 1000

/** Values in one answer, about: 100,000 numbers with all their fields are 1,300,000. */
export const mostValues = 2_000_000

/** What Postgres's integer holds: a position beyond it can't be stored. */
export const largestInteger = 2_147_483_647

/** Nothing in a queue is older than Allo; the latest plausible day is the day after tomorrow, since zones differ. */
export const earliestPlausibleDay = '2000-01-01'
