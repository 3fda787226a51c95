import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { makeBayesianProbitRegressor } from '../../../../src/backends/portable/classic/bayesian-probit.ts'
import { makeClassicEvaluator } from '../../../../src/backends/portable/classic/make.ts'
import { normalDistribution } from '../../../../src/backends/portable/classic/statistics.ts'
import { ArrayDataType, GLMClassEncoding, TreeNodeBehavior } from '../../../../src/format/index.ts'
import { BayesianProbitRegressorSchema, type FeatureDescriptionSchema, ModelSchema } from '../../../protobuf-schemas.ts'

type ModelInit = MessageInitShape<typeof ModelSchema>
type FeatureInit = MessageInitShape<typeof FeatureDescriptionSchema>
const feature = (name: string, isOptional = false) => ({ name, type: { type: { case: 'doubleType' as const, value: {} }, isOptional } })
const make = (init: ModelInit) => makeClassicEvaluator(create(ModelSchema, init), 'model')

/** Complete trees of one depth: 1 is added for each branch to the right. */
function forest(trees: number, depth: number, input: FeatureInit[] = [feature('a'), feature('b')]): ModelInit {
  const inner = 2 ** depth - 1
  const nodes = Array.from({ length: trees * (2 * inner + 1) }, (_, at) => {
    const treeId = Math.floor(at / (2 * inner + 1))
    const nodeId = at % (2 * inner + 1)
    if (nodeId >= inner)
      return {
        treeId,
        nodeId,
        nodeBehavior: TreeNodeBehavior.LeafNode,
        evaluationInfo: [{ evaluationIndex: 0, evaluationValue: nodeId - inner }],
      }
    return {
      treeId,
      nodeId,
      nodeBehavior: TreeNodeBehavior.BranchOnValueLessThan,
      branchFeatureIndex: nodeId % 2,
      branchFeatureValue: 0.5,
      trueChildNodeId: 2 * nodeId + 1,
      falseChildNodeId: 2 * nodeId + 2,
      missingValueTracksTrueChild: nodeId === 0,
    }
  })
  return {
    description: { input, output: [feature('y')] },
    type: { case: 'treeEnsembleRegressor', value: { treeEnsemble: { nodes, numPredictionDimensions: 1, basePredictionValue: [0.25] } } },
  }
}

