import { exitCodes, MirrorError } from '../errors.ts'

/** How everything that is wrong with a configuration is told at once. */
export interface Problem {
  readonly variable: string
  readonly problem: string
}

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
