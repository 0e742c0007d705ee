/** `allo-queue-mirror sync --json` as a user runs it: in its own process, in a folder without `.env`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { apiKey } from './simulated-allo.ts'

const executable = fileURLToPath(new URL('../bin/allo-queue-mirror.js', import.meta.url))
const preload = new URL('./report-memory.ts', import.meta.url).href

const result = z.object({
  error: z.null(),
  numbers: z.number(),
  // If two passes run at once, one may find that the other has just read a teammate. That is no failure.
  failures: z.array(z.object({ status: z.literal('skipped') })),
})

export interface SyncProcessResult {
  readonly numbers: number
  readonly peakResidentBytes: number
}

/** Rejects unless everyone was read. */
export async function syncInProcess(settings: {
  readonly databaseUrl: string
  readonly alloUrl: string
  readonly readsPerSecond?: 'unlimited'
}): Promise<SyncProcessResult> {
  const folder = await mkdtemp(join(tmpdir(), 'allo-queue-mirror-bench-'))
  const child = spawn(process.execPath, ['--import', preload, executable, 'sync', '--json'], {
    cwd: folder,
    env: {
      ALLO_API_KEY: apiKey,
      ALLO_API_URL: settings.alloUrl,
      ALLO_READS_PER_SECOND: settings.readsPerSecond ?? '',
      DATABASE_URL: settings.databaseUrl,
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  try {
    const closed = once(child, 'close')
    const [output, memory] = await Promise.all([readAll(child.stdio[1]), readAll(child.stdio[3])])
    await closed
    const lastLine = output.trimEnd().split('\n').at(-1) ?? ''
    const { numbers } = result.parse(JSON.parse(lastLine))
    return { numbers, peakResidentBytes: Number(memory) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function readAll(stream: unknown): Promise<string> {
  if (!(stream instanceof Readable)) throw new Error('the process has no such pipe')
  return text(stream)
}
