/** Sends the spans of this process to an OpenTelemetry collector, by OTLP over HTTP. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Span, SpanContext, Tracer } from '@opentelemetry/api'
import { type ExitCode, exitCodes, MirrorError } from '../../errors.ts'
import { toMirrorError } from '../../foreign-errors.ts'
import { type Tracing, traceWith } from '../../tracing.ts'
import { version } from '../../version.ts'

/** They are not dependencies, because few need them. The versions are those that are tested. */
const packages = [
  '@opentelemetry/sdk-trace@3.1.0',
  '@opentelemetry/resources@3.1.0',
  '@opentelemetry/exporter-trace-otlp-http@0.301.0',
]

class TracingUnavailableError extends MirrorError {
  readonly code = 'tracing_unavailable'
  readonly exitCode: ExitCode = exitCodes.configuration
}

export interface OpenTracing {
  /** Sends what is left, for at most a second. Never rejects. */
  close(): Promise<void>
}

/**
 * `endpoint` is that of the collector, without `/v1/traces`. Other standard variables, such as
 * OTEL_EXPORTER_OTLP_HEADERS, are read by the packages themselves. Rejects if these are not installed.
 */
export async function openTracing(endpoint: string): Promise<OpenTracing> {
  const { api, sdk, resources, exporter } = await loadPackages()
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': 'allo-queue-mirror',
      'service.version': version,
    }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new exporter.OTLPTraceExporter({ url: `${endpoint}/v1/traces` }),
      }),
    ],
  })
  traceWith(tracingOf(api, provider.getTracer('allo-queue-mirror', version)))
  return {
    async close() {
      traceWith(null)
      await Promise.race([
        provider.shutdown().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, 1000).unref()),
      ])
    },
  }
}

async function loadPackages() {
  try {
    const [api, sdk, resources, exporter] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ])
    return { api, sdk, resources, exporter }
  } catch (cause) {
    throw new TracingUnavailableError(
      `OTEL_EXPORTER_OTLP_ENDPOINT is set, but packages for it are missing. Install them beside this one: npm install ${packages.join(' ')}. Or remove the variable.`,
      { cause },
    )
  }
}

function tracingOf(api: typeof import('@opentelemetry/api'), tracer: Tracer): Tracing {
  const around = new AsyncLocalStorage<Span>()
  return {
    async run({ name, attributes, parent }, work) {
      const remote = parent === undefined ? undefined : spanContextOf(parent)
      const outer = remote === undefined ? around.getStore() : api.trace.wrapSpanContext(remote)
      const context = outer === undefined ? api.ROOT_CONTEXT : api.trace.setSpan(api.ROOT_CONTEXT, outer)
      const span = tracer.startSpan(name, { attributes }, context)
      try {
        return await around.run(span, work)
      } catch (error) {
        // Its message could contain a name or a number.
        span.setStatus({ code: api.SpanStatusCode.ERROR, message: toMirrorError(error).code })
        throw error
      } finally {
        span.end()
      }
    },
    annotate: (attributes) => void around.getStore()?.setAttributes(attributes),
    current() {
      const context = around.getStore()?.spanContext()
      return context && `00-${context.traceId}-${context.spanId}-0${context.traceFlags & 1}`
    },
  }
}

/** Of a `traceparent`; undefined: it is none. */
function spanContextOf(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = /^00-([\da-f]{32})-([\da-f]{16})-0([01])$/.exec(traceparent) ?? []
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, traceFlags: Number(flags), isRemote: true }
}
