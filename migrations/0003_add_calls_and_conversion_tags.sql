CREATE TABLE "allo"."calls" (
	"team_id" text NOT NULL,
	"call_id" text NOT NULL,
	"dialled_at" timestamp with time zone NOT NULL,
	"asked_at" timestamp with time zone,
	"next_ask_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"reason" text,
	"given_up_at" timestamp with time zone,
	"known_at" timestamp with time zone,
	"result" text,
	"duration_seconds" integer,
	"direction" text,
	"started_at" timestamp with time zone,
	"allo_number" text,
	"tags" jsonb,
	"is_phone_menu" boolean,
	CONSTRAINT "calls_pkey" PRIMARY KEY("team_id","call_id"),
	CONSTRAINT "calls_known_or_not" CHECK (("allo"."calls"."known_at" is null) = ("allo"."calls"."result" is null)),
	CONSTRAINT "calls_asked_or_settled" CHECK ("allo"."calls"."next_ask_at" is not null or "allo"."calls"."known_at" is not null or "allo"."calls"."given_up_at" is not null)
);
--> statement-breakpoint
ALTER TABLE "allo"."read_slots" ADD COLUMN "next_call_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "allo"."settings" ADD COLUMN "conversion_tags" text[];--> statement-breakpoint
CREATE INDEX "calls_to_ask" ON "allo"."calls" USING btree ("team_id",("known_at" is not null),"attempts","dialled_at" DESC NULLS LAST) WHERE "allo"."calls"."next_ask_at" is not null;