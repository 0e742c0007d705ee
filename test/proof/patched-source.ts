/**
 * Copies of `src` with planted faults, to show that a test finds them. The faults are edits of the text, so that the
 * program itself has no switch for them.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname, '../..')

export interface Fault {
  /** What the faulty program does. */
  readonly title: string
  readonly edits: readonly Edit[]
}

/** `find` occurs once in the file. */
export interface Edit {
  /** In `src`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

export function edit(file: string, find: string, replace: string): Edit {
  return { file, find, replace }
}

export interface PatchedSource {
  /** A module of the copy. */
  load<Module>(file: string): Promise<Module>
  remove(): void
}

/** Throws if an edit no longer fits the source. */
export function patchSource({ title, edits }: Fault): PatchedSource {
  const folder = mkdtempSync(join(tmpdir(), 'allo-planted-fault-'))
  cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  cpSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'))
  symlinkSync(join(root, 'migrations'), join(folder, 'migrations'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, find, replace } of edits) {
    const path = join(folder, 'src', file)
    const [before, after, ...more] = readFileSync(path, 'utf8').split(find)
    if (before === undefined || after === undefined || more.length > 0) {
      throw new Error(`the fault "${title}" no longer fits src/${file}: it has not exactly one ${find}`)
    }
    writeFileSync(path, before + replace + after)
  }
  return {
    load: (file) => import(pathToFileURL(join(folder, 'src', file)).href),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
