// Models of 100 MB: 100 layers, or ops, of a million bytes of weights each.
import { create, ModelSchema, newModel, writeModel } from '../../dist/format/index.js'

const layers = 100
const [rows, columns] = [500, 500]

function weights(seed) {
  const values = new Float32Array(rows * columns)
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i + seed)
  return new Uint8Array(values.buffer)
}

const vector = { type: { type: { case: 'multiArrayType', value: { shape: [columns], dataType: 65568 } } } }
const description = { input: [{ name: 'x', ...vector }], output: [{ name: `y${layers}`, ...vector }] }

/** A NeuralNetwork in one .mlmodel file. */
export async function makeNetwork(path) {
  const file = newModel(create(ModelSchema, { specificationVersion: 4, description }))
  file.spec.type = {
    case: 'neuralNetwork',
    value: create(ModelSchema, {
      type: {
        case: 'neuralNetwork',
        value: {
          layers: Array.from({ length: layers }, (_, i) => ({
            name: `layer${i}`,
            input: [i === 0 ? 'x' : `y${i}`],
            output: [`y${i + 1}`],
            layer: {
              case: 'innerProduct',
              value: { inputChannels: columns, outputChannels: rows, weights: { floatValue: file.addPayload(weights(i)) } },
            },
          })),
        },
      },
    }).type.value,
  }
  await writeModel(file, path)
}

const tensorType = (dims) => ({
  type: {
    case: 'tensorType',
    value: { dataType: 11, rank: dims.length, dimensions: dims.map((size) => ({ dimension: { case: 'constant', value: { size } } })) },
  },
})
const named = (name, dims) => ({ name, type: tensorType(dims) })
const binding = (name) => ({ arguments: [{ binding: { case: 'name', value: name } }] })

/** An ML Program in a .mlpackage folder. */
export async function makeProgram(path) {
  const file = newModel(create(ModelSchema, { specificationVersion: 7, description }))
  const operations = Array.from({ length: layers }, (_, i) => [
    {
      type: 'const',
      outputs: [named(`w${i}`, [rows, columns])],
      attributes: {
        val: {
          type: tensorType([rows, columns]),
          value: { case: 'blobFileValue', value: file.addBlob('fp32', rows * columns, weights(i)) },
        },
      },
    },
    { type: 'linear', inputs: { x: binding(i === 0 ? 'x' : `y${i}`), weight: binding(`w${i}`) }, outputs: [named(`y${i + 1}`, [columns])] },
  ]).flat()
  file.spec.type = create(ModelSchema, {
    type: {
      case: 'mlProgram',
      value: {
        version: 1n,
        functions: {
          main: {
            inputs: [named('x', [columns])],
            opset: 'CoreML6',
            blockSpecializations: { CoreML6: { outputs: [`y${layers}`], operations } },
          },
        },
      },
    },
  }).type
  await writeModel(file, path)
}
