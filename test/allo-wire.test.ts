/** Responses that violate HTTP or never end are refused by name before they use much memory. */
import { once } from 'node:events'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { createAlloClient } from '../src/allo/client.ts'
import { AlloError } from '../src/allo/errors.ts'
import { largestBody, largestWalk } from '../src/allo/limits.ts'
import { walkQueue } from '../src/snapshot/walk-queue.ts'
import { queueAnswer } from './support/queue-answer.ts'

describe('an unusual HTTP response', () => {
  const body = JSON.stringify(queueAnswer({}))
  const head = (status: string, more = '', length = Buffer.byteLength(body)) =>
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${more}content-length: ${length}\r\nconnection: close\r\n\r\n`

  test.each([
    ['206 Partial Content', head('206 Partial Content') + body, 'status 206; only 200 is accepted'],
    ['204 No Content', 'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n', 'status 204; only 200'],
    ['203 of a proxy', head('203 Non-Authoritative Information') + body, 'status 203; only 200'],
    ['304 Not Modified', 'HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n', 'status 304; only 200'],
    [
      'an unasked 100 Continue',
      `HTTP/1.1 100 Continue\r\n\r\n${head('200 OK')}${body}`,
      'such as 100 Continue',
    ],
    ['a field that occurs twice', twice(body), 'the field queue occurs twice in one object'],
    ['HTML', `${head('200 OK', '', 6).replace('application/json', 'text/html')}<html>`, 'not JSON but HTML'],
  ])('is refused by name: %s', async (_, answer, expected) => {
    const { allo } = await start(() => answer)
    expect(await refusal(allo.readQueuePage('usr-1', 1))).toContain(expected)
  })

  test.each([
    ['a byte order mark', () => `${head('200 OK', '', Buffer.byteLength(body) + 3)}\ufeff${body}`],
    [
      'early hints before the answer',
      () => `HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n${head('200 OK')}${body}`,
    ],
  ])('is accepted: %s', async (_, answer) => {
    const { allo } = await start(answer)
    expect(await allo.readQueuePage('usr-1', 1)).toMatchObject({ kind: 'page', queue: { id: 'q' } })
  })

  test('with a compressed body is refused and not decompressed', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000, ' '))
    const { allo } = await start((socket) => {
      socket.write(head('200 OK', 'content-encoding: gzip\r\n', bomb.length))
      socket.write(bomb)
      return ''
    })
    expect(await refusal(allo.readQueuePage('usr-1', 1))).toContain(
      'a compressed body, which was not asked for',
    )
  })

  test('with an endless body uses no more memory than the largest allowed body', async () => {
    let sent = 0
    const chunk = Buffer.alloc(1 << 20, ' ')
    const { allo } = await start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n')
      const pour = () => {
        while (!socket.destroyed && socket.write(chunk)) sent += chunk.length
      }
      socket.on('drain', pour)
      pour()
      return null
    })
    expect(await refusal(allo.readQueuePage('usr-1', 1))).toContain(
      `a body of more than ${largestBody} bytes`,
    )
    expect(sent).toBeLessThan(2 * largestBody)
  })

  test('with endless pages ends the read of the queue, with many or few rows per page', async () => {
    const endless = (rows: number) => {
      let page = 0
      return () => {
        page += 1
        const first = page * rows
        const numbers = Array.from({ length: rows }, (_, index) => ({ position: first + index }))
        const text = JSON.stringify(queueAnswer({ numbers, total: null, hasMore: true }))
        return head('200 OK', '', text.length) + text
      }
    }
    const many = await start(endless(10_000))
    await expect(walkQueue(many.allo, 'usr-1')).rejects.toMatchObject({
      code: 'queue_too_large',
      message: 'its queue has more than 100000 numbers',
    })
    expect(many.requests()).toBe(11)
    const few = await start(endless(1))
    await expect(walkQueue(few.allo, 'usr-1')).rejects.toMatchObject({ code: 'endless_queue' })
    expect(few.requests()).toBe(largestWalk.pages)
  })

  test('with more rows than the announced count ends the read of the queue at once', async () => {
    const { allo, requests } = await start(() => {
      const text = JSON.stringify(queueAnswer({ numbers: [{}, { position: 1 }], total: 1, hasMore: true }))
      return head('200 OK', '', text.length) + text
    })
    expect(await walkQueue(allo, 'usr-1')).toMatchObject({
      kind: 'broken',
      why: 'there were more rows than total_count announced',
    })
    expect(requests()).toBe(1)
  })

  function twice(text: string) {
    const doubled = `${text.slice(0, -1)},"queue":{"id":"other"}}`
    return head('200 OK', '', doubled.length) + doubled
  }
})

async function refusal(asked: Promise<unknown>): Promise<string> {
  const error: unknown = await asked.catch((reason: unknown) => reason)
  if (error instanceof AlloError) return error.message
  throw new Error(`it was not refused: ${String(error)}`)
}

const cleanUps: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

/** A server that says exactly these bytes to each request, and then hangs up unless it gives null. */
async function start(answer: (socket: Socket) => string | null) {
  let requests = 0
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.once('data', () => {
      requests += 1
      const text = answer(socket)
      if (text !== null) socket.end(text)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const allo = createAlloClient({
    apiUrl: `http://127.0.0.1:${port}`,
    apiKey: () => 'ak_live_of_a_test',
    authScheme: 'Api-Key',
    timeoutMs: 20_000,
    naiveTimeZone: 'UTC',
    pacer: { turn: async () => undefined, pause: async () => undefined },
    userAgent: 'allo-queue-mirror/test',
    retry: { retries: 1, minMs: 1, maxMs: 2 },
    onSurprise: () => undefined,
  })
  cleanUps.push(async () => {
    await allo.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((done) => server.close(done))
  })
  return { allo, requests: () => requests }
}
