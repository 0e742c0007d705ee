/** A short run of `npm run chaos`. */
import { describe, expect, it } from 'vitest'
import { runChaos } from '../chaos/run.ts'

describe.each(['redis', 'postgres'] as const)('jobs in %s', (backend) => {
  it('workers that are killed, cut off or get wrong answers never record anything false', async ({
    skip,
  }) => {
    const report = await runChaos({ seconds: 20, seed: `short ${backend}`, backend, syncEvery: 2 })
    if (report === null) return skip('no Redis')
    const { falseStates, falseEndings, duplicates, complaints, troubles, readings, ...rest } = report
    console.info(
      `chaos on ${backend}: ${readings} readings compared, ${JSON.stringify({ troubles, ...rest })}`,
    )
    expect({ falseStates, falseEndings, duplicates, complaints }).toEqual({
      falseStates: [],
      falseEndings: [],
      duplicates: [],
      complaints: [],
    })
    expect(Object.keys(troubles).length).toBeGreaterThan(1)
    expect(readings).toBeGreaterThan(20)
  })
})
