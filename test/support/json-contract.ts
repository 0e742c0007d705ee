/** Judges what the program really prints by the committed files of `schemas/`. */
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

const folder = new URL('../../schemas/', import.meta.url)
export const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true })
formats.default(ajv)

/** What is wrong with a value, by a file of `schemas/`; empty: nothing. A property that the file does not name is wrong. */
export function differences(name: string, value: unknown): readonly string[] {
  const validate = ajv.getSchema(name) ?? ajv.compile({ ...strict(schemaIn(name)), $id: name })
  validate(value)
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${name}${instancePath} ${message}: ${JSON.stringify(params)}`,
  )
}

/** The same for what a command printed with `--json`. */
export function differencesOfOutput(command: string, printed: object): readonly string[] {
  const isFailure = Object.keys(printed).join() === 'error'
  return differences(isFailure ? 'error' : command, printed)
}

/** Throws if the last line on stdout is not as the schema of the command says. Without a line there is nothing to judge. */
export function assertContract([command = '', ...options]: readonly string[], stdout: string): void {
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  if (!options.includes('--json') || line === '') return
  const wrong = differencesOfOutput(command, JSON.parse(line))
  if (wrong.length > 0) throw new Error(`${command} --json printed\n${line}\n${wrong.join('\n')}`)
}

/** The same schema, in which no object has a property that it does not name. */
export function strict(schema: object): object {
  return JSON.parse(
    JSON.stringify(schema, (_, part) => (isOpen(part) ? { additionalProperties: false, ...part } : part)),
  )
}

function schemaIn(name: string): object {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
}

function isOpen(part: unknown): part is object {
  return typeof part === 'object' && part !== null && 'properties' in part && 'type' in part
}
