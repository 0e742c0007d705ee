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
) readings WHERE gap_to - gap_from > interval '10 minutes';