describe('evaluators of classic models', () => {
  it('an optional input that is left out is a missing value', async () => {
    for (const trees of [1, 20]) {
      const model = make(forest(trees, 1, [feature('a', true), feature('b', true)]))
      expect(await model.run({ a: 0, b: 0 }, {})).toEqual({ y: 0.25 })
      expect(await model.run({ a: 1, b: 0 }, {})).toEqual({ y: 0.25 + trees })
      expect(await model.run({ b: 1 }, {})).toEqual({ y: 0.25 }) // the root sends missing values to its true child
    }
  })

  it('of two classes the second wins with more than a half', async () => {
    const label = (value: number) =>
      make({
        description: { input: [feature('a')], output: [feature('label')], predictedFeatureName: 'label' },
        type: {
          case: 'treeEnsembleClassifier',
          value: {
            treeEnsemble: {
              nodes: [{ nodeBehavior: TreeNodeBehavior.LeafNode, evaluationInfo: [{ evaluationValue: value }] }],
              numPredictionDimensions: 1,
              basePredictionValue: [0],
            },
            classLabels: { case: 'stringClassLabels', value: { vector: ['first', 'second'] } },
          },
        },
      }).run({ a: 0 }, {})
    expect([await label(0.5), await label(0.5 + 2 ** -53)]).toEqual([{ label: 'first' }, { label: 'second' }])
  })

  it("a long batch reads the caller's arrays before it lets other work run", async () => {
    const x = { name: 'x', type: { type: { case: 'multiArrayType' as const, value: { shape: [2], dataType: ArrayDataType.DOUBLE } } } }
    const model = make(forest(200, 6, [x]))
    const rows = Array.from({ length: 60_000 }, (_, row) => ({
      x: { type: 'float64' as const, data: Float64Array.of(row % 2, (row >> 1) % 2), dims: [2] },
    }))
    const expected = await Promise.all(rows.slice(0, 4).map((row) => model.run(row, {})))
    const running = model.runBatch!(rows, {})
    for (const { x } of rows) x.data.fill(7)
    const found = await running
    expect(found).toHaveLength(rows.length)
    expect(found.findIndex(({ y }, row) => y !== expected[row % 4]!.y)).toBe(-1)
  })

  it('the identity gives its input in memory of its own', async () => {
    const model = make({ description: { input: [feature('x')], output: [feature('x')] }, type: { case: 'identity', value: {} } })
    const x = { type: 'float32' as const, data: Float32Array.of(1), dims: [1] }
    const { x: given } = await model.run({ x }, {})
    x.data.fill(7)
    expect(given).toEqual({ type: 'float32', data: Float32Array.of(1), dims: [1] })
  })

  describe('non-maximum suppression', () => {
    const array = (name: string) => ({
      name,
      type: { type: { case: 'multiArrayType' as const, value: { dataType: ArrayDataType.DOUBLE } } },
    })
    const suppression = (iouThreshold: number, perClass?: boolean) =>
      make({
        description: { input: [array('confidence'), array('boxes')], output: [array('kept'), array('coordinates')] },
        type: {
          case: 'nonMaximumSuppression',
          value: {
            confidenceInputFeatureName: 'confidence',
            coordinatesInputFeatureName: 'boxes',
            confidenceOutputFeatureName: 'kept',
            coordinatesOutputFeatureName: 'coordinates',
            ...(perClass !== undefined && { suppressionMethod: { case: 'pickTop' as const, value: { perClass } } }),
            iouThreshold,
          },
        },
      })
    const matrix = (...rows: number[][]) => ({
      type: 'float64' as const,
      data: Float64Array.from(rows.flat()),
      dims: [rows.length, rows[0]!.length],
    })
    // 0.2 + 0.15 / 2 less 0.2 - 0.15 / 2 is more than 0.15 in double precision.
    const boxes = matrix([0.2, 0.2, 0.15, 0.15], [0.2, 0.2, 0.15, 0.15])

    it('suppresses no box with an IoU threshold of 1, however the sides are rounded', async () => {
      const inputs = { confidence: matrix([0.9], [0.8]), boxes }
      expect((await suppression(1, false).run(inputs, {})).kept).toEqual(inputs.confidence)
      expect((await suppression(0.99, false).run(inputs, {})).kept).toEqual(matrix([0.9]))
    })

    it('looks at all classes together where the model states no method', async () => {
      const inputs = { confidence: matrix([0.9, 0], [0, 0.8]), boxes }
      expect((await suppression(0.5).run(inputs, {})).kept).toEqual(matrix([0.9, 0]))
      expect((await suppression(0.5, true).run(inputs, {})).kept).toEqual(inputs.confidence)
    })
  })

  it('probabilities of a missing value are missing ones, one versus rest too', async () => {
    const model = make({
      description: { input: [feature('x')], output: [feature('label')], predictedFeatureName: 'label', predictedProbabilitiesName: 'p' },
      type: {
        case: 'glmClassifier',
        value: {
          weights: [{ vector: [1] }, { vector: [2] }, { vector: [3] }],
          offset: [0, 0, 0],
          classEncoding: GLMClassEncoding.OneVsRest,
          classLabels: { case: 'stringClassLabels', value: { vector: ['a', 'b', 'c'] } },
        },
      },
    })
    const missing = new Map(['a', 'b', 'c'].map((label) => [label, Number.NaN]))
    expect((await model.run({ x: Number.NaN }, {})).p).toEqual(missing)
    // Where every probability is 0, no class is more probable than another.
    const even = new Map(['a', 'b', 'c'].map((label) => [label, 1 / 3]))
    expect((await model.run({ x: -1e9 }, {})).p).toEqual(even)
  })

  it('a support vector machine that did not learn has the probabilities that LIBSVM 3.37 gives it', async () => {
    const of = (labels: string[]) => {
      const pairs = (labels.length * (labels.length - 1)) / 2
      return make({
        description: { input: [feature('x')], output: [feature('label')], predictedFeatureName: 'label', predictedProbabilitiesName: 'p' },
        type: {
          case: 'supportVectorClassifier',
          value: {
            kernel: { kernel: { case: 'linearKernel', value: {} } },
            supportVectors: { case: 'denseSupportVectors', value: { vectors: labels.map(() => ({ vector: [1] })) } },
            coefficients: labels.slice(1).map(() => ({ vector: labels.map(() => Number.NaN) })),
            numberOfSupportVectorsPerClass: labels.map(() => 1),
            rho: Array<number>(pairs).fill(Number.NaN),
            probA: Array<number>(pairs).fill(0),
            probB: Array<number>(pairs).fill(-0.2318),
            classLabels: { case: 'stringClassLabels', value: { vector: labels } },
          },
        },
      }).run({ x: 2 }, {})
    }
    expect(await of(['a', 'b'])).toEqual({
      label: 'b',
      p: new Map([
        ['a', 1e-7],
        ['b', 1 - 1e-7],
      ]),
    })
    const three = await of(['a', 'b', 'c'])
    expect(three.label).toBe('c')
    const expected = [2.441861115062112e-14, 2.930233289237321e-14, 0.9999999999999463]
    for (const [at, probability] of [...(three.p as Map<string, number>).values()].entries())
      expect(probability / expected[at]!).toBeCloseTo(1, 6)
  })

  it('a recommender takes the similar items of an item from all its entries', async () => {
    const sequence = { type: { case: 'sequenceType' as const, value: { type: { case: 'int64Type' as const, value: {} } } } }
    const scores = { type: { case: 'dictionaryType' as const, value: { keyType: { case: 'int64KeyType' as const, value: {} } } } }
    const entry = (itemId: bigint, similarityScore: number) => ({ itemId: 0n, similarItemList: [{ itemId, similarityScore }] })
    const model = make({
      description: { input: [{ name: 'items', type: sequence }], output: [{ name: 'scores', type: scores }] },
      type: {
        case: 'itemSimilarityRecommender',
        value: {
          itemItemSimilarities: [entry(1n, 0.5), entry(2n, 0.75)],
          itemInputFeatureName: 'items',
          recommendedItemScoreOutputFeatureName: 'scores',
        },
      },
    })
    const expected = new Map([
      [2, 0.75],
      [1, 0.5],
    ])
    expect(await model.run({ items: [0] }, {})).toEqual({ scores: expected })
  })

  it('a long batch lets other work run, and stops when it is aborted', async () => {
    const model = make(forest(200, 6))
    const rows = Array.from({ length: 60_000 }, (_, row) => ({ a: row % 2, b: (row >> 1) % 2 }))
    let turns = 0
    const count = setInterval(() => turns++, 1)
    const results = await model.runBatch!(rows, {})
    clearInterval(count)
    expect(results).toHaveLength(60_000)
    expect(results[3]).toEqual(await model.run(rows[3]!, {}))
    expect(turns).toBeGreaterThan(0)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 1)
    await expect(model.runBatch!(rows, { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('adds the time of the computation to what it was given', async () => {
    const timing = { nanoseconds: 5 }
    await make(forest(20, 4)).run({ a: 0, b: 1 }, { timing })
    expect(timing.nanoseconds).toBeGreaterThan(5)
  })
})

describe('sampled probability of Bayesian probit regression', () => {
  const parameters = create(BayesianProbitRegressorSchema, {
    bias: { mean: 0.4, precision: 4 },
    regressionInputFeatureName: 'x',
    samplingScaleInputFeatureName: 'scale',
    samplingTruncationInputFeatureName: 'bound',
    sampledProbabilityOutputFeatureName: 's',
  })
  const model = create(ModelSchema, {
    description: { output: [feature('s')] },
    type: { case: 'bayesianProbitRegressor', value: parameters },
  })
  const sample = (random: () => number, inputs = {}) => {
    const regressor = makeBayesianProbitRegressor({ model, parameters, label: 'model' }, random)
    return regressor.compute({ x: { type: 'int32', data: new Int32Array(0), dims: [0] }, ...inputs }).s as number
  }

  it('follows the quantiles of the score', () => {
    // The quantile of ⅛ is −1.1503493803760079 (statistical tables); deviation ½, mean 0.4.
    expect(sample(() => 0.125)).toBeCloseTo(normalDistribution(0.4 - 0.5 * 1.1503493803760079), 12)
    expect(sample(() => 0.5)).toBeCloseTo(normalDistribution(0.4), 12)
    expect(sample(() => 0.125, { scale: 2 })).toBeCloseTo(normalDistribution(0.4 - 1.1503493803760079), 12)
  })

  it('stays within the truncated range', () => {
    expect(sample(() => 0, { bound: 1.5 })).toBeCloseTo(normalDistribution(0.4 - 0.75), 12)
    expect(sample(() => 1, { bound: 1.5 })).toBeCloseTo(normalDistribution(0.4 + 0.75), 12)
    expect(sample(Math.random, { scale: 0 })).toBeCloseTo(normalDistribution(0.4), 12)
  })
})
