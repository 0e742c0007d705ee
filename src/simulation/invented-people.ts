import type { Random } from './random.ts'

/**
 * Invented people and phone numbers. None of the numbers belongs to a person: 555-0100 to 555-0199 is reserved for
 * fiction in every North American area code, and there is no area code 555, where the rest of a very large team lives.
 */

const FIRST_NAMES =
  'Alex Amara Ben Carla Dario Dina Elif Emil Farah Finn Greta Hana Hugo Ines Ivo Jana Jonas Kaya Lena Leo Lucia Malik Mara Milo Nadia Nils Noor Oscar Pia Quinn Rafa Rosa Sami Selma Tariq Tess Uma Viktor Wanda Yara Zoe'.split(
    ' ',
  )
const LAST_NAMES =
  'Abbott Berger Castillo Dahl Evans Fontaine Garcia Haddad Ito Jansen Kim Lindqvist Moreau Novak Okafor Petrov Quist Rossi Silva Tanaka Ueda Vargas Weber Xu Yilmaz Zeller'.split(
    ' ',
  )

const AREA_CODES = Array.from({ length: 800 }, (_, index) => 200 + index).filter((code) => {
  const middle = Math.floor(code / 10) % 10
  return code % 100 !== 11 && middle !== 9 && code !== 555
})
const FICTIONAL_LINES = AREA_CODES.length * 100
/** Coprime to the number of lines, so that steps of this size visit each line once. */
const STEP = 26_309

export function personName(random: Random): string {
  return `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`
}

export function emailOf(name: string, ordinal: number): string {
  return `${name.toLowerCase().replace(' ', '.')}.${ordinal}@sales.example`
}

/** The n-th phone number: no two n share one. */
export function phoneNumber(ordinal: number): string {
  if (ordinal >= FICTIONAL_LINES)
    return `+1555${String(2_000_000 + ordinal - FICTIONAL_LINES).padStart(7, '0')}`
  const line = (ordinal * STEP) % FICTIONAL_LINES
  const areaCode = AREA_CODES[Math.floor(line / 100)] ?? 200
  return `+1${areaCode}55501${String(line % 100).padStart(2, '0')}`
}
