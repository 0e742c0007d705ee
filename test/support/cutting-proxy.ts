/**
 * A proxy before Postgres that ends connections as a restart does, at the worst moment: the message that the
 * administrator ends the connection arrives in the same packet as ReadyForQuery.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  /** The database, through the proxy. */
  readonly url: string
  /** How many connections it ended. */
  readonly cut: () => number
  close(): Promise<void>
}

export interface ReadyConnection {
  /** Its application_name. */
  readonly name: string
  /** The how-manyeth of that name, from 1. */
  readonly nth: number
  /** How often it became ready so far: once when it opened, and then after each statement. */
  readonly ready: number
}

/** `isCut`: whether the connection that just became ready ends now. */
export async function startCuttingProxy(
  databaseUrl: string,
  isCut: (connection: ReadyConnection) => boolean,
): Promise<CuttingProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const opened = new Map<string, number>()
  let cut = 0
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    let name: string | null = null
    let nth = 0
    let ready = 0
    let unread = Buffer.alloc(0)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (data) => {
      if (name === null) {
        name = /application_name\0([^\0]*)/.exec(data.toString('latin1'))?.[1] ?? ''
        nth = (opened.get(name) ?? 0) + 1
        opened.set(name, nth)
      }
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      unread = Buffer.concat([unread, data])
      let whole = 0
      while (unread.length >= whole + 5 && unread.length >= whole + 1 + unread.readInt32BE(whole + 1)) {
        const isReady = unread.toString('latin1', whole, whole + 1) === 'Z'
        whole += 1 + unread.readInt32BE(whole + 1)
        if (!isReady) continue
        ready += 1
        if (!isCut({ name: name ?? '', nth, ready })) continue
        cut += 1
        client.end(Buffer.concat([unread.subarray(0, whole), endedByAdministrator]))
        upstream.destroy()
        return
      }
      client.write(unread.subarray(0, whole))
      unread = unread.subarray(whole)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    cut: () => cut,
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const endedByAdministrator = (() => {
  const fields = 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'
  const message = Buffer.alloc(5 + fields.length)
  message.write('E', 0, 'latin1')
  message.writeInt32BE(4 + fields.length, 1)
  message.write(fields, 5, 'latin1')
  return message
})()
