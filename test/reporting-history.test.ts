/**
 * What schema reporting says about the past and about what is unknown, compared with the truth: two weeks of two active
 * teams in one database for each set of conditions, reading by reading.
 */
import { describe, expect, test } from 'vitest'
import { outcomeOf } from './support/bookkeeping.ts'
import { findDeepFaults } from './support/deep-checks.ts'
import { covers, groupBy } from './support/recorded.ts'
import {
  type Answer,
  burndownOf,
  endOfStay,
  instant,
  keyOf,
  type ReportTruth,
  typeOfChange,
} from './support/reporting-truth.ts'
import { byKey, fromMicros, micros, mismatches, without } from './support/reporting-views.ts'
import { climates, closingsOf, type Team, useWeeks } from './support/reporting-weeks.ts'

describe.each(climates)('two weeks, with $seed', (climate) => {
  const weeks = useWeeks(climate)

  test('no deep check finds anything', async () => {
    const { database, teams } = weeks()
    for (const { teamId } of teams) expect(await findDeepFaults(database.pool, teamId)).toEqual([])
  })

  test('contain every kind of event that the other tests need', () => {
    const [{ truth, witness }] = weeks().teams
    const seen = (of: readonly unknown[]) => [...new Set(of)].sort()
    expect(seen([...truth.queues.values()].map(({ fate }) => fate.state))).toEqual([
      'current',
      'ended',
      'unknown',
    ])
    expect(seen(truth.gaps.map(({ reason }) => reason))).toEqual(
      expect.arrayContaining(['error', 'not_read']),
    )
    expect(seen(truth.sightings.map(({ userId, at }) => truth.answerAt(userId, at).answer))).toEqual([
      'no_queue',
      'queue',
      'unknown',
    ])
    expect(seen(witness.world.truth.moves().map(({ type }) => type))).toEqual(
      expect.arrayContaining(['append', 'dial', 'reset', 'remove_positions', 'reassign', 'leave', 'return']),
    )
    expect(truth.dials.length).toBeGreaterThan(50)
  })

  test('queue_as_of returns each queue as it was read, at every reading and between, and claims nothing else', async () => {
    for (const { truth, entryId } of weeks().teams) {
      const moments = momentsOf(truth)
      const { rows } = await weeks().database.pool.query<AsOfRow>(
        `select m.user_id, m.at, q.answer, q.queue_id, ${micros('q.read_at')} as read_at, q.position,
           q.entry_id::float8 as entry_id, q.outcome, q.call_id, ${micros('q.call_start_date')} as call_start_date,
           q.routing_result, q.sync_status
         from unnest($1::text[], $2::float8[]) m(user_id, at)
         cross join lateral reporting.queue_as_of(m.user_id, ${fromMicros('m.at')}) q
         order by m.user_id, m.at, q.position`,
        [moments.map(({ userId }) => userId), moments.map(({ at }) => at)],
      )
      const said = groupBy(rows, ({ user_id, at }) => `${user_id} ${at}`)
      const found = [...said].map(([key, numbers]) => [key, asSaid(numbers)] as const)
      const expected = moments.map(
        ({ userId, at }) => [`${userId} ${at}`, asTrue(truth.answerAt(userId, at), entryId)] as const,
      )
      expect(mismatches(new Map(found), new Map(expected))).toEqual([])
    }
  })

  test('number_history, queue_history and queue_assignments return the same as versions, at every reading', async () => {
    for (const { truth, read, entryId } of weeks().teams) {
      const numbers = groupBy(await read<NumberVersion>('number_history'), ({ queue_id }) => queue_id)
      const settings = groupBy(await read<Settings>('queue_history'), ({ queue_id }) => queue_id)
      const held = groupBy(await read<Period>('queue_assignments'), ({ user_id }) => user_id)
      for (const { userId, at } of truth.sightings) {
        const answer = truth.answerAt(userId, at)
        if (answer.answer === 'unknown') continue
        const periods = (held.get(userId) ?? []).filter((period) => covers(period, at))
        const queue = answer.answer === 'queue' ? answer.queue : null
        expect(periods.map(({ queue_id }) => queue_id)).toEqual([queue?.queueId ?? null])
        if (queue === null) continue
        const shown = (numbers.get(queue.queueId) ?? []).filter((version) => covers(version, at))
        const versions = shown.map(({ position, entry_id, outcome, user_id }) => ({
          position,
          entry_id,
          outcome,
          isSomebodys: user_id !== null,
        }))
        const rows = queue.rows.map((row) => ({
          position: row.position,
          entry_id: entryId(keyOf(queue.queueId, row)),
          outcome: outcomeOf(row),
          isSomebodys: true,
        }))
        expect(versions.sort((a, b) => a.position - b.position)).toEqual(rows)
        const { name, creator_id, assignee_id, voicemail_handling, do_not_disturb } = queue.settings
        expect((settings.get(queue.queueId) ?? []).filter((version) => covers(version, at))).toMatchObject([
          { queue_name: name, creator_id, assignee_id, voicemail_handling, do_not_disturb },
        ])
      }
    }
  })

  test('teammates distinguishes a queue, no queue and unknown, after every pass', () => {
    for (const { truth, witness } of weeks().teams) {
      expect(witness.said.length).toBeGreaterThan(5)
      for (const { at, teammates } of witness.said) {
        const found = byKey(teammates, ({ user_id }) => user_id)
        const expected = [...found.keys()].map((userId) => {
          const answer = truth.answerThen(userId, at)
          const rows = answer.answer === 'queue' ? answer.queue.rows : null
          return {
            user_id: userId,
            queue_state: answer.answer,
            queue_id: answer.answer === 'queue' ? answer.queue.queueId : null,
            numbers: rows?.length ?? null,
            remaining: rows?.filter((row) => outcomeOf(row) === 'remaining').length ?? null,
          }
        })
        expect(
          mismatches(
            found,
            byKey(expected, ({ user_id }) => user_id),
          ),
        ).toEqual([])
      }
    }
  })

  test('queues says neither current nor ended while the state is unknown', () => {
    for (const { truth, witness } of weeks().teams) {
      for (const { at, queues } of witness.said) {
        for (const { queue_id, queue_state } of queues) {
          const claim = `${queue_id} is ${queue_state} at ${at}`
          const shown = truth.queues.get(queue_id)?.sightings.findLast((sighting) => sighting.at <= at)
          const since = truth
            .sightingsOf(shown?.userId ?? '')
            .filter((sighting) => sighting.at > (shown?.at ?? 0) && sighting.at <= at)
          const without = since.filter(({ status }) => status !== 'not_found')
          if (queue_state === 'current') expect(since, claim).toEqual([])
          else if (queue_state === 'ended') expect(without.length, claim).toBeGreaterThan(1)
          else expect(since.length, claim).toBeGreaterThan(0)
        }
      }
    }
  })

  test('queue_burndown counts what was read, is valid until the next change, and marks ends and unread time', async () => {
    for (const team of weeks().teams) {
      const { truth } = team
      const closings = await closingsOf(team)
      const rows = await team.read<{ queue_id: string; observed_at: number }>('queue_burndown')
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name', 'definition_version'))
      const expected = [...truth.queues.values()].flatMap((queue) => burndownOf(truth, queue, closings))
      const key = (row: { queue_id: string; observed_at: number }) => `${row.queue_id} ${row.observed_at}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('number_changes adds up to the numbers in the queues, at every reading, number by number', async () => {
    for (const team of weeks().teams) {
      const changes = await team.read<Change>('number_changes')
      const ofQueue = groupBy(changes, ({ queue_id }) => queue_id)
      expect([...ofQueue.keys()].sort()).toEqual(
        [...team.truth.queues.keys()].filter((queueId) => ofQueue.has(queueId)).sort(),
      )
      for (const { queueId, sightings, fate } of team.truth.queues.values()) {
        const ahead = (ofQueue.get(queueId) ?? []).sort((a, b) => a.changed_at - b.changed_at)
        const there = new Set<number>()
        const upTo = (at: number) => {
          for (let [next] = ahead; next && next.changed_at <= at; [next] = ahead) {
            ahead.shift()
            const isThere = there.has(next.entry_id)
            const comes = next.change_type === 'added' || next.change_type === 'reappeared'
            expect(isThere, `${next.change_type} ${next.entry_id} at ${next.changed_at}`).toBe(!comes)
            if (comes) there.add(next.entry_id)
            if (next.change_type === 'removed') there.delete(next.entry_id)
          }
        }
        for (const { at, queue } of sightings) {
          upTo(at)
          const shown = queue?.rows.map((row) => team.entryId(keyOf(queueId, row)))
          expect([...there].sort()).toEqual(shown?.sort())
        }
        upTo(Number.POSITIVE_INFINITY)
        // Whose holder left is out of sight: its numbers left the reports, and nothing more is claimed of them.
        if (fate.state !== 'current') expect(there.size).toBe(0)
      }
      expect(changes.filter(({ user_id }) => user_id === null)).toEqual([])
    }
  })

  test('number_changes distinguishes calls, contacts and moves, and a new updated_at alone is none of them', async () => {
    for (const team of weeks().teams) {
      const { truth } = team
      const changes = await team.read<Change>('number_changes')
      const key = ({ entry_id, changed_at }: Change) => `${entry_id} ${changed_at}`
      const removals = groupBy(
        changes.filter(({ change_type }) => change_type === 'removed'),
        ({ entry_id }) => entry_id,
      )
      const rest = byKey(
        changes.filter(({ change_type }) => change_type !== 'removed'),
        key,
      )
      const expected = new Map<string, object>()
      for (const { queueId, sightings } of truth.queues.values()) {
        for (const [index, { at, userId, queue }] of sightings.entries()) {
          const before = sightings[index - 1]
          for (const row of queue?.rows ?? []) {
            const stay = keyOf(queueId, row)
            const entry_id = team.entryId(stay)
            const was = before?.queue?.rows.find((one) => keyOf(queueId, one) === stay)
            const wasOver = removals
              .get(entry_id)
              ?.some(({ changed_at }) => changed_at > (before?.at ?? 0) && changed_at < at)
            const last = was ?? truth.lastRowBefore(stay, at)
            const isNew = truth.stays.get(stay)?.first.at === at
            const type = isNew ? 'added' : was && !wasOver ? typeOfChange(was, row) : 'reappeared'
            if (type === null) continue
            expected.set(`${entry_id} ${at}`, {
              change_type: type,
              user_id: userId,
              position_before: last?.position ?? null,
              position_after: row.position,
              outcome_before: last ? outcomeOf(last) : null,
              outcome_after: outcomeOf(row),
              sync_status_before: last?.sync_status ?? null,
              sync_status_after: row.sync_status,
            })
          }
        }
      }
      const found = [...rest].map(([at, change]) => {
        const { change_type, user_id, position_before, position_after, outcome_before, outcome_after } =
          change
        const { sync_status_before, sync_status_after } = change
        const of = { change_type, user_id, position_before, position_after, outcome_before, outcome_after }
        return [at, { ...of, sync_status_before, sync_status_after }] as const
      })
      expect(mismatches(new Map(found), expected)).toEqual([])
    }
    const [{ read }] = weeks().teams
    const types = new Set((await read<Change>('number_changes')).map(({ change_type }) => change_type))
    const always = ['added', 'changed', 'reappeared', 'removed', 'sync_changed']
    expect([...types]).toEqual(
      expect.arrayContaining(climate.renumberOnRemoval ? [...always, 'moved'] : always),
    )
  })

  test('number_entries says of each entry when it was seen, when and why it left, and its outcome', async () => {
    for (const team of weeks().teams) {
      const { truth } = team
      const rows = await team.read<{ entry_id: number }>('number_entries')
      const found = rows.map((row) =>
        without(row, 'team_id', 'teammate_name', 'number_masked', 'number_key', 'created_at'),
      )
      const expected = [...truth.stays.values()].map((stay) => {
        const end = endOfStay(stay, truth)
        const until = end.removed_at ?? end.last_seen_at ?? stay.last.at
        const outcome = outcomeOf(stay.row)
        const at = stay.dials.map((dial) => dial.at).sort((a, b) => a - b)
        const [first = null] = at
        return {
          entry_id: team.entryId(stay.key),
          queue_id: stay.queueId,
          user_id: stay.first.userId,
          first_seen_at: stay.first.at,
          ...end,
          seconds_in_queue: (until - stay.first.at) / 1e6,
          outcome,
          is_dialled: stay.dials.length > 0,
          is_resolved: outcome !== 'remaining' && outcome !== 'in_progress',
          is_connected: outcome === 'connected',
          is_picked_up: outcome === 'connected' || outcome === 'voicemail',
          first_dialled_at: first,
          last_dialled_at: at.at(-1) ?? null,
          dial_count: at.length,
          seconds_to_first_dial:
            first !== null && first >= stay.createdAt ? (first - stay.createdAt) / 1e6 : null,
        }
      })
      const key = ({ entry_id }: { entry_id: number }) => String(entry_id)
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('coverage_gaps has each period in which a teammate was not read, its reason, and the gap that continues', async () => {
    const { teams, leaver } = weeks()
    for (const { truth, read } of teams) {
      const rows = await read<{ user_id: string; gap_from: number }>('coverage_gaps')
      const left = truth.sightingsOf(leaver).findLast(({ status }) => status !== 'not_found')
      const closed = truth.gaps.map(({ userId, from, to, reason }) => ({
        userId,
        from,
        to,
        reason,
        isOpen: false,
      }))
      const open = left
        ? [{ userId: leaver, from: left.at, to: truth.asOf, reason: 'not_found', isOpen: true }]
        : []
      const expected = [...closed, ...open].map(({ userId, from, to, reason, isOpen }) => ({
        user_id: userId,
        gap_from: from,
        gap_to: isOpen ? null : to,
        is_open: isOpen,
        gap_seconds: (to - from) / 1e6,
        reason,
      }))
      const found = rows.map((row) => without(row, 'team_id', 'teammate_name'))
      const key = (row: { user_id: string; gap_from: number }) => `${row.user_id} ${row.gap_from}`
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })

  test('sync_passes says whom each pass read, and with which result', async () => {
    for (const { witness, read } of weeks().teams) {
      const rows = await read<Pass>('sync_passes')
      const found = rows.map(({ pass_id, status, teammates, teammates_read, teammates_failed, ...row }) => {
        const { numbers_read, numbers_added, numbers_changed, numbers_moved, numbers_removed, requests } = row
        const numbers = { numbers_read, numbers_added, numbers_changed, numbers_moved, numbers_removed }
        return { pass_id, status, teammates, teammates_read, teammates_failed, ...numbers, requests }
      })
      const expected = witness.passes.map(({ passId, status, teammates, readings, requests }) => {
        const read = readings.filter((one) => one.status === 'ok' || one.status === 'no_queue')
        const withQueue = readings.filter((one) => one.status === 'ok')
        const sum = (count: 'numbers' | 'added' | 'changed' | 'moved' | 'removed') =>
          withQueue.length > 0 ? withQueue.reduce((total, one) => total + (one[count] ?? 0), 0) : null
        return {
          pass_id: Number(passId),
          status,
          teammates,
          teammates_read: read.length,
          teammates_failed: readings.length - read.length,
          numbers_read: sum('numbers'),
          numbers_added: sum('added'),
          numbers_changed: sum('changed'),
          numbers_moved: sum('moved'),
          numbers_removed: sum('removed'),
          requests,
        }
      })
      const key = ({ pass_id }: { pass_id: number }) => String(pass_id)
      expect(mismatches(byKey(found, key), byKey(expected, key))).toEqual([])
    }
  })
})

interface AsOfRow {
  readonly user_id: string
  readonly at: number
  readonly answer: string
  readonly queue_id: string | null
  readonly read_at: number | null
  readonly position: number | null
  readonly entry_id: number | null
  readonly outcome: string | null
  readonly call_id: string | null
  readonly call_start_date: number | null
  readonly routing_result: string | null
  readonly sync_status: string | null
}

interface Version {
  readonly valid_from: number
  readonly valid_to: number | null
}

interface NumberVersion extends Version {
  readonly queue_id: string
  readonly user_id: string | null
  readonly position: number
  readonly entry_id: number
  readonly outcome: string
}

interface Settings extends Version {
  readonly queue_id: string
}

interface Period extends Version {
  readonly user_id: string
  readonly queue_id: string | null
}

interface Change {
  readonly entry_id: number
  readonly queue_id: string
  readonly user_id: string | null
  readonly changed_at: number
  readonly change_type: string
  readonly position_before: number | null
  readonly position_after: number | null
  readonly outcome_before: string | null
  readonly outcome_after: string | null
  readonly sync_status_before: string | null
  readonly sync_status_after: string | null
}

type Pass = Readonly<
  Record<
    | 'pass_id'
    | 'teammates'
    | 'teammates_read'
    | 'teammates_failed'
    | 'numbers_read'
    | 'numbers_added'
    | 'numbers_changed'
    | 'numbers_moved'
    | 'numbers_removed'
    | 'requests',
    number
  >
> & { readonly status: string }

/** Every reading, the moments just before, and halfway to the next; others' readings; before the first, after the last. */
function momentsOf(truth: ReportTruth): { userId: string; at: number }[] {
  const ofEverybody = truth.sightings.filter((_, index) => index % 5 === 0).map(({ at }) => at)
  return [...truth.users, 'usr-nobody'].flatMap((userId) => {
    const theirs = truth.sightingsOf(userId).map(({ at }) => at)
    const around = theirs.flatMap((at, index) => [
      at - 1,
      at,
      Math.floor((at + (theirs[index + 1] ?? at)) / 2),
    ])
    const moments = new Set([...around, ...ofEverybody, truth.asOf, truth.asOf + 1])
    // What is said of the time since the last reading depends on how old that is by now.
    const last = theirs.at(-1) ?? Number.POSITIVE_INFINITY
    return [...moments].filter((at) => at <= last).map((at) => ({ userId, at }))
  })
}

/** In the same words: what the function said, and what was so. */
function asSaid(rows: readonly AsOfRow[]) {
  const [{ answer = '', queue_id = null, read_at = null } = {}] = rows
  const numbers = rows.flatMap((row) =>
    row.entry_id === null && row.position === null
      ? []
      : [
          [
            row.position,
            row.entry_id,
            row.outcome,
            row.call_id,
            row.call_start_date,
            row.routing_result,
            row.sync_status,
          ],
        ],
  )
  const isOneAnswer = rows.every((row) => row.answer === answer && row.queue_id === queue_id)
  return answer === 'unknown'
    ? { answer, queue_id, numbers: rows.length - 1 + numbers.length }
    : { answer, queue_id, read_at, numbers, isOneAnswer }
}

function asTrue(answer: Answer, entryId: Team['entryId']) {
  if (answer.answer === 'unknown') return { answer: 'unknown', queue_id: null, numbers: 0 }
  const queue = answer.answer === 'queue' ? answer.queue : null
  const numbers = (queue?.rows ?? []).map((row) => [
    row.position,
    entryId(keyOf(queue?.queueId ?? '', row)),
    outcomeOf(row),
    row.call_id,
    row.call_start_date === null ? null : instant(row.call_start_date),
    row.routing_result,
    row.sync_status,
  ])
  return {
    answer: answer.answer,
    queue_id: queue?.queueId ?? null,
    read_at: answer.readAt,
    numbers,
    isOneAnswer: true,
  }
}
