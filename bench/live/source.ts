/**
 * A simulated Allo with reps in its own thread, so that neither the measured process nor the bench can delay it. The
 * thread keeps the truth and compares the database with it.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'

export const sourceOptions = z.object({
  apiKey: z.string(),
  seed: z.string(),
  teammates: z.number(),
  numbersPerQueue: z.number(),
  runMs: z.number(),
  /** Share of the numbers that were called before. */
  calledBefore: z.number().default(0.2),
})
export type SourceOptions = z.input<typeof sourceOptions>

const event = z.object({
  at: z.number(),
  kind: z.enum(['dial', 'id', 'machine', 'result', 'reset']),
  userId: z.string(),
  queueId: z.string(),
  numberTo: z.string().nullable(),
  dial: z.number(),
  fields: z.string(),
})

const request = z.object({
  at: z.number(),
  kind: z.enum(['me', 'users', 'queue']),
  userId: z.string().nullable(),
  status: z.number().nullable(),
})
export type SourceRequest = z.infer<typeof request>

const judgement = z.object({
  /** Sentences; none: everything recorded was so. */
  falseStates: z.array(z.string()),
  versions: z.number(),
  readings: z.number(),
  /** Dials made since the reps began, and how many of them are in `reporting.dials`. */
  dials: z.number(),
  dialsOnRecord: z.number(),
  /** Webhooks by the status of the worker's answer; 0: none. */
  webhooks: z.map(z.number(), z.number()),
})
export type Judgement = z.infer<typeof judgement>

/** What the thread can be asked; each is answered once, in order. */
export type Asked =
  | { readonly ask: 'stop' }
  | { readonly ask: 'events' }
  | { readonly ask: 'requests' }
  | { readonly ask: 'start'; readonly webhooks: WebhookTarget | null }
  | { readonly ask: 'judge'; readonly databaseUrl: string }

/** Where each call is told, at most 2 s after it. */
export interface WebhookTarget {
  readonly url: string
  readonly secret: string
}

export interface Source {
  readonly url: string
  /** The reps begin. Null: without webhooks. */
  start(webhooks: WebhookTarget | null): Promise<void>
  /** The reps stop in the middle of what they do. */
  stop(): Promise<void>
  events(): Promise<z.infer<typeof event>[]>
  /** Every request so far. */
  requests(): Promise<SourceRequest[]>
  /** Compares all that the database holds with the truth. */
  judge(databaseUrl: string): Promise<Judgement>
}

export async function withSource<T>(
  options: SourceOptions,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const thread = new Worker(new URL('./source-thread.ts', import.meta.url), { workerData: options })
  const next = async <Answer>(shape: z.ZodType<Answer>) => {
    const [message]: unknown[] = await once(thread, 'message')
    return shape.parse(message)
  }
  const ask = <Answer>(asked: Asked, shape: z.ZodType<Answer>) => {
    thread.postMessage(asked)
    return next(shape)
  }
  try {
    const { url } = await next(z.object({ url: z.string() }))
    return await work({
      url,
      start: (webhooks) => ask({ ask: 'start', webhooks }, z.undefined()),
      stop: () => ask({ ask: 'stop' }, z.undefined()),
      events: () => ask({ ask: 'events' }, z.array(event)),
      requests: () => ask({ ask: 'requests' }, z.array(request)),
      judge: (databaseUrl) => ask({ ask: 'judge', databaseUrl }, judgement),
    })
  } finally {
    await thread.terminate()
  }
}
