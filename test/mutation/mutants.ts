/** A small fault in the source, and what became of it. */

export interface Mutant {
  /** In `src`. */
  readonly file: string
  /** The line of the source in which the change begins. */
  readonly line: string
  /** `was → became`. */
  readonly change: string
}

export interface TriedMutant extends Mutant {
  /** False: all tests passed although the fault was there. */
  readonly isKilled: boolean
}

/** Numbers the mutants that can't be distinguished: the same change of equal lines of one file. */
export function numberEqual<One extends Mutant>(mutants: readonly One[]): One[] {
  const counts = new Map<string, number>()
  return mutants.map((mutant) => {
    const key = describeMutant(mutant)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    return count === 1 ? mutant : { ...mutant, change: `${mutant.change} #${count}` }
  })
}

export function describeMutant({ file, line, change }: Mutant): string {
  return `src/${file}\n    ${line}\n    ${change}`
}

export function isSame(one: Mutant, other: Mutant): boolean {
  return one.file === other.file && one.line === other.line && one.change === other.change
}

/** On one line, and only what differs, with some characters around it. */
export function describeChange(was: string, became: string): string {
  const [one, other] = [onOneLine(was), onOneLine(became)]
  const start = Math.max(0, commonStart(one, other) - AROUND)
  const rest = [one.slice(start), other.slice(start)] as const
  const end = Math.max(0, commonStart(backwards(rest[0]), backwards(rest[1])) - AROUND)
  return rest.map((text) => shorten(start, text.slice(0, text.length - end), end)).join(' → ')
}

const AROUND = 12
const LONGEST = 80

function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function commonStart(one: string, other: string): number {
  let length = 0
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length += 1
  return length
}

function backwards(text: string): string {
  return [...text].reverse().join('')
}

function shorten(start: number, text: string, end: number): string {
  const middle = text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`
  return `${start > 0 ? '…' : ''}${middle}${end > 0 && text.length <= LONGEST ? '…' : ''}`
}
