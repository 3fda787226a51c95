// A heavy net, made on the spot: 16 convolutions of 256 channels over 64×64 places in float16, 77 billion operations a prediction. Small nets never show
// the Neural Engine, and a heavy one would not fit into the package. The weights are random (He's initialisation, seeded), so it computes nothing of use.
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './setup.mjs'

const layers = 16
const channels = 256
const places = 64

/** Normal random numbers, the same on every machine. */
function* normals(seed) {
  let state = seed
  const uniform = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  for (;;) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()))
    const angle = 2 * Math.PI * uniform()
    yield radius * Math.cos(angle)
    yield radius * Math.sin(angle)
  }
}

/** Makes the model unless it is there. @returns its path, relative to the project */
export async function makeHeavyModel() {
  const path = join('.cache', 'heavy-convolutions.mlpackage')
  if (existsSync(join(root, path))) return path
  const { create } = await import('@bufbuild/protobuf')
  const { ArrayDataType, MilDataType, ModelSchema, newModel, writeModel } = await import('../dist/format/index.js')
  const { toFloat16 } = await import('../dist/model/float16.js')

  const type = (dataType, dims) => ({
    type: {
      case: 'tensorType',
      value: { dataType, rank: dims.length, dimensions: dims.map((size) => ({ dimension: { case: 'constant', value: { size } } })) },
    },
  })
  const immediate = (kind, dataType, dims, values) => ({
    type: type(dataType, dims),
    value: { case: 'immediateValue', value: { value: { case: 'tensor', value: { value: { case: kind, value: { values } } } } } },
  })
  const text = (value) => immediate('strings', MilDataType.STRING, [], [value])
  const constant = (name, outputType, val) => ({
    type: 'const',
    outputs: [{ name, type: outputType }],
    attributes: { name: text(name), val },
  })
  const integers = (name, values, dims = [values.length]) =>
    constant(name, type(MilDataType.INT32, dims), immediate('ints', MilDataType.INT32, dims, values))
  const argument = (name) => ({ arguments: [{ binding: { case: 'name', value: name } }] })

  const shape = [1, channels, places, places]
  const kernel = [channels, channels, 3, 3]
  const feature = (name) => ({ name, type: { type: { case: 'multiArrayType', value: { shape, dataType: ArrayDataType.FLOAT16 } } } })
  const metadata = {
    shortDescription: 'A stack of convolutions with random weights: heavy enough to show what a Neural Engine is for.',
    author: 'coreml-bridge',
    license: 'MIT',
    versionString: '1',
  }
  const file = newModel(
    create(ModelSchema, { specificationVersion: 7, description: { input: [feature('x')], output: [feature('y')], metadata } }),
  )
  const random = normals(1)
  const deviation = Math.sqrt(2 / (channels * 9))
  const operations = [
    constant('pad_type', type(MilDataType.STRING, []), text('custom')),
    integers('pad', [1, 1, 1, 1]),
    integers('strides', [1, 1]),
    integers('dilations', [1, 1]),
    integers('groups', [1], []),
  ]
  for (let i = 0; i < layers; i++) {
    const weights = Float32Array.from({ length: channels * channels * 9 }, () => deviation * random.next().value)
    const halves = toFloat16(weights)
    const blob = file.addBlob('fp16', halves.length, new Uint8Array(halves.buffer))
    operations.push(
      constant(`weight_${i}`, type(MilDataType.FLOAT16, kernel), {
        type: type(MilDataType.FLOAT16, kernel),
        value: { case: 'blobFileValue', value: blob },
      }),
    )
    const inputs = {
      x: i === 0 ? 'x' : `relu_${i - 1}`,
      weight: `weight_${i}`,
      pad_type: 'pad_type',
      pad: 'pad',
      strides: 'strides',
      dilations: 'dilations',
      groups: 'groups',
    }
    const last = i === layers - 1
    operations.push(
      {
        type: 'conv',
        inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, argument(value)])),
        outputs: [{ name: `conv_${i}`, type: type(MilDataType.FLOAT16, shape) }],
        attributes: { name: text(`conv_${i}`) },
      },
      {
        type: 'relu',
        inputs: { x: argument(`conv_${i}`) },
        outputs: [{ name: last ? 'y' : `relu_${i}`, type: type(MilDataType.FLOAT16, shape) }],
        attributes: { name: text(`relu_${i}`) },
      },
    )
  }
  const main = {
    inputs: [{ name: 'x', type: type(MilDataType.FLOAT16, shape) }],
    opset: 'CoreML6',
    blockSpecializations: { CoreML6: { outputs: ['y'], operations } },
  }
  file.spec.type = create(ModelSchema, { type: { case: 'mlProgram', value: { version: 1n, functions: { main } } } }).type
  // Under another name first: an interrupted run leaves nothing that looks whole.
  const unfinished = join(root, '.cache', 'unfinished.mlpackage')
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(join(root, '.cache'), { recursive: true })
  await writeModel(file, unfinished)
  await rename(unfinished, join(root, path))
  return path
}
