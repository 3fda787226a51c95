import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Model } from '../../../src/model/model.ts'
import { temporary } from '../../format/support.ts'
import { expectSame, readFixture } from './classic/corpus.ts'

const networks = new URL('../../fixtures/nn/', import.meta.url)
const file = (name: string) => fileURLToPath(new URL(`${name}.mlmodel`, networks))

/** The network takes its weights from the file again for each new shape. */
describe('a loaded model goes on with new shapes', () => {
  const fates: [string, (path: string) => void][] = [
    ['deleted', (path) => rmSync(path)],
    [
      'replaced by another',
      (path) => {
        copyFileSync(file('convolved-sequences'), `${path}.new`)
        renameSync(`${path}.new`, path)
      },
    ],
  ]
  test.each(fates)('when its file is %s', async (_, befall) => {
    const path = temporary('whole-sequences.mlmodel')
    copyFileSync(file('whole-sequences'), path)
    const { cases, tolerance } = readFixture('whole-sequences', networks)
    expect(cases.length).toBeGreaterThan(0)
    const model = await Model.load(path, { backend: 'portable' })
    onTestFinished(() => model.dispose())
    befall(path)
    for (const { inputs, outputs } of cases) {
      const found = await model.predict(inputs)
      for (const [key, expected] of Object.entries(outputs)) expectSame(found[key], expected, tolerance, key)
    }
  })
})
