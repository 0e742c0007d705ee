/** The variants of docker-compose.yml, as Docker Compose reads them. It needs no engine for that. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { createWorkplace } from './support/run-cli.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0
if (!hasCompose) console.warn('SKIPPED: no docker compose on PATH, the files of Docker Compose are not read.')

const files = ['docker-compose.yml', 'docker-compose.no-redis.yml']
const { folder, remove } = createWorkplace()
beforeAll(() => {
  for (const file of files) writeFileSync(join(folder, file), readFileSync(join(root, file)))
  const { secrets } = z
    .object({ secrets: z.record(z.string(), z.object({ file: z.string() })) })
    .parse(parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')))
  mkdirSync(join(folder, 'secrets'))
  for (const { file } of Object.values(secrets)) writeFileSync(join(folder, file), 'secret')
})
afterAll(remove)

const project = z.object({
  services: z.record(
    z.string(),
    z.looseObject({ environment: z.record(z.string(), z.string()).default({}) }),
  ),
})

function read(...options: string[]) {
  const args = ['compose', ...options, 'config', '--format', 'json']
  const { services } = project.parse(
    JSON.parse(execFileSync('docker', args, { cwd: folder, stdio: 'pipe' }).toString()),
  )
  return { services: Object.keys(services).sort(), redisUrl: services.worker?.environment.REDIS_URL }
}

const withoutRedis = files.flatMap((file) => ['-f', file])

test.skipIf(!hasCompose)(
  'with Redis, without it, and with Grafana they have the services they should',
  () => {
    const redisUrl = 'redis://redis:6379'
    const bi = ['grafana', 'reporting-login']
    expect(read()).toEqual({ services: ['postgres', 'redis', 'worker'], redisUrl })
    expect(read('--profile', 'bi')).toEqual({
      services: [...bi, 'postgres', 'redis', 'worker'].sort(),
      redisUrl,
    })
    expect(read(...withoutRedis)).toEqual({ services: ['postgres', 'worker'], redisUrl: undefined })
    expect(read(...withoutRedis, '--profile', 'bi').services).toEqual([...bi, 'postgres', 'worker'].sort())
  },
)
