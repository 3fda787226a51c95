import { floatRange } from '../../onnx/float-range.ts'
import { categorical, normal, uniform } from '../../onnx/random.ts'
import type { Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { scalarOf, shapeVectorOf } from '../shapes.ts'

/** Layers that make values: constants, ranges, random numbers. The three forms take their shape from a tensor, a parameter or a vector. */

type Form = 'like' | 'static' | 'dynamic'

/** The shape that a generating layer asks for, as int64 vector. */
function shapeFor(layer: LayerContext<unknown>, form: Form, stated: readonly number[]): Value {
  const { graph } = layer
  if (form === 'like') return graph.shape(input(layer))
  if (form === 'static') return graph.ints(stated)
  // Less than nothing is nothing: a branch that is not taken may ask for it, and is lowered all the same.
  return graph.op('Max', [shapeVectorOf(graph, input(layer)), graph.scalar(0, 'int64')])
}

const fill = (form: Form) => (layer: LayerContext<{ value: number; targetShape: number[] }>) => {
  const { graph, params } = layer
  const shape = shapeFor(layer, form, params.targetShape)
  return graph.op('Expand', [graph.scalar(params.value), shape])
}

const randomNormal = (form: Form) => (layer: LayerContext<{ seed: bigint; mean: number; stdDev: number; outputShape: number[] }>) => {
  const { graph, params } = layer
  const values = normal(graph, shapeFor(layer, form, params.outputShape), params.seed)
  return graph.op('Add', [graph.op('Mul', [values, graph.scalar(params.stdDev)]), graph.scalar(params.mean)])
}

const randomUniform = (form: Form) => (layer: LayerContext<{ seed: bigint; minVal: number; maxVal: number; outputShape: number[] }>) => {
  const { graph, params } = layer
  const values = uniform(graph, shapeFor(layer, form, params.outputShape), params.seed)
  return graph.op('Add', [graph.op('Mul', [values, graph.scalar(params.maxVal - params.minVal)]), graph.scalar(params.minVal)])
}

const randomBernoulli = (form: Form) => (layer: LayerContext<{ seed: bigint; prob: number; outputShape: number[] }>) => {
  const { graph, params } = layer
  const values = uniform(graph, shapeFor(layer, form, params.outputShape), params.seed)
  return graph.cast(graph.op('Less', [values, graph.scalar(params.prob)]), 'float32')
}

export const generatorLayers: LayerTable = {
  fillLike: fill('like'),
  fillStatic: fill('static'),
  fillDynamic: fill('dynamic'),
  rangeStatic: (layer) => {
    const { graph, params } = layer
    const { startValue, endValue, stepSizeValue: step } = params
    if (step === 0) throw invalid(layer, 'its step is 0')
    const length = Math.max(0, Math.ceil((endValue - startValue) / step))
    return graph.floats(Array.from({ length }, (_, index) => startValue + index * step))
  },
  rangeDynamic: (layer) => {
    const { graph, params } = layer
    const scalar = (index: number, fallback: number) => {
      const value = layer.inputs[index]
      return value ? scalarOf(graph, value) : graph.scalar(fallback)
    }
    return floatRange(graph, scalar(1, params.startValue), scalar(0, 0), scalar(2, params.stepSizeValue))
  },
  randomNormalLike: randomNormal('like'),
  randomNormalStatic: randomNormal('static'),
  randomNormalDynamic: randomNormal('dynamic'),
  randomUniformLike: randomUniform('like'),
  randomUniformStatic: randomUniform('static'),
  randomUniformDynamic: randomUniform('dynamic'),
  randomBernoulliLike: randomBernoulli('like'),
  randomBernoulliStatic: randomBernoulli('static'),
  randomBernoulliDynamic: randomBernoulli('dynamic'),
  categoricalDistribution: (layer) => {
    const { graph, params } = layer
    const x = input(layer)
    const logits = params.isLogits ? x : graph.op('Log', [graph.op('Add', [x, graph.scalar(params.eps || 1e-10)])])
    const tempered = graph.op('Div', [logits, graph.scalar(params.temperature || 1)])
    return categorical(graph, graph.op('Softmax', [tempered], { axis: -1 }), params.numSamples, params.seed)
  },
}
