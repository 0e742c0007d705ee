CREATE TABLE "allo"."maintenance" (
	"team_id" text NOT NULL,
	"task" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone,
	"summary" text,
	"error_message" text,
	CONSTRAINT "maintenance_pkey" PRIMARY KEY("team_id","task")
);
--> statement-breakpoint
CREATE TABLE "allo"."quality_results" (
	"team_id" text NOT NULL,
	"check_name" text NOT NULL,
	"severity" text NOT NULL,
	"checked" bigint NOT NULL,
	"failing" bigint NOT NULL,
	"status" text NOT NULL,
	"sentence" text NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	CONSTRAINT "quality_results_pkey" PRIMARY KEY("team_id","check_name"),
	CONSTRAINT "quality_results_severity" CHECK ("allo"."quality_results"."severity" in ('error', 'warn', 'note')),
	CONSTRAINT "quality_results_status" CHECK ("allo"."quality_results"."status" in ('passed', 'failed', 'skipped'))
);
--> statement-breakpoint
CREATE TABLE "allo"."reading_gaps" (
	"user_id" text NOT NULL,
	"gap_from" timestamp with time zone NOT NULL,
	"gap_to" timestamp with time zone NOT NULL,
	"team_id" text NOT NULL,
	"reason" text NOT NULL,
	CONSTRAINT "reading_gaps_pkey" PRIMARY KEY("user_id","gap_from"),
	CONSTRAINT "reading_gaps_interval" CHECK ("allo"."reading_gaps"."gap_to" > "allo"."reading_gaps"."gap_from")
);
--> statement-breakpoint
CREATE TABLE "allo"."settings" (
	"is_only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"report_time_zone" text DEFAULT 'UTC' NOT NULL,
	"number_key_fingerprint" text,
	CONSTRAINT "settings_is_only" CHECK ("allo"."settings"."is_only")
);
--> statement-breakpoint
CREATE TABLE "allo"."suppressed_numbers" (
	"number_key" text PRIMARY KEY NOT NULL,
	"suppressed_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "allo"."incidents" DROP CONSTRAINT "incidents_kind";--> statement-breakpoint
ALTER TABLE "allo"."queue_entries" ADD COLUMN "number_key" text;--> statement-breakpoint
ALTER TABLE "allo"."sync_passes" ADD COLUMN "gap_after_seconds" integer;--> statement-breakpoint
ALTER TABLE "allo"."sync_passes" ADD COLUMN "stale_after_seconds" integer;--> statement-breakpoint
ALTER TABLE "allo"."teams" ADD COLUMN "history_from" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "dials_queue_id" ON "allo"."dials" USING btree ("queue_id");--> statement-breakpoint
CREATE INDEX "dials_user_id" ON "allo"."dials" USING btree ("user_id",coalesce("dialled_at", "first_seen_at"));--> statement-breakpoint
CREATE INDEX "dials_at" ON "allo"."dials" USING btree (coalesce("dialled_at", "first_seen_at"),"user_id");--> statement-breakpoint
CREATE INDEX "queue_entries_queue_id" ON "allo"."queue_entries" USING btree ("queue_id");--> statement-breakpoint
CREATE INDEX "queue_entries_first_seen_at" ON "allo"."queue_entries" USING btree ("first_seen_at");--> statement-breakpoint
CREATE INDEX "queue_entries_number" ON "allo"."queue_entries" USING hash (coalesce("number_key", "number_to"));--> statement-breakpoint
CREATE INDEX "queue_entries_removed_at" ON "allo"."queue_entries" USING btree ("removed_at") WHERE "allo"."queue_entries"."removed_at" is not null;--> statement-breakpoint
CREATE INDEX "queue_number_versions_queue_id" ON "allo"."queue_number_versions" USING btree ("queue_id","valid_from");--> statement-breakpoint
CREATE INDEX "queue_number_versions_valid_from" ON "allo"."queue_number_versions" USING btree ("valid_from");--> statement-breakpoint
CREATE INDEX "queue_number_versions_ended" ON "allo"."queue_number_versions" USING btree ("valid_to") WHERE "allo"."queue_number_versions"."end_reason" is not null;--> statement-breakpoint
CREATE INDEX "queue_snapshots_user_id" ON "allo"."queue_snapshots" USING btree ("user_id","observed_at");--> statement-breakpoint
CREATE INDEX "queue_snapshots_observed_at" ON "allo"."queue_snapshots" USING btree ("observed_at","user_id");--> statement-breakpoint
ALTER TABLE "allo"."incidents" ADD CONSTRAINT "incidents_kind" CHECK ("allo"."incidents"."kind" in ('stale_data', 'credentials', 'data_quality'));--> statement-breakpoint
CREATE SCHEMA IF NOT EXISTS reporting;--> statement-breakpoint
CREATE SCHEMA IF NOT EXISTS reporting_pii;--> statement-breakpoint
INSERT INTO allo.settings DEFAULT VALUES;--> statement-breakpoint
-- Stretches nobody was read in, from what is on record. Old passes did not say how often they were meant to run:
-- ten minutes are two of the usual intervals.
INSERT INTO allo.reading_gaps (user_id, team_id, gap_from, gap_to, reason)
SELECT user_id, team_id, gap_from, gap_to, 'not_read' FROM (
  SELECT r.user_id, t.team_id, r.observed_at AS gap_to,
    lag(r.observed_at) OVER (PARTITION BY r.user_id ORDER BY r.observed_at) AS gap_from
  FROM allo.sync_reads r JOIN allo.teammates t USING (user_id)
  WHERE r.status IN ('ok', 'no_queue')
) readings WHERE gap_to - gap_from > interval '10 minutes';--> statement-breakpoint

COMMENT ON COLUMN allo.queue_entries.number_key IS 'Stable name of the number that does not show it: the first 128 bits, in hexadecimal, of its HMAC-SHA-256 under NUMBER_KEY. Equal for equal numbers. Null: NUMBER_KEY is not set, or there is no number. Random, and equal where it was equal, once the number was forgotten.';--> statement-breakpoint
COMMENT ON COLUMN allo.teams.history_from IS 'From when on history is whole. What ended earlier was deleted (RETAIN_HISTORY_DAYS): stays with their versions and dials, settings, assignments. So what was true before then is not known any more, whatever rows are left; only queue_snapshots reach further back. Null: nothing was ever deleted.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.gap_after_seconds IS 'Two intervals of the schedule, in seconds, as configured when the pass began: a next reading of a teammate that comes later leaves a gap. Null: a pass of an older version.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.stale_after_seconds IS 'Age in seconds from which data count as too old (FRESHNESS_SLO, or three intervals), as configured when the pass began. Null: a pass of an older version.';--> statement-breakpoint

COMMENT ON TABLE allo.reading_gaps IS
  'One row per stretch, now over, in which a teammate was not read for longer than two intervals, or was not on the team. Between two gaps the readings followed each other as scheduled. What was deleted with old readings (RETAIN_READS_DAYS) stays known here.';--> statement-breakpoint
COMMENT ON COLUMN allo.reading_gaps.user_id IS 'The teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.reading_gaps.gap_from IS 'Observed: end of the last reading before the gap.';--> statement-breakpoint
COMMENT ON COLUMN allo.reading_gaps.gap_to IS 'Observed: end of the first reading after it.';--> statement-breakpoint
COMMENT ON COLUMN allo.reading_gaps.team_id IS 'Team of the teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.reading_gaps.reason IS 'Status of the last reading in the gap that gave nothing (torn, not_found, forbidden, rate_limited, error, skipped); not_read: there was none, since no pass ran.';--> statement-breakpoint

COMMENT ON TABLE allo.settings IS
  'One row per installation: what is set that the reports depend on. Written by allo-queue-mirror from its configuration.';--> statement-breakpoint
COMMENT ON COLUMN allo.settings.is_only IS 'Always true: keeps a second row out.';--> statement-breakpoint
COMMENT ON COLUMN allo.settings.report_time_zone IS 'REPORT_TIME_ZONE: the zone of days and hours in schema reporting.';--> statement-breakpoint
COMMENT ON COLUMN allo.settings.number_key_fingerprint IS 'Tells whether a NUMBER_KEY is the one the number keys here were made with, without showing it. Null: none was ever set.';--> statement-breakpoint

COMMENT ON TABLE allo.suppressed_numbers IS
  'One row per number that is mirrored without its number from now on, because its owner asked to be forgotten while it stood in a queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.suppressed_numbers.number_key IS 'Number key under NUMBER_KEY, so that the number can be recognised without being kept.';--> statement-breakpoint
COMMENT ON COLUMN allo.suppressed_numbers.suppressed_at IS 'Observed: when it was suppressed.';--> statement-breakpoint

COMMENT ON TABLE allo.quality_results IS
  'One row per team and check of the data: what its last run found.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.team_id IS 'The team whose data were checked.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.check_name IS 'Name of the check.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.severity IS 'error: do not trust the data. warn: look into it. note: legal, but good to know.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.checked IS 'How many things were looked at.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.failing IS 'How many of them are not as they should be.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.status IS 'passed, failed, or skipped: there was nothing to look at.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.sentence IS 'What was found, and what to do about it. No phone numbers.';--> statement-breakpoint
COMMENT ON COLUMN allo.quality_results.checked_at IS 'Observed: when the check ran.';--> statement-breakpoint

COMMENT ON TABLE allo.maintenance IS
  'One row per team and chore that a worker does once in a while: when it was last begun and done. Several workers agree by it on who does it.';--> statement-breakpoint
COMMENT ON COLUMN allo.maintenance.team_id IS 'The team it was done for.';--> statement-breakpoint
COMMENT ON COLUMN allo.maintenance.task IS 'check: the data were checked. retain: what is older than configured was erased.';--> statement-breakpoint
COMMENT ON COLUMN allo.maintenance.started_at IS 'Observed: when it was last begun.';--> statement-breakpoint
COMMENT ON COLUMN allo.maintenance.finished_at IS 'Observed: when it was last done. Null: it is being done, or failed.';--> statement-breakpoint
COMMENT ON COLUMN allo.maintenance.summary IS 'What was done, in words. Null: not done yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.maintenance.error_message IS 'Why it failed. Null: it did not.';
--> statement-breakpoint
COMMENT ON COLUMN allo.incidents.kind IS 'stale_data: data of a teammate got older than FRESHNESS_SLO. credentials: the API refused the key. data_quality: a check of severity error failed.';
