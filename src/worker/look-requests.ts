/** What asks for a look or a reading of one teammate before its time: a webhook of Allo. */
export interface LookRequests {
  /**
   * Looks at the page of this row as soon as the share of looks allows. `rank`: place of the row in the order of the
   * queue, from 0; null: where dialling stands. Coalesced with a look that is planned within the next second. A no-op
   * for a teammate without a current queue, and for one whom passes don't read.
   */
  lookNow(userId: string, rank: number | null): Promise<void>
  /** Reads the whole queue of this teammate soon. Coalesced; the same no-ops. `reason` holds no value of a row. */
  readNow(userId: string, reason: string): Promise<void>
}
