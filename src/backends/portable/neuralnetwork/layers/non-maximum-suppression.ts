import type { NonMaximumSuppressionLayer } from '../../../../format/index.ts'
import { asValue } from '../../onnx/shape-element.ts'
import type { Value } from '../../onnx/value.ts'
import { input, type LayerContext, type LayerTable } from '../layer.ts'
import { scalarOf, toFloat, toInt64 } from '../shapes.ts'

/** The lowest float32: a score that no threshold lets pass. */
const lowest = -3.4028234663852886e38

/** A threshold or count: an input of one element where the layer has it, else its parameter; of shape [1]. */
function setting(layer: LayerContext<unknown>, index: number, fallback: number): Value {
  const given = layer.inputs[index]
  return given ? layer.graph.reshape(given, [1]) : layer.graph.floats([fallback])
}

/**
 * Scores as onnxruntime's op takes them, [batch, classes, boxes]: one row with the best score of each box; or, where classes are
 * suppressed apart, a row a class with the scores of the boxes that are best in it.
 */
function rowsOfScores(layer: LayerContext<NonMaximumSuppressionLayer>, scores: Value, best: Value): Value {
  const { graph } = layer
  if (!layer.params.perClassSuppression) return graph.unsqueeze(best, [1])
  const classes = graph.dim(scores, 2)
  const assigned = graph.unsqueeze(graph.op('ArgMax', [scores], { axis: 2, keepdims: 0 }), [1])
  const all =
    typeof classes === 'number'
      ? graph.ints([...Array(classes).keys()])
      : graph.op('Range', [graph.scalar(0, 'int64'), classes, graph.scalar(1, 'int64')])
  const own = graph.op('Equal', [assigned, graph.unsqueeze(all, [1])])
  return graph.op('Where', [own, graph.unsqueeze(best, [1]), graph.scalar(lowest)])
}

function nonMaximumSuppression(layer: LayerContext<NonMaximumSuppressionLayer>): Value[] {
  const { graph, params } = layer
  const boxes = input(layer)
  const scores = input(layer, 1)
  const overlap = setting(layer, 2, params.iouThreshold)
  const threshold = setting(layer, 3, params.scoreThreshold)
  const given = layer.inputs[4]
  const limit = given ? graph.reshape(toInt64(graph, given), [1]) : graph.ints([params.maxBoxes])

  const best = graph.op('ReduceMax', [scores, graph.ints([2])], { keepdims: 0 })
  // A score that equals the threshold passes, which onnxruntime's own threshold would not let.
  const passing = graph.op('Where', [graph.op('GreaterOrEqual', [best, threshold]), best, graph.scalar(lowest)])
  const within = graph.op('Min', [graph.op('Max', [overlap, graph.scalar(0)]), graph.scalar(1)])
  const selected = graph.op('NonMaxSuppression', [boxes, rowsOfScores(layer, scores, passing), limit, within, graph.floats([lowest])], {
    center_point_box: 1,
  })

  // A mask of the boxes that are left; where none is, the best box stands alone.
  const [batch, count] = graph.dims(best)
  const places = graph.op('Gather', [selected, graph.ints([0, 2])], { axis: 1 })
  const nothing = graph.expand(graph.scalar(0), graph.dims(best))
  const ones = graph.expand(graph.scalar(1), [graph.dim(places, 0)])
  const marked = graph.op('ScatterND', [nothing, places, ones])
  const none = graph.op('Equal', [graph.op('ReduceSum', [marked, graph.ints([1])], { keepdims: 1 }), graph.scalar(0)])
  const all = graph.op('Range', [graph.scalar(0, 'int64'), asValue(graph, count!), graph.scalar(1, 'int64')])
  const first = graph.op('Equal', [all, graph.op('ArgMax', [best], { axis: 1, keepdims: 1 })])
  const mask = graph.op('Or', [graph.cast(marked, 'bool'), graph.op('And', [none, first])])

  // Best first, and as many places as asked for, even where there are fewer boxes.
  const missing = graph.op('Max', [graph.op('Sub', [limit, graph.reshape(asValue(graph, count!), [1])]), graph.ints([0])])
  const filled = graph.op(
    'Pad',
    [
      graph.op('Where', [mask, best, graph.scalar(Number.NEGATIVE_INFINITY)]),
      graph.concat([graph.ints([0, 0, 0]), missing], 0),
      graph.scalar(Number.NEGATIVE_INFINITY),
    ],
    {},
    { types: [{ type: 'float32', dims: [best.dims[0]!, null] }] },
  )
  const indices = graph.ops('TopK', [filled, limit], { axis: 1 }, { outputs: 2 })[1]!
  const kept = graph.op('ReduceSum', [graph.cast(mask, 'float32'), graph.ints([1])], { keepdims: 1 })
  const number = graph.op('Min', [kept, graph.cast(limit, 'float32')])
  const order = graph.cast(graph.op('Range', [graph.scalar(0, 'int64'), scalarOf(graph, limit), graph.scalar(1, 'int64')]), 'float32')
  const valid = graph.op('Less', [order, number])

  const safe = graph.op('Where', [valid, indices, graph.scalar(0, 'int64')])
  const pick = (from: Value) => {
    const rows = graph.op('GatherND', [from, graph.unsqueeze(safe, [2])], { batch_dims: 1 })
    return graph.op('Where', [graph.unsqueeze(valid, [2]), rows, graph.scalar(0)])
  }
  return [pick(boxes), pick(scores), graph.op('Where', [valid, toFloat(graph, indices), graph.scalar(-1)]), graph.reshape(number, [batch!])]
}

export const nonMaximumSuppressionLayers: LayerTable = { NonMaximumSuppression: nonMaximumSuppression }
