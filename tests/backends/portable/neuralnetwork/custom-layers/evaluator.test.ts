import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { CustomLayer } from '../../../../../src/backends/backend.ts'
import { networkOf } from '../../../../../src/backends/portable/neuralnetwork/network-of.ts'
import { innerNetworks } from '../../../../../src/backends/portable/neuralnetwork/scope.ts'
import { CustomLayerSchema, create, type NeuralNetworkLayer, openModel, writeModel } from '../../../../../src/format/index.ts'
import { Model } from '../../../../../src/model/model.ts'
import { temporary } from '../../../../format/support.ts'
import { expectSame, fixtureNames, readFixture } from '../../classic/corpus.ts'
import { cube } from './cube.ts'

const networks = new URL('../../../../fixtures/nn/', import.meta.url)
const folder = new URL('custom/', networks)
const path = (name: string) => fileURLToPath(new URL(`${name}.mlmodel`, folder))

async function expectGolden(model: Model, { cases, tolerance }: ReturnType<typeof readFixture>): Promise<void> {
  for (const [index, { inputs, outputs }] of cases.entries()) {
    const found = await model.predict(inputs)
    for (const [key, expected] of Object.entries(outputs)) expectSame(found[key], expected, tolerance, `case ${index}, ${key}`)
  }
  await model.dispose()
}

it.each(['between', 'inside'])('runs a network with custom layers that the caller implements: %s', async (name) => {
  await expectGolden(await Model.load(path(name), { backend: 'portable', customLayers: { Cube: cube } }), readFixture(name, folder))
})

describe('control flow is the same with custom layers inside', () => {
  /** Copies and linear activations become custom layers that do the same. */
  function replaceWithCustom(layers: readonly NeuralNetworkLayer[]): void {
    for (const each of layers) {
      for (const inner of innerNetworks(each)) replaceWithCustom(inner)
      const { layer } = each
      const custom = (className: string, numbers: Record<string, number>) => {
        const parameters = Object.entries(numbers).map(([name, value]) => [name, { value: { case: 'doubleValue' as const, value } }])
        each.layer = { case: 'custom', value: create(CustomLayerSchema, { className, parameters: Object.fromEntries(parameters) }) }
      }
      if (layer.case === 'copy') custom('Copy', {})
      if (layer.case === 'activation' && layer.value.nonlinearity.case === 'linear') {
        const { alpha, beta } = layer.value.nonlinearity.value
        custom('Linear', { alpha, beta })
      }
    }
  }

  const Copy: CustomLayer = { outputShapes: ([dims]) => [[...dims!]], evaluate: ([x]) => [x!] }
  const Linear: CustomLayer = {
    outputShapes: ([dims]) => [[...dims!]],
    evaluate: ([x], { alpha, beta }) => [
      { ...x!, data: (x!.data as Float32Array).map((value) => value * (alpha as number) + (beta as number)) },
    ],
  }

  const names = fixtureNames(networks).filter((name) => /^(branch|loop)/.test(name))
  it('has its corpus', () => expect(names.length).toBeGreaterThanOrEqual(7))
  it.each(names)('%s', async (name) => {
    const file = await openModel(fileURLToPath(new URL(`${name}.mlmodel`, networks)))
    replaceWithCustom(networkOf(file.spec)!.layers)
    const changed = temporary('changed.mlmodel')
    await writeModel(file, changed)
    file.close()
    const model = await Model.load(changed, { backend: 'portable', customLayers: { Copy, Linear } })
    await expectGolden(model, readFixture(name, networks))
  })
})

it('names the classes of custom layers that nobody implements, inside branches and loops too', async () => {
  for (const name of ['between', 'inside']) {
    const loading = Model.load(path(name), { backend: 'portable', customLayers: { Other: cube } })
    await expect(loading).rejects.toMatchObject({ code: 'ERR_CUSTOM_LAYER', message: expect.stringContaining('class "Cube"') })
  }
})

it('gives inner values, also those that custom layers compute, but none from inside branches and loops', async () => {
  const model = await Model.load(path('between'), { backend: 'portable', customLayers: { Cube: cube } })
  const inputs = { x: Float32Array.of(1, 0.5, -2) }
  const { y, double, cubes } = await model.predict(inputs, { intermediates: ['double', 'cubes'] })
  expect(double).toMatchObject({ dims: [3], data: Float32Array.of(2, 1, -4) })
  expect(cubes).toMatchObject({ dims: [6], data: Float32Array.of(8.5, 1.5, -63.5, 6.5, -0.5, -65.5) })
  expect(y).toMatchObject({ data: Float32Array.of(7.5, 0.5, -64.5, 5.5, -1.5, -66.5) })
  expect(Object.keys(await model.predict(inputs, { intermediates: 'all' })).sort()).toEqual(['cubes', 'double', 'x', 'y', 'z'])
  await expect(model.predict(inputs, { intermediates: ['other'] })).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  await model.dispose()
  const loop = await Model.load(path('inside'), { backend: 'portable', customLayers: { Cube: cube } })
  const predicting = loop.predict(readFixture('inside', folder).cases[0]!.inputs, { intermediates: ['grown'] })
  await expect(predicting).rejects.toThrow('the inner value "grown" is inside a branch or loop')
  await loop.dispose()
})

it('ends a loop of custom layers when it is aborted', async () => {
  const controller = new AbortController()
  const aborting: CustomLayer = {
    ...cube,
    evaluate: ([x]) => {
      controller.abort()
      return [{ ...x!, dims: [4], data: new Float32Array(4) }]
    },
  }
  const model = await Model.load(path('inside'), { backend: 'portable', customLayers: { Cube: aborting } })
  const inputs = { x: Float32Array.of(1, 2), most: Float32Array.of(100), limit: Float32Array.of(50) }
  await expect(model.predict(inputs, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
  await model.dispose()
})

it.each([{}, { outputShapes: () => [[3]] }, null, () => []])('refuses %o as an implementation when it loads', (implementation) =>
  expect(Model.load(path('between'), { backend: 'portable', customLayers: { Cube: implementation as never } })).rejects.toMatchObject({
    code: 'ERR_ARGUMENT',
    message: expect.stringMatching(/customLayers.*outputShapes, evaluate/),
  }),
)

it('refuses what is not what the implementation announced', async () => {
  const wrong: CustomLayer = { outputShapes: () => [[3]], evaluate: () => [{ type: 'float32', data: new Float32Array(2), dims: [2] }] }
  const failing: CustomLayer = {
    outputShapes: () => [[3]],
    evaluate: () => {
      throw new Error('no luck')
    },
  }
  for (const [implementation, message] of [
    [wrong, 'announced'],
    [failing, 'no luck'],
  ] as const) {
    const model = await Model.load(path('between'), { backend: 'portable', customLayers: { Cube: implementation } })
    const predicting = model.predict({ x: Float32Array.of(1, 2, 3) })
    await expect(predicting).rejects.toMatchObject({ code: 'ERR_PREDICT', message: expect.stringContaining(message) })
    await model.dispose()
  }
})
