/**
 * Leaves in `dist` only the declarations that the exports of package.json lead to. TypeScript rewrites `.ts` in the
 * imports of JavaScript, but not in those of declarations, so that is done here.
 */
const { readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { dirname, join, resolve } = require('node:path')

const folder = resolve(process.argv[2] ?? 'dist')
const { exports: entries } = require('../package.json')
const found = new Set()

for (const { types } of Object.values(entries)) if (types) follow(join(folder, '..', types))
for (const name of readdirSync(folder, { recursive: true })) {
  const path = join(folder, name)
  if (path.endsWith('.d.ts') && !found.has(path)) rmSync(path)
}

function follow(path) {
  if (found.has(path)) return
  found.add(path)
  const text = readFileSync(path, 'utf8')
  const imported = /((?:from |import\()['"])(\.{1,2}\/[^'"]+)\.ts(['"])/g
  writeFileSync(path, text.replace(imported, '$1$2.js$3'))
  for (const [, , from] of text.matchAll(imported)) follow(join(dirname(path), `${from}.d.ts`))
}
