import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { startTestServer } from './support/http.ts'
import { createWorkplace, deadAddress, runCli } from './support/run-cli.ts'

const { folder: cwd, remove } = createWorkplace()
afterAll(remove)

test('health calls the configured port with the configured password, and the image runs health', async () => {
  const server = await startTestServer({ HTTP_HOST: '0.0.0.0', HTTP_BASIC_AUTH: 'ops:pass:word-1' })
  const env = {
    HTTP_HOST: '0.0.0.0',
    HTTP_PORT: String(server.port),
    HTTP_BASIC_AUTH: 'ops:pass:word-1',
    HTTP_PROXY: 'http://127.0.0.1:1',
  }
  const dead = await deadAddress()
  // Takes connections and never answers, as a process that was stopped does.
  const hung = createServer()
  await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve))
  // Refuses to compare passwords, as a worker does after wrong guesses from the address of the probe.
  const guessed = createHttpServer((_, response) => response.writeHead(429).end())
  await new Promise<void>((resolve) => guessed.listen(0, '127.0.0.1', resolve))
  const portOf = (one: { address(): AddressInfo | string | null }) => {
    const address = one.address()
    return String(typeof address === 'object' ? address?.port : 0)
  }
  try {
    const [alive, otherPassword, nothing, silent, guessedAt, anyPort] = await Promise.all([
      runCli(['health'], env, { cwd }),
      runCli(['health'], { ...env, HTTP_BASIC_AUTH: 'ops:pass:word-2' }, { cwd }),
      runCli(['health'], { ...env, HTTP_PORT: dead.split(':')[1] ?? '' }, { cwd }),
      runCli(['health'], { ...env, HTTP_PORT: portOf(hung) }, { cwd }),
      runCli(['health'], { ...env, HTTP_PORT: portOf(guessed) }, { cwd }),
      runCli(['health'], { HTTP_PORT: '0' }, { cwd }),
    ])
    expect(alive).toEqual({
      code: 0,
      stdout: `The worker at 127.0.0.1:${server.port} is alive.\n`,
      stderr: '',
    })
    expect(otherPassword).toMatchObject({ code: 75, stderr: expect.stringContaining('answers 401') })
    expect(nothing).toMatchObject({ code: 75, stderr: expect.stringContaining('ECONNREFUSED') })
    expect(silent).toMatchObject({ code: 75, stderr: expect.stringContaining('nothing within 4000 ms') })
    expect(anyPort).toMatchObject({ code: 78, stderr: expect.stringContaining('HTTP_PORT is 0') })
    expect(guessedAt).toMatchObject({ code: 0 })
    expect([otherPassword, nothing].map(({ stderr }) => stderr).join('')).not.toContain('word-')
  } finally {
    hung.close()
    guessed.close()
    await server.http.stop()
  }
  const dockerfile = readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8')
  expect(dockerfile).toMatch(/HEALTHCHECK [\s\S]*?CMD \["node", "bin\/allo-queue-mirror\.js", "health"\]/)
})
