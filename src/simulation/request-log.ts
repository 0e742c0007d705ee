/** All requests in order. Only the latest are kept in full; the counts include all. */
export interface RequestLog {
  list(): readonly LoggedRequest[]
  /** Returns the kept requests and removes them; the counts stay. */
  drain(): LoggedRequest[]
  count(): number
  /** Answers of this status, injected ones included. */
  countOf(status: number): number
  maxInAnySlidingSecond(): number
  /** Resets the counts. */
  reset(): void
  arrived(request: LoggedRequest): LoggedRequest
  answered(request: LoggedRequest, status: number): void
}

export interface LoggedRequest {
  /** Arrival time, on the clock of the timeline. */
  readonly at: number
  readonly method: string
  readonly path: string
  readonly query: string
  readonly userAgent: string | null
  readonly requestId: string
  /** Null until there is a response. */
  status: number | null
  /** The moment of the timeline that the response shows; null: none. */
  shownAt: number | null
}

const KEPT = 200_000

export function createRequestLog(): RequestLog {
  let kept: LoggedRequest[] = []
  let count = 0
  let byStatus = new Map<number, number>()
  let lastSecond: number[] = []
  let most = 0

  function arrived(request: LoggedRequest): LoggedRequest {
    count += 1
    kept.push(request)
    if (kept.length > KEPT) kept.splice(0, KEPT / 2)
    lastSecond.push(request.at)
    const firstInside = lastSecond.findIndex((at) => request.at - at < 1000)
    if (firstInside > 0) lastSecond.splice(0, firstInside)
    most = Math.max(most, lastSecond.length)
    return request
  }

  return {
    arrived,
    answered: (request, status) => {
      request.status = status
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
    },
    list: () => kept,
    drain: () => {
      const drained = kept
      kept = []
      return drained
    },
    count: () => count,
    countOf: (status) => byStatus.get(status) ?? 0,
    maxInAnySlidingSecond: () => most,
    reset: () => {
      kept = []
      count = 0
      byStatus = new Map()
      lastSecond = []
      most = 0
    },
  }
}
