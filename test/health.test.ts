import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { startTestServer } from './support/http.ts'
import { createWorkplace, deadAddress, runCli } from './support/run-cli.ts'

const { folder: cwd, remove } = createWorkplace()
afterAll(remove)

test('health asks the port and with the password of the configuration, and the image asks health', async () => {
  const server = await startTestServer({ HTTP_HOST: '0.0.0.0', HTTP_BASIC_AUTH: 'ops:pass:word-1' })
  const env = {
    HTTP_HOST: '0.0.0.0',
    HTTP_PORT: String(server.port),
    HTTP_BASIC_AUTH: 'ops:pass:word-1',
    HTTP_PROXY: 'http://127.0.0.1:1',
  }
  const dead = await deadAddress()
  try {
    const [alive, otherPassword, nothing, anyPort] = await Promise.all([
      runCli(['health'], env, { cwd }),
      runCli(['health'], { ...env, HTTP_BASIC_AUTH: 'ops:pass:word-2' }, { cwd }),
      runCli(['health'], { ...env, HTTP_PORT: dead.split(':')[1] ?? '' }, { cwd }),
      runCli(['health'], { HTTP_PORT: '0' }, { cwd }),
    ])
    expect(alive).toEqual({
      code: 0,
      stdout: `The worker at 127.0.0.1:${server.port} is alive.\n`,
      stderr: '',
    })
    expect(otherPassword).toMatchObject({ code: 75, stderr: expect.stringContaining('answers 401') })
    expect(nothing).toMatchObject({ code: 75, stderr: expect.stringContaining('ECONNREFUSED') })
    expect(anyPort).toMatchObject({ code: 78, stderr: expect.stringContaining('HTTP_PORT is 0') })
    expect([otherPassword, nothing].map(({ stderr }) => stderr).join('')).not.toContain('word-')
  } finally {
    await server.http.stop()
  }
  const dockerfile = readFileSync(new URL('../Dockerfile', import.meta.url), 'utf8')
  expect(dockerfile).toMatch(/HEALTHCHECK [\s\S]*?CMD \["node", "bin\/allo-queue-mirror\.js", "health"\]/)
})
