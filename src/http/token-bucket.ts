/** Bounds a rate: as many tokens as `tokens` at once, and then `perSecond`. Who takes one decreases `tokens`. */
export interface Bucket {
  tokens: number
  at: number
}

export interface Refill {
  readonly tokens: number
  readonly perSecond: number
}

/** Adds what came back since the last call. In how many seconds there is a token; 0: now. */
export function refill(bucket: Bucket, { tokens, perSecond }: Refill, now: number): number {
  bucket.tokens = Math.min(tokens, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
  bucket.at = now
  return bucket.tokens >= 1 ? 0 : Math.ceil((1 - bucket.tokens) / perSecond)
}
