import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { milTable, updated } from '../../scripts/portable-table.mjs'
import { families } from '../../src/backends/portable/mil/ops/index.ts'

test('docs/portable.md has the tables that the code makes', () => {
  const text = readFileSync(new URL('../../docs/portable.md', import.meta.url), 'utf8')
  expect(updated(text, { families })).toBe(text)
})

test('an op without a lowering is shown as refused', () => {
  expect(milTable({}, { add: { iOS15: 'iOS15' } })).toContain('| `add` | refused |')
})
