import { readFileSync } from 'node:fs'

const packageJson: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** Of package.json, which stands beside `src` and beside `dist`. */
export const version = readVersion(packageJson)

function readVersion(json: unknown): string {
  if (typeof json === 'object' && json !== null && 'version' in json && typeof json.version === 'string') {
    return json.version
  }
  throw new Error('package.json names no version')
}
