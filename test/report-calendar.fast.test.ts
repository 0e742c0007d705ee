/** Which days the periods of the calendar have, and with which they are compared. */
import { describe, expect, test } from 'vitest'
import { calendarDays, monthsUntil, neighbours, workingDayBefore } from '../src/report/calendar.ts'
import { type AskedPeriod, noPeriod } from '../src/report/filters.ts'

const thursday = '2026-11-26'
const daysOf = (asked: Partial<AskedPeriod>, today = thursday) =>
  calendarDays({ ...noPeriod, ...asked }, today)
const range = (first: string, last: string) => ({ first, last })

describe('a period', () => {
  test.each([
    ['today', { period: 'today' }, range('2026-11-26', '2026-11-26'), range('2026-11-19', '2026-11-19')],
    [
      'yesterday',
      { period: 'yesterday' },
      range('2026-11-25', '2026-11-25'),
      range('2026-11-18', '2026-11-18'),
    ],
    ['week', { period: 'week' }, range('2026-11-23', '2026-11-26'), range('2026-11-16', '2026-11-19')],
    ['month', { period: 'month' }, range('2026-11-01', '2026-11-26'), range('2026-10-01', '2026-10-26')],
    [
      'a month',
      { from: '2026-10-01', to: '2026-10-31' },
      range('2026-10-01', '2026-10-31'),
      range('2026-09-01', '2026-09-30'),
    ],
    [
      'a week',
      { from: '2026-11-09', to: '2026-11-15' },
      range('2026-11-09', '2026-11-15'),
      range('2026-11-02', '2026-11-08'),
    ],
    [
      'three days',
      { from: '2026-11-10', to: '2026-11-12' },
      range('2026-11-10', '2026-11-12'),
      range('2026-11-03', '2026-11-05'),
    ],
    [
      'ten days',
      { from: '2026-11-03', to: '2026-11-12' },
      range('2026-11-03', '2026-11-12'),
      range('2026-10-20', '2026-10-29'),
    ],
  ] as const)('%s: its days, and those before that it is compared with', (_, asked, days, before) => {
    const { first, last, before: found } = daysOf(asked)
    expect([{ first, last }, found]).toEqual([days, before])
  })

  test('the part of a month is compared with at most all of the month before', () => {
    expect(daysOf({ period: 'month' }, '2026-03-30').before).toEqual(range('2026-02-01', '2026-02-28'))
    expect(daysOf({ period: 'month' }, '2026-03-31').before).toEqual(range('2026-02-01', '2026-02-28'))
    expect(daysOf({ period: 'month' }, '2026-02-28').before).toEqual(range('2026-01-01', '2026-01-31'))
  })

  test('ends today, and begins no later', () => {
    expect(daysOf({ from: '2026-11-24', to: '2026-12-24' }).last).toBe(thursday)
    expect(() => daysOf({ from: '2026-11-27', to: '2026-11-27' })).toThrow('from is in the future.')
  })
})

test('the days before and after a week or a month are a whole week or month', () => {
  const around = (asked: Partial<AskedPeriod>) => neighbours(daysOf(asked), thursday)
  expect(around({ period: 'week' })).toEqual({ earlier: range('2026-11-16', '2026-11-22'), later: null })
  expect(around({ period: 'month' })).toEqual({ earlier: range('2026-10-01', '2026-10-31'), later: null })
  expect(around({ from: '2026-10-01', to: '2026-10-31' })).toEqual({
    earlier: range('2026-09-01', '2026-09-30'),
    later: range('2026-11-01', thursday),
  })
  expect(around({ period: 'yesterday' })).toEqual({
    earlier: range('2026-11-24', '2026-11-24'),
    later: range(thursday, thursday),
  })
})

test.each([
  [thursday, '2026-11-25'],
  ['2026-11-28', '2026-11-27'],
  ['2026-11-29', '2026-11-27'],
  ['2026-11-30', '2026-11-27'],
])('the last working day before %s is %s', (day, before) => {
  expect(workingDayBefore(day)).toBe(before)
})

test('the months since the first reading are listed, newest first', () => {
  const months = monthsUntil(thursday, '2026-09-15', 12).map(({ first }) => first)
  expect(months).toEqual(['2026-11-01', '2026-10-01', '2026-09-01'])
  expect(monthsUntil(thursday, '2020-01-01', 12)).toHaveLength(12)
})
