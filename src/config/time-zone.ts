/**
 * The names of time zones that mean the same to Node and to every Postgres: UTC, and the Area/City names of the tz
 * database. Postgres resolves abbreviations first, so `IST` is Israel and `CET` has no summer time. It reads `UTC+2`
 * with the opposite sign. Old names (`US/Eastern`) are missing on systems that have them in a separate package.
 */
import { nearest } from '../text/nearest.ts'

const areas = 'Africa America Antarctica Arctic Asia Atlantic Australia Etc Europe Indian Pacific'.split(' ')
const areaAndCity = new RegExp(`^(?:${areas.join('|')})/[A-Z]`, 'i')

export interface ZoneName {
  /** As it is written in the tz database, as far as Node can tell; null: it is refused. */
  readonly name: string | null
  /** The end of a sentence, when it is refused. */
  readonly fault: string
}

export function readZoneName(text: string): ZoneName {
  if (/^(?:etc\/)?utc$/i.test(text)) return { name: 'UTC', fault: '' }
  const known = canonicalName(text)
  if (known !== null && areaAndCity.test(text)) {
    // Of two names of one zone Node answers with one, which need not be the one that was given.
    return { name: known.toLowerCase() === text.toLowerCase() ? known : capitalised(text), fault: '' }
  }
  return { name: null, fault: faultOf(text, known) }
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Making one costs a hundred times what using it does. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const made = formats.get(timeZone)
  if (made !== undefined) return made
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  formats.set(timeZone, format)
  return format
}

/** How far the zone is ahead of UTC at each instant, in minutes, as Node knows it. */
export function offsetsOf(zone: string, instants: readonly Date[]): number[] {
  return instants.map((instant) => {
    const parts = formatOf(zone).formatToParts(instant)
    const part = (name: Intl.DateTimeFormatPartTypes) =>
      Number(parts.find(({ type }) => type === name)?.value)
    const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'))
    return local / 60_000 - Math.floor(instant.getTime() / 60_000)
  })
}

/** Those of `candidates` that are accepted and that Node takes for the same zone: Europe/Kyiv for Europe/Kiev. */
export function otherNames(zone: string, candidates: readonly string[]): string[] {
  const known = canonicalName(zone)
  if (known === null) return []
  return candidates.filter(
    (name) => name !== zone && readZoneName(name).name === name && canonicalName(name) === known,
  )
}

function faultOf(text: string, known: string | null): string {
  const usual = 'Write UTC or an Area/City name such as Europe/Paris'
  if (/^(?:utc|gmt)?\s*[+-]\s*\d/i.test(text))
    return `an offset, which programs read with opposite signs. ${usual}.`
  if (/^(?:gmt|z|zulu|uct|universal|greenwich)$/i.test(text))
    return 'not the one name of UTC. Write UTC, or Europe/London if its summer time is meant.'
  if (known !== null) {
    const meant = areaAndCity.test(known) ? `; perhaps ${known}` : ''
    return `an abbreviation or an old name, which Postgres reads otherwise or not at all. ${usual}${meant}.`
  }
  const near = nearestName(text)
  return `not the name of a time zone. ${usual}${near === null ? '' : `; perhaps ${near}`}.`
}

function canonicalName(text: string): string | null {
  try {
    if (!/^[a-z]/i.test(text)) return null
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

function capitalised(text: string): string {
  if (text !== text.toLowerCase() && text !== text.toUpperCase()) return text
  return text.toLowerCase().replace(/(?<=^|[/_-])[a-z]/g, (letter) => letter.toUpperCase())
}

/** Spaces, accents, case, one part of the name and two wrong letters do not count. */
function nearestName(text: string): string | null {
  const wanted = text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
    .replaceAll('\\', '/')
    .replace(/^\/+|\/+$/g, '')
  const names = Intl.supportedValuesOf('timeZone')
  const city = wanted.split('/').at(-1) ?? ''
  const ofCity = names.filter((name) => name.toLowerCase().endsWith(`/${city}`))
  // Node lists one name of each zone and knows all: Asia/Kolkata beside Asia/Calcutta.
  const inAreas = areas
    .map((area) => capitalised(`${area}/${city}`.toLowerCase()))
    .filter((name) => canonicalName(name))
  return (
    names.find((name) => name.toLowerCase() === wanted) ??
    onlyOne(ofCity) ??
    onlyOne(inAreas) ??
    (wanted.includes('/') ? nearest(wanted, names, 2) : null)
  )
}

function onlyOne(names: readonly string[]): string | null {
  return names.length === 1 ? (names[0] ?? null) : null
}
