ALTER TABLE "allo"."sync_passes" ADD COLUMN "job_id" text;--> statement-breakpoint
ALTER TABLE "allo"."sync_passes" ADD COLUMN "stop_status" text;--> statement-breakpoint
CREATE UNIQUE INDEX "sync_passes_running_job" ON "allo"."sync_passes" USING btree ("job_id") WHERE "allo"."sync_passes"."status" = 'running';
