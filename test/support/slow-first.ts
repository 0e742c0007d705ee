import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Runs the files that take longest first, so that a run does not end with one of them alone. */
const SLOW = ['worker-', 'probes', 'history-after-crashes', 'embedded-postgres']

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const slow = (file: TestSpecification) => SLOW.some((name) => file.moduleId.includes(`/test/${name}`))
    return [...sorted.filter(slow), ...sorted.filter((file) => !slow(file))]
  }
}
