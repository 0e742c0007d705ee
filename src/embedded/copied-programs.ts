/** Copies of the programs of an npm package, for accounts that can't run them where npm put them. */
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
import { tmpdir, userInfo } from 'node:os'
import { dirname, join, relative } from 'node:path'
import * as z from 'zod'
import { withFolderLock } from './folder-lock.ts'
import { makeFolder, makeOwnFolder, requireOwnFolder } from './folders.ts'

/** The files of one version and content. */
export interface Programs {
  /** Folder of the package. */
  readonly root: string
  readonly files: readonly ProgramFile[]
  readonly links: readonly Link[]
  /** Name of their copy. */
  readonly key: string
}

interface ProgramFile {
  /** In `native`. */
  readonly path: string
  readonly bytes: number
}

/** A symbolic link between libraries: paths in the package. */
export interface Link {
  readonly source: string
  readonly target: string
}

export async function listPrograms(root: string, links: readonly Link[]): Promise<Programs> {
  const files = await listFiles(root)
  return { root, files, links, key: await contentKey(root, files) }
}

/** The regular files of `native` without static libraries, which only compilers need. */
async function listFiles(root: string): Promise<readonly ProgramFile[]> {
  const native = join(root, 'native')
  const entries = await readdir(native, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.a'))
    .map((entry) => relative(native, join(entry.parentPath, entry.name)))
    .sort()
  return Promise.all(paths.map(async (path) => ({ path, bytes: (await lstat(join(native, path))).size })))
}

const Manifest = z.object({ version: z.string().catch('unknown') })

/** From the names and sizes of all files and the content of the programs: reading 60 MB of libraries is too slow. */
async function contentKey(root: string, files: readonly ProgramFile[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(files))
  for (const { path } of files.filter((file) => file.path.startsWith('bin/')))
    hash.update(await readFile(join(root, 'native', path)))
  const { version } = Manifest.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
  return `postgres-${version}-${hash.digest('hex').slice(0, 12)}`
}

/** Folders that cleaners of temporary files leave alone come first: a server may run from its copy for months. */
export function cacheFolders(): readonly string[] {
  const { uid, homedir } = userInfo()
  return [
    uid === 0 ? '/var/lib/allo-queue-mirror' : join(homedir, '.cache/allo-queue-mirror'),
    join(tmpdir(), `allo-queue-mirror-${uid}`),
    join('/tmp', `allo-queue-mirror-${uid}`),
  ]
}

/** Idempotent: makes a complete copy in `cache`, or uses the one that is there. Returns its folder. */
export async function copyPrograms(programs: Programs, cache: string): Promise<string> {
  await makeOwnFolder(cache)
  const copy = join(cache, programs.key)
  if (await isIntact(copy, programs)) {
    await requireOwnFolder(copy)
    return copy
  }
  return withFolderLock(join(cache, 'lock'), async () => {
    if (!(await isIntact(copy, programs))) await replaceCopy(copy, programs)
    return copy
  })
}

async function replaceCopy(copy: string, programs: Programs): Promise<void> {
  const draft = join(dirname(copy), `draft-${randomUUID()}`)
  try {
    await fillDraft(draft, programs)
    // A copy may be damaged: cleaners of temporary files remove one file at a time.
    await rm(copy, { recursive: true, force: true })
    await rename(draft, copy)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function fillDraft(draft: string, { root, files, links }: Programs): Promise<void> {
  for (const folder of foldersOf(files)) await makeFolder(join(draft, folder))
  for (const { path } of files)
    await copyFile(join(root, 'native', path), join(draft, path), constants.COPYFILE_FICLONE)
  for (const { source, target } of links)
    await symlink(relative(dirname(target), source), join(draft, inNative(target)))
  // Whatever the umask is: the account must be able to read and run, and only this user may write.
  for (const folder of foldersOf(files)) await chmod(join(draft, folder), 0o755)
  for (const { path } of files) await chmod(join(draft, path), path.startsWith('bin/') ? 0o755 : 0o644)
}

/** All folders on the way to the files, the outer ones first; '.' is the first. */
function foldersOf(files: readonly ProgramFile[]): readonly string[] {
  const folders = new Set<string>(['.'])
  for (const { path } of files)
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(folder)
  return [...folders].sort()
}

async function isIntact(copy: string, { files, links }: Programs): Promise<boolean> {
  if (!(await exists(copy))) return false
  const sizes = await Promise.all(files.map(({ path }) => sizeOf(join(copy, path))))
  const linked = await Promise.all(links.map(({ target }) => exists(join(copy, inNative(target)))))
  return files.every(({ bytes }, index) => sizes[index] === bytes) && linked.every(Boolean)
}

function inNative(path: string): string {
  return relative('native', path)
}

async function sizeOf(path: string): Promise<number | null> {
  return (await lstat(path).catch(() => null))?.size ?? null
}

/** Follows links. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
