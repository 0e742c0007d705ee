/**
 * A Redis for tests, never one that was running before: TEST_REDIS_URL, else `redis-server` or `valkey-server` on PATH,
 * else Debian's package, unpacked (not installed) into a cache. It runs on a free port in its own folder and is removed
 * afterwards.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { access, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import getPort from 'get-port'
import { Redis } from 'ioredis'

export interface TestRedis {
  readonly url: string
  /** FLUSHALL: everything is gone, and nothing complains. */
  flush(): Promise<void>
  /** Null with TEST_REDIS_URL: that server is not ours to stop. */
  readonly server: RedisServer | null
  /** Stops it and removes its folder. */
  stop(): Promise<void>
}

export interface RedisServer {
  /** Like a power cut. */
  halt(): Promise<void>
  /** On the same port again. */
  start(options: { readonly withData: boolean }): Promise<void>
}

/** Null, after saying so, when there is no Redis to be had. */
export async function startTestRedis(): Promise<TestRedis | null> {
  const { TEST_REDIS_URL: given } = process.env
  if (given) return { url: given, flush: () => flush(given), server: null, stop: async () => undefined }
  const program = (await findOnPath()) ?? (await findUnpacked())
  if (program === null) {
    console.warn('SKIPPED: no Redis. Set TEST_REDIS_URL, or install redis-server or valkey-server.')
    return null
  }
  return startPrivateServer(program)
}

interface Program {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

const programs = ['redis-server', 'valkey-server']

async function findOnPath(): Promise<Program | null> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of programs) {
      const path = join(folder, name)
      if (folder !== '' && (await exists(path))) return { path, env: {} }
    }
  }
  return null
}

const cache = fileURLToPath(new URL('../../node_modules/.cache/allo-queue-mirror/redis', import.meta.url))

async function findUnpacked(): Promise<Program | null> {
  if (!(await exists(cache))) {
    try {
      await unpackDebianPackage()
    } catch (error) {
      console.warn(
        `Debian's redis-server could not be unpacked: ${error instanceof Error ? error.message : error}`,
      )
      return null
    }
  }
  const libraries = await foldersOfLibraries(cache)
  return { path: join(cache, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraries.join(delimiter) } }
}

/** With lists and a cache of apt's of its own: needs no root and changes nothing on the machine. */
async function unpackDebianPackage(): Promise<void> {
  await mkdir(join(cache, '..'), { recursive: true })
  const folder = await mkdtemp(join(cache, '..', 'apt-'))
  try {
    await mkdir(join(folder, 'lists/partial'), { recursive: true })
    await mkdir(join(folder, 'archives/partial'), { recursive: true })
    await mkdir(join(folder, 'root'))
    const own = [
      ['Dir::State::Lists', join(folder, 'lists')],
      ['Dir::Cache', folder],
      ['Dir::Cache::archives', join(folder, 'archives')],
      ['APT::Sandbox::User', ''],
      ['Debug::NoLocking', '1'],
    ].flatMap(([name, value]) => ['-o', `${name}=${value}`])
    await run('apt-get', [...own, '-qq', 'update'], folder)
    const listed = await run('apt-cache', [...own, 'depends', 'redis-server', 'redis-tools'], folder)
    const needed = [...listed.matchAll(/^ {2}Depends: ((?:lib|lua)\S+)$/gm)].flatMap(([, name]) => name ?? [])
    const packages = new Set(['redis-server', 'redis-tools', ...needed.filter((name) => name !== 'libc6')])
    await run('apt-get', [...own, '-qq', 'download', ...packages], folder)
    for (const name of await readdir(folder)) {
      if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', name, join(folder, 'root')], folder)
    }
    // In some releases the server is a link to a program of the other package, in others the program itself.
    const server = join(folder, 'root/usr/bin/redis-server')
    if (!(await exists(server))) await symlink('redis-check-rdb', server)
    await rename(join(folder, 'root'), cache).catch(async (error: unknown) => {
      // Another run was faster.
      if (!(await exists(cache))) throw error
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function foldersOfLibraries(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const found = entries.filter(({ name }) => /\.so(\.|$)/.test(name)).map(({ parentPath }) => parentPath)
  return [...new Set(found)]
}

async function startPrivateServer(program: Program): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'allo-queue-mirror-redis-'))
  const port = await getPort({ host: '127.0.0.1' })
  const url = `redis://127.0.0.1:${port}`
  let running: ChildProcess | null = null

  const halt = async () => {
    const halted = running
    running = null
    if (halted === null || halted.exitCode !== null) return
    const gone = new Promise((resolve) => halted.once('exit', resolve))
    halted.kill('SIGKILL')
    await gone
  }
  const start = async ({ withData }: { readonly withData: boolean }) => {
    if (!withData) {
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder, { recursive: true })
    }
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'yes',
      // Written before each answer: enough for a process that is killed.
      appendfsync: 'no',
      'maxmemory-policy': 'noeviction',
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const started = spawn(program.path, args, {
      env: { PATH: '/usr/bin:/bin', ...program.env },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    running = started
    await untilItAnswers(url, started)
  }
  // A run that ends early must not leave a server behind.
  const killIt = () => running?.kill('SIGKILL')
  process.once('exit', killIt)
  await start({ withData: true })
  return {
    url,
    flush: () => flush(url),
    server: { halt, start },
    async stop() {
      process.off('exit', killIt)
      await halt()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url)
  try {
    await redis.flushall()
  } finally {
    redis.disconnect()
  }
}

async function untilItAnswers(url: string, server: ChildProcess): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code} instead of starting`)))
  })
  const redis = new Redis(url, { retryStrategy: () => 50 })
  redis.on('error', () => undefined)
  try {
    await Promise.race([redis.ping(), failed])
  } finally {
    redis.disconnect()
    failed.catch(() => undefined)
  }
}

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { cwd, env: { ...process.env, LC_ALL: 'C' } })
  return stdout
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
