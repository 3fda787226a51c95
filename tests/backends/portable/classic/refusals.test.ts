import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { makeClassicEvaluator } from '../../../../src/backends/portable/classic/make.ts'
import { appleOnly, refusalOf } from '../../../../src/backends/portable/classic/refuse.ts'
import { ArrayDataType, GLMClassEncoding, HandleUnknown } from '../../../../src/format/index.ts'
import { ModelSchema } from '../../../protobuf-schemas.ts'

type ModelInit = MessageInitShape<typeof ModelSchema>
const double = (name: string) => ({ name, type: { type: { case: 'doubleType' as const, value: {} } } })
const int64 = (name: string) => ({ name, type: { type: { case: 'int64Type' as const, value: {} } } })
const string = (name: string) => ({ name, type: { type: { case: 'stringType' as const, value: {} } } })
const array = (name: string, ...shape: number[]) => ({
  name,
  type: { type: { case: 'multiArrayType' as const, value: { shape, dataType: 0x10040 } } },
})
const make = (init: ModelInit) => makeClassicEvaluator(create(ModelSchema, init), 'model')
const coded = (code: string, message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) })

describe('models that run only elsewhere', () => {
  it("Apple's own types are named", () => {
    for (const [type, name] of Object.entries(appleOnly))
      expect(refusalOf(create(ModelSchema, { type: { case: type, value: {} } as never }), 'model')).toMatchObject(
        coded('ERR_MODEL_UNSUPPORTED', new RegExp(`model is an? ${name}, which runs only on Apple`)),
      )
  })

  it('custom and linked models say what they refer to', () => {
    const custom = create(ModelSchema, { type: { case: 'customModel', value: { className: 'MyClassifier' } } })
    expect(refusalOf(custom, 'model')).toMatchObject(coded('ERR_CUSTOM_MODEL', /class MyClassifier .* inside that app/))
    const linked = create(ModelSchema, {
      type: {
        case: 'linkedModel',
        value: { linkType: { case: 'linkedModelFile', value: { linkedModelFileName: { defaultValue: 'other.mlmodelc' } } } },
      },
    })
    expect(refusalOf(linked, 'stage 2')).toMatchObject(coded('ERR_LINKED_MODEL', /stage 2 is a link to another model, 'other.mlmodelc'/))
    expect(refusalOf(create(ModelSchema, {}), 'model')).toMatchObject(coded('ERR_MODEL_INVALID', /no model type/))
  })

  it('says nothing against the others', () => {
    expect(refusalOf(create(ModelSchema, { type: { case: 'identity', value: {} } }), 'model')).toBeUndefined()
  })
})

describe('specs that contradict themselves', () => {
  const bad = (init: ModelInit, message: RegExp) => expect(() => make(init)).toThrow(coded('ERR_MODEL_INVALID', message))
  const glm = (weights: number[][], offset: number[], labels: string[], more = {}): ModelInit => ({
    description: { input: [array('x', 2)], output: [string('label')], predictedFeatureName: 'label' },
    type: {
      case: 'glmClassifier',
      value: {
        weights: weights.map((vector) => ({ vector })),
        offset,
        classLabels: { case: 'stringClassLabels', value: { vector: labels } },
        ...more,
      },
    },
  })

  it('are refused when they are loaded', () => {
    bad(glm([], [], ['a']), /no weights/)
    bad(glm([[1, 2]], [], ['a', 'b']), /1 rows of weights, but 0 offsets/)
    bad(glm([[1, 2], [1]], [0, 0], ['a', 'b', 'c']), /differ in length/)
    bad(glm([[1, 2]], [0], ['a', 'b', 'c']), /belong to 2 classes; it has 3 labels/)
    bad(glm([[1, 2, 3]], [0], ['a', 'b']), /reads 3 feature values; its inputs hold 2/)
    bad(
      glm(
        [
          [1, 2],
          [3, 4],
        ],
        [0, 0],
        ['a', 'b', 'c'],
        { postEvaluationTransform: 1 },
      ),
      /probit is for two classes/,
    )
    const two = [
      [1, 2],
      [3, 4],
    ]
    bad(glm(two, [0, 0], ['a', 'b'], { classEncoding: GLMClassEncoding.OneVsRest }), /two classes share one row of weights; it has 2/)
    bad(
      { description: { input: [double('x')], output: [double('y')] }, type: { case: 'normalizer', value: { normType: 7 } } },
      /unknown norm 7/,
    )
    bad(
      { description: { input: [double('x'), double('z')], output: [double('y')] }, type: { case: 'scaler', value: {} } },
      /exactly one input; this one has 2/,
    )
    bad({ description: { input: [double('x')], output: [double('y')] }, type: { case: 'imputer', value: {} } }, /no imputed value/)
  })
})

