/** The `--json` object; keys are contract. */
import { z } from 'zod'
import { amount, failureSchema, type Output, seconds } from '../../json-output.ts'
import { readStatuses } from '../../store/reading/reading.ts'

const teammateFailureSchema = z.object({
  user_id: z.string(),
  status: z.enum(readStatuses),
  code: z.string().nullable(),
  message: z.string().nullable(),
  request_id: z.string().nullable(),
})

export const syncSchema = z
  .object({
    pass_id: z.int().nullable().describe('Null in a dry run, and when the pass could not begin.'),
    team_id: z.string().nullable(),
    status: z.enum(['ok', 'partial', 'failed']),
    dry_run: z.boolean(),
    teammates: amount.describe('Teammates to be read, whether the reading succeeded or not.'),
    queues: amount,
    numbers: amount,
    added: amount,
    changed: amount,
    moved: amount,
    removed: amount,
    unchanged: amount,
    queues_ended: amount,
    queues_unknown: amount.describe('Seen without a holder. The next pass decides whether they ended.'),
    requests: amount,
    throttled: amount.describe('Number of 429 responses.'),
    throttled_seconds: seconds.describe('Time waited because of them.'),
    duration_seconds: seconds,
    failures: z
      .array(teammateFailureSchema)
      .describe('Teammates whose reading failed. Their data stay as they were.'),
    error: failureSchema.nullable().describe('The error that stopped the pass early. Null: none.'),
  })
  .describe('What one pass did.')

export type SyncJson = Output<typeof syncSchema>
