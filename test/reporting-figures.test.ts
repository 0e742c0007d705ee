/**
 * The figures of schema reporting, compared with the truth: two weeks of two active teams in one database for each set
 * of conditions, counted dial by dial and number by number.
 */
import { describe, expect, test } from 'vitest'
import { outcomeOf } from './support/bookkeeping.ts'
import { findDeepFaults } from './support/deep-checks.ts'
import { groupBy } from './support/recorded.ts'
import { attemptRows, attemptsOf, cadenceOf, sessionsOf, wastedDials } from './support/reporting-attempts.ts'
import {
  type CountedDial,
  connectionRate,
  coveredSeconds,
  daysBefore,
  localDay,
  localHour,
  localWeekday,
  nextDay,
  sessions,
  startOfDay,
  tally,
} from './support/reporting-calendar.ts'
import { forecasts, listHealth, median, speedToLead } from './support/reporting-outlook.ts'
import {
  countsOf,
  endOfStay,
  instant,
  keyOf,
  type ReportTruth,
  removalsOf,
  type SeenDial,
} from './support/reporting-truth.ts'
import { byKey, fromMicros, micros, mismatches, readView, without } from './support/reporting-views.ts'
import { climates, useWeeks } from './support/reporting-weeks.ts'

describe.each(climates)('two weeks, with $seed', (climate) => {
  const { timeZone } = climate
  const weeks = useWeeks({ ...climate, seed: `${climate.seed}_too` })

  test('no deep check finds anything', async () => {
    const { database, teams } = weeks()
    for (const { teamId } of teams) expect(await findDeepFaults(database.pool, teamId)).toEqual([])
  })

  test('dials has every dial once, with its last outcome, for the holder of the queue at that time', async () => {
    for (const { truth, witness, read, entryId } of weeks().teams) {
      const attempts = attemptsOf(truth, timeZone)
      const expected = truth.dials.map(({ stay, at, outcome, first, position, callId }) => ({
        entry_id: entryId(stay.key),
        dialled_at: at,
        user_id: first.userId,
        queue_id: stay.queueId,
        position,
        call_id: callId,
        outcome,
        first_seen_at: first.at,
        counted_at: at,
        dialled_date: localDay(at, timeZone),
        dialled_weekday: localWeekday(at, timeZone),
        dialled_hour: localHour(at, timeZone),
        is_resolved: outcome !== 'in_progress',
        is_connected: outcome === 'connected',
        is_picked_up: outcome === 'connected' || outcome === 'voicemail',
        is_unresolved:
          outcome === 'in_progress' && at < (truth.sightingsOf(first.userId).at(-1)?.at ?? 0) - 120 * 60e6,
        seconds_since_added: at >= stay.createdAt ? (at - stay.createdAt) / 1e6 : null,
        ...attempts.get(`${stay.key} ${at}`),
        // Without CALL_DETAILS nothing is known of calls.
        talk_seconds: null,
        is_conversation: null,
        is_phone_menu: null,
        tags: null,
      }))
      const rows = await read<(typeof expected)[number]>('dials')
      const found = rows.map((row) =>
        without(
          row,
          'team_id',
          'dial_id',
          'teammate_name',
          'number_masked',
          'number_key',
          'routing_result',
          'detected_outbound_voicemail',
          'not_reached_destination_reason',
          'voicemail_left',
          'changed_after',
          'last_changed_at',
          'previous_holder_id',
        ),
      )
      const key = (row: { entry_id: number; dialled_at: number }) => `${row.entry_id} ${row.dialled_at}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      for (const { made, first, stay } of truth.dials) {
        if (made.userId === first.userId) continue
        // Reassigned after the dial and before the next reading: the mirror can't know it.
        const before = truth.queues.get(stay.queueId)?.sightings.findLast(({ at }) => at < first.at)?.at ?? 0
        const states = witness.world.truth.queueStatesOf(stay.queueId, before / 1000 - 5, first.at / 1000 + 5)
        const holders = states.map(({ queue }) => queue.assignee_id)
        expect(holders).toEqual(expect.arrayContaining([made.userId, first.userId]))
      }
    }
  })

  test('a dial that the mirror may have given to the wrong teammate names the other one', async () => {
    for (const { truth, read, entryId } of weeks().teams) {
      const rows = byKey(
        await read<{ entry_id: number; dialled_at: number; previous_holder_id: string | null }>('dials'),
        ({ entry_id, dialled_at }) => `${entry_id} ${dialled_at}`,
      )
      for (const { made, first, stay, at } of truth.dials) {
        const other = rows.get(`${entryId(stay.key)} ${at}`)?.previous_holder_id
        const shown = truth.queues.get(stay.queueId)?.sightings ?? []
        const before = shown.findLast((one) => one.at < first.at && one.userId !== first.userId)
        const heldFrom = shown.find((one) => one.at > (before?.at ?? 0))?.at ?? 0
        // Of a teammate who held it unseen, the mirror can't know.
        if (before?.userId === made.userId && heldFrom > at) expect(other).toBe(made.userId)
        if (other) expect(other).toBe(before?.userId)
      }
    }
  })

  test('queues has the counts of each queue, its progress, its speed and its end', async () => {
    for (const { truth, read } of weeks().teams) {
      const expected = [...truth.queues.values()].map(({ queueId, sightings, last, fate }) => {
        const counts = countsOf(last.queue?.rows ?? [])
        const stays = [...truth.stays.values()].filter((stay) => stay.queueId === queueId)
        const dialled = stays.filter(({ dials }) => dials.length > 0)
        const dials = truth.dials.filter(({ stay }) => stay.queueId === queueId)
        const at = dials.map((dial) => dial.at).sort((a, b) => a - b)
        const { resolved_dials, connected, picked_up } = tally(dials.map(counted))
        const ended = fate.state === 'ended' ? fate : null
        return {
          queue_id: queueId,
          user_id: last.userId,
          queue_state: fate.state,
          is_exhausted: fate.state === 'current' && counts.remaining === 0,
          first_seen_at: sightings[0]?.at,
          data_as_of: last.at,
          ended_at: ended?.at ?? null,
          end_reason: ended?.reason ?? null,
          replaced_by_queue_id: ended?.by ?? null,
          ...counts,
          numbers_ever: stays.length,
          dialled_ever: dialled.length,
          penetration_rate: stays.length > 0 ? dialled.length / stays.length : null,
          dials: dials.length,
          resolved_dials,
          connected_dials: connected,
          picked_up_dials: picked_up,
          ...connectionRate(connected, resolved_dials),
          first_dial_at: at[0] ?? null,
          last_dial_at: at.at(-1) ?? null,
          median_seconds_to_first_dial: median(
            dialled.flatMap(({ dials, createdAt }) => {
              const first = Math.min(...dials.map((dial) => dial.at))
              return first >= createdAt ? [(first - createdAt) / 1e6] : []
            }),
          ),
          uncalled_at_end: ended ? counts.remaining : null,
          in_progress_at_end: ended ? counts.in_progress : null,
          unseen_seconds_before_end: ended ? (ended.at - last.at) / 1e6 : null,
          // There were no looks.
          unlooked_seconds_before_end: ended ? (ended.at - last.at) / 1e6 : null,
        }
      })
      const rows = await read<{ queue_id: string }>('queues')
      const found = rows.map((row) => without(row, 'team_id', 'queue_name', 'teammate_name', 'created_at'))
      const key = (row: { queue_id: string }) => row.queue_id
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('current_numbers and stale_numbers are the numbers in the queues now, with their waiting time', async () => {
    for (const { truth, read, entryId } of weeks().teams) {
      const current = [...truth.queues.values()].filter(({ fate }) => fate.state === 'current')
      const expected = current.flatMap(({ queueId, last }) =>
        (last.queue?.rows ?? []).map((row) => {
          const stay = truth.stays.get(keyOf(queueId, row))
          const isUncalled = stay?.dials.length === 0
          return {
            queue_id: queueId,
            position: row.position,
            user_id: last.userId,
            entry_id: entryId(keyOf(queueId, row)),
            outcome: outcomeOf(row),
            is_dialled: outcomeOf(row) !== 'remaining',
            call_id: row.call_id,
            call_start_date: row.call_start_date === null ? null : instant(row.call_start_date),
            created_at: instant(row.created_at),
            updated_at: instant(row.updated_at),
            dial_count: stay?.dials.length,
            waiting_seconds: isUncalled ? Math.max(0, last.at - instant(row.created_at)) / 1e6 : null,
            data_as_of: last.at,
          }
        }),
      )
      const key = (row: { queue_id: string; position: number }) => `${row.queue_id} ${row.position}`
      const rows = await read<(typeof expected)[number]>('current_numbers')
      const found = rows.map((row) =>
        without(
          row,
          'team_id',
          'teammate_name',
          'number_masked',
          'number_key',
          'is_resolved',
          'is_connected',
          'routing_result',
          'sync_status',
          'detected_outbound_voicemail',
          'not_reached_destination_reason',
          'voicemail_left',
          'first_seen_at',
          'first_dialled_at',
          'last_dialled_at',
        ),
      )
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      const stale = await read<{ queue_id: string; position: number }>('stale_numbers')
      const waiting = expected.filter(({ waiting_seconds }) => (waiting_seconds ?? 0) > 7 * 86_400)
      expect(stale.map(key).sort()).toEqual(waiting.map(key).sort())
    }
  })

  test('requeued_numbers has the newest entry of each number with several entries, and whether it was connected before', async () => {
    for (const [index, { truth, read, entryId }] of weeks().teams.entries()) {
      const ofNumber = groupBy([...truth.stays.values()], ({ number }) => number)
      const expected = [...ofNumber.values()].flatMap((stays) => {
        const inOrder = stays.sort((a, b) => a.first.at - b.first.at || entryId(a.key) - entryId(b.key))
        const [newest, previous, oldest] = [inOrder.at(-1), inOrder.at(-2), inOrder[0]]
        if (!newest || !previous || !oldest) return []
        const wasReached = inOrder
          .slice(0, -1)
          .some(({ row, dials }) =>
            [outcomeOf(row), ...dials.map(({ outcome }) => outcome)].includes('connected'),
          )
        return [
          {
            entry_id: entryId(newest.key),
            queue_id: newest.queueId,
            user_id: newest.first.userId,
            first_seen_at: newest.first.at,
            outcome: outcomeOf(newest.row),
            entries: stays.length,
            first_ever_seen_at: oldest.first.at,
            previous_entry_id: entryId(previous.key),
            previous_queue_id: previous.queueId,
            previous_outcome: outcomeOf(previous.row),
            has_connected_before: wasReached,
            seconds_since_previous: (newest.first.at - previous.first.at) / 1e6,
            ...afterConnection(stays.flatMap(({ dials }) => dials)),
          },
        ]
      })
      const rows = await read<{ entry_id: number }>('requeued_numbers')
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name', 'number_masked', 'number_key'))
      const key = (row: { entry_id: number }) => String(row.entry_id)
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      if (index === 0) expect(found.length).toBeGreaterThan(0)
    }
  })

  test('removed_uncalled has the numbers that left uncalled and were in no queue of the team afterwards', async () => {
    for (const { truth, read, entryId } of weeks().teams) {
      const ends = new Map([...truth.stays.values()].map((stay) => [stay, endOfStay(stay, truth)]))
      const ofNumber = groupBy([...ends], ([{ number }]) => number)
      const expected = [...ends].flatMap(([stay, { removed_at, removal_reason, last_seen_at }]) => {
        if (removed_at === null || stay.dials.length > 0) return []
        const isBack = ofNumber
          .get(stay.number)
          ?.some(
            ([other, end]) => other !== stay && (end.last_seen_at === null || end.last_seen_at >= removed_at),
          )
        const { queueId: queue_id, first } = stay
        const row = {
          entry_id: entryId(stay.key),
          queue_id,
          created_at: stay.createdAt,
          first_seen_at: first.at,
        }
        const seconds_in_queue = (removed_at - first.at) / 1e6
        return isBack ? [] : [{ ...row, last_seen_at, removed_at, removal_reason, seconds_in_queue }]
      })
      const rows = await read<{ entry_id: number; user_id: string | null }>('removed_uncalled')
      const found = rows.map((row) =>
        without(row, 'team_id', 'user_id', 'teammate_name', 'number_masked', 'number_key'),
      )
      const key = (row: { entry_id: number }) => String(row.entry_id)
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      expect(rows.filter(({ user_id }) => user_id === null)).toEqual([])
    }
  })

  test('removals counts every uncalled number that left, each time, and those that were in a queue afterwards', async () => {
    const seen = { reasons: new Set<string>(), mass: 0, back: 0 }
    for (const { truth, read } of weeks().teams) {
      const ends = new Map([...truth.stays.values()].map((stay) => [stay, endOfStay(stay, truth)]))
      const isBack = (key: string, at: number) => {
        const number = truth.stays.get(key)?.number
        return [...ends].some(
          ([stay, { last_seen_at }]) =>
            stay.number === number &&
            (stay.key === key ? stay.last.at > at : last_seen_at === null || last_seen_at >= at),
        )
      }
      const expected = removalsOf(truth).map(({ queueId, at, reason, keys, holder, previousHolder }) => ({
        queue_id: queueId,
        user_id: holder,
        previous_holder_id: previousHolder,
        removed_at: at,
        reason,
        numbers: keys.length,
        is_mass: keys.length >= 10,
        came_back: keys.filter((key) => isBack(key, at)).length,
      }))
      const rows = await read<(typeof expected)[number]>('removals')
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name', 'queue_name'))
      const key = (row: { queue_id: string; removed_at: number }) => `${row.queue_id} ${row.removed_at}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      expect(rows.filter(({ user_id }) => user_id === null)).toEqual([])
      const lost = rows.reduce((sum, { numbers, came_back }) => sum + numbers - came_back, 0)
      expect(lost).toBe((await read('removed_uncalled')).length)
      for (const { reason, is_mass, came_back } of expected) {
        seen.reasons.add(reason)
        seen.mass += Number(is_mass)
        seen.back += came_back
      }
    }
    expect([...seen.reasons].sort()).toEqual(['deleted', 'queue_gone', 'queue_replaced'])
    expect(Math.min(seen.mass, seen.back)).toBeGreaterThan(0)
  })

  test('list_health has the share of dead numbers, machines, duplicates and numbers called before, and the age of the queue', async () => {
    const seen = { not_in_service: 0, voicemail: 0, failed: 0, duplicates: 0 }
    for (const { truth, read, entryId } of weeks().teams) {
      const expected = listHealth(truth, entryId)
      const rows = await read<(typeof expected)[number] & typeof seen>('list_health')
      const found = rows.map((row) => without(row, 'team_id', 'queue_name', 'teammate_name'))
      const key = (row: { queue_id: string }) => row.queue_id
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      for (const name of Object.keys(seen) as (keyof typeof seen)[])
        seen[name] += rows.reduce((sum, row) => sum + row[name], 0)
    }
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([])
  })

  test('queue_forecast measures the pace of each holder, or says why it can not', async () => {
    for (const { truth, read } of weeks().teams) {
      const expected = forecasts(truth, timeZone)
      const rows = await read<(typeof expected)[number]>('queue_forecast')
      const found = rows.map((row) => without(row, 'team_id', 'queue_name', 'teammate_name'))
      const key = (row: { queue_id: string }) => row.queue_id
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('speed_to_lead has each number once, the time until its first dial, and the working time in it', async () => {
    const seen = new Set<unknown>()
    for (const { truth, read, entryId } of weeks().teams) {
      const expected = speedToLead(truth, entryId, timeZone)
      const rows = await read<(typeof expected)[number]>('speed_to_lead')
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name', 'number_masked', 'number_key'))
      const key = (row: { entry_id: number }) => String(row.entry_id)
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      for (const row of rows)
        for (const value of [row.lead_state, `${row.is_within_target} ${row.is_within_working_target}`])
          seen.add(value)
    }
    expect([...seen]).toEqual(
      expect.arrayContaining(['dialled', 'waiting', 'removed', 'true true', 'false false', 'false true']),
    )
  })

  test('daily_activity has every local day of each teammate, its dials, and how long it was not read', async () => {
    for (const { truth, read } of weeks().teams) {
      const listed = await read<{ user_id: string; first_seen_at: number }>('teammates')
      const expected = listed.flatMap(({ user_id, first_seen_at }) => {
        const dials = dialsOf(truth, user_id)
        const lastRead = truth.sightingsOf(user_id).at(-1)?.at ?? 0
        const first = Math.min(first_seen_at, ...dials.map(({ at }) => at))
        return daysOf(first, lastRead, timeZone).map((day) => {
          const [since, until] = [startOfDay(day, timeZone), startOfDay(nextDay(day), timeZone)]
          const ofDay = dials.filter(({ at }) => since <= at && at < until)
          return {
            user_id,
            day,
            is_day_over: until <= lastRead,
            gap_seconds: coveredSeconds(unread(truth, user_id), since, until),
            ...tally(ofDay),
            ...sessions(ofDay),
          }
        })
      })
      const rows = await read<{ user_id: string; day: string; dials: number }>('daily_activity')
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name'))
      const key = (row: { user_id: string; day: string }) => `${row.user_id} ${row.day}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      expect(rows.reduce((sum, { dials }) => sum + dials, 0)).toBe(truth.dials.length)
    }
  })

  test('attempts counts the dials of numbers that no person had answered, by week and attempt', async () => {
    for (const { truth, read } of weeks().teams) {
      const rows = await read<{ week: string; attempt: number; dials: number }>('attempts')
      const found = rows.map((row) => without(row, 'team_id'))
      const key = (row: { week: string; attempt: number }) => `${row.week} ${row.attempt}`
      expect(mismatches(byKey(found, key), byKey(attemptRows(truth, timeZone), key))).toEqual([])
      const after = (await read<{ connected_before: boolean }>('dials')).filter((row) => row.connected_before)
      expect(rows.reduce((sum, { dials }) => sum + dials, 0)).toBe(truth.dials.length - after.length)
    }
  })

  test('wasted_dials has each dial after a connection, of a number not in service, or within an hour, with its reason', async () => {
    for (const { truth, read, entryId } of weeks().teams) {
      const expected = wastedDials(truth, timeZone).map(({ stay, at, ...row }) => ({
        entry_id: entryId(stay),
        counted_at: at,
        ...row,
      }))
      const rows = await read<(typeof expected)[number]>('wasted_dials')
      const found = rows.map((row) =>
        without(
          row,
          'team_id',
          'dial_id',
          'teammate_name',
          'number_masked',
          'number_key',
          'previous_holder_id',
        ),
      )
      const key = (row: { entry_id: number; counted_at: number }) => `${row.entry_id} ${row.counted_at}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('cadence has each number in a current queue that no person has answered, and its dials so far', async () => {
    for (const { truth, read, entryId } of weeks().teams) {
      const expected = cadenceOf(truth).map(({ stay, ...row }) => ({ entry_id: entryId(stay), ...row }))
      const rows = await read<{ entry_id: number }>('cadence')
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name', 'number_masked', 'number_key'))
      const key = (row: { entry_id: number }) => String(row.entry_id)
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('sessions has the sessions that daily_activity counts, dial by dial', async () => {
    for (const { truth, read } of weeks().teams) {
      const expected = truth.users.flatMap((user_id) =>
        sessionsOf(dialsOf(truth, user_id), truth.sightingsOf(user_id).at(-1)?.at ?? 0, timeZone).map(
          (session) => ({ user_id, ...session }),
        ),
      )
      const rows = await read<{ user_id: string; day: string; session: number; dialling_seconds: number }>(
        'sessions',
      )
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name'))
      const key = (row: { user_id: string; day: string; session: number }) =>
        `${row.user_id} ${row.day} ${row.session}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      const days = await read<{ sessions: number; dialling_seconds: number }>('daily_activity')
      expect(rows).toHaveLength(days.reduce((sum, { sessions }) => sum + sessions, 0))
      const seconds = (of: readonly { dialling_seconds: number }[]) =>
        of.reduce((sum, { dialling_seconds }) => sum + dialling_seconds, 0)
      expect(seconds(rows)).toBeCloseTo(seconds(days), 3)
    }
  })

  test('leaderboard_7d counts the last seven days and the seven before, and how long they were not read', async () => {
    for (const { truth, read } of weeks().teams) {
      const [since, before] = [daysBefore(truth.asOf, 7, timeZone), daysBefore(truth.asOf, 14, timeZone)]
      const expected = truth.users.map((user_id) => {
        const dials = dialsOf(truth, user_id)
        const then = tally(dials.filter(({ at }) => at > before && at <= since))
        return {
          user_id,
          period_from: since,
          period_to: truth.asOf,
          ...without(tally(dials.filter(({ at }) => at > since)), 'failed', 'other', 'in_progress'),
          previous_dials: then.dials,
          previous_resolved_dials: then.resolved_dials,
          previous_connected: then.connected,
          previous_connection_rate: then.connection_rate,
          gap_seconds: coveredSeconds(unread(truth, user_id), since, truth.asOf),
          previous_gap_seconds: coveredSeconds(unread(truth, user_id), before, since),
        }
      })
      const rows = await read<{ user_id: string }>('leaderboard_7d')
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name'))
      const key = (row: { user_id: string }) => row.user_id
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('activity_heatmap has 168 rows for each teammate, zeros included, and every dial of 28 days once', async () => {
    for (const { truth, read } of weeks().teams) {
      const since = daysBefore(truth.asOf, 28, timeZone)
      const expected = truth.users.flatMap((user_id) => {
        const recent = dialsOf(truth, user_id).filter(({ at }) => at > since)
        const slots = groupBy(recent, ({ at }) => localWeekday(at, timeZone) * 24 + localHour(at, timeZone))
        return Array.from({ length: 168 }, (_, index) => {
          const { dials, resolved_dials, connected, picked_up } = tally(slots.get(24 + index) ?? [])
          return {
            user_id,
            weekday: 1 + Math.floor(index / 24),
            hour: index % 24,
            period_from: since,
            period_to: truth.asOf,
            dials,
            resolved_dials,
            connected,
            picked_up,
            ...connectionRate(connected, resolved_dials),
          }
        })
      })
      const rows = await read<{ user_id: string; weekday: number; hour: number; dials: number }>(
        'activity_heatmap',
      )
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name'))
      const key = (row: { user_id: string; weekday: number; hour: number }) =>
        `${row.user_id} ${row.weekday} ${row.hour}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
      expect(rows.reduce((sum, { dials }) => sum + dials, 0)).toBe(truth.dials.length)
    }
  })

  test('a filter on team_id returns no row of the other team, and every row has a team', async () => {
    const { database, teams } = weeks()
    for (const view of await viewsOf(database.pool, `having 'team_id' = any (array_agg(column_name))`)) {
      let rows = 0
      for (const { teamId, truth } of teams) {
        const queues = new Set(truth.queues.keys())
        for (const row of await readView<{ user_id?: string; queue_id?: string }>(
          database.pool,
          view,
          teamId,
        )) {
          rows += 1
          if (row.user_id) expect(truth.users, view).toContain(row.user_id)
          if (row.queue_id) expect(queues, view).toContain(row.queue_id)
        }
      }
      expect(await readView(database.pool, view), view).toHaveLength(rows)
    }
  })

  test('no view depends on the time zone, the date style or the interval style of the session', async () => {
    const { database, teams } = weeks()
    const views = await viewsOf(database.pool)
    const { userId, at } = teams[0].truth.sightings.find(({ queue }) => (queue?.rows.length ?? 0) > 3) ?? {}

    async function inSession(settings: string): Promise<Map<string, string[]>> {
      const client = await database.pool.connect()
      try {
        await client.query(`begin; ${settings}`)
        const asText = (rows: object[]) =>
          rows
            .map((row) => JSON.stringify(without(row, 'age_seconds', 'measured_from', 'measured_at')))
            .sort()
        const all = new Map<string, string[]>()
        for (const view of views) all.set(view, asText(await readView(client, view)))
        const { rows } = await client.query(
          `select answer, ${micros('read_at')} as read_at, position, entry_id, ${micros('call_start_date')} as at
           from reporting.queue_as_of($1, ${fromMicros('$2::float8')})`,
          [userId, at],
        )
        return all.set('queue_as_of', asText(rows))
      } finally {
        await client.query('rollback')
        client.release()
      }
    }

    const plain = await inSession(`set local timezone to 'UTC'; set local datestyle to 'ISO, YMD'`)
    for (const settings of [
      `set local timezone to 'America/New_York'; set local datestyle to 'SQL, MDY'; set local intervalstyle to 'sql_standard'`,
      `set local timezone to 'Asia/Kolkata'; set local datestyle to 'German'; set local intervalstyle to 'iso_8601'`,
    ]) {
      for (const [view, rows] of await inSession(settings)) {
        const others = new Set(plain.get(view))
        expect(rows.length, view).toBe(others.size)
        expect(rows.filter((row) => !others.has(row)).slice(0, 3), view).toEqual([])
      }
    }
    expect(plain.get('queue_as_of')?.length).toBeGreaterThan(3)
  })

  /** Periods in which nothing is known of a teammate, from before the first reading to the last one of the team. */
  function unread(truth: ReportTruth, userId: string): { from: number; to: number }[] {
    const known = truth.knownSince(userId) ?? truth.asOf
    const last = truth.sightingsOf(userId).findLast(({ status }) => status !== 'not_found')
    const goesOn = userId === weeks().leaver && last ? [{ from: last.at, to: truth.asOf }] : []
    return [
      { from: Number.NEGATIVE_INFINITY, to: known },
      ...truth.gaps.filter((gap) => gap.userId === userId),
      ...goesOn,
    ]
  }
})

async function viewsOf(pool: Parameters<typeof readView>[0], having = ''): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select schema_name || '.' || view_name as name from reporting.data_dictionary
     where kind = 'view' group by 1 ${having} order by 1`,
  )
  return rows.map(({ name }) => name)
}

function afterConnection(dials: readonly SeenDial[]) {
  const connectedAt = Math.min(...dials.flatMap(({ at, outcome }) => (outcome === 'connected' ? [at] : [])))
  return { dials: dials.length, dials_after_connection: dials.filter(({ at }) => at > connectedAt).length }
}

function counted({ at, outcome, stay }: SeenDial): CountedDial {
  return { at, outcome, stay: stay.key }
}

function dialsOf({ dials }: ReportTruth, userId: string): CountedDial[] {
  return dials.filter(({ first }) => first.userId === userId).map(counted)
}

function daysOf(first: number, last: number, zone: string): string[] {
  const days: string[] = []
  for (let day = localDay(first, zone); day <= localDay(last, zone); day = nextDay(day)) days.push(day)
  return days
}
