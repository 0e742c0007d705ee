-- These small unlogged tables change every few seconds, and are always used by their keys. Statistics of their columns
-- would be written to the WAL every minute, and never used.
ALTER TABLE "allo"."looks" SET (autovacuum_analyze_threshold = 1000000);--> statement-breakpoint
ALTER TABLE "allo"."read_slots" SET (autovacuum_analyze_threshold = 1000000);--> statement-breakpoint
ALTER TABLE "allo"."locks" SET (autovacuum_analyze_threshold = 1000000);--> statement-breakpoint
-- The probe updates one row here every few seconds. Pruning keeps its page small; a vacuum would write whole pages.
ALTER TABLE "allo"."maintenance" SET (autovacuum_analyze_threshold = 1000000, autovacuum_vacuum_threshold = 5000);
