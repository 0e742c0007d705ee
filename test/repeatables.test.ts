/** Views, functions and comments are files that are applied again when they change, whatever stood there before. */
import { expect, test } from 'vitest'
import { sealed } from './support/repeatables.ts'

test('the files are numbered as a set, and the number grows with each change of one', async () => {
  // After a change: npm run test:unit -- test/repeatables.test.ts -u
  await expect(sealed()).toMatchFileSnapshot('../migrations/repeatable/version.json')
})
