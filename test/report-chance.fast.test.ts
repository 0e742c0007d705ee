/** When a report may say that people are reached better at one hour than at the others. */
import { describe, expect, test } from 'vitest'
import { chanceOf, chanceOfSameRate } from '../src/report/chance.ts'
import { compareHours } from '../src/report/compare-hours.ts'
import type { HourOfWeek } from '../src/report/hours.ts'
import { createRandom } from '../src/simulation/random.ts'

describe('the χ² test', () => {
  // From tables of the χ² distribution.
  test.each([
    [3.841, 1, 0.05],
    [10.828, 1, 0.001],
    [5.991, 2, 0.05],
    [18.307, 10, 0.05],
    [9.342, 10, 0.5],
    [124.342, 100, 0.05],
    [0, 5, 1],
  ])('a χ² of %d with %d degrees of freedom has p = %d', (chiSquare, degrees, p) => {
    expect(chanceOf(chiSquare, degrees)).toBeCloseTo(p, 3)
  })

  test('a very large χ² has p = 0, with any number of degrees of freedom', () => {
    for (const degrees of [1, 2, 23, 167]) expect(chanceOf(1e6, degrees)).toBeCloseTo(0, 10)
  })

  test('of two by two counts equals the value of the textbook formula', () => {
    // n (ad − bc)² / ((a + b) (c + d) (a + c) (b + d)) = 7.11
    expect(
      chanceOfSameRate([
        { part: 30, whole: 60 },
        { part: 14, whole: 56 },
      ]),
    ).toBeCloseTo(0.0056, 3)
  })

  test('of equal rates, of one rate and of no connection at all finds nothing', () => {
    expect(
      chanceOfSameRate([
        { part: 5, whole: 20 },
        { part: 10, whole: 40 },
      ]),
    ).toBe(1)
    expect(chanceOfSameRate([{ part: 5, whole: 20 }])).toBe(1)
    expect(
      chanceOfSameRate([
        { part: 0, whole: 20 },
        { part: 0, whole: 40 },
      ]),
    ).toBe(1)
  })
})

function hourOf(weekday: number, hour: number, part: number, whole: number): HourOfWeek {
  const rate = part / whole
  // Any bounds: only their order matters here.
  return { weekday, hour, dials: whole, connected: { part, whole, rate, low: rate - 0.1, high: rate + 0.1 } }
}

describe('the hours of a week', () => {
  test('have a best one if it is better than the others beyond chance', () => {
    const hours = [9, 10, 11, 14, 15].map((hour) => hourOf(1, hour, hour === 10 ? 60 : 25, 100))
    const { best, differs, compared, chance } = compareHours(hours)
    expect(best).toMatchObject({ weekday: 1, hour: 10, rateOfOthers: 0.25 })
    expect([differs, compared]).toEqual([true, 5])
    expect(chance).toBeLessThan(0.001)
  })

  test('have no best one if only a bad hour differs', () => {
    const hours = [9, 10, 11, 14, 15].map((hour) => hourOf(1, hour, hour === 10 ? 2 : 25, 100))
    expect(compareHours(hours)).toMatchObject({ differs: true, best: null })
  })

  test('are not compared if fewer than two have enough dials', () => {
    const hours = [hourOf(1, 9, 4, 5), hourOf(1, 10, 30, 100), hourOf(1, 11, 1, 9)]
    expect(compareHours(hours)).toEqual({ compared: 1, chance: null, differs: false, best: null })
    expect(compareHours([])).toEqual({ compared: 0, chance: null, differs: false, best: null })
  })

  test('with the same true rate have a best one in fewer than one of twenty reports', () => {
    const { next } = createRandom('the same rate')
    const withBest = Array.from({ length: 400 }, () => {
      const hours = Array.from({ length: 40 }, (_, index) => {
        const whole = 30 + Math.floor(next() * 60)
        const part = Array.from({ length: whole }, next).filter((value) => value < 0.28).length
        return hourOf(1 + Math.floor(index / 8), 9 + (index % 8), part, whole)
      })
      return compareHours(hours).best
    }).filter((best) => best !== null).length
    expect(withBest / 400).toBeLessThan(0.05)
  })
})
