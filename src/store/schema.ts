/**
 * The tables of schema `allo`, as drizzle-kit generates them. What each table and column means is written where
 * analysts see it: as COMMENTs, in migrations/repeatable/90 to 92.
 *
 * No foreign keys between numbers, entries, versions and dials: they would cost more than the writes themselves.
 * Those rows are only ever written together, in one transaction (save-reading.ts, finish-pass.ts).
 */
import { entityKind, sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  PgColumn,
  PgIntColumnBaseBuilder,
  type PgTable,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

export const allo = pgSchema('allo')

/** Instants travel as text: a JavaScript Date would drop their microseconds and invent changes. */
export const instant = <Name extends string>(name: Name) =>
  timestamp(name, { withTimezone: true, mode: 'string' })

interface BigIntAsText<Name extends string> {
  name: Name
  dataType: 'string'
  columnType: 'BigIntAsText'
  data: string
  driverParam: string
  enumValues: undefined
}

class BigIntAsTextBuilder<Name extends string> extends PgIntColumnBaseBuilder<BigIntAsText<Name>> {
  static override readonly [entityKind] = 'BigIntAsTextBuilder'

  constructor(name: Name) {
    super(name, 'string', 'BigIntAsText')
  }

  build(table: PgTable): BigIntAsTextColumn {
    return new BigIntAsTextColumn(table, this.config)
  }
}

class BigIntAsTextColumn extends PgColumn {
  static override readonly [entityKind] = 'BigIntAsTextColumn'

  getSQLType(): string {
    return 'bigint'
  }
}

/** 64-bit integers travel as text, as pg returns them: drizzle would make BigInts, which JSON can't hold. */
export const id = <Name extends string>(name: Name) => new BigIntAsTextBuilder(name)

/** What Allo says of the call to a number. A version of a number begins when one of these changes. */
export const callFields = () => ({
  callStartDate: instant('call_start_date'),
  callId: text('call_id'),
  routingResult: text('routing_result'),
  syncStatus: text('sync_status'),
  detectedOutboundVoicemail: boolean('detected_outbound_voicemail'),
  notReachedDestinationReason: text('not_reached_destination_reason'),
  voicemailLeft: boolean('voicemail_left'),
})

export const callFieldNames = Object.keys(callFields()) as (keyof ReturnType<typeof callFields>)[]

export const teams = allo.table('teams', {
  teamId: text('team_id').primaryKey(),
  name: text('name'),
  firstSeenAt: instant('first_seen_at').notNull(),
  lastSeenAt: instant('last_seen_at').notNull(),
  historyFrom: instant('history_from'),
})

export const apiKeys = allo.table('api_keys', {
  keyFingerprint: text('key_fingerprint').primaryKey(),
  teamId: text('team_id').references(() => teams.teamId),
  pausedUntil: instant('paused_until'),
})

export const readSlots = allo.table('read_slots', {
  keyFingerprint: text('key_fingerprint').primaryKey(),
  nextSlotAt: instant('next_slot_at').notNull(),
})

export const locks = allo.table('locks', { name: text('name').primaryKey() })

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
    name: text('name'),
    creatorId: text('creator_id'),
    assigneeId: text('assignee_id'),
    voicemailHandling: text('voicemail_handling'),
    doNotDisturb: text('do_not_disturb'),
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
    index('queue_entries_vanished').on(t.queueId).where(sql`${t.lastSeenAt} is not null`),
    index('queue_entries_queue_id').on(t.queueId),
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
    validFrom: instant('valid_from').notNull(),
    validTo: instant('valid_to'),
    changedAfter: instant('changed_after'),
    endReason: text('end_reason'),
  },
  (t) => [
    primaryKey({ name: 'queue_number_versions_pkey', columns: [t.entryId, t.validFrom] }),
    uniqueIndex('queue_number_versions_open_entry').on(t.entryId).where(sql`${t.validTo} is null`),
    uniqueIndex('queue_number_versions_open_slot').on(t.queueId, t.position).where(sql`${t.validTo} is null`),
    index('queue_number_versions_queue_id').on(t.queueId, t.validFrom),
    index('queue_number_versions_valid_from').on(t.validFrom),
    index('queue_number_versions_ended').on(t.validTo).where(sql`${t.endReason} is not null`),
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
    index('dials_queue_id').on(t.queueId),
    index('dials_user_id').on(t.userId, sql`coalesce(${t.dialledAt}, ${t.firstSeenAt})`),
    // The teammate is in it because Postgres likes to look here for one teammate in a stretch of time, too.
    index('dials_at').on(sql`coalesce(${t.dialledAt}, ${t.firstSeenAt})`, t.userId),
    uniqueIndex('dials_call_id').on(t.teamId, t.callId).where(sql`${t.callId} is not null`),
    check('dials_has_a_trace', sql`${t.callId} is not null or ${t.dialledAt} is not null`),
  ],
)

