/**
 * No ending that never happened: a watch over every queue the mirror says has ended, kept from pass to pass, since a
 * queue that is seen again takes its ending back.
 *
 * Two passes that agree prove an ending to everyone but an adversary. A holder nobody could read, or about whom the API
 * lied, and a queue that went from hand to hand just ahead of the reader can't be told, in both passes, from a queue
 * that is gone; such endings are counted and must be explained by exactly that.
 */
import type { QueueState, Truth } from '../../src/simulation/timeline.ts'
import type { Pool } from '../../src/store/database.ts'
import { loadRecorded, type Recorded, type RecordedPass, type RecordedReading } from './recorded.ts'

export interface EndingsWatch {
  /** After each pass: what ended by it and should not have. */
  look(passId: string): Promise<string[]>
  readonly endings: number
  /** Endings that were not, and could not have been known not to be. */
  readonly excused: number
}

const WATCHED = ['ok', 'no_queue']

export function watchEndings(pool: Pool, truth: Truth): EndingsWatch {
  let known = new Map<string, number>()
  let endings = 0
  let excused = 0

  async function look(passId: string): Promise<string[]> {
    const { rows } = await pool.query<{ queue_id: string; ended_at: number }>(
      `select queue_id, (extract(epoch from ended_at) * 1000000)::float8 as ended_at
       from allo.queues where ended_at is not null`,
    )
    const fresh = rows.filter(({ queue_id, ended_at }) => known.get(queue_id) !== ended_at)
    known = new Map(rows.map(({ queue_id, ended_at }) => [queue_id, ended_at]))
    if (fresh.length === 0) return []

    const recorded = await loadRecorded(pool)
    const pass = recorded.passes.find(({ pass_id }) => pass_id === passId)
    if (!pass) throw new Error(`there is no pass ${passId}`)
    return fresh.flatMap(({ queue_id, ended_at }) => {
      endings += 1
      const found = judge(recorded, truth, { queueId: queue_id, endedAt: ended_at, pass })
      if (found === 'excused') excused += 1
      return found === 'true' || found === 'excused'
        ? []
        : [`pass ${passId} ended queue ${queue_id}: ${found}`]
    })
  }

  return {
    look,
    get endings() {
      return endings
    },
    get excused() {
      return excused
    },
  }
}

function judge(
  recorded: Recorded,
  truth: Truth,
  ending: { queueId: string; endedAt: number; pass: RecordedPass },
): 'true' | 'excused' | string {
  const { queueId, endedAt, pass } = ending
  const first = recorded.readings.find(
    ({ observed_at, status }) => observed_at === endedAt && WATCHED.includes(status),
  )
  if (!first) return 'dated to no reading'
  const firstPass = recorded.passes.find(({ pass_id }) => pass_id === first.pass_id)
  if (!firstPass || Number(firstPass.pass_id) >= Number(pass.pass_id)) return 'by one pass alone'
  const during = (from: number, to: number | null) =>
    truth.queueStatesOf(queueId, from / 1000 - 1, (to ?? Number.POSITIVE_INFINITY) / 1000 + 1)
  const isGone = ({ standing }: QueueState) => standing !== 'current'
  if (during(first.read_started_at, first.observed_at).some(isGone)) return 'true'

  // It was there when it was first missed. Either nobody could see it, or that answer was a lie and it went later.
  const later = during(endedAt, pass.finished_at)
  const isHidden = (of: RecordedPass) => {
    const states = during(of.started_at, of.finished_at)
    const readings = recorded.readings.filter(
      ({ pass_id, status }) => pass_id === of.pass_id && WATCHED.includes(status),
    )
    const holders = [...new Set(states.map(({ queue }) => queue.assignee_id))]
    return holders.length > 1 || states.some(isGone) || !holders.some((holder) => wasToldOf(readings, holder))
  }
  /** Whether the holder was read, and could show it: "no queue" of someone who has one all the while is a lie. */
  const wasToldOf = (readings: readonly RecordedReading[], holder: string) =>
    readings.some(({ user_id, status, read_started_at, observed_at }) => {
      const states = truth.statesOf(holder, read_started_at / 1000 - 1, observed_at / 1000 + 1)
      return user_id === holder && (status === 'ok' || states.some((state) => state.status === 'no_queue'))
    })
  if (later.some(isGone) || (isHidden(firstPass) && isHidden(pass))) return 'excused'
  return 'it was there all the while, with someone who was read and did not lie'
}
