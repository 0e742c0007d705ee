import { describe, expect, test } from 'vitest'
import { lagsOf, type Sighting, type SourceEvent, seenInProgress } from '../bench/live/lags.ts'

const MINUTE = 60_000

function event(minute: number, kind: SourceEvent['kind'], dial: number, fields: string): SourceEvent {
  return { at: minute * MINUTE, kind, userId: 'usr-1', queueId: 'pdl_1', numberTo: '+1', dial, fields }
}

function sighting(minute: number, fields: string): Sighting {
  return { seenAt: minute * MINUTE, queueId: 'pdl_1', numberTo: '+1', fields }
}

describe('the lag of an event', () => {
  const events = [
    event(10, 'dial', 1, 'a'),
    event(11, 'result', 1, 'a answered'),
    event(13, 'dial', 2, 'b'),
    event(14, 'result', 2, 'b answered'),
    event(20, 'dial', 3, 'c'),
  ]
  const minutesOf = (sightings: readonly Sighting[]) =>
    lagsOf(events, sightings).map(({ ms }) => (ms === null ? null : ms / MINUTE))

  test('ends when its state is visible, or a later one of the same dial', () => {
    const sightings = [sighting(10.5, 'a'), sighting(11.5, 'a answered'), sighting(17, 'b answered')]
    expect(minutesOf(sightings)).toEqual([0.5, 0.5, 4, 3, null])
    expect(seenInProgress(events, sightings)).toEqual(new Set([1]))
  })

  test('has no end if only a later dial of the number is visible', () => {
    expect(minutesOf([sighting(21, 'c')])).toEqual([null, null, null, null, 1])
  })

  test('ends at the first sighting, in any order', () => {
    expect(minutesOf([sighting(12, 'a'), sighting(10.25, 'a')])[0]).toBe(0.25)
  })

  test('counts as after an idle spell if five minutes before it had no event', () => {
    expect(lagsOf(events, []).map(({ rhythm }) => rhythm)).toEqual([
      ...['first', 'first', 'dialling', 'dialling', 'after_idle'],
    ])
  })
})
