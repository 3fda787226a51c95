import { writeFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import { expect, test, vi } from 'vitest'
import { openModel } from '../../src/format/index.ts'
import { inspect } from '../../src/model/inspect.ts'
import { expectError, fixture, temporary } from './support.ts'

// A process of 32 MiB.
vi.mock('node:v8', () => ({ getHeapStatistics: () => ({ heap_size_limit: 32 << 20, used_heap_size: 0 }) }))

/** A network of `count` layers that say nothing: two bytes each. */
function emptyLayers(count: number): string {
  const layers = Buffer.alloc(count * 2)
  for (let index = 0; index < layers.length; index += 2) layers[index] = 0x0a
  const length: number[] = []
  let rest = layers.length
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128)
  const path = temporary('layers.mlmodel')
  writeFileSync(path, Buffer.concat([Buffer.from([0x08, 1, 0x12, 0, 0xa2, 0x1f, ...length, rest]), layers]))
  return path
}

test('a small file that would fill the memory is refused, with the place', async () => {
  expect(getHeapStatistics().heap_size_limit).toBe(32 << 20)
  await expectError(inspect(emptyLayers(500_000)), 'ERR_MODEL_INVALID', 'too large for the memory', 'neuralNetwork.layers[')
})

test('what fits is read', async () => {
  const file = await openModel(emptyLayers(1000))
  expect(file.spec.type.case === 'neuralNetwork' && file.spec.type.value.layers).toHaveLength(1000)
  file.close()
  const pipeline = await openModel(fixture('every-field.mlmodel'))
  pipeline.close()
})