export const queueVersions = allo.table(
  'queue_versions',
  {
    queueId: text('queue_id').notNull(),
    name: text('name'),
    creatorId: text('creator_id'),
    assigneeId: text('assignee_id'),
    voicemailHandling: text('voicemail_handling'),
    doNotDisturb: text('do_not_disturb'),
    validFrom: instant('valid_from').notNull(),
    validTo: instant('valid_to'),
    changedAfter: instant('changed_after'),
    endReason: text('end_reason'),
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
    validFrom: instant('valid_from').notNull(),
    validTo: instant('valid_to'),
    changedAfter: instant('changed_after'),
    endReason: text('end_reason'),
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
    passId: id('pass_id').notNull(),
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

export const syncPasses = allo.table(
  'sync_passes',
  {
    passId: id('pass_id').primaryKey().generatedByDefaultAsIdentity(),
    teamId: text('team_id')
      .notNull()
      .references(() => teams.teamId),
    trigger: text('trigger').notNull(),
    isWholeTeam: boolean('is_whole_team').notNull(),
    status: text('status').notNull(),
    startedAt: instant('started_at').notNull(),
    leaseExpiresAt: instant('lease_expires_at').notNull(),
    finishedAt: instant('finished_at'),
    teammates: integer('teammates'),
    requests: integer('requests'),
    throttled: integer('throttled'),
    throttledMs: integer('throttled_ms'),
    surprises: jsonb('surprises'),
    errorCode: text('error_code'),
    errorMessage: text('error_message'),
    errorRequestId: text('error_request_id'),
    version: text('version').notNull(),
    jobId: text('job_id'),
    stopStatus: text('stop_status'),
    gapAfterSeconds: integer('gap_after_seconds'),
    staleAfterSeconds: integer('stale_after_seconds'),
  },
  (t) => [
    index('sync_passes_team_id').on(t.teamId, t.startedAt),
    uniqueIndex('sync_passes_one_scheduled')
      .on(t.teamId)
      .where(sql`${t.status} = 'running' and ${t.trigger} = 'schedule'`),
    uniqueIndex('sync_passes_running_job').on(t.jobId).where(sql`${t.status} = 'running'`),
    check('sync_passes_status', sql`${t.status} in ('running', 'ok', 'partial', 'failed')`),
    check('sync_passes_finished_or_running', sql`(${t.finishedAt} is null) = (${t.status} = 'running')`),
  ],
)

export const syncReads = allo.table(
  'sync_reads',
  {
    passId: id('pass_id').notNull(),
    userId: text('user_id').notNull(),
    status: text('status').notNull(),
    queueId: text('queue_id'),
    readStartedAt: instant('read_started_at'),
    observedAt: instant('observed_at').notNull(),
    walks: integer('walks').notNull(),
    requests: integer('requests').notNull(),
    throttled: integer('throttled').notNull(),
    numbersRead: integer('numbers_read'),
    numbersAnnounced: integer('numbers_announced'),
    numbersStored: integer('numbers_stored'),
    added: integer('added'),
    changed: integer('changed'),
    moved: integer('moved'),
    removed: integer('removed'),
    durationMs: integer('duration_ms').notNull(),
    errorCode: text('error_code'),
    errorMessage: text('error_message'),
    errorRequestId: text('error_request_id'),
  },
  (t) => [
    primaryKey({ name: 'sync_reads_pkey', columns: [t.passId, t.userId] }),
    index('sync_reads_user_id').on(t.userId, t.observedAt),
    check(
      'sync_reads_status',
      sql`${t.status} in ('ok', 'no_queue', 'torn', 'not_found', 'forbidden', 'rate_limited', 'error', 'skipped')`,
    ),
  ],
)

export const incidents = allo.table(
  'incidents',
  {
    incidentId: id('incident_id').primaryKey().generatedByDefaultAsIdentity(),
    teamId: text('team_id')
      .notNull()
      .references(() => teams.teamId),
    kind: text('kind').notNull(),
    openedAt: instant('opened_at').notNull(),
    closedAt: instant('closed_at'),
    summary: text('summary').notNull(),
    openingToldAt: instant('opening_told_at'),
    closingToldAt: instant('closing_told_at'),
    claimedUntil: instant('claimed_until'),
  },
  (t) => [
    uniqueIndex('incidents_one_open').on(t.teamId, t.kind).where(sql`${t.closedAt} is null`),
    check('incidents_kind', sql`${t.kind} in ('stale_data', 'credentials', 'data_quality')`),
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

export const settings = allo.table(
  'settings',
  {
    isOnly: boolean('is_only').primaryKey().default(true),
    reportTimeZone: text('report_time_zone').notNull().default('UTC'),
    numberKeyFingerprint: text('number_key_fingerprint'),
  },
  (t) => [check('settings_is_only', sql`${t.isOnly}`)],
)

export const suppressedNumbers = allo.table('suppressed_numbers', {
  numberKey: text('number_key').primaryKey(),
  suppressedAt: instant('suppressed_at').notNull(),
})

export const qualityResults = allo.table(
  'quality_results',
  {
    teamId: text('team_id').notNull(),
    checkName: text('check_name').notNull(),
    severity: text('severity').notNull(),
    checked: bigint('checked', { mode: 'number' }).notNull(),
    failing: bigint('failing', { mode: 'number' }).notNull(),
    status: text('status').notNull(),
    sentence: text('sentence').notNull(),
    checkedAt: instant('checked_at').notNull(),
  },
  (t) => [
    primaryKey({ name: 'quality_results_pkey', columns: [t.teamId, t.checkName] }),
    check('quality_results_severity', sql`${t.severity} in ('error', 'warn', 'note')`),
    check('quality_results_status', sql`${t.status} in ('passed', 'failed', 'skipped')`),
  ],
)

export const maintenance = allo.table(
  'maintenance',
  {
    teamId: text('team_id').notNull(),
    task: text('task').notNull(),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at'),
    summary: text('summary'),
    errorMessage: text('error_message'),
  },
  (t) => [primaryKey({ name: 'maintenance_pkey', columns: [t.teamId, t.task] })],
)
