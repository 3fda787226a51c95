import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { layerTable, milTable, updated } from '../../scripts/portable-table.mjs'
import { families } from '../../src/backends/portable/mil/ops/index.ts'
import { controlFlowKinds, layerFamilies, layerKinds } from '../../src/backends/portable/neuralnetwork/layers/index.ts'

test('docs/portable.md has the tables that the code makes', () => {
  const text = readFileSync(new URL('../../docs/portable.md', import.meta.url), 'utf8')
  expect(updated(text, { families, layerKinds, layerFamilies, controlFlowKinds })).toBe(text)
})

test('an op without a lowering is shown as refused', () => {
  expect(milTable({}, { add: { iOS15: 'iOS15' } })).toContain('| `add` | refused |')
})

test('a layer type without a lowering is shown as refused', () => {
  expect(layerTable([{ name: 'softmax', number: 175 }], {}, [])).toContain('| refused |')
})

test('every layer type of the format is lowered, but for those of the user', () => {
  expect(layerTable(layerKinds, layerFamilies, controlFlowKinds)).toContain(
    `${layerKinds.length - 1} of ${layerKinds.length} layer types are lowered`,
  )
})
