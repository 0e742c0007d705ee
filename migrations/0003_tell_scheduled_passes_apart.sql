ALTER TABLE "allo"."sync_passes" ADD COLUMN "job_id" text;--> statement-breakpoint
ALTER TABLE "allo"."sync_passes" ADD COLUMN "stop_status" text;--> statement-breakpoint
CREATE UNIQUE INDEX "sync_passes_running_job" ON "allo"."sync_passes" USING btree ("job_id") WHERE "allo"."sync_passes"."status" = 'running';--> statement-breakpoint
COMMENT ON COLUMN "allo"."sync_passes"."job_id" IS 'Job that runs a scheduled pass; null for a pass started by hand. Run again after a crash, the same job goes on with the same pass.';--> statement-breakpoint
COMMENT ON COLUMN "allo"."sync_passes"."stop_status" IS 'Set when a reading found that the pass must stop (key refused, throttled too long, API down): the status that the teammates not reached are recorded with. Null when the pass went on.';
