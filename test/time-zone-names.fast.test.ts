import { describe, expect, test } from 'vitest'
import { readZoneName } from '../src/config/time-zone.ts'

describe('the name of a time zone', () => {
  test.each([
    ['utc', 'UTC'],
    ['Etc/UTC', 'UTC'],
    ['europe/paris', 'Europe/Paris'],
    ['EUROPE/PARIS', 'Europe/Paris'],
    ['asia/kolkata', 'Asia/Kolkata'],
    ['Asia/Kolkata', 'Asia/Kolkata'],
    ['Asia/Calcutta', 'Asia/Calcutta'],
    ['America/Argentina/Buenos_Aires', 'America/Argentina/Buenos_Aires'],
    ['Etc/GMT+5', 'Etc/GMT+5'],
  ])('%s is %s', (text, name) => {
    expect(readZoneName(text)).toEqual({ name, fault: '' })
  })

  test.each([
    ['US/Eastern', 'America/New_York'],
    ['Canada/Pacific', 'America/Vancouver'],
    ['CNT', 'America/St_Johns'],
    ['IST', 'Asia/Calcutta'],
    ['CET', 'abbreviation'],
    ['MET', 'abbreviation'],
    ['EST', 'abbreviation'],
    ['MST', 'abbreviation'],
    ['HST', 'abbreviation'],
    ['EST5EDT', 'America/New_York'],
    ['GB', 'Europe/London'],
    ['Japan', 'Asia/Tokyo'],
    ['GMT', 'Write UTC'],
    ['Z', 'Write UTC'],
    ['Zulu', 'Write UTC'],
    ['+02:00', 'an offset'],
    ['-5', 'an offset'],
    ['UTC+2', 'an offset'],
    ['GMT+5', 'an offset'],
    ['Factory', 'not the name'],
    ['localtime', 'not the name'],
    ['posix/Europe/Paris', 'Europe/Paris'],
    ['Paris', 'Europe/Paris'],
    ['America/New York', 'America/New_York'],
    ['Europe/Z\u00fcrich', 'perhaps Europe/Zurich.'],
    ['Kolkata', 'perhaps Asia/Kolkata.'],
    ['Europe/Lodon', 'perhaps Europe/London.'],
    ['Europe\\Paris', 'perhaps Europe/Paris.'],
    ['SystemV/EST5', 'Europe/Paris.'],
    ['Etc/Unknown', 'not the name'],
    ['Mars/Olympus', 'not the name'],
    ["Europe/Paris'; select 1", 'not the name'],
  ])('%s is refused, with %s', (text, said) => {
    const { name, fault } = readZoneName(text)
    expect([name, fault]).toEqual([null, expect.stringContaining(said)])
  })
})
