/** The folder `/app` of the image, made as the last stage of the Dockerfile makes it, without a container engine. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const root = fileURLToPath(new URL('../../', import.meta.url))
export const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll('\\\n', '')
const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))

interface Copy {
  /** Of the stage; null: of the checkout. */
  readonly from: string | null
  readonly sources: readonly string[]
  readonly target: string
}

export function copiesOf(stage: string): Copy[] {
  return [...stage.matchAll(/^COPY (?:--from=(\w+) )?(.+) (\S+)$/gm)].map(
    ([, from = null, sources = '', target = '']) => ({ from, sources: sources.split(' '), target }),
  )
}

/** `folder` must not exist. `dist` is what `npm run build` made. */
export function layOutImage(folder: string, dist: string): void {
  mkdirSync(folder)
  for (const { from, sources, target } of copiesOf(lastStage)) {
    for (const source of sources) {
      const to = join(folder, target, target.endsWith('/') ? basename(source) : '')
      if (from === null) cpSync(join(root, source), to, { recursive: true })
      else make(source, to, { folder, dist })
    }
  }
}

/** What the earlier stages make. */
function make(source: string, to: string, { folder, dist }: { folder: string; dist: string }): void {
  if (source === '/app/dist') cpSync(dist, to, { recursive: true })
  else if (source === '/app/node_modules') copyProductionPackages(folder)
  else if (source === '/app/THIRD_PARTY_NOTICES') writeFileSync(to, noticesOf(join(folder, 'node_modules')))
  else throw new Error(`the test does not know how to make ${source}`)
}

/** Throws if a package has a license that is not accepted. */
export function noticesOf(packages: string): string {
  const script = join(root, 'bin', 'third-party-notices.js')
  return execFileSync(process.execPath, [script, packages], { encoding: 'utf8', maxBuffer: 2 ** 26 })
}

/** What `npm ci --omit=dev --omit=optional` installs, by the lockfile, without the files that the Dockerfile deletes. */
function copyProductionPackages(folder: string): void {
  const { packages } = z
    .object({ packages: z.record(z.string(), z.looseObject({})) })
    .parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')))
  const deleted = [...dockerfile.matchAll(/-name '\*(\.\w+)'/g)].map(([, extension]) => extension)
  for (const [path, { dev, optional, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev || optional || devOptional) continue
    const own = join(root, path)
    cpSync(own, join(folder, path), {
      recursive: true,
      filter: (file) =>
        !deleted.includes(extname(file)) && !file.slice(own.length).startsWith('/node_modules'),
    })
  }
}
