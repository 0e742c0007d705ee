/** All requests in order. Only the latest are kept in full; the counts include all. */
export interface RequestLog {
  list(): readonly LoggedRequest[]
  count(): number
  /** Answers of this status, injected ones included. */
  countOf(status: number): number
  maxInAnySlidingSecond(): number
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
  const kept: LoggedRequest[] = []
  let count = 0
  const byStatus = new Map<number, number>()
  const lastSecond: number[] = []
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
    count: () => count,
    countOf: (status) => byStatus.get(status) ?? 0,
    maxInAnySlidingSecond: () => most,
  }
}
