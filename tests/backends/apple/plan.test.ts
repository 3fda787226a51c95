import { expect, test } from 'vitest'
import type { AppleBinding, NativePlannedOperation } from '../../../src/backends/apple/binding.ts'
import { readComputePlan } from '../../../src/backends/apple/plan.ts'

const operations = [
  {
    function: 'main',
    name: 'a',
    operator: 'ios17.conv',
    preferred: 'neuralEngine',
    supported: ['cpu', 'unknown', 'neuralEngine'],
    cost: 0,
  },
  { function: 'other', name: 'b', operator: 'relu', preferred: 'unknown', supported: [], cost: undefined },
] as unknown as NativePlannedOperation[]

const binding = { computePlan: async () => operations } as unknown as AppleBinding

test('a cost of zero is a cost, one that is not told is unavailable; devices of unknown kinds are left out', async () => {
  expect(await readComputePlan(binding, 'model.mlmodelc', { computeUnits: 'all' } as never)).toEqual([
    { name: 'a', operator: 'conv', preferred: 'neuralEngine', supported: ['cpu', 'neuralEngine'], cost: 0 },
    { name: 'b', operator: 'relu', preferred: 'unknown', supported: [], cost: { unavailable: expect.any(String) } },
  ])
})

test('of a model with several functions, the plan of the one that was loaded', async () => {
  const plan = await readComputePlan(binding, 'model.mlmodelc', { computeUnits: 'all', functionName: 'other' } as never)
  expect(plan).toMatchObject([{ name: 'b' }])
})
