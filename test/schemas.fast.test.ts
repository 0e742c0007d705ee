/** The files of `schemas/` are what the program's own schemas say. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { createProgram } from '../src/cli.ts'
import { csvViews } from '../src/report/csv-views.ts'
import { openApi, openApiFile } from './support/http-contract.ts'
import { differences } from './support/json-contract.ts'
import { schemaFiles, schemasOfCommands } from './support/schemas.ts'

test.each(schemaFiles)('schemas/%s is what the code says; -u writes it', async (file, text) => {
  await expect(text).toMatchFileSnapshot(`../schemas/${file}`)
})

test('each command with --json has a schema, and no other', async () => {
  const program = await createProgram(undefined, (work) => async () => void (await work()))
  const withJson = program.commands.filter(({ options }) => options.some(({ long }) => long === '--json'))
  expect(withJson.map((command) => command.name()).sort()).toEqual(Object.keys(schemasOfCommands).sort())
})

test('each JSON file of schemas/ is generated', () => {
  const files = readdirSync(new URL('../schemas', import.meta.url)).filter((file) => file.endsWith('.json'))
  expect(files.sort()).toEqual(schemaFiles.map(([file]) => file).sort())
})

test('a missing property, an unknown one and a wrong type are found', () => {
  const failure = { code: 'database', message: 'Postgres does not answer', request_id: null }
  expect(differences('error', { error: failure })).toEqual([])
  const { message: _, ...incomplete } = failure
  expect(differences('error', { error: { ...incomplete, code: 1, surplus: true } })).toEqual([
    'error/error must have required property \'message\': {"missingProperty":"message"}',
    'error/error must NOT have additional properties: {"additionalProperty":"surplus"}',
    'error/error/code must be string: {"type":"string"}',
  ])
})

test('schemas/openapi.yaml is valid OpenAPI 3.1 and names the CSVs that exist', async () => {
  const validator = new Validator()
  for (const name of ['readyz', 'status']) {
    await validator.addSpecRef(fileURLToPath(new URL(`${name}.json`, openApiFile)), `./${name}.json`)
  }
  const { valid, errors } = await validator.validate(fileURLToPath(openApiFile))
  expect(errors).toBeUndefined()
  expect([valid, validator.version]).toEqual([true, '3.1'])
  const { parameters = [] } = openApi.paths['/report/{view}.csv']?.get ?? {}
  expect(parameters.find(({ name }) => name === 'view')?.schema.enum).toEqual(Object.keys(csvViews))
})
