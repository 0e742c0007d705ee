/** calls, funnel and the columns of dials about calls, compared with what the simulated Allo has of each call. */
import { describe, expect, test } from 'vitest'
import type { CallRow } from '../src/simulation/call-details.ts'
import { outcomeOf } from './support/bookkeeping.ts'
import { askForCalls, livelyTeam, mirrorLivelyTeam } from './support/lively-team.ts'
import { readView } from './support/reporting-views.ts'
import { type Stage, useStages } from './support/stage.ts'

const openStage = useStages()

interface DialRow {
  readonly call_id: string | null
  readonly user_id: string
  readonly outcome: string
  readonly talk_seconds: number | null
  readonly is_conversation: boolean | null
  readonly is_phone_menu: boolean | null
  readonly tags: string | null
}

interface FunnelRow {
  readonly user_id: string
  readonly day: string
  readonly [count: string]: number | string | boolean | null
}

const tags = ['meeting BOOKED', 'Interested']

/** A team that dialled; calls are asked for, of which Allo loses some. */
async function mirrored({ lost = 0, conversionTags = tags as string[] | null } = {}): Promise<Stage> {
  const stage = await openStage({ world: { ...livelyTeam, seed: 'calls', numbersPerQueue: 60 } })
  await mirrorLivelyTeam(stage)
  await askForCalls(stage, { lost, conversionTags })
  return stage
}

const dialsOf = ({ database, world }: Stage) =>
  readView<DialRow>(database.pool, 'reporting.dials', world.team.id)

/** As the views define it, from Allo's own call. */
function judged(outcome: string, call: CallRow | null) {
  if (call === null) return { talk_seconds: null, is_conversation: null, is_phone_menu: null, tags: null }
  const talked = outcome === 'connected' ? call.duration : 0
  const isMenu = call.ivr_result === undefined ? null : true
  return {
    talk_seconds: talked,
    is_conversation: talked > 60 && isMenu !== true,
    is_phone_menu: isMenu,
    tags: call.tags.join(', '),
  }
}

async function knownCalls(stage: Stage): Promise<ReadonlyMap<string, CallRow>> {
  const rows = await stage.sql<{ call_id: string }>(
    'select call_id from allo.calls where known_at is not null',
  )
  return new Map(
    rows.flatMap(({ call_id }) => {
      const call = stage.world.call(call_id)
      return call === null ? [] : [[call_id, call] as const]
    }),
  )
}

