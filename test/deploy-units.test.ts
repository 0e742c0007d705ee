/** The units of `deploy/systemd`, as systemd reads them. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createWorkplace } from './support/run-cli.ts'

const units = fileURLToPath(new URL('../deploy/systemd/', import.meta.url))
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0
if (!hasSystemd) console.warn('SKIPPED: no systemd-analyze on PATH, the units are not verified.')

/** What systemd complains about; empty: nothing. */
function complaintsAbout(folder: string): string {
  const files = readdirSync(folder).map((name) => join(folder, name))
  const { stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], { encoding: 'utf8' })
  // It also reads the units of the machine.
  return stderr
    .split('\n')
    .filter((line) => line.includes('allo-queue-mirror'))
    .join('\n')
}

test.skipIf(!hasSystemd)('systemd has no complaint about them', () => {
  expect(complaintsAbout(units)).toBe('')
})

test.skipIf(!hasSystemd)('a misspelled directive is found', () => {
  const { folder, remove } = createWorkplace()
  cpSync(units, folder, { recursive: true })
  const file = join(folder, 'allo-queue-mirror.service')
  writeFileSync(file, readFileSync(file, 'utf8').replace('RestartSec=', 'RestartSecs='))
  expect(complaintsAbout(folder)).toContain('RestartSecs')
  remove()
})

test.skipIf(!hasSystemd)('the service has few rights', () => {
  const args = ['security', '--offline=true', '--threshold=20', join(units, 'allo-queue-mirror.service')]
  expect(() => execFileSync('systemd-analyze', args, { encoding: 'utf8', stdio: 'pipe' })).not.toThrow()
})
