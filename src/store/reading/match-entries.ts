/**
 * Finds the entry that each incoming number continues: sets `entry_id` and `fate` in the temporary table, where every
 * number starts as `added` with a fresh entry id. Identity is not the position. The first rule that matches wins:
 *
 *   1. the same number and created_at in the same slot, unless the dials there show that two duplicates shifted;
 *   2. the same number and created_at in another slot, with the same call_id;
 *   3. or with the same start of the call, where one of the two has no call_id yet;
 *   4. or in the same order among the rest: the k-th of them now was the k-th before (it moved);
 *   5. the same number and created_at among the entries that had left this queue (it is back).
 *
 * What no rule matches is new. Called within the transaction and under the locks of save-reading.ts.
 */
import { type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/pg-core'
import type { NumberKeys } from '../../snapshot/number-key.ts'
import type { Client } from '../postgres/database.ts'
import { assign, change, columns, list, template } from '../postgres/query.ts'
import { callFieldNames, queueEntries, queueNumbers } from '../schema.ts'
import { freshEntryId, i, incomingNumbers } from './incoming-numbers.ts'
import { recallNumbers } from './recall-numbers.ts'

export interface QueueToMatch {
  readonly queueId: string
  readonly numberKeys: NumberKeys | null
  /** Whether the queue's versions are closed. Entries that continue are then re-opened. */
  readonly isReopened: boolean
  /** Rows of the temporary table. */
  readonly slots: number
}

const q = alias(queueNumbers, 'q')
const e = alias(queueEntries, 'e')

/** `all`: each row continues the entry of its slot. That is the usual case: no number was added, removed or moved. */
export async function matchEntries(client: Client, queue: QueueToMatch): Promise<'all' | 'some'> {
  const matched = await matchSameSlots(client, queue)
  if (matched === queue.slots) return 'all'
  if ((await recallNumbers(client, queue.queueId, queue.numberKeys)) > 0) {
    if ((await matchSameSlots(client, queue)) === queue.slots) return 'all'
  }
  await leaveShiftedSlots(client, queue)
  await matchOtherSlots(client, queue, sameCall)
  await matchOtherSlots(client, queue, sameStart)
  await matchOtherSlots(client, queue, sameOrder)
  await matchVanished(client, queue)
  return 'some'
}

/** Keys are made non-null, since only an equality can be hashed: of 25,000 numbers all may have moved. */
const numberOf = ({ numberTo }: typeof i | typeof q | typeof e) => sql`coalesce(${numberTo}, '')`
const createdOf = ({ createdAt }: typeof i | typeof q) => sql`coalesce(${createdAt}, '-infinity')`

/** How the incoming row `i` changes the entry of the mirrored row `q`. */
function continuation({ isReopened }: { readonly isReopened: unknown }): SQL {
  const callOf = (row: typeof i | typeof q) => list(Object.values(columns(row, ...callFieldNames)))
  const fate = sql`case
    when ${isReopened} then 'reopened'
    when (${callOf(i)}) is distinct from (${callOf(q)}) then 'changed'
    when ${i.position} <> ${q.position} then 'moved'
    else 'touched' end`
  return assign(incomingNumbers, { entryId: q.entryId, fate })
}

/** Returns how many slots matched. */
function matchSameSlots(client: Client, queue: QueueToMatch): Promise<number> {
  return change(client, sameSlots(queue))
}

const sameSlots = template<Pick<QueueToMatch, 'queueId' | 'isReopened'>>(
  ({ queueId, isReopened }) => sql`update ${incomingNumbers} ${i} set ${continuation({ isReopened })}
    from ${queueNumbers} ${q}
    where ${q.queueId} = ${queueId} and ${q.position} = ${i.position} and ${i.isPresent}
      and ${q.numberTo} is not distinct from ${i.numberTo}
      and ${q.createdAt} is not distinct from ${i.createdAt}`,
)

/**
 * Undoes wrong matches of duplicates. When numbers before them leave or come, two equal numbers can shift so that one
 * is now in the slot of the other. Their dials show it: the match of a slot is undone if its dial, now or before, is
 * that of a duplicate in another slot. If no number left or came, nothing shifts.
 */
async function leaveShiftedSlots(client: Client, { queueId }: QueueToMatch): Promise<void> {
  const incoming = sql`select ${i.position}, ${numberOf(i)} as number, ${createdOf(i)} as created,
      ${i.callId} as new_call_id, ${i.callStartDate} as new_start
    from ${incomingNumbers} ${i} where ${i.isPresent}`
  const mirrored = sql`select ${q.position}, ${numberOf(q)} as number, ${createdOf(q)} as created,
      ${q.callId} as old_call_id, ${q.callStartDate} as old_start
    from ${queueNumbers} ${q} join ${incomingNumbers} ${i} using (position) where ${q.queueId} = ${queueId}`
  await change(
    client,
    sql`with incoming as (${incoming}), mirrored as (${mirrored}), other_dial as (
        select * from incoming join mirrored using (position, number, created)
        where not coalesce(${showSameDial('new', 'old')}, false)
      ), shifted as (
        select here.position from other_dial here join mirrored there using (number, created)
        where there.position <> here.position and ${showSameDial('here.new', 'there.old')}
        union
        select here.position from other_dial here join incoming there using (number, created)
        where there.position <> here.position and ${showSameDial('here.old', 'there.new')}
      )
      update ${incomingNumbers} ${i} set ${assign(incomingNumbers, { entryId: freshEntryId, fate: 'added' })}
      from shifted where ${i.position} = shifted.position`,
  )
}

/** Whether two rows show the same dial: by call id or, if one row has none yet, by the start of the call. */
function showSameDial(one: string, other: string): SQL {
  return sql.raw(`(${one}_call_id = ${other}_call_id
    or (${one}_call_id is null or ${other}_call_id is null) and ${one}_start = ${other}_start)`)
}

interface Rule {
  /** What must be equal in both rows beside number and created_at. Rows in which it is null do not match. */
  readonly key: (row: typeof i | typeof q) => SQL
  /** Of the pair of `arrived` and `q`. */
  readonly holds: SQL
}

const sameCall: Rule = { key: ({ callId }) => sql`${callId}`, holds: sql`true` }
const sameStart: Rule = {
  key: ({ callStartDate }) => sql`${callStartDate}`,
  holds: sql`arrived.call_id is null or ${q.callId} is null`,
}
const sameOrder: Rule = { key: () => sql`0`, holds: sql`true` }

/** Matches incoming numbers without an entry with mirrored rows whose entry no number continues yet. */
async function matchOtherSlots(client: Client, queue: QueueToMatch, { key, holds }: Rule): Promise<void> {
  // Only the columns that are used below: Postgres sorts these rows, and wide ones don't fit into memory.
  const ranked = (row: typeof i | typeof q) =>
    sql`${numberOf(row)} as number, ${createdOf(row)} as created, ${key(row)} as key,
      row_number() over (
        partition by ${numberOf(row)}, ${createdOf(row)}, ${key(row)} order by ${row.position}) as k`
  const arrived = sql`select ${i.position}, ${i.callId}, ${ranked(i)} from ${incomingNumbers} ${i}
    where ${i.isPresent} and ${i.fate} = 'added' and ${key(i)} is not null`
  const ofEntry = list(Object.values(columns(q, 'entryId', 'position', ...callFieldNames)))
  const departed = sql`select ${ofEntry}, ${ranked(q)} from ${queueNumbers} ${q} join ${incomingNumbers} slot using (position)
    where ${q.queueId} = ${queue.queueId} and ${key(q)} is not null and not ${isContinued(q)}`
  await change(
    client,
    sql`update ${incomingNumbers} ${i} set ${continuation(queue)}
      from (${arrived}) arrived join (${departed}) ${q} using (number, created, key, k)
      where ${i.position} = arrived.position and (${holds})`,
  )
}

/** Whether an incoming number continues the entry. New ids do not count: the sequence may have been set back. */
function isContinued({ entryId }: typeof q | typeof e): SQL {
  return sql`exists (select from ${incomingNumbers} ${i} where ${i.entryId} = ${entryId} and ${i.fate} <> 'added')`
}

/** The entry that left last is matched first. */
async function matchVanished(client: Client, { queueId }: QueueToMatch): Promise<void> {
  const createdOfEntry = sql`coalesce(${e.sourceCreatedAt}, '-infinity')`
  const arrived = sql`select ${i.position}, ${numberOf(i)} as number, ${createdOf(i)} as created,
      row_number() over (partition by ${numberOf(i)}, ${createdOf(i)} order by ${i.position}) as k
    from ${incomingNumbers} ${i} where ${i.isPresent} and ${i.fate} = 'added'`
  // Of entries without a number, only one that never had any, or that was forgotten, can be a suppressed number.
  const canBeBack = sql`(${e.numberTo} is not null or ${e.numberKey} is null or ${e.numberKey} like 'forgotten-%')`
  const isInMirror = sql`exists (
    select from ${queueNumbers} ${q} where ${q.queueId} = ${queueId} and ${q.entryId} = ${e.entryId})`
  const vanished = sql`select ${e.entryId}, ${numberOf(e)} as number, ${createdOfEntry} as created,
      row_number() over (partition by ${numberOf(e)}, ${createdOfEntry}
        order by ${e.lastSeenAt} desc, ${e.entryId}) as k
    from ${queueEntries} ${e}
    where ${e.queueId} = ${queueId} and ${e.lastSeenAt} is not null and ${canBeBack}
      and not ${isInMirror} and not ${isContinued(e)}`
  const reopened = assign(incomingNumbers, { entryId: sql`vanished.entry_id`, fate: 'reopened' })
  await change(
    client,
    sql`update ${incomingNumbers} ${i} set ${reopened}
      from (${arrived}) arrived join (${vanished}) vanished using (number, created, k)
      where ${i.position} = arrived.position`,
  )
}
