DROP INDEX "allo"."dials_queue_id";--> statement-breakpoint
CREATE INDEX "dials_queue_id" ON "allo"."dials" USING btree ("queue_id",coalesce("dialled_at", "first_seen_at"));