/** Operation: passes and readings, the read budget, locks, incidents, checks, and what may not be kept. */
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { allo, id, instant } from './columns.ts'
import { teams } from './mirror.ts'

export const apiKeys = allo.table('api_keys', {
  keyFingerprint: text('key_fingerprint').primaryKey(),
  teamId: text('team_id').references(() => teams.teamId),
  pausedUntil: instant('paused_until'),
})

export const readSlots = allo.table('read_slots', {
  keyFingerprint: text('key_fingerprint').primaryKey(),
  nextSlotAt: instant('next_slot_at').notNull(),
  nextLookAt: instant('next_look_at'),
  nextCallAt: instant('next_call_at'),
  countedDay: date('counted_day', { mode: 'string' }),
  countedRequests: integer('counted_requests').notNull().default(0),
})

export const looks = allo.table(
  'looks',
  {
    userId: text('user_id').primaryKey(),
    teamId: text('team_id').notNull(),
    queueId: text('queue_id'),
    plannedAt: instant('planned_at').notNull(),
    lookStartedAt: instant('look_started_at'),
    lookedAt: instant('looked_at'),
    firstPosition: integer('first_position'),
    lastPosition: integer('last_position'),
    mirrorAsOf: instant('mirror_as_of'),
    intervalSeconds: doublePrecision('interval_seconds'),
    unexpectedInARow: integer('unexpected_in_a_row').notNull().default(0),
    unexpectedAt: instant('unexpected_at'),
    unexpectedReason: text('unexpected_reason'),
  },
  (t) => [index('looks_team_id').on(t.teamId)],
)

export const webhookDeliveries = allo.table('webhook_deliveries', {
  webhookId: text('webhook_id').primaryKey(),
  receivedAt: instant('received_at').notNull(),
})

export const locks = allo.table('locks', { name: text('name').primaryKey() })

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

export const settings = allo.table(
  'settings',
  {
    isOnly: boolean('is_only').primaryKey().default(true),
    reportTimeZone: text('report_time_zone').notNull().default('UTC'),
    numberKeyFingerprint: text('number_key_fingerprint'),
    conversionTags: text('conversion_tags').array(),
    speedToLeadSeconds: doublePrecision('speed_to_lead_seconds').notNull().default(3600),
    workingHours: text('working_hours'),
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
