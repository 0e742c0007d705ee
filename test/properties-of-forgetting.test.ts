/**
 * What holds for any history of one teammate's queues and any settings: a number that must go is in no table, view or
 * statistics, and all else is as it was, counts included.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forgetNumber } from '../src/personal-data/forget.ts'
import { retain } from '../src/personal-data/retain.ts'
import { createNumberKeys } from '../src/snapshot/number-key.ts'
import { emptyTables } from './support/database.ts'
import { everything, everythingButNumbers, timesEachNumberIsThere } from './support/everything.ts'
import { letTimePass } from './support/letting-time-pass.ts'
import { holds } from './support/properties.ts'
import { loadRecorded } from './support/recorded.ts'
import { useScriptedMirror } from './support/scripted-mirror.ts'

const numberKeys = createNumberKeys(Buffer.alloc(32, 'key'))
const mirror = useScriptedMirror()
const pool = () => mirror().database.pool

/** A queue that the teammate has, numbers that are in it, and the days that pass after it was read. */
const histories = fc.array(
  fc.record({
    queue: fc.nat(1),
    numbers: fc.subarray([0, 1, 2, 3]),
    called: fc.boolean(),
    days: fc.nat(3),
  }),
  { minLength: 2, maxLength: 4 },
)
type History = typeof histories extends fc.Arbitrary<infer Value> ? Value : never

interface Stay {
  readonly queueId: string
  readonly number: string
  /** Whole days since it was seen to have left; null: it is there. */
  readonly daysGone: number | null
}

const numberOf = (index: number) => `+1212555000${index}`

/** In an empty database. Returns what history must consist of. */
async function mirrorHistory(history: History): Promise<readonly Stay[]> {
  await emptyTables(pool())
  let stays: Stay[] = []
  for (const { queue, numbers, called, days } of history) {
    const queueId = `pdl_${queue}`
    const shown = numbers.map((index) => ({ queueId, number: numberOf(index), daysGone: null }))
    // A queue ends when the second pass agrees.
    for (let pass = 0; pass < 2; pass += 1) await mirror().read(queueId, shown.map(rowOf(called)))
    const gone = stays.filter((stay) => !shown.some((other) => nameOf(other) === nameOf(stay)))
    await letTimePass(pool(), `${days} days`, { sourceStays: true })
    stays = [...shown, ...gone.map((stay) => ({ ...stay, daysGone: (stay.daysGone ?? 0) + days }))]
  }
  return stays
}

const rowOf =
  (called: boolean) =>
  ({ number }: Stay) => ({
    number_to: number,
    created_at: '2026-05-01T08:00:00',
    call_start_date: called ? '2026-05-01T09:00:00' : null,
    note: `ask for ${number}`,
  })

const nameOf = ({ queueId, number }: Pick<Stay, 'queueId' | 'number'>) => `${queueId} ${number}`

/** Those of the numbers that a table, a view or the statistics of Postgres have. */
async function find(numbers: Iterable<string>): Promise<string[]> {
  const said = [...(await everything(pool())).values()].join()
  return [...new Set(numbers)].filter((number) => said.includes(number.slice(1)))
}

async function rest() {
  return {
    everything: await everythingButNumbers(pool()),
    times: await timesEachNumberIsThere(pool()),
  }
}

const retained = (retention: { numbersDays?: number; historyDays?: number }) =>
  retain(
    { pool: pool(), teamId: 'team-1', numberKeys },
    { numbersDays: null, historyDays: null, readsDays: 36_500, ...retention },
  )

test('forgetting erases a number everywhere and changes nothing else, or it is refused and changes nothing', async () => {
  await holds(4, fc.tuple(histories, fc.nat(3)), async ([history, index]) => {
    const stays = await mirrorHistory(history)
    const number = numberOf(index)
    const ofNumber = stays.filter((stay) => stay.number === number)
    const isThere = ofNumber.some(({ daysGone }) => daysGone === null)
    const before = await rest()
    const forgetting = { number, numberKeys, suppress: false, dryRun: false }
    const { outcome } = await forgetNumber(pool(), forgetting)
    expect(outcome).toBe(ofNumber.length === 0 ? 'not_on_record' : isThere ? 'refused' : 'erased')
    expect(await rest()).toEqual(before)
    const all = numbersOf(stays)
    expect(await find(all)).toEqual(all.filter((other) => isThere || other !== number))
  })
})

test('the last numbers of a table are in no statistics after they were erased', async () => {
  for (const setting of ['numbersDays', 'historyDays']) {
    await mirrorHistory([{ queue: 0, numbers: [0, 1, 2, 3], called: false, days: 0 }])
    await pool().query('analyze')
    await mirror().read('pdl_0', [])
    await retained({ [setting]: 0 })
    expect(await find([0, 1, 2, 3].map(numberOf))).toEqual([])
  }
})

describe('retention', () => {
  const settings = fc.tuple(histories, fc.integer({ min: 1, max: 5 }))
  const isOld = ({ daysGone }: Stay, days: number) => daysGone !== null && daysGone >= days

  test('erases each number that is old enough everywhere, keeps the others, and changes nothing else', async () => {
    await holds(4, settings, async ([history, days]) => {
      const stays = await mirrorHistory(history)
      const old = stays.filter((stay) => isOld(stay, days))
      const before = await rest()
      expect(await retained({ numbersDays: days })).toMatchObject({ numbers: old.length })
      expect(await rest()).toEqual(before)
      const all = numbersOf(stays)
      const kept = numbersOf(stays.filter((stay) => !old.includes(stay)))
      expect(await find(all)).toEqual(all.filter((number) => kept.includes(number)))
    })
  })

  test('deletes each entry that is old enough with all that belongs to it, and no count of a queue', async () => {
    await holds(5, settings, async ([history, days]) => {
      const stays = await mirrorHistory(history)
      const old = stays.filter((stay) => isOld(stay, days)).map(nameOf)
      const before = await loadRecorded(pool())
      expect(await retained({ historyDays: days })).toMatchObject({ stays: old.length })
      const after = await loadRecorded(pool())
      const kept = <Row extends { queue_id: string; number_to: string | null }>(rows: readonly Row[]) =>
        rows.filter((row) => !old.includes(nameOf({ queueId: row.queue_id, number: row.number_to ?? '' })))
      const entries = kept(before.entries)
      const ids = new Set(entries.map(({ entry_id }) => entry_id))
      const { settings, assignments, ...others } = after
      expect(others).toEqual({
        ...{ ...before, settings: undefined, assignments: undefined },
        entries,
        versions: kept(before.versions),
        numbers: kept(before.numbers),
        dials: before.dials.filter(({ entry_id }) => ids.has(entry_id)),
      })
      for (const period of [...settings, ...assignments])
        expect([...before.settings, ...before.assignments]).toContainEqual(period)
      expect(await find(numbersOf(stays))).toEqual(
        numbersOf(stays.filter((stay) => !old.includes(nameOf(stay)))),
      )
    })
  })
})

const numbersOf = (stays: readonly Stay[]) => [...new Set(stays.map(({ number }) => number))]
