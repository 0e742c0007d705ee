/**
 * Bounds how fast passwords can be guessed. A wrong password costs a token of the address it came from, and a token
 * that all addresses share. Without a token a password is not compared, right or wrong, so that no guess is free.
 *
 * Tokens come back within seconds: an attack that ends, or that comes from another address, keeps the right user out
 * for a moment only. An address that gave the right password does not depend on the shared tokens.
 */
import { isIPv6 } from 'node:net'
import type { Logger } from 'pino'
import { type Bucket, refill } from './token-bucket.ts'

/** `tokens` at once, then `perSecond`. */
const OF_ONE_ADDRESS = { tokens: 30, perSecond: 0.5 }
const OF_ALL = { tokens: 100, perSecond: 5 }
const ADDRESSES_KEPT = 10_000
const KNOWN_ADDRESSES_KEPT = 1000
const LOG_EVERY_MS = 60_000

export interface PasswordGuesses {
  /** In how many seconds a password from this address is compared again; 0: now. */
  secondsToWait(address: string): number
  right(address: string): void
  wrong(address: string): void
  /** No more lines in the log. */
  stop(): void
}

export function countPasswordGuesses(
  logger: Logger,
  now: () => number = () => performance.now(),
): PasswordGuesses {
  const byAddress = new Map<string, Bucket>()
  const known = new Set<string>()
  const all: Bucket = { tokens: OF_ALL.tokens, at: now() }
  const line = createLine(logger)

  const bucketOf = (source: string) => byAddress.get(source) ?? { tokens: OF_ONE_ADDRESS.tokens, at: now() }

  return {
    secondsToWait(address) {
      const source = sourceOf(address)
      const ownWait = refill(bucketOf(source), OF_ONE_ADDRESS, now())
      const seconds = known.has(source) ? ownWait : Math.max(ownWait, refill(all, OF_ALL, now()))
      if (seconds > 0) line.notCompared(address)
      return seconds
    },
    right(address) {
      keep(known, sourceOf(address), KNOWN_ADDRESSES_KEPT)
    },
    wrong(address) {
      const source = sourceOf(address)
      const bucket = bucketOf(source)
      refill(bucket, OF_ONE_ADDRESS, now())
      refill(all, OF_ALL, now())
      bucket.tokens -= 1
      all.tokens = Math.max(0, all.tokens - 1)
      byAddress.delete(source)
      if (byAddress.size >= ADDRESSES_KEPT) dropOldest(byAddress)
      byAddress.set(source, bucket)
      line.wrong(address)
    },
    stop: line.stop,
  }
}

/** The first at once, then one line a minute at most, with how many there were since. */
function createLine(logger: Logger) {
  let wrong = 0
  let notCompared = 0
  let from = ''
  let timer: NodeJS.Timeout | null = null

  const write = () => {
    const message =
      wrong + notCompared === 1
        ? `a wrong password for the pages, from ${from}`
        : `${wrong} wrong passwords for the pages, and ${notCompared} more that came too fast and were not compared; the last from ${from}`
    logger.warn({ event: 'http_wrong_password', address: from, wrong, notCompared }, message)
    wrong = 0
    notCompared = 0
    timer = setTimeout(() => {
      timer = null
      if (wrong + notCompared > 0) write()
    }, LOG_EVERY_MS).unref()
  }
  const note = (address: string) => {
    from = address
    if (timer === null) write()
  }
  return {
    wrong(address: string) {
      wrong += 1
      note(address)
    },
    notCompared(address: string) {
      notCompared += 1
      note(address)
    },
    stop() {
      clearTimeout(timer ?? undefined)
      // Nothing is written after this: the log may be closed.
      timer = setTimeout(() => undefined, 0).unref()
    },
  }
}

/** One subscriber has a whole /64 of IPv6 addresses. */
function sourceOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = (plain.split('%')[0] ?? '').split('::')
  const before = head.split(':').filter((group) => group !== '')
  const after = tail === undefined ? [] : tail.split(':').filter((group) => group !== '')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}

function keep(set: Set<string>, value: string, most: number): void {
  set.delete(value)
  if (set.size >= most) dropOldest(set)
  set.add(value)
}

function dropOldest(collection: { keys(): Iterator<string>; delete(key: string): boolean }): void {
  const { value, done } = collection.keys().next()
  if (!done) collection.delete(value)
}
