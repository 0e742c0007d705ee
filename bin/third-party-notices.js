/**
 * Prints the names and licenses of all packages in node_modules, each license text once, for an image that contains
 * them. Exits 1 if a license is not one of those below: then decide whether the package may be shipped.
 */
const { existsSync, readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')

/** They allow to pass on the code with its notice, and ask nothing else. */
const ACCEPTED = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']
const NOTICE_FILE = /^(licen[cs]e|copying|notice)([.-].*)?$/i

const packages = packagesIn(process.argv[2] ?? 'node_modules')
const refused = packages.filter(({ license }) => !ACCEPTED.includes(license))
for (const { name, license } of refused) console.error(`${name} has the license ${license}`)
if (packages.length === 0) console.error('no packages found')
if (refused.length > 0 || packages.length === 0) process.exit(1)
for (const [text, named] of byText(packages))
  console.log(`${named.map(headingOf).join('\n')}\n\n${text}\n\n---\n`)

function packagesIn(folder) {
  const names = readdirSync(folder).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(folder, name)).map((inner) => join(name, inner)) : [name],
  )
  return names
    .map((name) => join(folder, name))
    .flatMap((path) => (existsSync(join(path, 'package.json')) ? read(path) : []))
}

/** With those that it has in a node_modules of its own. */
function read(path) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'))
  const texts = readdirSync(path)
    .filter((file) => NOTICE_FILE.test(file))
    .map((file) => readFileSync(join(path, file), 'utf8').trim())
  const holder = typeof author === 'string' ? author : author?.name
  const text =
    texts.join('\n\n') ||
    `${license}${holder === undefined ? '' : `, by ${holder}`}. The package has no license file.`
  const inner = join(path, 'node_modules')
  return [{ name, version, license, text }, ...(existsSync(inner) ? packagesIn(inner) : [])]
}

function byText(all) {
  const found = new Map()
  for (const one of all) found.set(one.text, [...(found.get(one.text) ?? []), one])
  return found
}

function headingOf({ name, version, license }) {
  return `${name} ${version} (${license})`
}
