/**
 * Parts of the schemas of JSON that other programs read. Each object is written once, as a schema of zod: its TypeScript
 * type, its file in `schemas/` and the descriptions there come from it. Nothing is parsed with these schemas at run time.
 */
import { z } from 'zod'

/** The type of what a schema describes. Nothing in it can be written to. */
export type Output<Schema extends z.ZodType> = Immutable<z.output<Schema>>

type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T

/** A whole number of things. */
export const amount = z.int().min(0)

export const seconds = z.number()

/** ISO 8601 in UTC, such as 2026-11-26T14:05:09.120Z. */
export const instant = z.iso.datetime()

/** Why something failed. */
export const failureSchema = z.object({
  code: z
    .string()
    .describe('A stable word, such as configuration, database, rate_limited, or a code of Allo.'),
  message: z
    .string()
    .describe('A sentence for people, without secrets and phone numbers. Its wording can change.'),
  request_id: z.string().nullable().describe("Of Allo's answer, for their support. Null: there was none."),
})

export type Failure = Output<typeof failureSchema>
