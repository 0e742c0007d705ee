/** Judges real answers of the worker by `schemas/openapi.yaml`. */
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import { ajv, differences, strict } from './json-contract.ts'

export const openApiFile = new URL('../../schemas/openapi.yaml', import.meta.url)

const response = z.object({
  $ref: z.string().optional(),
  content: z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) })).optional(),
})
const operation = z.object({
  responses: z.record(z.string(), response),
  parameters: z
    .array(z.object({ name: z.string(), schema: z.object({ enum: z.array(z.unknown()).optional() }) }))
    .default([]),
})

export const openApi = z
  .object({
    paths: z.record(z.string(), z.record(z.string(), operation)),
    components: z.object({ responses: z.record(z.string(), response) }),
  })
  .parse(parse(readFileSync(openApiFile, 'utf8')))

export interface Answer {
  readonly status: number
  /** Of its body. */
  readonly type: string
  readonly text: string
}

/** Throws if an operation that is described answered something that is not. An operation that is not described may answer anything. */
export function assertDescribed(method: string, path: string, answer: Answer): void {
  const described = operationOf(method, path)
  if (described === undefined) return
  const problem = problemWith(described.responses, answer)
  if (problem === null) return
  throw new Error(`${method} ${path} answered ${answer.status} ${answer.type}:\n${answer.text}\n${problem}`)
}

function operationOf(method: string, path: string) {
  const pathname = path.split('?')[0] ?? ''
  const found = Object.entries(openApi.paths).find(([template]) =>
    new RegExp(`^${template.replace('.', '\\.').replace(/\{\w+\}/, '\\w+')}$`).test(pathname),
  )
  return found?.[1][method.toLowerCase()]
}

type Responses = z.infer<typeof operation>['responses']

function problemWith(responses: Responses, { status, type, text }: Answer): string | null {
  const found = responses[status]
  if (found === undefined) return 'openapi.yaml does not describe this status'
  const { content = {} } = found.$ref === undefined ? found : componentOf(found.$ref)
  const mediaType = type.split(';')[0] ?? ''
  const schema = content[mediaType]?.schema
  if (schema === undefined) return 'openapi.yaml does not describe this type'
  const wrong = differencesFrom(schema, mediaType === 'application/json' ? JSON.parse(text) : text)
  return wrong.length === 0 ? null : wrong.join('\n')
}

function componentOf(ref: string): z.infer<typeof response> {
  return openApi.components.responses[ref.split('/').at(-1) ?? ''] ?? {}
}

function differencesFrom(schema: Readonly<Record<string, unknown>>, value: unknown): readonly string[] {
  const [, file] = /^\.\/(\w+)\.json$/.exec(String(schema.$ref)) ?? []
  if (file !== undefined) return differences(file, value)
  return ajv.validate(strict(schema), value) ? [] : [ajv.errorsText()]
}
