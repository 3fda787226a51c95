import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, describe, expect, test } from 'vitest'
import { GraphBuilder } from '../../../../src/backends/portable/onnx/builder.ts'
import { encodeModel } from '../../../../src/backends/portable/onnx/encode.ts'
import { readFileRange } from '../../../../src/backends/portable/read-range.ts'

const folder = mkdtempSync(join(tmpdir(), 'encode-'))
const path = join(folder, 'weights.bin')
const stored = Float32Array.from({ length: 512 }, (_, i) => i)
writeFileSync(path, Buffer.concat([Buffer.alloc(64), Buffer.from(stored.buffer)]))
afterAll(() => rmSync(folder, { recursive: true }))

/** x + a weight of 512 elements in a file + the sum of `count` ones in memory. */
function encoded(count: number) {
  const builder = new GraphBuilder(readFileRange)
  const x = builder.input('x', 'float32', [512])
  const inFile = builder.weight('float32', [512], { path, offset: 64, length: 2048 })
  const inMemory = builder.constant('float32', [count], new Float32Array(count).fill(1))
  const sum = builder.op('ReduceSum', [inMemory, builder.ints([0])])
  builder.output(builder.op('Add', [builder.op('Add', [x, inFile]), sum]), 'y')
  return encodeModel(builder.finish('test'))
}

async function computed({ model, folder: _folder, externalData }: ReturnType<typeof encoded>): Promise<number[]> {
  const session = await InferenceSession.create(model, { externalData })
  const { y } = await session.run({ x: new Tensor('float32', new Float32Array(512), [512]) })
  await session.release()
  return Array.from(y!.data as Float32Array)
}

describe('where constants of an encoded model are', () => {
  test('in files, when most are: then those in memory are part of the model', () => {
    const result = encoded(300)
    expect(result.folder).toBe(folder)
    expect(result.externalData).toEqual([])
    expect(result.model.length).toBeGreaterThan(1200)
  })

  test('in memory, when most are: then nothing large is part of the model', async () => {
    const result = encoded(4000)
    expect(result.folder).toBeUndefined()
    expect(result.externalData.map(({ data }) => data.byteLength).sort((a, b) => a - b)).toEqual([2048, 16000])
    expect(result.model.length).toBeLessThan(1200)
    expect(await computed(result)).toEqual(Array.from(stored, (value) => value + 4000))
  })
})
