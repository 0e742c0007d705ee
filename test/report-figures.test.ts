/** The figures of a report, compared with the truth of two weeks of two teams, and with the views that they link to. */
import { describe, expect, test } from 'vitest'
import { plusDays, workingDayBefore } from '../src/report/calendar.ts'
import { type Days, type Filters, noPeriod, usualFilters } from '../src/report/filters.ts'
import { measures, poorListsOf } from '../src/report/lists.ts'
import { reportPage } from '../src/report/page/page.ts'
import { type Figures, type Report, takeReport } from '../src/report/report.ts'
import type { Rate } from '../src/report/scope.ts'
import { createReader } from './support/reader.ts'
import {
  connectionRate,
  daysBefore,
  localDay,
  localHour,
  localWeekday,
  startOfDay,
} from './support/reporting-calendar.ts'
import { type Leaving, removalsOf, type SeenDial } from './support/reporting-truth.ts'
import { byKey, fromMicros, mismatches } from './support/reporting-views.ts'
import { climates, type Team, useWeeks } from './support/reporting-weeks.ts'

describe.each(climates)('two weeks, with $seed', (climate) => {
  const { timeZone } = climate
  const weeks = useWeeks({ ...climate, seed: `${climate.seed}_report` })

  async function reportOf(
    { teamId }: Team,
    asked: Partial<Filters> = {},
    pool = weeks().database.pool,
  ): Promise<Report & { figures: Figures }> {
    const filters = { ...usualFilters, ...asked }
    const report = await takeReport(pool, { teamId, filters, statementTimeoutMs: 30_000 })
    if (report.figures === null) throw new Error('this team was read')
    return { ...report, figures: report.figures }
  }

  const micros = (instant: string) =>
    Date.parse(`${instant.slice(0, 23)}Z`) * 1000 + Number(instant.slice(23, 26))

  const microsOrNull = (instant: string | null) => (instant === null ? null : micros(instant))

  const within = (dials: readonly SeenDial[], from: number, to: number) =>
    dials.filter(({ at }) => at > from && at <= to)

  const countOf = (dials: readonly SeenDial[], ...outcomes: string[]) =>
    dials.filter(({ outcome }) => outcomes.includes(outcome)).length

  function rateOf(dials: readonly SeenDial[]): Rate {
    const part = countOf(dials, 'connected')
    const whole = dials.length - countOf(dials, 'in_progress')
    const { connection_rate, connection_rate_low, connection_rate_high } = connectionRate(part, whole)
    return { part, whole, rate: connection_rate, low: connection_rate_low, high: connection_rate_high }
  }

  test('a login that can read only schema reporting makes the same report', async () => {
    const reader = await createReader(weeks().database)
    try {
      for (const team of weeks().teams) {
        const whole = await reportOf(team)
        const teammate = whole.figures.people.teammates[0]?.userId ?? null
        const queue = whole.figures.queues.past[0]?.queueId ?? null
        for (const asked of [{}, { teammate }, { queue }, { days: 90 }] satisfies Partial<Filters>[]) {
          const [theirs, ours] = [await reportOf(team, asked, reader.pool), await reportOf(team, asked)]
          expect(atOneMoment(theirs)).toEqual(atOneMoment(ours))
          expect(reportPage(theirs, { links: null, version: 'test' })).toContain('<svg')
        }
      }
    } finally {
      await reader.drop()
    }
  })

  /** Without what only the time of asking decides. */
  const atOneMoment = ({ madeAt: _, figures, ...report }: Report & { figures: Figures }) => ({
    ...report,
    figures: { ...figures, trust: { ...figures.trust, oldestSeconds: null } },
  })

  test('each teammate has the true numbers of dials and connected dials, in the period and before', async () => {
    for (const team of weeks().teams) {
      for (const days of [7, 28] satisfies Days[]) {
        const { figures } = await reportOf(team, { days })
        const { asOf, dials } = team.truth
        const [from, previousFrom] = [daysBefore(asOf, days, timeZone), daysBefore(asOf, 2 * days, timeZone)]
        expect(micros(figures.period.from)).toBe(from)
        const activity = (of: readonly SeenDial[]) => ({
          dials: within(of, from, asOf).length,
          connected: rateOf(within(of, from, asOf)),
          voicemail: countOf(within(of, from, asOf), 'voicemail'),
          notReached: countOf(within(of, from, asOf), 'not_reached'),
          previousDials: within(of, previousFrom, from).length,
          previousConnected: rateOf(within(of, previousFrom, from)),
        })
        const expected = team.truth.users.map((userId) => ({
          userId,
          ...activity(dials.filter(({ first }) => first.userId === userId)),
        }))
        const found = figures.people.teammates.map(
          ({ userId, dials, connected, voicemail, notReached, previousDials, previousConnected }) => ({
            userId,
            dials,
            connected,
            voicemail,
            notReached,
            previousDials,
            previousConnected,
          }),
        )
        const key = ({ userId }: { userId: string }) => userId
        const flat = <Row extends { connected: Rate; previousConnected: Rate }>(row: Row) => ({
          ...row,
          ...Object.fromEntries(Object.entries(row.connected).map(([name, value]) => [`now ${name}`, value])),
          ...Object.fromEntries(
            Object.entries(row.previousConnected).map(([name, value]) => [`was ${name}`, value]),
          ),
          connected: null,
          previousConnected: null,
        })
        expect(mismatches(byKey(found.map(flat), key), byKey(expected.map(flat), key))).toEqual([])
        expect(
          mismatches(
            new Map([['all', flat(figures.people.total)]]),
            new Map([['all', flat(activity(dials))]]),
          ),
        ).toEqual([])
        const ranks = figures.people.teammates.map(({ connected, dials }) => [connected.part, dials])
        expect(ranks).toEqual([...ranks].sort(([a = 0, b = 0], [c = 0, d = 0]) => c - a || d - b))
      }
    }
  })

  test('with 7 days each teammate has the figures of leaderboard_7d', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team)
      const rows = await team.read<{
        user_id: string
        dials: number
        connected: number
        connection_rate_low: number | null
        previous_dials: number
      }>('leaderboard_7d')
      const found = figures.people.teammates.map(
        ({ userId, dials, connected, previousDials }) =>
          [userId, { dials, connected: connected.part, low: connected.low, previousDials }] as const,
      )
      const expected = rows.map(
        (row) =>
          [
            row.user_id,
            {
              dials: row.dials,
              connected: row.connected,
              low: row.connection_rate_low,
              previousDials: row.previous_dials,
            },
          ] as const,
      )
      expect(mismatches(new Map(found), new Map(expected))).toEqual([])
    }
  })

  test('each teammate has the queue, what is left in it, the last dial and the last reading of view teammates', async () => {
    for (const team of weeks().teams) {
      const { people, burndowns } = (await reportOf(team)).figures
      const rows = await team.read<Record<string, unknown> & { user_id: string }>('teammates')
      for (const person of people.teammates) {
        const row = rows.find(({ user_id }) => user_id === person.userId)
        expect({ ...row, last_dial_at: row?.last_dial_at }).toMatchObject({
          queue_state: person.queueState,
          queue_id: person.queueId,
          numbers: person.numbers,
          remaining: person.remaining,
          last_dial_at: microsOrNull(person.lastDialAt),
          data_as_of: microsOrNull(person.readAt),
          left_at: microsOrNull(person.leftAt),
        })
      }
      const lastDials = team.truth.users.map((userId) =>
        Math.max(0, ...team.truth.dials.flatMap(({ first, at }) => (first.userId === userId ? [at] : []))),
      )
      expect(
        team.truth.users.map((userId) => {
          const { lastDialAt = null } = people.teammates.find((one) => one.userId === userId) ?? {}
          return lastDialAt === null ? 0 : micros(lastDialAt)
        }),
      ).toEqual(lastDials)
      const withQueue = rows.filter(({ queue_state }) => queue_state === 'queue')
      expect(burndowns.count).toBe(withQueue.length)
      for (const { userId, numbers, remaining } of burndowns.lines)
        expect(withQueue).toContainEqual(expect.objectContaining({ user_id: userId, numbers, remaining }))
    }
  })

  test('trust is what data_freshness, data_quality and coverage_gaps say, and which share was not read', async () => {
    const { pool } = weeks().database
    for (const team of weeks().teams) {
      const { trust, period, unread } = (await reportOf(team)).figures
      const fresh = await team.read<{
        user_id: string
        is_stale: boolean
        is_left_out: boolean
        stale_after_seconds: number
      }>('data_freshness')
      expect([trust.teammates, trust.stale, trust.leftOut, trust.staleAfterSeconds]).toEqual([
        fresh.length,
        fresh.filter(({ is_stale }) => is_stale).length,
        fresh.filter(({ is_left_out }) => is_left_out).length,
        Math.max(...fresh.map(({ stale_after_seconds }) => stale_after_seconds)),
      ])
      const checks = await team.read<{ check_name: string; status: string }>('data_quality')
      expect(trust.checks.map(({ name, status }) => [name, status]).toSorted()).toEqual(
        checks.map(({ check_name, status }) => [check_name, status]).toSorted(),
      )
      const assignments = await team.read<{ valid_from: number }>('queue_assignments')
      expect(microsOrNull(trust.mirrorFrom)).toBe(
        Math.min(...assignments.map(({ valid_from }) => valid_from)),
      )
      const [from, to] = [micros(period.from), micros(period.to)]
      const gaps = (
        await team.read<{ user_id: string; gap_from: number; gap_to: number | null }>('coverage_gaps')
      )
        .filter(({ user_id }) => fresh.some((one) => one.user_id === user_id && !one.is_left_out))
        .filter(({ gap_from, gap_to }) => gap_from < to && (gap_to ?? to) > from)
      const lengths = gaps.map(
        ({ gap_from, gap_to }) => (Math.min(gap_to ?? to, to) - Math.max(gap_from, from)) / 1e6,
      )
      expect([trust.gaps.count, trust.gaps.teammates]).toEqual([
        gaps.length,
        new Set(gaps.map(({ user_id }) => user_id)).size,
      ])
      for (const [index, seconds] of lengths
        .toSorted((a, b) => b - a)
        .slice(0, 10)
        .entries())
        expect(trust.gaps.longest[index]?.seconds).toBeCloseTo(seconds, 3)
      for (const [name, span] of [
        ['period', period],
        ['previous', period.previous],
        ['today', period.today],
        ['weekAgo', period.weekAgo],
      ] as const) {
        const { rows } = await pool.query<{ share: number | null }>(
          `select (sum(unread_seconds - seconds_before_joining) / nullif(sum(
             extract(epoch from period_to - period_from) - seconds_before_joining), 0))::float8 as share
           from reporting.unread_times(array[$2::timestamptz], array[$3::timestamptz]) where team_id = $1 and is_on_team`,
          [team.teamId, span.from, span.to],
        )
        expect(unread[name] ?? -1).toBeCloseTo(rows[0]?.share ?? -1, 6)
      }
    }
  })

  test('numbers and dials to follow up are those of stale_numbers, requeued_numbers and dials', async () => {
    for (const team of weeks().teams) {
      const { followUps, period } = (await reportOf(team)).figures
      const stale = await team.read<{ waiting_seconds: number; position: number }>('stale_numbers')
      expect(followUps.stale?.count).toBe(stale.length)
      // They wait on while two queries are made.
      for (const [index, { waiting_seconds }] of stale
        .toSorted((a, b) => b.waiting_seconds - a.waiting_seconds)
        .slice(0, 15)
        .entries())
        expect(Math.abs((followUps.stale?.first[index]?.waitingSeconds ?? 0) - waiting_seconds)).toBeLessThan(
          600,
        )
      const current = new Set(
        (await team.read<{ entry_id: number }>('current_numbers')).map((one) => one.entry_id),
      )
      const again = (
        await team.read<{
          entry_id: number
          has_connected_before: boolean
          outcome: string
          first_seen_at: number
        }>('requeued_numbers')
      ).filter(
        ({ entry_id, has_connected_before, outcome }) =>
          current.has(entry_id) && has_connected_before && outcome === 'remaining',
      )
      expect(followUps.queuedAgain?.count).toBe(again.length)
      expect(followUps.queuedAgain?.first.map(({ queuedAt }) => micros(queuedAt))).toEqual(
        again
          .map(({ first_seen_at }) => first_seen_at)
          .toSorted((a, b) => b - a)
          .slice(0, 15),
      )
      const unresolved = (
        await team.read<{ counted_at: number; outcome: string; is_unresolved: boolean }>('dials')
      ).filter(
        ({ counted_at, outcome, is_unresolved }) =>
          outcome === 'in_progress' &&
          is_unresolved &&
          counted_at > micros(period.from) &&
          counted_at <= micros(period.to),
      )
      expect(followUps.unresolved.count).toBe(unresolved.length)
    }
  })

  test('each day has the dials of that day, by outcome', async () => {
    for (const team of weeks().teams) {
      const { asOf, dials } = team.truth
      const { figures } = await reportOf(team, { days: 28 })
      expect(figures.days.map(({ date }) => date)).toHaveLength(28)
      expect(figures.days.at(-1)?.date).toBe(localDay(asOf, timeZone))
      for (const { date, from, byOutcome, dials: count } of figures.days) {
        const ofDay = dials.filter(({ at }) => localDay(at, timeZone) === date)
        expect(micros(from)).toBe(startOfDay(date, timeZone))
        expect([date, count]).toEqual([date, ofDay.length])
        for (const [outcome, found] of Object.entries(byOutcome))
          expect([date, outcome, found]).toEqual([date, outcome, countOf(ofDay, outcome)])
      }
    }
  })

  test('each hour of the week has the dials of that hour in 28 days, in the time zone of the report', async () => {
    for (const team of weeks().teams) {
      const { asOf, dials } = team.truth
      const { figures } = await reportOf(team)
      const counted = within(dials, daysBefore(asOf, 28, timeZone), asOf)
      expect(figures.hours.reduce((sum, hour) => sum + hour.dials, 0)).toBe(counted.length)
      for (const { weekday, hour, connected } of figures.hours) {
        const ofHour = counted.filter(
          ({ at }) => localWeekday(at, timeZone) === weekday && localHour(at, timeZone) === hour,
        )
        expect([weekday, hour, connected.part, connected.whole]).toEqual([
          weekday,
          hour,
          rateOf(ofHour).part,
          rateOf(ofHour).whole,
        ])
      }
    }
  })

  test('today is compared with the same part of the same weekday', async () => {
    for (const team of weeks().teams) {
      const { asOf, dials } = team.truth
      const { figures } = await reportOf(team)
      const midnight = startOfDay(localDay(asOf, timeZone), timeZone)
      const weekAgo = daysBefore(asOf, 7, timeZone)
      const dayThen = startOfDay(localDay(weekAgo, timeZone), timeZone)
      const now = dials.filter(({ at }) => at >= midnight && at <= asOf)
      const then = dials.filter(({ at }) => at >= dayThen && at <= weekAgo)
      expect(figures.today).toEqual({
        dials: now.length,
        weekAgo: then.length,
        reached: countOf(now, 'connected'),
        reachedWeekAgo: countOf(then, 'connected'),
      })
    }
  })

  test('a period of the calendar has the dials from its first midnight to its last, and those it is compared with', async () => {
    for (const team of weeks().teams) {
      const { asOf, dials } = team.truth
      const today = localDay(asOf, timeZone)
      const midnight = (daysAgo: number) => startOfDay(plusDays(today, -daysAgo), timeZone)
      const between = (from: number, to: number) => dials.filter(({ at }) => at >= from && at < to).length
      const until = (daysAgo: number) =>
        daysAgo === 0 ? asOf + 1 : Math.min(daysBefore(asOf, daysAgo, timeZone) + 1, midnight(daysAgo - 1))
      const weekday = localWeekday(asOf, timeZone) - 1
      const custom = { ...noPeriod, from: plusDays(today, -9), to: plusDays(today, -5) }
      for (const [asked, now, before] of [
        [{ ...noPeriod, period: 'today' }, between(midnight(0), until(0)), between(midnight(7), until(7))],
        [
          { ...noPeriod, period: 'yesterday' },
          between(midnight(1), midnight(0)),
          between(midnight(8), midnight(7)),
        ],
        [
          { ...noPeriod, period: 'week' },
          between(midnight(weekday), until(0)),
          between(midnight(weekday + 7), until(7)),
        ],
        [custom, between(midnight(9), midnight(4)), between(midnight(16), midnight(11))],
      ] as const) {
        const { figures } = await reportOf(team, asked)
        const { dials: found, previousDials } = figures.people.total
        expect([asked, found, previousDials]).toEqual([asked, now, before])
        expect(figures.days.reduce((sum, day) => sum + day.dials, 0)).toBe(now)
        expect(figures.today.dials).toBe(between(midnight(0), until(0)))
        expect(figures.period.asOf).toBe((await reportOf(team)).figures.period.to)
      }
    }
  })

  test('a single day has the dials of each of its hours, by outcome', async () => {
    for (const team of weeks().teams) {
      const { asOf, dials } = team.truth
      expect((await reportOf(team)).figures.hoursOfDay).toBeNull()
      for (const daysAgo of [0, 1, 3]) {
        const day = plusDays(localDay(asOf, timeZone), -daysAgo)
        const { figures } = await reportOf(team, { ...noPeriod, from: day, to: day })
        const hours = figures.hoursOfDay ?? []
        const ofDay = dials.filter(({ at }) => localDay(at, timeZone) === day)
        expect(hours.reduce((sum, hour) => sum + hour.dials, 0)).toBe(ofDay.length)
        for (const { hour, byOutcome } of hours) {
          const ofHour = ofDay.filter(({ at }) => localHour(at, timeZone) === hour)
          for (const [outcome, found] of Object.entries(byOutcome))
            expect([day, hour, outcome, found]).toEqual([day, hour, outcome, countOf(ofHour, outcome)])
        }
      }
    }
  })

  test('the pace is the dials after a pause of at most half an hour, and these pauses', async () => {
    for (const team of weeks().teams) {
      const { asOf, dials, users } = team.truth
      const [from, previousFrom] = [daysBefore(asOf, 7, timeZone), daysBefore(asOf, 14, timeZone)]
      const pausesIn = (of: readonly SeenDial[]) =>
        users.flatMap((userId) => {
          const times = of
            .filter(({ first }) => first.userId === userId)
            .map(({ at }) => at)
            .sort((a, b) => a - b)
          return times.slice(1).flatMap((at, index) => {
            const pause = (at - (times[index] ?? 0)) / 1e6
            return pause <= 1800 ? [pause] : []
          })
        })
      const sum = (pauses: readonly number[]) => pauses.reduce((total, pause) => total + pause, 0)
      const [now, then] = [pausesIn(within(dials, from, asOf)), pausesIn(within(dials, previousFrom, from))]
      const { pace } = (await reportOf(team)).figures
      expect([pace.pauses, pace.previousPauses]).toEqual([now.length, then.length])
      expect(pace.pauseSeconds).toBeCloseTo(sum(now), 3)
      expect(pace.previousPauseSeconds).toBeCloseTo(sum(then), 3)
    }
  })

  test('the time to the first dial is the median over the numbers first dialled in the period', async () => {
    for (const team of weeks().teams) {
      const { asOf, stays } = team.truth
      const { figures } = await reportOf(team)
      const bounds = [asOf, daysBefore(asOf, 7, timeZone), daysBefore(asOf, 14, timeZone)]
      for (const [index, found] of figures.firstDials.entries()) {
        const [to = 0, from = 0] = bounds.slice(index)
        const seconds = [...stays.values()]
          .flatMap(({ dials, createdAt }) => {
            const first = Math.min(...dials.map(({ at }) => at))
            return first > from && first <= to && first >= createdAt ? [(first - createdAt) / 1e6] : []
          })
          .sort((a, b) => a - b)
        const middle = (seconds.length - 1) / 2
        const [low = 0, high = 0] = [seconds[Math.floor(middle)], seconds[Math.ceil(middle)]]
        expect(found.numbers).toBe(seconds.length)
        if (seconds.length === 0) expect(found.medianSeconds).toBeNull()
        else expect(found.medianSeconds).toBeCloseTo((low + high) / 2, 3)
      }
    }
  })

  test('what is left, now and at the start of the period, equals the true queues at these times', async () => {
    const { pool } = weeks().database
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team)
      const at = (micros: number) =>
        pool.query<{ answer: string; remaining: number }>(
          `select q.answer, count(*) filter (where q.outcome = 'remaining')::int as remaining
           from reporting.teammates t cross join lateral reporting.queue_as_of(t.user_id, ${fromMicros('$2')}) q
           where t.team_id = $1 group by t.user_id, q.answer`,
          [team.teamId, micros],
        )
      const now = (await at(team.truth.asOf)).rows.filter(({ answer }) => answer === 'queue')
      expect(figures.remaining.queues).toBeGreaterThanOrEqual(now.length)
      const then = (await at(micros(figures.period.from))).rows
      expect(figures.remainingThen.remaining).toBe(then.reduce((sum, { remaining }) => sum + remaining, 0))
      expect(figures.remainingThen.known).toBe(then.filter(({ answer }) => answer !== 'unknown').length)
      const held = await team.read<{
        remaining: number | null
        queue_state: string
        is_listed: boolean
        left_at: number | null
      }>('teammates')
      const listed = held.filter(({ is_listed, left_at }) => is_listed || left_at === null)
      expect(figures.remaining).toEqual({
        remaining: listed.reduce((sum, { remaining }) => sum + (remaining ?? 0), 0),
        queues: listed.filter(({ queue_state }) => queue_state === 'queue').length,
        exhausted: listed.filter(({ remaining }) => remaining === 0).length,
        unknown: listed.filter(({ queue_state }) => queue_state === 'unknown').length,
      })
    }
  })

  test('the line of a burn-down equals queue_burndown at every step, and breaks where nothing was read', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team, { days: 28 })
      const rows = await team.read<{
        queue_id: string
        observed_at: number
        remaining: number
        numbers: number
      }>('queue_burndown')
      const gaps = team.truth.gaps
      let steps = 0
      for (const { holdings, userId, gaps: shown } of figures.burndowns.lines) {
        for (const holding of holdings) {
          for (const [index, step] of holding.steps.entries()) {
            const known = rows.filter(
              ({ queue_id, observed_at }) => queue_id === holding.queueId && observed_at <= micros(step.at),
            )
            const last = known.reduce(
              (newest, row) => (row.observed_at > newest.observed_at ? row : newest),
              known[0] ?? { observed_at: 0, remaining: -1, numbers: -1 },
            )
            expect([holding.queueId, index, step.remaining, step.numbers]).toEqual([
              holding.queueId,
              index,
              last.remaining,
              last.numbers,
            ])
            steps += 1
          }
        }
        const truly = gaps.filter((gap) => gap.userId === userId && gap.to > micros(figures.period.from))
        for (const gap of truly)
          expect(
            shown.some(
              ({ from, to }) =>
                micros(from) === Math.max(gap.from, micros(figures.period.from)) && micros(to) === gap.to,
            ),
          ).toBe(true)
      }
      expect(steps).toBeGreaterThan(1)
    }
  })

  test('each attempt has the dials, results and connections of view attempts, of the weeks of the last 28 days', async () => {
    for (const team of weeks().teams) {
      const { attempts, period } = (await reportOf(team)).figures
      const rows = await team.read<{
        attempt: number | null
        dials: number
        connected: number
        resolved_dials: number
      }>('attempts')
      const sum = (of: typeof rows, column: 'dials' | 'connected' | 'resolved_dials') =>
        of.reduce((total, row) => total + Number(row[column]), 0)
      expect(attempts.isTooMuch).toBe(false)
      expect(period.forHours.days).toBe(28)
      expect(attempts.attempts.length).toBeGreaterThan(0)
      for (const { attempt, dials, connected } of attempts.attempts) {
        const same = rows.filter((row) => row.attempt !== null && Math.min(row.attempt, 8) === attempt)
        expect([attempt, dials, connected.part, connected.whole]).toEqual([
          attempt,
          sum(same, 'dials'),
          sum(same, 'connected'),
          sum(same, 'resolved_dials'),
        ])
      }
    }
  })

  interface Held {
    readonly user_id: string
    readonly queue_id: string | null
    readonly valid_from: number
    readonly is_open: boolean
  }

  test('what is to do today is what the views of freshness, teammates, waiting numbers and removals say', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team)
      const { todo } = figures
      const { users } = team.truth
      const teammates = await team.read<{
        user_id: string
        queue_id: string | null
        remaining: number | null
        last_dial_at: number | null
        queue_state: string
        is_listed: boolean
        left_at: number | null
      }>('teammates')
      const listed = teammates.filter(({ is_listed, left_at }) => is_listed || left_at === null)
      expect(todo.nothingLeft.count).toBe(listed.filter(({ remaining }) => remaining === 0).length)
      expect(todo.unknownQueues).toBe(listed.filter(({ queue_state }) => queue_state === 'unknown').length)
      const withoutQueue = listed.filter(({ queue_state }) => queue_state === 'no_queue')
      expect(todo.withoutQueue.count).toBe(withoutQueue.length)
      for (const { userId } of todo.withoutQueue.first)
        expect(withoutQueue.map(({ user_id }) => user_id)).toContain(userId)
      const lastWorkingDay = startOfDay(workingDayBefore(figures.period.today.date), timeZone)
      const held = (await team.read<Held>('queue_assignments')).filter(({ is_open }) => is_open)
      const idle = listed.filter(
        ({ user_id, queue_id, remaining, last_dial_at }) =>
          (remaining ?? 0) > 0 &&
          (last_dial_at ?? 0) < lastWorkingDay &&
          held.some(
            (one) => one.user_id === user_id && one.queue_id === queue_id && one.valid_from < lastWorkingDay,
          ),
      )
      expect(todo.idle.count).toBe(idle.length)
      expect(todo.idle.first.map(({ number }) => number)).toEqual(
        idle
          .map(({ remaining }) => remaining)
          .sort((a, b) => (b ?? 0) - (a ?? 0))
          .slice(0, 4),
      )
      const fresh = await team.read<{ is_stale: boolean }>('data_freshness')
      expect(todo.notRead.count).toBe(fresh.filter(({ is_stale }) => is_stale).length)
      const stale = await team.read<{ user_id: string }>('stale_numbers')
      const waiting = users
        .map((userId) => stale.filter(({ user_id }) => user_id === userId).length)
        .filter((numbers) => numbers > 0)
        .sort((a, b) => b - a)
      expect(todo.waiting.count).toBe(waiting.length)
      expect(todo.waiting.first.map(({ number }) => number)).toEqual(waiting.slice(0, 4))
      const midnight = micros(figures.period.today.from)
      const leads = await team.read<{
        user_id: string | null
        created_at: number | null
        first_seen_at: number
        lead_state: string
        is_within_target: boolean | null
      }>('speed_to_lead')
      const late = leads.filter(
        ({ created_at, first_seen_at, lead_state, is_within_target }) =>
          Math.min(created_at ?? 0, first_seen_at) >= midnight &&
          lead_state === 'waiting' &&
          is_within_target === false,
      )
      const byHolder = [...new Set(late.map(({ user_id }) => user_id))].map(
        (userId) => late.filter(({ user_id }) => user_id === userId).length,
      )
      expect(todo.late?.count).toBe(byHolder.length)
      expect(todo.late?.first.map(({ number }) => number)).toEqual(byHolder.sort((a, b) => b - a).slice(0, 4))
      expect([todo.late?.numbers, todo.waiting.numbers]).toEqual([late.length, stale.length])
      const yesterday = startOfDay(plusDays(figures.period.today.date, -1), timeZone)
      const mass = removalsOf(team.truth).filter(({ at, keys }) => keys.length >= 10 && at >= yesterday)
      expect([todo.lost.count, todo.lost.numbers]).toEqual([
        mass.length,
        mass.reduce((sum, { keys }) => sum + keys.length, 0),
      ])
      for (const { userId, number, at } of todo.lost.first)
        expect(
          mass.some(
            (one) =>
              one.keys.length === number &&
              one.at === micros(at ?? '') &&
              userId === (one.previousHolder === null ? one.holder : ''),
          ),
        ).toBe(true)
    }
  })

  test('the outlook is what queue_forecast and list_health say of current queues', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team)
      const { outlook, people } = figures
      const rows = await team.read<{
        queue_id: string
        remaining: number
        hours_left: number | null
        runs_out_at: number | null
        runs_out_earliest_at: number | null
        runs_out_latest_at: number | null
        reason: string | null
      }>('queue_forecast')
      const held = new Set(people.teammates.flatMap(({ queueId }) => queueId ?? []))
      expect(outlook.forecasts.map(({ queueId }) => queueId).sort()).toEqual([...held].sort())
      for (const { queueId, remaining, hoursLeft, runsOutAt, reason, ...range } of outlook.forecasts) {
        const row = rows.find(({ queue_id }) => queue_id === queueId)
        const hours = row?.hours_left ?? null
        expect([queueId, remaining, reason]).toEqual([queueId, row?.remaining, row?.reason])
        expect(hoursLeft === null).toBe(hours === null)
        expect(hoursLeft ?? 0).toBeCloseTo(Number(hours ?? 0), 6)
        expect([runsOutAt, range.earliestAt, range.latestAt].map(microsOrNull)).toEqual([
          row?.runs_out_at,
          row?.runs_out_earliest_at,
          row?.runs_out_latest_at,
        ])
      }
      const lists = await team.read<{
        queue_id: string
        not_in_service_rate_low: number | null
        duplicate_rate_low: number | null
        called_elsewhere_rate_low: number | null
      }>('list_health')
      const open = new Set(
        people.teammates.flatMap(({ queueId, remaining }) => ((remaining ?? 0) > 0 ? (queueId ?? []) : [])),
      )
      const poor = lists.filter(
        (row) =>
          open.has(row.queue_id) &&
          (Number(row.not_in_service_rate_low ?? 0) > 0.1 ||
            Number(row.duplicate_rate_low ?? 0) > 0.1 ||
            Number(row.called_elsewhere_rate_low ?? 0) > 0.3),
      )
      const ids = (of: readonly string[]) => [...of].sort()
      expect(outlook.lists.lists.length).toBe(open.size)
      expect(ids(poorListsOf(outlook.lists.lists).map(({ queueId }) => queueId))).toEqual(
        ids(poor.map(({ queue_id }) => queue_id)),
      )
    }
  })

  test('the state of lists is what list_health says of current queues, and their sum', async () => {
    const columns = {
      not_in_service: ['not_in_service_rate', 'resolved_numbers'],
      voicemail: ['voicemail_rate', 'resolved_numbers'],
      duplicates: ['duplicate_rate', 'known_numbers'],
      called_elsewhere: ['called_elsewhere_rate', 'known_numbers'],
    } as const
    for (const team of weeks().teams) {
      const { all, lists } = (await reportOf(team)).figures.outlook.lists
      const rows = await team.read<Record<string, number | null> & { queue_id: string }>('list_health')
      for (const measure of measures) {
        const [rate, whole] = columns[measure]
        for (const list of lists) {
          const row = rows.find(({ queue_id }) => queue_id === list.queueId)
          expect([list.numbers, list[measure].part, list[measure].whole]).toEqual([
            row?.numbers ?? 0,
            row?.[measure],
            row?.[whole],
          ])
          const bounds = [list[measure].rate, list[measure].low, list[measure].high]
          for (const [index, column] of [rate, `${rate}_low`, `${rate}_high`].entries())
            expect(bounds[index] ?? -1).toBeCloseTo(row?.[column] ?? -1, 9)
        }
        expect([all[measure].part, all[measure].whole]).toEqual([
          lists.reduce((sum, list) => sum + list[measure].part, 0),
          lists.reduce((sum, list) => sum + list[measure].whole, 0),
        ])
      }
    }
  })

  test('dials that were not needed are those of wasted_dials in the period, by reason and teammate', async () => {
    for (const team of weeks().teams) {
      const { wasted, period } = (await reportOf(team)).figures
      const rows = await team.read<{ user_id: string; counted_at: number; reason: string }>('wasted_dials')
      const truly = rows.filter(
        ({ counted_at }) => counted_at > micros(period.from) && counted_at <= micros(period.to),
      )
      const byReason = (of: readonly { reason: string }[]) => ({
        dials: of.length,
        connectedBefore: of.filter(({ reason }) => reason === 'connected_before').length,
        notInService: of.filter(({ reason }) => reason === 'not_in_service').length,
        tooSoon: of.filter(({ reason }) => reason === 'too_soon').length,
      })
      expect(wasted).toMatchObject({ isTooMuch: false, ...byReason(truly) })
      expect(wasted.teammates.length).toBe(new Set(truly.map(({ user_id }) => user_id)).size)
      for (const { userId, name: _, ...counts } of wasted.teammates) {
        expect(counts).toEqual(byReason(truly.filter(({ user_id }) => user_id === userId)))
      }
    }
  })

  test('a burn-down marks each moment at which ten or more uncalled numbers were deleted', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team, { days: 28 })
      for (const { userId, holdings, clearings } of figures.burndowns.lines) {
        const held = new Set(holdings.map(({ queueId }) => queueId))
        const truly = removalsOf(team.truth)
          .filter(
            ({ reason, keys, queueId }) => reason === 'deleted' && keys.length >= 10 && held.has(queueId),
          )
          .map(({ at, keys }) => [at, keys.length])
        const marked = clearings.map(({ at, numbers }) => [micros(at), numbers])
        expect([userId, truly]).toEqual([userId, expect.arrayContaining(marked)])
      }
    }
  })

  test('ended queues and thrown-away numbers add up to the figures of queues', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team, { days: 28 })
      const rows = await team.read<{
        queue_id: string
        ended_at: number | null
        end_reason: string
        uncalled_at_end: number
        penetration_rate: number | null
        connection_rate_low: number | null
        median_seconds_to_first_dial: number | null
        unseen_seconds_before_end: number | null
      }>('queues')
      const ended = rows.filter(({ ended_at }) => ended_at !== null)
      expect(ended.length).toBeGreaterThan(0)
      expect(figures.queues.ended).toEqual({
        queues: ended.length,
        resets: ended.filter(({ end_reason }) => end_reason === 'queue_replaced').length,
        uncalled: ended.reduce((sum, { uncalled_at_end }) => sum + uncalled_at_end, 0),
      })
      const { past, current, unknown } = figures.queues
      for (const queue of [...past, ...current.shown, ...unknown.shown]) {
        const row = rows.find(({ queue_id }) => queue_id === queue.queueId)
        expect(row).toMatchObject({
          user_id: queue.userId,
          first_seen_at: micros(queue.firstSeenAt),
          ended_at: microsOrNull(queue.endedAt),
          end_reason: queue.endReason,
          uncalled_at_end: queue.uncalledAtEnd,
          numbers: queue.numbers,
          remaining: queue.remaining,
          dialled_ever: queue.penetration.part,
          numbers_ever: queue.penetration.whole,
          connected_dials: queue.connected.part,
          resolved_dials: queue.connected.whole,
        })
        expect(queue.connected.low ?? -1).toBeCloseTo(row?.connection_rate_low ?? -1, 9)
        expect(queue.penetration.rate ?? -1).toBeCloseTo(row?.penetration_rate ?? -1, 9)
        expect(queue.medianSecondsToFirstDial ?? -1).toBeCloseTo(row?.median_seconds_to_first_dial ?? -1, 3)
        expect(queue.unseenSecondsBeforeEnd ?? -1).toBeCloseTo(row?.unseen_seconds_before_end ?? -1, 3)
      }
    }
  })

  test('queues with an unknown holder are neither among the current ones nor in what is left to call', async () => {
    for (const [index, team] of weeks().teams.entries()) {
      const { figures } = await reportOf(team, { days: 28 })
      const { current, unknown } = figures.queues
      const left = (queues: readonly { remaining: number }[]) =>
        queues.reduce((sum, { remaining }) => sum + remaining, 0)
      expect([current.queues, current.remaining]).toEqual([
        figures.remaining.queues,
        figures.remaining.remaining,
      ])
      expect(left(current.shown)).toBe(current.remaining)
      expect(left(unknown.shown)).toBe(unknown.remaining)
      const fates = [...team.truth.queues.values()]
      const withFate = (state: string) =>
        fates.filter(({ fate }) => fate.state === state).map(({ queueId }) => queueId)
      expect(current.shown.map(({ queueId }) => queueId).sort()).toEqual(withFate('current').sort())
      expect(unknown.shown.map(({ queueId }) => queueId).sort()).toEqual(withFate('unknown').sort())
      if (index === 0) expect(unknown.queues).toBeGreaterThan(0)
    }
  })

  test('the page counts every reset of the period, also those of queues that are not charted', async () => {
    const [team] = weeks().teams
    const report = await reportOf(team, { days: 28 })
    const replaced = [...team.truth.queues.values()].filter(
      ({ fate }) => fate.state === 'ended' && fate.reason === 'queue_replaced',
    ).length
    const { burndowns } = report.figures
    const figures = { ...report.figures, burndowns: { ...burndowns, lines: burndowns.lines.slice(0, 1) } }
    const page = reportPage({ ...report, figures }, { links: null, version: 'test' }).replaceAll(
      '\u00a0',
      ' ',
    )
    expect(page).toContain(`${replaced} resets since`)
  })

  test('the table of a burn-down ends with what was read last, also if that was a moment before the end', async () => {
    for (const team of weeks().teams) {
      const report = await reportOf(team, { days: 7 })
      const page = reportPage(report, { links: null, version: 'test' })
      const figures = page.split('<figure>').slice(1)
      const held = report.figures.burndowns.lines.filter(({ state }) => state === 'queue')
      expect(held.length).toBeGreaterThan(0)
      for (const { name, remaining } of held) {
        const lastRow = figures
          .find((figure) => figure.includes(`<h3>${name}</h3>`))
          ?.split('</figure>')[0]
          ?.split('<tr>')
          .at(-1)
        expect([name, /class="n">([^<]*)</.exec(lastRow ?? '')?.[1]]).toEqual([name, String(remaining)])
      }
    }
  })

  test('every uncalled number that left is counted, and a mass removal is listed with its time, size and holder', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team, { days: 28 })
      const truly = removalsOf(team.truth)
      const numbers = (of: readonly Leaving[]) => of.reduce((sum, { keys }) => sum + keys.length, 0)
      const { removals } = figures
      expect(removals.numbers).toBe(numbers(truly))
      expect([removals.deleted, removals.replaced, removals.gone]).toEqual(
        ['deleted', 'queue_replaced', 'queue_gone'].map((word) =>
          numbers(truly.filter(({ reason }) => reason === word)),
        ),
      )
      // One reading can show that two queues of a teammate ended.
      const mass = truly
        .filter(({ keys }) => keys.length >= 10)
        .sort((a, b) => b.keys.length - a.keys.length || b.at - a.at || (a.queueId < b.queueId ? -1 : 1))
      expect(removals.massRemovals).toBe(mass.length)
      const event = (at: number, queueId: string, size: number) => [at, queueId, size]
      expect(removals.largest.map((one) => event(micros(one.at), one.queueId, one.numbers))).toEqual(
        mass.slice(0, 15).map((one) => event(one.at, one.queueId, one.keys.length)),
      )
      expect(removals.largest.every(({ teammate }) => teammate !== 'unknown')).toBe(true)
      const rows = await team.read<{ came_back: number }>('removals')
      expect(removals.cameBack).toBe(rows.reduce((sum, { came_back }) => sum + came_back, 0))
    }
  })

  test('lost numbers count for the teammate who held the queue, or for neither where it changed hands in between', async () => {
    for (const team of weeks().teams) {
      const { holders } = (await reportOf(team, { days: 28 })).figures.removals
      const expected = new Map<string, number>()
      for (const { holder, previousHolder, keys } of removalsOf(team.truth)) {
        const whose = `${holder} after ${previousHolder}`
        expected.set(whose, (expected.get(whose) ?? 0) + keys.length)
      }
      const found = holders.map(({ userId, beforeId, numbers }) => [`${userId} after ${beforeId}`, numbers])
      expect(found.toSorted()).toEqual([...expected].toSorted())
      for (const { numbers, deleted, replaced, gone } of holders)
        expect(deleted + replaced + gone).toBe(numbers)
    }
  })

  test('unread time covers the time before the first reading and gaps, as in leaderboard_7d', async () => {
    for (const team of weeks().teams) {
      const { figures } = await reportOf(team)
      const rows = await team.read<{ user_id: string; gap_seconds: number; previous_gap_seconds: number }>(
        'leaderboard_7d',
      )
      for (const person of figures.people.teammates) {
        const row = rows.find(({ user_id }) => user_id === person.userId)
        expect(person.unreadSeconds).toBeCloseTo(row?.gap_seconds ?? -1, 3)
        expect(person.previousUnreadSeconds).toBeCloseTo(row?.previous_gap_seconds ?? -1, 3)
      }
    }
  })

  test('a report of a teammate or of a queue has only their figures', async () => {
    const [team] = weeks().teams
    const busiest =
      team.truth.dials
        .map(({ first }) => first.userId)
        .sort((a, b) => countBy(team, b) - countBy(team, a))[0] ?? ''
    const { figures, names } = await reportOf(team, { days: 28, teammate: busiest })
    expect(names.teammate).not.toBeNull()
    expect(figures.people.teammates.map(({ userId }) => userId)).toEqual([busiest])
    expect(figures.people.total.dials).toBe(
      within(team.truth.dials, micros(figures.period.from), team.truth.asOf).filter(
        ({ first }) => first.userId === busiest,
      ).length,
    )
    const queueId = team.truth.dials[0]?.stay.queueId ?? ''
    const ofQueue = await reportOf(team, { days: 28, queue: queueId })
    expect(ofQueue.figures.people.total.dials).toBe(
      team.truth.dials.filter(({ stay }) => stay.queueId === queueId).length,
    )
    expect(
      ofQueue.figures.burndowns.lines
        .flatMap(({ holdings }) => holdings)
        .every((holding) => holding.queueId === queueId),
    ).toBe(true)
  })

  test('a report of one team contains nothing of the other, and no phone number', async () => {
    const [one, other] = weeks().teams
    const text = JSON.stringify(await reportOf(other, { days: 90 }))
    for (const userId of one.truth.users) expect(text).not.toContain(userId)
    for (const queueId of one.truth.queues.keys()) expect(text).not.toContain(queueId)
    for (const { number } of other.truth.stays.values()) expect(text).not.toContain(number)
  })

  function countBy(team: Team, userId: string): number {
    return team.truth.dials.filter(({ first }) => first.userId === userId).length
  }
})
