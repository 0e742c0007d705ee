CREATE TABLE "allo"."looks" (
	"user_id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"queue_id" text,
	"planned_at" timestamp with time zone NOT NULL,
	"look_started_at" timestamp with time zone,
	"looked_at" timestamp with time zone,
	"first_position" integer,
	"last_position" integer,
	"mirror_as_of" timestamp with time zone,
	"interval_seconds" double precision,
	"unexpected_in_a_row" integer DEFAULT 0 NOT NULL,
	"unexpected_at" timestamp with time zone,
	"unexpected_reason" text
);
--> statement-breakpoint
CREATE TABLE "allo"."webhook_deliveries" (
	"webhook_id" text PRIMARY KEY NOT NULL,
	"received_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "allo"."queue_snapshots" ALTER COLUMN "pass_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "allo"."queues" ADD COLUMN "last_look_applied_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "allo"."read_slots" ADD COLUMN "next_look_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "allo"."read_slots" ADD COLUMN "counted_day" date;--> statement-breakpoint
ALTER TABLE "allo"."read_slots" ADD COLUMN "counted_requests" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX "looks_team_id" ON "allo"."looks" USING btree ("team_id");--> statement-breakpoint
-- What is planned and remembered for seconds or minutes costs the database no WAL. After a crash these tables are empty.
ALTER TABLE "allo"."looks" SET UNLOGGED;--> statement-breakpoint
ALTER TABLE "allo"."webhook_deliveries" SET UNLOGGED;--> statement-breakpoint
-- Rows are updated every few seconds: leave room for the new version on the same page.
ALTER TABLE "allo"."looks" SET (fillfactor = 50);
