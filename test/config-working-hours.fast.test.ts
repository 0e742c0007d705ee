/** WORKING_HOURS: days and hours as people write them. */
import { describe, expect, test } from 'vitest'
import { readWorkingHours } from '../src/config/working-hours.ts'

const DAY = 1440

describe('working hours', () => {
  test.each([
    ['Mon 09:00-18:00', [[540, 1080]]],
    [
      ' sun - mon  8:30 - 12:00 ',
      [
        [6 * DAY + 510, 6 * DAY + 720],
        [510, 720],
      ],
    ],
    ['Sat 00:00-24:00', [[5 * DAY, 6 * DAY]]],
    [
      'Tue 09:00-12:00, Tue 13:00-17:59',
      [
        [DAY + 540, DAY + 720],
        [DAY + 780, DAY + 1079],
      ],
    ],
    ['Mon-Sun 00:00-00:01', Array.from({ length: 7 }, (_, day) => [day * DAY, day * DAY + 1])],
  ])('%j are minutes of the week', (text, minutes) => {
    expect(readWorkingHours(text)).toEqual({ minutes })
  })

  test.each([
    ['', 'not days and hours'],
    ['9-18', 'not days and hours'],
    ['Mon-Fri', 'not days and hours'],
    ['Mon-Fri 09:00-18:00,', 'not days and hours'],
    ['Monday 09:00-18:00', 'not days and hours'],
    ['Mon 09:60-18:00', 'not hours of a day'],
    ['Mon 09:00-24:01', 'not hours of a day'],
    ['Mon 24:00-24:00', 'not hours of a day'],
    ['Fri 22:00-06:00', 'ends before it begins'],
    ['Fri 22:00-22:00', 'ends before it begins'],
  ])('%j are refused', (text, fault) => {
    expect(readWorkingHours(text)).toEqual({ fault: expect.stringContaining(fault) })
  })
})
