import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { foreignCodeOf } from '../errors.ts'

/**
 * Makes the folder and those above it; false when it was there. Node's own `recursive` never comes back from /proc,
 * where a folder is missing and can't be made.
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
