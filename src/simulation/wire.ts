import type { ServerResponse } from 'node:http'
import type { Answer } from './answers.ts'

/** Sends a response, or breaks the connection as the response says. */
export function deliver(
  response: ServerResponse,
  answer: Answer,
  commonHeaders: Readonly<Record<string, string>>,
): void {
  if (answer.wire === 'never') return
  if (answer.wire === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  const requestId = commonHeaders['X-Request-Id'] ?? ''
  const text = answer.raw?.text ?? JSON.stringify(withRequestId(answer.body, requestId))
  const payload = Buffer.from(text)
  const contentType = answer.raw?.contentType ?? 'application/json'
  response.writeHead(answer.status, {
    ...commonHeaders,
    ...answer.headers,
    ...(contentType === '' ? {} : { 'Content-Type': contentType }),
    'Content-Length': payload.length,
  })
  if (answer.wire === 'cut_off') {
    response.write(payload.subarray(0, Math.max(1, payload.length >> 1)), () => response.socket?.destroy())
    return
  }
  response.end(payload)
}

function withRequestId(body: unknown, requestId: string): unknown {
  if (typeof body !== 'object' || body === null || !('error' in body)) return body
  return { error: Object.assign({}, body.error, { request_id: requestId }) }
}
