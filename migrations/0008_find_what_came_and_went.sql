DROP INDEX "allo"."queue_entries_vanished";--> statement-breakpoint
DROP INDEX "allo"."queue_entries_queue_id";--> statement-breakpoint
ALTER TABLE "allo"."queue_number_versions" ADD COLUMN "is_reopened" boolean DEFAULT false;--> statement-breakpoint
-- By hand: the default is for the rows that exist. A worker that does not know the column leaves it null.
ALTER TABLE "allo"."queue_number_versions" ALTER COLUMN "is_reopened" DROP DEFAULT;--> statement-breakpoint
UPDATE "allo"."queue_number_versions" v SET is_reopened = true
FROM "allo"."queue_number_versions" ended
WHERE ended.end_reason IS NOT NULL AND v.entry_id = ended.entry_id AND v.valid_from = (
  SELECT min(n.valid_from) FROM "allo"."queue_number_versions" n
  WHERE n.entry_id = ended.entry_id AND n.valid_from >= ended.valid_to
);--> statement-breakpoint
CREATE INDEX "queue_number_versions_reopened" ON "allo"."queue_number_versions" USING btree ("queue_id","valid_from") WHERE "allo"."queue_number_versions"."is_reopened" is not false;--> statement-breakpoint
CREATE INDEX "queue_entries_vanished" ON "allo"."queue_entries" USING btree ("queue_id","removed_at") WHERE "allo"."queue_entries"."last_seen_at" is not null;--> statement-breakpoint
CREATE INDEX "queue_entries_queue_id" ON "allo"."queue_entries" USING btree ("queue_id","first_seen_at");