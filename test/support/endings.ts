/**
 * No queue ends that did not end. The database itself notes, in the transaction that ends a queue, which pass did it
 * and what that pass relied on; each ending is then judged against the world's memory. A queue that is seen again
 * takes its ending back, so an ending can't be judged from the tables of a later moment.
 *
 * The rule, as src/store/finish-pass.ts has it: an ending takes two passes, and the second one begins after the first
 * recorded the queue as unknown, and reads the holder again.
 *
 * Two passes that agree prove an ending unless an adversary is at work. Two cases look the same in both passes as a
 * queue that is gone: a holder who could not be read or about whom the API lied, and a queue that went from hand to
 * hand just ahead of the reader. Such endings are counted and must be explained by exactly that.
 */
import type { QueueState, Truth } from '../../src/simulation/timeline.ts'
import type { Pool } from '../../src/store/postgres/database.ts'
import { loadPasses, loadReadings, type RecordedPass, type RecordedReading } from './recorded.ts'

export interface EndingsWatch {
  /** Judges the endings since the last call: what ended and should not have. A call that rejects can be repeated. */
  look(): Promise<string[]>
  readonly endings: number
  /** Endings that were not, and could not have been known not to be. */
  readonly excused: number
}

interface Ending {
  readonly id: string
  readonly queue_id: string
  /** Who held the queue on record. */
  readonly user_id: string
  readonly ended: string
  /** The same in microseconds since 1970, as below. */
  readonly ended_at: number
  readonly unknown_since: number | null
  /** Null: no pass ended it. */
  readonly pass_id: string | null
}

const WATCHED = ['ok', 'no_queue']

/** `pool` must be allowed to create a schema: the notes are made by triggers. */
export async function watchEndings(pool: Pool, truth: Truth): Promise<EndingsWatch> {
  await pool.query(noteEndings)
  let lastId = '0'
  let endings = 0
  let excused = 0

  async function look(): Promise<string[]> {
    const { rows } = await pool.query<Ending>(
      `select id, queue_id, user_id, pass_id, ended_at::text as ended, (extract(epoch from ended_at) * 1000000)::float8 as ended_at,
         (extract(epoch from unknown_since) * 1000000)::float8 as unknown_since
       from watch.endings where id > $1 order by id`,
      [lastId],
    )
    const judged: { ending: Ending; found: string }[] = []
    for (const ending of rows) judged.push({ ending, found: await judge(pool, truth, ending) })
    lastId = rows.at(-1)?.id ?? lastId
    endings += judged.length
    excused += judged.filter(({ found }) => found === 'excused').length
    return judged
      .filter(({ found }) => found !== 'true' && found !== 'excused')
      .map(({ ending: { pass_id, queue_id }, found }) => `pass ${pass_id} ended queue ${queue_id}: ${found}`)
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

/** Whoever ends a queue closes its pass in the same transaction, first. */
const noteEndings = `
  drop schema if exists watch cascade;
  create schema watch;
  create table watch.endings (
    id bigint generated always as identity, queue_id text, user_id text, ended_at timestamptz,
    unknown_since timestamptz, pass_id bigint
  );
  create function watch.note_pass() returns trigger language plpgsql as $$ begin
    perform set_config('watch.pass_id', new.pass_id::text, true);
    return null;
  end $$;
  create function watch.note_ending() returns trigger language plpgsql as $$ begin
    insert into watch.endings (queue_id, user_id, ended_at, unknown_since, pass_id)
    values (new.queue_id, new.user_id, new.ended_at, new.unknown_since,
      nullif(current_setting('watch.pass_id', true), '')::bigint);
    return null;
  end $$;
  create trigger note_pass after update on allo.sync_passes for each row
    when (old.status = 'running' and new.status <> 'running') execute function watch.note_pass();
  create trigger note_ending after update on allo.queues for each row
    when (new.ended_at is not null and new.ended_at is distinct from old.ended_at) execute function watch.note_ending();
`

/** `true`, `excused`, or what is wrong with it. */
async function judge(pool: Pool, truth: Truth, ending: Ending): Promise<string> {
  const { queue_id, user_id, ended_at, unknown_since } = ending
  if (ending.pass_id === null) return 'by no pass'
  const at = await loadReadings(pool, 'observed_at = $1', [ending.ended])
  const first = at.find(({ status }) => WATCHED.includes(status))
  if (!first) return 'dated to no reading'
  const passes = await loadPasses(pool, [first.pass_id, ending.pass_id])
  const pass = passes.get(ending.pass_id)
  const firstPass = passes.get(first.pass_id)
  if (!pass || !firstPass) return 'by a pass that is not on record'
  const isDoubtRecorded =
    unknown_since !== null && ended_at < unknown_since && unknown_since < pass.started_at
  if (firstPass === pass || !isDoubtRecorded) return 'by one pass alone'
  const readings = await loadReadings(pool, `pass_id = any ($1) and status = any ($2)`, [
    [first.pass_id, pass.pass_id],
    WATCHED,
  ])
  const isHolderRead = readings.some(
    (reading) =>
      reading.pass_id === pass.pass_id &&
      reading.user_id === user_id &&
      reading.read_started_at > Number(unknown_since),
  )
  if (!isHolderRead) return 'without asking its holder again'

  const during = (from: number, to: number | null) =>
    truth.queueStatesOf(queue_id, from / 1000 - 1, (to ?? Number.POSITIVE_INFINITY) / 1000 + 1)
  const isGone = ({ standing }: QueueState) => standing !== 'current'
  if (during(first.read_started_at, first.observed_at).some(isGone)) return 'true'

  // It was there when it was first missed. Either it could not be seen, or that answer was a lie and it went later.
  const later = during(ended_at, pass.finished_at)
  const isHidden = (of: RecordedPass) => {
    const states = during(of.started_at, of.finished_at)
    const ofPass = readings.filter(({ pass_id }) => pass_id === of.pass_id)
    const holders = [...new Set(states.map(({ queue }) => queue.assignee_id))]
    return (
      holders.length > 1 || states.some(isGone) || !holders.some((holder) => wasToldOf(truth, ofPass, holder))
    )
  }
  if (later.some(isGone) || (isHidden(firstPass) && isHidden(pass))) return 'excused'
  return 'it was there all the while, with a teammate who was read and about whom the API did not lie'
}

/** Whether the holder was read, and could show it: "no queue" of someone who has one all the while is a lie. */
function wasToldOf(truth: Truth, readings: readonly RecordedReading[], holder: string): boolean {
  return readings.some(({ user_id, status, read_started_at, observed_at }) => {
    if (user_id !== holder) return false
    const states = truth.statesOf(holder, read_started_at / 1000 - 1, observed_at / 1000 + 1)
    return status === 'ok' || states.some((state) => state.status === 'no_queue')
  })
}