describe('inputs that a model cannot take', () => {
  const failing = async (init: ModelInit, inputs: Parameters<ReturnType<typeof make>['run']>[0], message: RegExp) =>
    expect(make(init).run(inputs, {})).rejects.toThrow(coded('ERR_INPUT', message))

  it('are refused with the feature and its value', async () => {
    const encoder: ModelInit = {
      description: { input: [string('x')], output: [array('y', 2)] },
      type: { case: 'oneHotEncoder', value: { categoryType: { case: 'stringCategories', value: { vector: ['a', 'b'] } } } },
    }
    await failing(encoder, { x: 'c' }, /'x' has the unknown category "c"; known: "a", "b"/)
    await failing(encoder, {}, /input 'x' is missing/)
    const mapping: ModelInit = {
      description: { input: [string('x')], output: [int64('y')] },
      type: { case: 'categoricalMapping', value: { mappingType: { case: 'stringToInt64Map', value: { map: { a: 1n } } } } },
    }
    await failing(mapping, { x: 'z' }, /unknown category "z"/)
    const scaler: ModelInit = {
      description: { input: [int64('x')], output: [int64('y')] },
      type: { case: 'scaler', value: { scaleValue: [0.5] } },
    }
    await failing(scaler, { x: 3 }, /'y' is an integer \(int64\), but the scaled value is 1.5/)
    const int32 = (name: string) => ({
      name,
      type: { type: { case: 'multiArrayType' as const, value: { shape: [2], dataType: ArrayDataType.INT32 } } },
    })
    const doubling: ModelInit = {
      description: { input: [int32('x')], output: [int32('y')] },
      type: { case: 'scaler', value: { scaleValue: [2] } },
    }
    const large = { type: 'int32' as const, data: Int32Array.of(1, 2 ** 30), dims: [2] }
    await failing(doubling, { x: large }, /'y' is an integer \(int32\), but the scaled value is 2147483648/)
    const vectorizer: ModelInit = {
      description: { input: [array('x', 3)], output: [array('y', 3)] },
      type: { case: 'featureVectorizer', value: { inputList: [{ inputColumn: 'x', inputDimensions: 3 }] } },
    }
    await failing(vectorizer, { x: new Map([[3, 1]]) }, /'x' has the key 3; its 3 places are numbered from 0/)
    await failing(vectorizer, { x: 5 }, /'x' has 1 values; 3 are expected/)
  })

  it('are refused where no neighbour is near', async () => {
    const linear = { case: 'linearIndex' as const, value: {} }
    const tree = { case: 'singleKdTreeIndex' as const, value: { leafSize: 1 } }
    for (const indexType of [linear, tree]) {
      const neighbors: ModelInit = {
        description: { input: [array('x', 2)], output: [string('label')], predictedFeatureName: 'label' },
        type: {
          case: 'kNearestNeighborsClassifier',
          value: {
            nearestNeighborsIndex: {
              numberOfDimensions: 2,
              floatSamples: [{ vector: [0, 0] }, { vector: [1, 1] }, { vector: [1, 2] }],
              indexType,
              distanceFunction: { case: 'squaredEuclideanDistance', value: {} },
            },
            numberOfNeighbors: { defaultValue: 1n },
            classLabels: { case: 'stringClassLabels', value: { vector: ['a', 'b', 'c'] } },
            weightingScheme: { case: 'inverseDistanceWeighting', value: {} },
          },
        },
      }
      const at = (...x: number[]) => ({ x: { type: 'float64' as const, data: Float64Array.from(x), dims: [2] } })
      await failing(neighbors, at(1, Number.NaN), /input 'x' is not finite: no sample is at a finite distance/)
      await failing(neighbors, at(-Infinity, 0), /input 'x' is not finite: no sample is at a finite distance/)
      expect(await make(neighbors).run(at(1, 1.9), {})).toEqual({ label: 'c' })
    }
  })

  it('an encoder that ignores unknown categories gives zeros', async () => {
    const encoder = make({
      description: { input: [int64('x')], output: [array('y', 2)] },
      type: {
        case: 'oneHotEncoder',
        value: {
          categoryType: { case: 'int64Categories', value: { vector: [5n, 2n ** 60n] } },
          handleUnknown: HandleUnknown.IgnoreUnknown,
        },
      },
    })
    expect(await encoder.run({ x: 6 }, {})).toEqual({ y: { type: 'float64', data: Float64Array.of(0, 0), dims: [2] } })
    expect(await encoder.run({ x: 2n ** 60n }, {})).toEqual({ y: { type: 'float64', data: Float64Array.of(0, 1), dims: [2] } })
  })
})
