/** A sliding second of one API key: at no moment were more than `perSecond` requests let through in the second before. */
export interface Limiter {
  /** Asks for one request now. Refused requests do not count. */
  take(): Allowance
  /** Counts requests of another tool with the same key. */
  spendElsewhere(requests: number): void
}

export interface Allowance {
  readonly isAllowed: boolean
  readonly remaining: number
  /** Milliseconds until the next request may come; 0: now. */
  readonly waitMs: number
}

/** `limit` null: no limit. */
export function createLimiter(limit: number | null): Limiter {
  let recent: number[] = []

  function forgetOld(now: number): void {
    const firstKept = recent.findIndex((at) => now - at < 1000)
    recent = firstKept < 0 ? [] : recent.slice(firstKept)
  }

  function take(): Allowance {
    if (limit === null) return { isAllowed: true, remaining: NO_LIMIT - 1, waitMs: 0 }
    const now = performance.now()
    forgetOld(now)
    const isAllowed = recent.length < limit
    if (isAllowed) recent.push(now)
    const remaining = Math.max(0, limit - recent.length)
    const freesNext = recent[recent.length - limit] ?? now
    return { isAllowed, remaining, waitMs: remaining > 0 ? 0 : Math.max(0, freesNext + 1000 - now) }
  }

  return {
    take,
    spendElsewhere: (requests) => {
      const now = performance.now()
      recent.push(...Array.from({ length: requests }, () => now))
    },
  }
}

/** The limit that an API without a limit announces, because the documented response can't say "none". */
export const NO_LIMIT = 1000
