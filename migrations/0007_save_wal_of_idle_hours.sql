-- Each pass updates every row of these tables, or adds rows of the same kind. Statistics of their columns were written to
-- the WAL after nearly every pass of a small team, and said the same.
ALTER TABLE "allo"."teammates" SET (autovacuum_analyze_threshold = 1000);--> statement-breakpoint
ALTER TABLE "allo"."queues" SET (autovacuum_analyze_threshold = 1000);--> statement-breakpoint
ALTER TABLE "allo"."sync_reads" SET (autovacuum_analyze_threshold = 1000);--> statement-breakpoint
-- Every change of the probe's row leaves an old one. With little room they are removed after some changes, so that the
-- page is small when a checkpoint makes the next change write the whole page.
ALTER TABLE "allo"."maintenance" SET (fillfactor = 10);
