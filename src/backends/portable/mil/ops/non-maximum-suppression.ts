import { staticDim, type Value } from '../../onnx/value.ts'
import type { LoweringTable, OpContext } from '../context.ts'
import { range } from './common.ts'

/**
 * Boxes [n, B, 4] with scores [n, B, K] by falling best score, without those that overlap a better one too much.
 * What the op gives has a fixed size: a mask over all boxes is sorted, so that no shape depends on the data.
 */
function suppress(
  op: OpContext,
  boxes: Value,
  scores: Value,
  threshold: number | undefined,
): { boxes: Value; scores: Value; indices: Value; count: Value } {
  const { builder } = op
  const batch = staticDim(boxes, 0)
  const total = staticDim(boxes, 1)
  const classes = staticDim(scores, 2)
  const most = op.number('max_boxes')
  const lowest = builder.scalar(-3.4e38)
  if (total === 0) {
    const none = builder.scalar(0)
    return {
      boxes: builder.expand(none, [batch, most, 4]),
      scores: builder.expand(none, [batch, most, classes]),
      indices: builder.expand(builder.scalar(-1, 'int64'), [batch, most]),
      count: builder.expand(builder.scalar(0, 'int32'), [batch]),
    }
  }

  const best = builder.op('ReduceMax', [scores, builder.ints([2])], { keepdims: 0 })
  // A score that equals the threshold is not below it, which onnxruntime's own threshold would refuse.
  const passing =
    threshold === undefined ? best : builder.op('Where', [builder.op('GreaterOrEqual', [best, builder.scalar(threshold)]), best, lowest])
  // One row of scores for all boxes, or one for each class, in which the boxes of the others are out of the race.
  let contest = builder.unsqueeze(passing, [1])
  if (op.bool('per_class_suppression', false) && classes > 1) {
    const winner = builder.op('ArgMax', [scores], { axis: 2, keepdims: 0 })
    const own = builder.op('Equal', [builder.unsqueeze(winner, [1]), builder.reshape(range(builder, classes), [1, classes, 1])])
    contest = builder.op('Where', [own, contest, lowest])
  }
  const outOfRace = builder.scalar(-3.3e38)
  const selected = builder.op(
    'NonMaxSuppression',
    [boxes, contest, builder.scalar(total, 'int64'), builder.scalar(op.number('iou_threshold')), outOfRace],
    { center_point_box: 1 },
  )
  const places = builder.op('Gather', [selected, builder.ints([0, 2])], { axis: 1 })
  const ones = builder.op(
    'Expand',
    [builder.scalar(1), builder.op('Slice', [builder.op('Shape', [places]), builder.ints([0]), builder.ints([1])])],
    {},
    {
      types: [{ type: 'float32', dims: [null] }],
    },
  )
  const none = builder.expand(builder.scalar(0), [batch, total])
  const kept = builder.op('ScatterND', [none, places, ones])
  // If no box is good enough, the best one stands.
  const any = builder.op('ReduceMax', [kept, builder.ints([1])])
  const top = builder.op('ArgMax', [best], { axis: 1, keepdims: 1 })
  const isTop = builder.op('Equal', [builder.unsqueeze(range(builder, total), [0]), top])
  const fallback = builder.op('And', [isTop, builder.op('Equal', [any, builder.scalar(0)])])
  const survives = builder.op('Or', [fallback, builder.op('Greater', [kept, builder.scalar(0)])])

  const size = Math.min(most, total)
  const key = builder.op('Where', [survives, best, lowest])
  const order = builder.ops('TopK', [key, builder.ints([size])], { axis: 1 }, { outputs: 2 })[1]!
  const survivors = builder.op('ReduceSum', [builder.cast(survives, 'float32'), builder.ints([1])])
  const count = builder.op('Min', [survivors, builder.scalar(size)])
  const valid = builder.op('Less', [builder.unsqueeze(builder.cast(range(builder, size), 'float32'), [0]), count])
  const padded = (value: Value, fill: number): Value => {
    if (size === most) return value
    const pads = [...value.dims.map(() => 0), ...value.dims.map((_, axis) => (axis === 1 ? most - size : 0))]
    return builder.op('Pad', [value, builder.ints(pads), builder.scalar(fill, value.type)])
  }
  const pick = (value: Value): Value => {
    const rows = builder.op('GatherND', [value, builder.unsqueeze(order, [2])], { batch_dims: 1 })
    return padded(builder.op('Where', [builder.unsqueeze(valid, [2]), rows, builder.scalar(0)]), 0)
  }
  return {
    boxes: pick(boxes),
    scores: pick(scores),
    indices: padded(builder.op('Where', [valid, order, builder.scalar(-1, 'int64')]), -1),
    count: builder.cast(builder.reshape(count, [batch]), 'int32'),
  }
}

/** Object detection. */
export const nonMaximumSuppression: LoweringTable = {
  non_maximum_suppression: (op) => {
    const { builder } = op
    if (op.opset < 17) {
      const { boxes, scores, indices, count } = suppress(op, op.input('boxes'), op.input('scores'), op.number('score_threshold'))
      return [boxes, scores, indices, count]
    }
    // From iOS 17 on, boxes are columns, and there is no threshold.
    const swap = (value: Value) => builder.transpose(value, [0, 2, 1])
    const { boxes, scores, indices } = suppress(op, swap(op.input('boxes')), swap(op.input('scores')), undefined)
    return [swap(boxes), swap(scores), indices]
  },
}
