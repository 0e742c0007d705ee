/** The mirror: teams, teammates, and their queues as they are now. */
import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core'
import { allo, callFields, id, instant, settingFields } from './columns.ts'

export const teams = allo.table('teams', {
  teamId: text('team_id').primaryKey(),
  name: text('name'),
  firstSeenAt: instant('first_seen_at').notNull(),
  lastSeenAt: instant('last_seen_at').notNull(),
  historyFrom: instant('history_from'),
})

export const teammates = allo.table(
  'teammates',
  {
    userId: text('user_id').primaryKey(),
    teamId: text('team_id')
      .notNull()
      .references(() => teams.teamId),
    name: text('name'),
    email: text('email'),
    role: text('role'),
    status: text('status'),
    imageUrl: text('image_url'),
    extra: jsonb('extra'),
    isListed: boolean('is_listed').notNull(),
    firstSeenAt: instant('first_seen_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
    leftAt: instant('left_at'),
    missingSince: instant('missing_since'),
    missingPassId: id('missing_pass_id'),
    lastReadStartedAt: instant('last_read_started_at'),
    lastObservedAt: instant('last_observed_at'),
  },
  (t) => [index('teammates_team_id').on(t.teamId)],
)

export const queues = allo.table(
  'queues',
  {
    queueId: text('queue_id').primaryKey(),
    teamId: text('team_id')
      .notNull()
      .references(() => teams.teamId),
    userId: text('user_id').notNull(),
    ...settingFields(),
    createdAt: instant('created_at'),
    updatedAt: instant('updated_at'),
    extra: jsonb('extra'),
    isCurrent: boolean('is_current'),
    firstSeenAt: instant('first_seen_at').notNull(),
    endedAt: instant('ended_at'),
    endReason: text('end_reason'),
    replacedByQueueId: text('replaced_by_queue_id'),
    numbers: integer('numbers').notNull(),
    lastReadStartedAt: instant('last_read_started_at').notNull(),
    lastObservedAt: instant('last_observed_at').notNull(),
    lastLookAppliedAt: instant('last_look_applied_at'),
    missingSince: instant('missing_since'),
    missingReplacedByQueueId: text('missing_replaced_by_queue_id'),
    unknownSince: instant('unknown_since'),
    heldBackPasses: integer('held_back_passes').notNull().default(0),
    unobservableSince: instant('unobservable_since'),
    membershipDigest: text('membership_digest').notNull(),
    contentDigest: text('content_digest').notNull(),
  },
  (t) => [
    index('queues_user_id').on(t.userId),
    index('queues_unsettled').on(t.teamId).where(sql`${t.missingSince} is not null and ${t.endedAt} is null`),
    check('queues_ended_or_not', sql`(${t.endedAt} is null) = (${t.endReason} is null)`),
    check('queues_ended_is_not_current', sql`${t.endedAt} is null or ${t.isCurrent} is false`),
  ],
)

export const queueNumbers = allo.table(
  'queue_numbers',
  {
    queueId: text('queue_id').notNull(),
    position: integer('position').notNull(),
    entryId: id('entry_id').notNull(),
    numberTo: text('number_to'),
    createdAt: instant('created_at'),
    updatedAt: instant('updated_at'),
    ...callFields(),
    extra: jsonb('extra'),
    rowDigest: id('row_digest').notNull(),
  },
  (t) => [primaryKey({ name: 'queue_numbers_pkey', columns: [t.queueId, t.position] })],
)
