/** A log or an output that can't be written: the service continues, and a command exits with an error. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { expect, test } from 'vitest'
import { fileOutput } from '../src/terminal/log-output.ts'
import { createTestDatabase } from './support/database.ts'
import { executable } from './support/executable.ts'
import { ask } from './support/http.ts'
import { environmentOf, until } from './support/worker.ts'

test('a log on a full disk drops lines, gives their number when there is space again, and never throws', () => {
  let room = 12
  let written = ''
  const log = fileOutput((bytes) => {
    if (room === 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
    const taken = bytes.subarray(0, room)
    room -= taken.length
    written += taken.toString()
    return taken.length
  })
  log.write('{"line":1}\n')
  log.write('{"line":2}\n')
  log.write('{"line":3}\n')
  expect(written).toBe('{"line":1}\n{')
  room = 1000
  log.write('{"line":4}\n')
  const lines = written.split('\n')
  expect(lines[1]).toBe('{')
  expect(JSON.parse(lines[2] ?? '')).toMatchObject({ event: 'log_lines_lost', lost: 2, code: 'ENOSPC' })
  expect(lines.slice(3)).toEqual(['{"line":4}', ''])
})

test.skipIf(!existsSync('/dev/full')).each([
  ['a full disk', 'full'],
  ['a pipe whose reader has exited', 'pipe'],
] as const)('a worker whose log goes to %s continues, and ends normally', async (_, kind) => {
  const database = await createTestDatabase()
  const home = mkdtempSync(join(tmpdir(), 'allo-queue-mirror-log-'))
  const full = openSync('/dev/full', 'w')
  const port = await getPort({ host: '127.0.0.1' })
  const env = environmentOf({
    apiKey: 'ak_live_of_the_full_disk',
    apiUrl: 'http://127.0.0.1:1',
    databaseUrl: database.url,
    redisUrl: null,
    env: { HTTP_PORT: String(port), HOME: home },
  })
  const stdio = kind === 'full' ? full : 'pipe'
  const worker = spawn(process.execPath, [executable, 'worker'], {
    cwd: home,
    env,
    stdio: ['ignore', stdio, stdio],
  })
  worker.stdout?.destroy()
  worker.stderr?.destroy()
  const exited = once(worker, 'exit')
  try {
    await until('it works', async () => {
      if (worker.exitCode !== null) throw new Error(`it ended with ${worker.exitCode}`)
      const answer = await ask(`http://127.0.0.1:${port}/readyz`).catch(() => null)
      return answer !== null && JSON.parse(answer.text).checks.jobs.ok
    })
    worker.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  } finally {
    worker.kill('SIGKILL')
    closeSync(full)
    rmSync(home, { recursive: true })
    await database.drop()
  }
})

test.skipIf(!existsSync('/dev/full'))("a command whose output can't be written exits 75", async () => {
  const database = await createTestDatabase()
  const home = mkdtempSync(join(tmpdir(), 'allo-queue-mirror-log-'))
  const full = openSync('/dev/full', 'w')
  const child = spawn(process.execPath, [executable, 'migrate'], {
    cwd: home,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      ROLE_PREFIX: 'none',
      DATABASE_URL: database.url,
    },
    stdio: ['ignore', full, 'pipe'],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  closeSync(full)
  rmSync(home, { recursive: true })
  await database.drop()
  expect({ code, stderr }).toEqual({
    code: 75,
    stderr: 'The output could not be written (ENOSPC). The disk may be full.\n',
  })
})
