/** A seeded random generator: the same seed gives the same sequence on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number in [from, to], both included. */
  int(from: number, to: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** One of the items, in proportion to its weight. */
  pickWeighted<T extends { readonly weight: number }>(items: readonly T[]): T
  /** A Poisson-distributed count with this mean. */
  count(mean: number): number
  text(length: number): string
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export function createRandom(seed: number | string): Random {
  let state = hash(String(seed))

  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  function int(from: number, to: number): number {
    return from + Math.floor(next() * (to - from + 1))
  }

  function pick<T>(items: readonly T[]): T {
    const item = items[int(0, items.length - 1)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  function pickWeighted<T extends { readonly weight: number }>(items: readonly T[]): T {
    let drawn = next() * items.reduce((sum, { weight }) => sum + weight, 0)
    const found = items.find(({ weight }) => {
      drawn -= weight
      return drawn < 0
    })
    // By rounding, a weight may be left.
    const item = found ?? items.at(-1)
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  function count(mean: number): number {
    // Knuth's product needs exp(-mean) to stay above zero: large means are drawn in parts.
    if (mean > 30) return count(30) + count(mean - 30)
    const floor = Math.exp(-mean)
    let drawn = 0
    for (let product = next(); product > floor; product *= next()) drawn += 1
    return drawn
  }

  function text(length: number): string {
    let made = ''
    for (let index = 0; index < length; index += 1) made += ALPHABET[int(0, ALPHABET.length - 1)]
    return made
  }

  return { next, int, chance: (probability) => next() < probability, pick, pickWeighted, count, text }
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value | 0
}
