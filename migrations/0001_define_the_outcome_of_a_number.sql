-- Reservations are worth one second. Unlogged, they cost the customer''s database no WAL; after a crash the table
-- is empty and the first reservation waits that second (read-budget.ts).
ALTER TABLE allo.read_slots SET UNLOGGED;
--> statement-breakpoint
-- Rows updated at every reading or reservation: room on the page keeps these updates off the indexes.
ALTER TABLE allo.read_slots SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE allo.queues SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE allo.teammates SET (fillfactor = 50);
