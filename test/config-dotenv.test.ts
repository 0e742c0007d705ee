/** The .env of the working directory, read by a process that was started there. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'config-dotenv-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the configuration is read from the environment and from .env of the working directory', () => {
  const home = mkdtempSync(join(folder, 'home-'))
  writeFileSync(join(home, '.env'), 'ALLO_API_KEY=from-file\nLOG_LEVEL=debug\n')
  const module = new URL('../src/config/config.ts', import.meta.url).href
  const code = `import(${JSON.stringify(module)}).then(({ readConfig }) => {
    const { apiKey, logLevel } = readConfig({ needsApiKey: true })
    console.log(apiKey.value(), logLevel)
  })`
  const node = ['--no-warnings', '-e', code]
  const printed = execFileSync(process.execPath, node, {
    cwd: home,
    env: { LOG_LEVEL: 'warn' },
    encoding: 'utf8',
  })
  expect(printed.trim()).toBe('from-file warn')
})

describe('.env', () => {
  const read = (bytes: Uint8Array | string) => {
    const home = mkdtempSync(join(folder, 'home-'))
    writeFileSync(join(home, '.env'), bytes)
    const module = new URL('../src/config/config.ts', import.meta.url).href
    const code = `const { readConfig } = await import(${JSON.stringify(module)})
      try {
        const { apiKey, logLevel } = readConfig({ needsApiKey: true })
        console.log(apiKey.value(), logLevel)
      } catch (error) { console.log(error.name, error.message) }`
    const node = ['--no-warnings', '--input-type=module', '-e', code]
    return execFileSync(process.execPath, node, { cwd: home, env: {}, encoding: 'utf8' }).trim()
  }
  const text = 'ALLO_API_KEY=ak_1\r\nexport LOG_LEVEL="debug" # loud\r\n'
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le')

  test('may have a byte order mark, UTF-16 and any line endings', () => {
    for (const bytes of [`\ufeff${text}`, utf16, Buffer.from(utf16).swap16(), text.replaceAll('\r\n', '\r')])
      expect(read(bytes)).toBe('ak_1 debug')
  })

  test('that is a folder or not text is refused by name', () => {
    expect(read(Buffer.from([0x41, 0xff, 0x00]))).toMatch(
      /^ConfigError [\s\S]*\.env: .*\.env is not text in UTF-8/,
    )
    expect(read(Buffer.from(text, 'utf16le'))).toMatch(/\.env is not text in UTF-8/)
    const home = mkdtempSync(join(folder, 'home-'))
    mkdirSync(join(home, '.env'))
    const module = new URL('../src/config/config.ts', import.meta.url).href
    const code = `import(${JSON.stringify(module)}).then((m) => m.readConfig({ needsApiKey: false })).catch((e) => console.log(e.message))`
    const printed = execFileSync(process.execPath, ['--no-warnings', '-e', code], {
      cwd: home,
      env: {},
      encoding: 'utf8',
    })
    expect(printed).toContain('.env is a folder')
  })
})
