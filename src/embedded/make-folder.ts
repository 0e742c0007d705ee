import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { foreignCodeOf } from '../errors.ts'

/**
 * Creates the folder and its parents. Returns false if it existed. Node's `recursive` option never returns for a path
 * below /proc, where folders can't be created.
 */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if (foreignCodeOf(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false
    if (foreignCodeOf(error) !== 'ENOENT' || (await exists(dirname(path)))) throw error
  }
  await makeFolder(dirname(path))
  return makeFolder(path)
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => {
      if (foreignCodeOf(error) === 'ENOENT') return false
      throw error
    },
  )
}
