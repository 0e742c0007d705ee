/** States of the model that were, and their rows as the database records them. */
import type { NumberFields } from '../support/recorded.ts'
import { type Model, type Row, rowAsAnswered } from './model.ts'
import type { Instant } from './pass.ts'

export function modelsDuring(timeline: readonly Instant[], from: number, to: number): Model[] {
  return timeline.flatMap(({ at, model }, index) => {
    const until = timeline[index + 1]?.at ?? Number.POSITIVE_INFINITY
    return at <= to && until > from ? [model] : []
  })
}

export function fieldsOfRow(row: Row): NumberFields {
  const unset = {
    detected_outbound_voicemail: null,
    not_reached_destination_reason: null,
    voicemail_left: null,
  }
  const routing = rowAsAnswered(row)
  return { ...unset, ...routing, routing_result: routing.routing_result as string | null }
}
