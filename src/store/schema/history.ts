/** History: what was where and when, and since when it is known. */
import { sql } from 'drizzle-orm'
import { boolean, check, index, integer, jsonb, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { allo, callFields, id, instant, settingFields, validity } from './columns.ts'

export const queueEntries = allo.table(
  'queue_entries',
  {
    entryId: id('entry_id').primaryKey().generatedByDefaultAsIdentity(),
    queueId: text('queue_id').notNull(),
    numberTo: text('number_to'),
    sourceCreatedAt: instant('source_created_at'),
    firstSeenAt: instant('first_seen_at').notNull(),
    lastSeenAt: instant('last_seen_at'),
    removedAt: instant('removed_at'),
    removalReason: text('removal_reason'),
    firstDialledAt: instant('first_dialled_at'),
    lastDialledAt: instant('last_dialled_at'),
    dialCount: integer('dial_count').notNull().default(0),
    outcome: text('outcome').notNull(),
    numberKey: text('number_key'),
  },
  (t) => [
    // Only entries that left: a first load of 25,000 numbers does not pay for it. The number is not in it: an entry whose
    // number is too long for an index row could never leave.
    index('queue_entries_vanished').on(t.queueId, t.removedAt).where(sql`${t.lastSeenAt} is not null`),
    index('queue_entries_queue_id').on(t.queueId, t.firstSeenAt),
    index('queue_entries_first_seen_at').on(t.firstSeenAt),
    // Which number it is, also after the number itself was erased. Hashed: a third of the writing cost of a b-tree.
    index('queue_entries_number').using('hash', sql`coalesce(${t.numberKey}, ${t.numberTo})`),
    index('queue_entries_removed_at').on(t.removedAt).where(sql`${t.removedAt} is not null`),
    check(
      'queue_entries_left_or_not',
      sql`(${t.lastSeenAt} is null) = (${t.removalReason} is null) and (${t.removedAt} is null or ${t.lastSeenAt} is not null)`,
    ),
  ],
)

export const queueNumberVersions = allo.table(
  'queue_number_versions',
  {
    entryId: id('entry_id').notNull(),
    queueId: text('queue_id').notNull(),
    position: integer('position').notNull(),
    ...callFields(),
    ...validity(),
    laterRemovedAt: instant('later_removed_at'),
    laterRemovalReason: text('later_removal_reason'),
    isReopened: boolean('is_reopened'),
  },
  (t) => [
    primaryKey({ name: 'queue_number_versions_pkey', columns: [t.entryId, t.validFrom] }),
    uniqueIndex('queue_number_versions_open_entry').on(t.entryId).where(sql`${t.validTo} is null`),
    uniqueIndex('queue_number_versions_open_slot').on(t.queueId, t.position).where(sql`${t.validTo} is null`),
    index('queue_number_versions_queue_id').on(t.queueId, t.validFrom),
    index('queue_number_versions_valid_from').on(t.validFrom),
    index('queue_number_versions_ended').on(t.validTo).where(sql`${t.endReason} is not null`),
    index('queue_number_versions_later').on(t.laterRemovedAt).where(sql`${t.laterRemovedAt} is not null`),
    // Few entries are ever re-opened. Without this index, all versions that ended would be searched for them. An older
    // worker, which still runs after the migration, leaves the column null.
    index('queue_number_versions_reopened')
      .on(t.queueId, t.validFrom)
      .where(sql`${t.isReopened} is not false`),
    check('queue_number_versions_interval', sql`${t.validTo} > ${t.validFrom}`),
  ],
)

export const dials = allo.table(
  'dials',
  {
    dialId: id('dial_id').primaryKey().generatedByDefaultAsIdentity(),
    teamId: text('team_id').notNull(),
    entryId: id('entry_id').notNull(),
    queueId: text('queue_id').notNull(),
    userId: text('user_id').notNull(),
    position: integer('position').notNull(),
    callId: text('call_id'),
    dialledAt: instant('dialled_at'),
    routingResult: text('routing_result'),
    detectedOutboundVoicemail: boolean('detected_outbound_voicemail'),
    notReachedDestinationReason: text('not_reached_destination_reason'),
    voicemailLeft: boolean('voicemail_left'),
    outcome: text('outcome').notNull(),
    firstSeenAt: instant('first_seen_at').notNull(),
    changedAfter: instant('changed_after'),
    lastChangedAt: instant('last_changed_at').notNull(),
  },
  (t) => [
    index('dials_entry_id').on(t.entryId),
    index('dials_queue_id').on(t.queueId, sql`coalesce(${t.dialledAt}, ${t.firstSeenAt})`),
    index('dials_user_id').on(t.userId, sql`coalesce(${t.dialledAt}, ${t.firstSeenAt})`),
    // It ends with the teammate, because Postgres also uses this index for one teammate in a period.
    index('dials_at').on(sql`coalesce(${t.dialledAt}, ${t.firstSeenAt})`, t.userId),
    uniqueIndex('dials_call_id').on(t.teamId, t.callId).where(sql`${t.callId} is not null`),
    check('dials_has_a_trace', sql`${t.callId} is not null or ${t.dialledAt} is not null`),
  ],
)

export const calls = allo.table(
  'calls',
  {
    teamId: text('team_id').notNull(),
    callId: text('call_id').notNull(),
    dialledAt: instant('dialled_at').notNull(),
    askedAt: instant('asked_at'),
    nextAskAt: instant('next_ask_at'),
    attempts: integer('attempts').notNull().default(0),
    reason: text('reason'),
    givenUpAt: instant('given_up_at'),
    knownAt: instant('known_at'),
    result: text('result'),
    durationSeconds: integer('duration_seconds'),
    direction: text('direction'),
    startedAt: instant('started_at'),
    alloNumber: text('allo_number'),
    tags: jsonb('tags').$type<readonly string[]>(),
    isPhoneMenu: boolean('is_phone_menu'),
  },
  (t) => [
    primaryKey({ name: 'calls_pkey', columns: [t.teamId, t.callId] }),
    // In the order in which they are asked for.
    index('calls_to_ask')
      .on(t.teamId, sql`(${t.knownAt} is not null)`, t.attempts, t.dialledAt.desc())
      .where(sql`${t.nextAskAt} is not null`),
    check('calls_known_or_not', sql`(${t.knownAt} is null) = (${t.result} is null)`),
    check(
      'calls_asked_or_settled',
      sql`${t.nextAskAt} is not null or ${t.knownAt} is not null or ${t.givenUpAt} is not null`,
    ),
  ],
)

export const queueVersions = allo.table(
  'queue_versions',
  {
    queueId: text('queue_id').notNull(),
    ...settingFields(),
    ...validity(),
  },
  (t) => [
    primaryKey({ name: 'queue_versions_pkey', columns: [t.queueId, t.validFrom] }),
    uniqueIndex('queue_versions_open').on(t.queueId).where(sql`${t.validTo} is null`),
    check('queue_versions_interval', sql`${t.validTo} > ${t.validFrom}`),
  ],
)

export const queueAssignments = allo.table(
  'queue_assignments',
  {
    userId: text('user_id').notNull(),
    queueId: text('queue_id'),
    ...validity(),
    missingSince: instant('missing_since'),
    missingAfter: instant('missing_after'),
  },
  (t) => [
    primaryKey({ name: 'queue_assignments_pkey', columns: [t.userId, t.validFrom] }),
    uniqueIndex('queue_assignments_open_user').on(t.userId).where(sql`${t.validTo} is null`),
    uniqueIndex('queue_assignments_open_queue').on(t.queueId).where(sql`${t.validTo} is null`),
    index('queue_assignments_queue_id').on(t.queueId, t.validFrom),
    check('queue_assignments_interval', sql`${t.validTo} > ${t.validFrom}`),
  ],
)

export const queueSnapshots = allo.table(
  'queue_snapshots',
  {
    queueId: text('queue_id').notNull(),
    userId: text('user_id').notNull(),
    observedAt: instant('observed_at').notNull(),
    passId: id('pass_id'),
    numbers: integer('numbers').notNull(),
    remaining: integer('remaining').notNull(),
    inProgress: integer('in_progress').notNull(),
    connected: integer('connected').notNull(),
    voicemail: integer('voicemail').notNull(),
    notReached: integer('not_reached').notNull(),
    failed: integer('failed').notNull(),
    other: integer('other').notNull(),
    apiTotalCount: integer('api_total_count'),
    definitionVersion: integer('definition_version').notNull(),
  },
  (t) => [
    primaryKey({ name: 'queue_snapshots_pkey', columns: [t.queueId, t.observedAt] }),
    index('queue_snapshots_user_id').on(t.userId, t.observedAt),
    index('queue_snapshots_observed_at').on(t.observedAt, t.userId),
    check(
      'queue_snapshots_total_is_sum',
      sql`${t.numbers} = ${t.remaining} + ${t.inProgress} + ${t.connected} + ${t.voicemail} + ${t.notReached} + ${t.failed} + ${t.other}`,
    ),
  ],
)

export const readingGaps = allo.table(
  'reading_gaps',
  {
    userId: text('user_id').notNull(),
    gapFrom: instant('gap_from').notNull(),
    gapTo: instant('gap_to').notNull(),
    teamId: text('team_id').notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [
    primaryKey({ name: 'reading_gaps_pkey', columns: [t.userId, t.gapFrom] }),
    check('reading_gaps_interval', sql`${t.gapTo} > ${t.gapFrom}`),
  ],
)
