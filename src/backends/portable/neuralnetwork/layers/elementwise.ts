import { UnaryOperation } from '../../../../format/index.ts'
import type { GraphBuilder } from '../../onnx/builder.ts'
import type { Value } from '../../onnx/value.ts'
import { input, invalid, type LayerContext, type LayerTable } from '../layer.ts'
import { toFloat } from '../shapes.ts'
import { linear } from './activation.ts'

/** Layers that compute each element by itself, or from elements of the same place. */

const unaryOp = (opType: string) => (layer: LayerContext<unknown>) => layer.graph.op(opType, [input(layer)])

/** Folds an op over all inputs from the left, with numpy's broadcasting. */
function chain(layer: LayerContext<unknown>, opType: string): Value {
  return layer.inputs.slice(1).reduce((left, right) => layer.graph.op(opType, [left, right]), input(layer))
}

const binaryOp = (opType: string) => (layer: LayerContext<unknown>) => layer.graph.op(opType, [input(layer), input(layer, 1)])

/** The second input, or the parameter that stands in for it. */
function right(layer: LayerContext<{ alpha: number }>): Value {
  return layer.inputs[1] ?? layer.graph.scalar(layer.params.alpha)
}

const comparison = (opType: string) => (layer: LayerContext<{ alpha: number }>) =>
  toFloat(layer.graph, layer.graph.op(opType, [input(layer), right(layer)]))

function truth(layer: LayerContext<unknown>, index = 0): Value {
  return layer.graph.cast(input(layer, index), 'bool')
}

const logical = (opType: string) => (layer: LayerContext<unknown>) =>
  toFloat(layer.graph, layer.graph.op(opType, [truth(layer), truth(layer, 1)]))

/** The remainder with the sign of the divisor. */
function floorMod(graph: GraphBuilder, x: Value, y: Value): Value {
  const zero = graph.scalar(0)
  const rest = graph.op('Mod', [x, y], { fmod: 1 })
  const differs = graph.op('Xor', [graph.op('Less', [rest, zero]), graph.op('Less', [y, zero])])
  const wrong = graph.op('And', [graph.op('Not', [graph.op('Equal', [rest, zero])]), differs])
  return graph.op('Where', [wrong, graph.op('Add', [rest, y]), rest])
}

export const elementwiseLayers: LayerTable = {
  unary: (layer) => {
    const { graph, params } = layer
    const x = linear(layer, input(layer), params.scale || 1, params.shift)
    const shifted = () => graph.op('Add', [x, graph.scalar(params.epsilon || 1e-6)])
    switch (params.type) {
      case UnaryOperation.SQRT:
        return graph.op('Sqrt', [x])
      case UnaryOperation.RSQRT:
        return graph.op('Reciprocal', [graph.op('Sqrt', [shifted()])])
      case UnaryOperation.INVERSE:
        return graph.op('Reciprocal', [shifted()])
      case UnaryOperation.POWER:
        return graph.op('Pow', [x, graph.scalar(params.alpha)])
      case UnaryOperation.EXP:
        return graph.op('Exp', [x])
      case UnaryOperation.LOG:
        // An epsilon counts where the file states one.
        return graph.op('Log', [params.epsilon === 0 ? x : shifted()])
      case UnaryOperation.ABS:
        return graph.op('Abs', [x])
      case UnaryOperation.THRESHOLD:
        return graph.op('Max', [x, graph.scalar(params.alpha)])
      default:
        throw invalid(layer, `unknown function ${params.type}`)
    }
  },
  clip: (layer) =>
    layer.graph.op('Min', [
      layer.graph.op('Max', [input(layer), layer.graph.scalar(layer.params.minVal)]),
      layer.graph.scalar(layer.params.maxVal),
    ]),
  ceil: unaryOp('Ceil'),
  floor: unaryOp('Floor'),
  sign: unaryOp('Sign'),
  round: unaryOp('Round'),
  exp2: (layer) => layer.graph.op('Pow', [layer.graph.scalar(2), input(layer)]),
  sin: unaryOp('Sin'),
  cos: unaryOp('Cos'),
  tan: unaryOp('Tan'),
  asin: unaryOp('Asin'),
  acos: unaryOp('Acos'),
  atan: unaryOp('Atan'),
  sinh: unaryOp('Sinh'),
  cosh: unaryOp('Cosh'),
  tanh: unaryOp('Tanh'),
  asinh: unaryOp('Asinh'),
  acosh: unaryOp('Acosh'),
  atanh: unaryOp('Atanh'),
  erf: unaryOp('Erf'),

  add: (layer) => (layer.inputs.length > 1 ? chain(layer, 'Add') : linear(layer, input(layer), 1, layer.params.alpha)),
  multiply: (layer) => (layer.inputs.length > 1 ? chain(layer, 'Mul') : linear(layer, input(layer), layer.params.alpha, 0)),
  average: (layer) => layer.graph.op('Div', [chain(layer, 'Add'), layer.graph.scalar(layer.inputs.length)]),
  max: (layer) => chain(layer, 'Max'),
  min: (layer) => chain(layer, 'Min'),
  dot: (layer) => {
    const { graph } = layer
    const channels = graph.ints([-3])
    const sum = (a: Value, b: Value) => graph.op('ReduceSum', [graph.op('Mul', [a, b]), channels], { keepdims: 1 })
    const [a, b] = [input(layer), input(layer, 1)]
    if (!layer.params.cosineSimilarity) return sum(a, b)
    return graph.op('Div', [sum(a, b), graph.op('Sqrt', [graph.op('Mul', [sum(a, a), sum(b, b)])])])
  },
  modBroadcastable: (layer) => floorMod(layer.graph, input(layer), input(layer, 1)),
  minBroadcastable: binaryOp('Min'),
  maxBroadcastable: binaryOp('Max'),
  addBroadcastable: binaryOp('Add'),
  powBroadcastable: binaryOp('Pow'),
  divideBroadcastable: binaryOp('Div'),
  floorDivBroadcastable: (layer) => layer.graph.op('Floor', [layer.graph.op('Div', [input(layer), input(layer, 1)])]),
  multiplyBroadcastable: binaryOp('Mul'),
  subtractBroadcastable: binaryOp('Sub'),

  equal: comparison('Equal'),
  notEqual: (layer) => toFloat(layer.graph, layer.graph.op('Not', [layer.graph.op('Equal', [input(layer), right(layer)])])),
  lessThan: comparison('Less'),
  lessEqual: comparison('LessOrEqual'),
  greaterThan: comparison('Greater'),
  greaterEqual: comparison('GreaterOrEqual'),
  logicalOr: logical('Or'),
  logicalXor: logical('Xor'),
  logicalAnd: logical('And'),
  logicalNot: (layer) => toFloat(layer.graph, layer.graph.op('Not', [truth(layer)])),

  whereNonZero: (layer) => {
    const { graph } = layer
    return toFloat(graph, graph.transpose(graph.op('NonZero', [input(layer)]), [1, 0]))
  },
  whereBroadcastable: (layer) => layer.graph.op('Where', [truth(layer), input(layer, 1), input(layer, 2)]),
}