describe('with details of calls', () => {
  test('dials has the talk time, conversation and tags of each call that is known, and null of each other', async () => {
    const stage = await mirrored({ lost: 7 })
    const known = await knownCalls(stage)
    const dials = await dialsOf(stage)
    expect(known.size).toBeGreaterThan(30)
    let conversations = 0
    for (const { call_id, outcome, talk_seconds, is_conversation, is_phone_menu, tags } of dials) {
      const found = { talk_seconds, is_conversation, is_phone_menu, tags }
      expect(found).toEqual(judged(outcome, known.get(call_id ?? '') ?? null))
      if (is_conversation) conversations += 1
    }
    expect(conversations).toBeGreaterThan(3)
    expect(dials.filter(({ is_phone_menu }) => is_phone_menu).length).toBeGreaterThan(0)
    // Every call that is over was asked for.
    for (const { call_id, call_start_date: _, ...result } of stage.world.truth.dials())
      if (
        call_id !== null &&
        !['in_progress', 'remaining'].includes(outcomeOf({ ...result, call_id, call_start_date: _ }))
      )
        expect(dials.map((dial) => dial.call_id)).toContain(call_id)
  })

  test('calls has a row for each, with its state', async () => {
    const stage = await mirrored({ lost: 7 })
    const rows = await readView<Record<string, unknown>>(
      stage.database.pool,
      'reporting.calls',
      stage.world.team.id,
    )
    const known = await knownCalls(stage)
    expect(rows.filter(({ details_state }) => details_state === 'known')).toHaveLength(known.size)
    expect(rows.filter(({ details_state }) => details_state === 'waiting')).toHaveLength(
      rows.length - known.size,
    )
    expect(rows.length - known.size).toBeGreaterThanOrEqual(7)
    for (const row of rows) {
      const call = known.get(String(row.call_id))
      expect(row).toMatchObject({
        user_id: expect.any(String),
        dial_id: expect.anything(),
        result: call?.result ?? null,
        duration_seconds: call?.duration ?? null,
        allo_number: call?.allo_number ?? null,
        tags: call?.tags.join(', ') ?? null,
        reason: call === undefined ? 'not_found' : null,
        is_conversion: call === undefined ? null : isConversion(call),
      })
    }
  })

  test('funnel counts the same dials by teammate and day, among connected dials whose details are known', async () => {
    const stage = await mirrored({ lost: 7 })
    const known = await knownCalls(stage)
    const dials = await dialsOf(stage)
    const rows = await readView<FunnelRow>(stage.database.pool, 'reporting.funnel', stage.world.team.id)
    for (const userId of stage.ids) {
      const own = dials.filter(({ user_id }) => user_id === userId)
      const connected = own.filter(({ outcome }) => outcome === 'connected')
      const connectedKnown = connected.filter(({ call_id }) => known.has(call_id ?? ''))
      const isTagged = ({ call_id }: DialRow) => {
        const call = known.get(call_id ?? '')
        return call !== undefined && isConversion(call)
      }
      expect(sumOf(rows, userId)).toEqual({
        dials: own.length,
        resolved_dials: own.filter(({ outcome }) => outcome !== 'in_progress').length,
        connected: connected.length,
        details_known: own.filter(({ call_id }) => known.has(call_id ?? '')).length,
        connected_known: connectedKnown.length,
        phone_menus: connectedKnown.filter(({ is_phone_menu }) => is_phone_menu).length,
        conversations: connectedKnown.filter(({ is_conversation }) => is_conversation).length,
        conversions: connectedKnown.filter(isTagged).length,
        talk_seconds: own.reduce((sum, { talk_seconds }) => sum + (talk_seconds ?? 0), 0),
      })
    }
    for (const row of rows) {
      expect(Number(row.conversations)).toBeLessThanOrEqual(Number(row.connected_known))
      if (Number(row.connected_known) === 0) expect(row.conversation_rate).toBeNull()
      else expect(row.conversation_rate).toBeCloseTo(Number(row.conversations) / Number(row.connected_known))
    }
  })

  test('without CONVERSION_TAGS there are no conversions, not 0', async () => {
    const stage = await mirrored({ conversionTags: null })
    const rows = await readView<FunnelRow>(stage.database.pool, 'reporting.funnel', stage.world.team.id)
    expect(rows.filter(({ conversations }) => conversations !== null).length).toBeGreaterThan(0)
    for (const { conversions, conversion_rate } of rows)
      expect([conversions, conversion_rate]).toEqual([null, null])
  })
})

test('without details of calls, every figure about them is null, and the others are as before', async () => {
  const stage = await openStage({ world: { ...livelyTeam, seed: 'calls' } })
  await mirrorLivelyTeam(stage)
  for (const { call_id: _, user_id: __, outcome: ___, ...row } of await dialsOf(stage))
    expect(row).toMatchObject({ talk_seconds: null, is_conversation: null, is_phone_menu: null, tags: null })
  const rows = await readView<FunnelRow>(stage.database.pool, 'reporting.funnel', stage.world.team.id)
  const activity = await readView<FunnelRow>(
    stage.database.pool,
    'reporting.daily_activity',
    stage.world.team.id,
  )
  const key = ({ user_id, day }: FunnelRow) => `${user_id} ${day}`
  expect(rows.map(key).toSorted()).toEqual(activity.map(key).toSorted())
  for (const row of rows) {
    const { dials, resolved_dials, connected, connection_rate } =
      activity.find((one) => key(one) === key(row)) ?? row
    expect(row).toMatchObject({ dials, resolved_dials, connected, connection_rate, details_known: 0 })
    for (const name of ['phone_menus', 'conversations', 'conversions', 'talk_seconds', 'conversation_rate'])
      expect(row[name]).toBeNull()
  }
})

function isConversion({ tags: own }: CallRow): boolean {
  return own.some((tag) => tags.some((one) => one.toLowerCase() === tag.toLowerCase()))
}

const counts = [
  'dials',
  'resolved_dials',
  'connected',
  'details_known',
  'connected_known',
  'phone_menus',
  'conversations',
  'conversions',
  'talk_seconds',
]

function sumOf(rows: readonly FunnelRow[], userId: string): Record<string, number> {
  const own = rows.filter(({ user_id }) => user_id === userId)
  return Object.fromEntries(
    counts.map((name) => [name, own.reduce((sum, row) => sum + Number(row[name] ?? 0), 0)]),
  )
}
