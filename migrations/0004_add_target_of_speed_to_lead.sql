ALTER TABLE "allo"."settings" ADD COLUMN "speed_to_lead_seconds" double precision DEFAULT 3600 NOT NULL;--> statement-breakpoint
ALTER TABLE "allo"."settings" ADD COLUMN "working_hours" text;