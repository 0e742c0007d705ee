/**
 * One text for all databases that say the same, whatever their clock and their sequences did: instants and ids are
 * replaced by their rank.
 */
import { createHash } from 'node:crypto'
import type { Recorded } from '../support/recorded.ts'

/** Instants are microseconds since 1970, so larger than any other number. */
const SMALLEST_INSTANT = 1e15
const ids = ['pass_id', 'entry_id', 'dial_id']

export function canonical(recorded: Recorded): string {
  const instants = new Set<number>()
  const idsFound = new Map(ids.map((name) => [name, new Set<string>()]))
  const collect = (name: string, value: unknown): unknown => {
    if (typeof value === 'number' && value > SMALLEST_INSTANT) instants.add(value)
    if (typeof value === 'string') idsFound.get(name)?.add(value)
    return value
  }
  JSON.stringify(recorded, collect)
  const rankOfInstant = ranks([...instants].sort((a, b) => a - b))
  const rankOfId = new Map(
    [...idsFound].map(([name, found]) => [name, ranks([...found].sort((a, b) => Number(a) - Number(b)))]),
  )
  const replace = (name: string, value: unknown): unknown => {
    if (typeof value === 'number') return rankOfInstant.get(value) ?? value
    if (typeof value === 'string') return rankOfId.get(name)?.get(value) ?? value
    return value
  }
  return createHash('sha256').update(JSON.stringify(recorded, replace)).digest('base64')
}

function ranks<Value>(sorted: readonly Value[]): Map<Value, string> {
  return new Map(sorted.map((value, rank) => [value, `#${rank}`]))
}
