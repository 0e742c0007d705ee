/** What the tables have in common: their schema, and how instants, ids and the fields of a call are kept. */
import { entityKind } from 'drizzle-orm'
import {
  boolean,
  PgColumn,
  PgIntColumnBaseBuilder,
  type PgTable,
  pgSchema,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'

export const allo = pgSchema('allo')

/** Instants travel as text: a JavaScript Date would drop their microseconds and invent changes. */
export const instant = <Name extends string>(name: Name) =>
  timestamp(name, { withTimezone: true, mode: 'string' })

interface BigIntAsText<Name extends string> {
  name: Name
  dataType: 'string'
  columnType: 'BigIntAsText'
  data: string
  driverParam: string
  enumValues: undefined
}

class BigIntAsTextBuilder<Name extends string> extends PgIntColumnBaseBuilder<BigIntAsText<Name>> {
  static override readonly [entityKind] = 'BigIntAsTextBuilder'

  constructor(name: Name) {
    super(name, 'string', 'BigIntAsText')
  }

  build(table: PgTable): BigIntAsTextColumn {
    return new BigIntAsTextColumn(table, this.config)
  }
}

class BigIntAsTextColumn extends PgColumn {
  static override readonly [entityKind] = 'BigIntAsTextColumn'

  getSQLType(): string {
    return 'bigint'
  }
}

/** 64-bit integers travel as text, as pg returns them: drizzle would make BigInts, which JSON can't hold. */
export const id = <Name extends string>(name: Name) => new BigIntAsTextBuilder(name)

/** What Allo says of the call to a number. A version of a number begins when one of these changes. */
export const callFields = () => ({
  callStartDate: instant('call_start_date'),
  callId: text('call_id'),
  routingResult: text('routing_result'),
  syncStatus: text('sync_status'),
  detectedOutboundVoicemail: boolean('detected_outbound_voicemail'),
  notReachedDestinationReason: text('not_reached_destination_reason'),
  voicemailLeft: boolean('voicemail_left'),
})

export const callFieldNames = Object.keys(callFields()) as (keyof ReturnType<typeof callFields>)[]

/** What Allo says of a queue. A version of a queue begins when one of these changes. */
export const settingFields = () => ({
  name: text('name'),
  creatorId: text('creator_id'),
  assigneeId: text('assignee_id'),
  voicemailHandling: text('voicemail_handling'),
  doNotDisturb: text('do_not_disturb'),
})

/** From when to when a version held. Its change was seen at `valid_from`, and happened after `changed_after`. */
export const validity = () => ({
  validFrom: instant('valid_from').notNull(),
  validTo: instant('valid_to'),
  changedAfter: instant('changed_after'),
  endReason: text('end_reason'),
})
