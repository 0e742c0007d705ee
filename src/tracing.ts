/**
 * Spans of a pass, from its tick to the transactions of its readings. Off until `traceWith` is called: then `traced`
 * calls `work` and does nothing else. Only a worker with OTEL_EXPORTER_OTLP_ENDPOINT turns it on.
 *
 * Attributes are ids, counts and codes. No number, name, address, key or message is in one, because spans leave for
 * another system.
 */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export interface Tracing {
  /** `parent` is a `traceparent` (W3C), usually of another process; not set: the span around this call. */
  run<T>(
    span: { readonly name: string; readonly attributes: SpanAttributes; readonly parent: string | undefined },
    work: () => Promise<T>,
  ): Promise<T>
  annotate(attributes: SpanAttributes): void
  /** The `traceparent` of the span around this call. */
  current(): string | undefined
}

let tracing: Tracing | null = null

/** Null: off. */
export function traceWith(next: Tracing | null): void {
  tracing = next
}

export function traced<T>(
  name: string,
  attributes: SpanAttributes,
  work: () => Promise<T>,
  parent?: string,
): Promise<T> {
  return tracing === null ? work() : tracing.run({ name, attributes, parent }, work)
}

/** Adds to the span around this call. */
export function annotate(attributes: SpanAttributes): void {
  tracing?.annotate(attributes)
}

export function currentTrace(): { readonly trace?: string } {
  const trace = tracing?.current()
  return trace === undefined ? {} : { trace }
}
