import { randomInt } from 'node:crypto'
import getPort, { clearLockedPorts } from 'get-port'

/**
 * `wanted` if it is free, because people save the connection string in their tools. Otherwise one below the range that
 * systems give to outgoing connections, so that it is likely to be free at the next start.
 */
export async function freePort(wanted: number | null): Promise<number> {
  const others = Array.from({ length: 50 }, () => randomInt(20_000, 32_000))
  // get-port would withhold a port that it returned a moment ago.
  clearLockedPorts()
  return getPort({ host: '127.0.0.1', port: wanted === null ? others : [wanted, ...others] })
}
