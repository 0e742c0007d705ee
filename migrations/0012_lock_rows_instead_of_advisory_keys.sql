-- Locks mean nothing after a crash, so they need no WAL.
CREATE UNLOGGED TABLE "allo"."locks" (
	"name" text PRIMARY KEY NOT NULL
);
