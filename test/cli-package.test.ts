/** The package that npm publishes: compiled code and migrations, without the checkout. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { type SimulatedAllo, startSimulatedAllo } from '../src/simulation/server.ts'
import { createWorld } from '../src/simulation/world.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { createWorkplace, runCli } from './support/run-cli.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version, bin, files } = z
  .object({ version: z.string(), bin: z.record(z.string(), z.string()), files: z.array(z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))
const { folder: cwd, remove } = createWorkplace()
const installed = join(cwd, 'node_modules', 'allo-queue-mirror')
const file = join(installed, bin['allo-queue-mirror'] ?? '')
let database: TestDatabase
let allo: SimulatedAllo

beforeAll(async () => {
  mkdirSync(installed, { recursive: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const outDir = join(installed, 'dist')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json'), '--outDir', outDir])
  for (const name of ['package.json', ...files.filter((name) => name !== 'dist' && !name.startsWith('!'))]) {
    cpSync(join(root, name), join(installed, name), { recursive: true })
  }
  // Its dependencies, as if npm had put them beside it.
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'))
  database = await createTestDatabase({ empty: true })
  const world = createWorld({ seed: 9, teammates: 2, numbersPerQueue: 120 })
  allo = await startSimulatedAllo({ world, apiKey: 'ak_live_installed', readsPerSecond: null })
})
afterAll(async () => {
  await allo.close()
  await database.drop()
  remove()
})

test('an installed package knows its version and contains no source', async () => {
  expect(existsSync(join(installed, 'src'))).toBe(false)
  const { code, stdout, stderr } = await runCli(['--version'], {}, { cwd, file })
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

test('an installed package migrates, mirrors and has every command', async () => {
  const env = {
    ALLO_API_KEY: 'ak_live_installed',
    ALLO_API_URL: allo.url,
    ALLO_READS_PER_SECOND: 'unlimited',
    DATABASE_URL: database.url,
  }
  const { code, stdout } = await runCli(['sync'], env, { cwd, file })
  expect(code).toBe(0)
  expect(stdout).toContain('2 teammates, 2 queues, 240 numbers: 240 added')
  const doctor = await runCli(['doctor'], env, { cwd, file })
  expect(doctor, doctor.stdout).toMatchObject({ code: 0 })
  for (const name of ['demo', 'simulate']) {
    expect(existsSync(join(installed, 'dist', 'commands', `${name}.js`))).toBe(true)
  }
})
