/**
 * A TCP proxy that can stop forwarding. Existing connections then stay open on both sides, and nothing is forwarded on
 * them any more. New ones get no response either, until it forwards again.
 */
import { connect, createServer, type Socket } from 'node:net'

export interface BlackHole {
  /** The same, through the proxy. */
  readonly url: string
  fallSilent(): void
  /** For new connections only. */
  comeBack(): void
  /** Connections it has fallen silent on and that the client still keeps open. */
  deadConnections(): number
  close(): Promise<void>
}

export async function startBlackHole(targetUrl: string): Promise<BlackHole> {
  const target = new URL(targetUrl)
  const sockets = new Set<Socket>()
  const clients = new Set<{ isDead: boolean }>()
  let isSilent = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    return socket
  }
  const server = createServer((client) => {
    keep(client).resume()
    const connection = { isDead: isSilent }
    clients.add(connection)
    client.once('close', () => clients.delete(connection))
    if (isSilent) return
    const upstream = keep(connect(Number(target.port), target.hostname))
    client.on('data', (data) => connection.isDead || upstream.write(data))
    upstream.on('data', (data) => connection.isDead || client.write(data))
    client.once('close', () => connection.isDead || upstream.destroy())
    upstream.once('close', () => connection.isDead || client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = new URL(targetUrl)
  url.hostname = '127.0.0.1'
  url.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  return {
    url: url.href,
    fallSilent() {
      isSilent = true
      for (const connection of clients) connection.isDead = true
    },
    comeBack() {
      isSilent = false
    },
    deadConnections: () => [...clients].filter(({ isDead }) => isDead).length,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
