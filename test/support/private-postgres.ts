/** A Postgres that a test may stop and start, because no other test uses it. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/postgres.ts'

export interface PrivatePostgres {
  /** The same after each start. */
  readonly url: string
  /** Refuses connections and ends those there are. */
  halt(): Promise<void>
  start(): Promise<void>
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

export async function startPrivatePostgres(): Promise<PrivatePostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'allo-queue-mirror-private-'))
  await chmod(folder, 0o755)
  const open = () =>
    startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      settings: { fsync: 'off' },
      isTemporary: true,
    })
  let server: EmbeddedPostgres | null = await open()
  const { url } = server
  const halt = async () => {
    const halted = server
    server = null
    await halted?.stop()
  }
  return {
    url,
    halt,
    async start() {
      server ??= await open()
      if (server.url !== url) throw new Error('Postgres came back somewhere else')
    },
    async stop() {
      await halt()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
