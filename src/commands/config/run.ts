/** `config`: prints the settings in force, then what is wrong with them. */
import { z } from 'zod'
import { ConfigError, type Problem, readConfig, secretsOfEnvironment } from '../../config/config.ts'
import { readEnvFile } from '../../config/env-file.ts'
import { type ValueInForce, valueInForceSchema, valuesInForce } from '../../config/in-force.ts'
import { problemSchema } from '../../config/problem.ts'
import { type ExitCode, exitCodes } from '../../errors.ts'
import type { Output } from '../../json-output.ts'
import { mask } from '../../logger.ts'
import { print, printError, printJson } from '../../terminal/output.ts'
import { tableLines } from '../../terminal/table.ts'

export const configSchema = z
  .object({
    settings: z.array(valueInForceSchema),
    problems: z.array(problemSchema).describe('Of the configuration, by variable. Empty: it is valid.'),
    warnings: z.array(z.string()).describe('What may not be meant, a sentence each.'),
  })
  .describe('The value of each variable, and where it comes from.')

/** Opens nothing. A missing API key is no problem: some commands need none. Throws ConfigError if `.env` can't be read. */
export async function runConfig({ json }: { readonly json: boolean }): Promise<ExitCode> {
  const settings = valuesInForce(process.env, readEnvFile())
  const { problems, warnings } = findProblems()
  const secrets = secretsOfEnvironment()
  if (json) printJson({ settings, problems, warnings } satisfies Output<typeof configSchema>, secrets)
  else {
    const rows = settings.map((setting) => [setting.variable, shown(setting), setting.from])
    print(mask(tableLines(['variable', 'value', 'from'], rows).join('\n'), secrets))
    for (const warning of warnings) printError(mask(`\n${warning}`, secrets))
    for (const { variable, problem } of problems) printError(mask(`\n${variable}: ${problem}`, secrets))
  }
  return problems.length === 0 ? exitCodes.ok : exitCodes.configuration
}

function shown({ value, meaning, isSecret, from }: ValueInForce): string | null {
  if (isSecret && from !== 'default') return '(secret)'
  return value ?? (meaning === null ? null : `(${meaning})`)
}

function findProblems(): { readonly problems: readonly Problem[]; readonly warnings: readonly string[] } {
  try {
    return { problems: [], warnings: readConfig({ needsApiKey: false }).warnings }
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems, warnings: [] }
    throw error
  }
}
