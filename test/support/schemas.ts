/** What the files of `schemas/` contain, from the schemas of the program. */
import { z } from 'zod'
import { checkSchema } from '../../src/commands/check/run.ts'
import { configSchema } from '../../src/commands/config/run.ts'
import { syncSchema } from '../../src/commands/sync/json.ts'
import { overviewSchema } from '../../src/http/overview.ts'
import { readyzSchema } from '../../src/http/readiness.ts'
import { failureSchema } from '../../src/json-output.ts'

/** By the command that prints it with `--json`. */
export const schemasOfCommands = {
  sync: syncSchema,
  status: overviewSchema,
  check: checkSchema,
  config: configSchema,
}

const others = {
  error: z
    .object({ error: failureSchema })
    .describe('Printed by status, check and config with --json if the command itself failed.'),
  readyz: readyzSchema.describe('The answer of /readyz.'),
}

/** By the name of the file, without `.json`. */
const schemas: Readonly<Record<string, z.ZodType>> = { ...schemasOfCommands, ...others }

/** The texts of the files by their names. Objects may have more properties, because a later version may add some. */
export const schemaFiles = Object.entries(schemas).map(([name, schema]): [string, string] => {
  const { $schema, description, ...rest } = z.toJSONSchema(schema, { io: 'input', override: simplify })
  const title = name in schemasOfCommands ? `allo-queue-mirror ${name} --json` : `allo-queue-mirror ${name}`
  return [`${name}.json`, `${JSON.stringify({ $schema, title, description, ...rest }, null, 2)}\n`]
})

/** Removes what zod adds to the type: the bounds of JavaScript's integers, and a pattern beside the format. */
function simplify({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
}
