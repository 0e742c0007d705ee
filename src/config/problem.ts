import { z } from 'zod'
import { exitCodes, MirrorError } from '../errors.ts'
import type { Output } from '../json-output.ts'

/** How everything that is wrong with a configuration is told at once. */
export const problemSchema = z.object({ variable: z.string(), problem: z.string() })

export type Problem = Output<typeof problemSchema>

/** Permanent: the same start fails again until the configuration is changed. */
export class ConfigError extends MirrorError {
  readonly code = 'configuration'
  readonly exitCode = exitCodes.configuration
  override readonly isMultiline = true
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const title =
      problems.length === 1
        ? 'The configuration has a problem:'
        : `The configuration has ${problems.length} problems:`
    super([title, ...problems.map(({ variable, problem }) => `  ${variable}: ${problem}`)].join('\n'))
    this.problems = problems
  }
}
