/**
 * Modules of `src` with planted faults, to show that a test finds them. The faults are edits of the text, so that the
 * program itself has no switch for them.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'rolldown'
import { keepAddresses } from '../support/packaged-program.ts'

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

let loaded = 0

/**
 * A module of `src`, with all that it imports, in which these edits are made. One file, because loading hundreds takes
 * longer than most proofs. Throws if an edit does not fit the source.
 */
export async function loadWithFault<Module>(file: string, { title, edits }: Fault): Promise<Module> {
  const left = new Set(edits)
  const { output } = await build({
    input: join(root, 'src', file),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    plugins: [editing(left), keepAddresses],
    output: { format: 'esm' },
    write: false,
  })
  for (const { file, find } of left) {
    throw new Error(`the fault "${title}" no longer fits src/${file}: it has not exactly one ${find}`)
  }
  const folder = join(root, '.cache')
  mkdirSync(folder, { recursive: true })
  loaded += 1
  const path = join(folder, `fault-${process.pid}-${loaded}.mjs`)
  writeFileSync(path, output[0].code)
  try {
    return await import(pathToFileURL(path).href)
  } finally {
    rmSync(path)
  }
}

/** Takes each edit that it makes from `edits`. */
function editing(edits: Set<Edit>): Plugin {
  return {
    name: 'edit',
    transform(code, id) {
      let text = code
      for (const edit of edits) {
        const [before, after, ...more] = id === join(root, 'src', edit.file) ? text.split(edit.find) : []
        if (before === undefined || after === undefined || more.length > 0) continue
        text = before + edit.replace + after
        edits.delete(edit)
      }
      return text === code ? null : text
    },
  }
}
