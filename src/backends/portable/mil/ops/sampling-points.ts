import type { GraphBuilder, ShapeElement } from '../../onnx/builder.ts'
import { interpolation } from '../../onnx/interpolation.ts'
import { asValue } from '../../onnx/shape-element.ts'
import type { Value } from '../../onnx/value.ts'
import { range } from './common.ts'

/** Where the points of the output lie in the input, by the name that Core ML gives it. */
export type Sampling = 'STRICT_ALIGN_CORNERS' | 'ALIGN_CORNERS' | 'DEFAULT' | 'OFFSET_CORNERS' | 'UNALIGN_CORNERS'

/** A number or a scalar of the graph, as float32 value. */
export function float(builder: GraphBuilder, element: ShapeElement): Value {
  return typeof element === 'number' ? builder.scalar(element) : builder.cast(element, 'float32')
}

/**
 * Sampling points along one axis: first and distance, for `count` points over an interval of `extent` pixels
 * (the distance from the first pixel's centre to the last one's, plus one).
 */
export function spacing(builder: GraphBuilder, sampling: Sampling, extent: Value, count: ShapeElement): { first: Value; step: Value } {
  const times = (value: Value, factor: number) => builder.op('Mul', [value, builder.scalar(factor)])
  // `less` than `count`, but no less than one part.
  const parts = (value: Value, less = 0) => {
    if (typeof count === 'number') return times(value, 1 / Math.max(count - less, 1))
    const number = builder.op('Max', [builder.op('Sub', [float(builder, count), builder.scalar(less)]), builder.scalar(1)])
    return builder.op('Div', [value, number])
  }
  const last = builder.op('Sub', [extent, builder.scalar(1)])
  const zero = builder.scalar(0)
  switch (sampling) {
    case 'STRICT_ALIGN_CORNERS':
      return { first: zero, step: parts(last, 1) }
    case 'ALIGN_CORNERS': {
      const middle = times(last, 0.5)
      if (typeof count === 'number') return { first: count > 1 ? zero : middle, step: parts(last, 1) }
      const single = builder.op('Equal', [float(builder, count), builder.scalar(1)])
      return { first: builder.op('Where', [single, middle, zero]), step: parts(last, 1) }
    }
    case 'DEFAULT':
      return { first: zero, step: parts(extent) }
    case 'OFFSET_CORNERS': {
      const step = parts(builder.op('Max', [last, builder.scalar(1)]))
      return { first: times(step, 0.5), step }
    }
    case 'UNALIGN_CORNERS': {
      const step = parts(extent)
      return { first: builder.op('Sub', [times(step, 0.5), builder.scalar(0.5)]), step }
    }
  }
}

/** Weights [..., points, size] of `size` pixels at `positions` [..., points]. */
export function pixelWeights(builder: GraphBuilder, positions: Value, size: ShapeElement): Value {
  return interpolation(builder, positions, builder.cast(range(builder, size), 'float32'))
}

export function clamp(builder: GraphBuilder, positions: Value, size: ShapeElement): Value {
  const last = builder.op('Sub', [float(builder, size), builder.scalar(1)])
  return builder.op('Max', [builder.op('Min', [positions, last]), builder.scalar(0)])
}

/**
 * Which of `size` pixels are nearest to the sampling points of one axis, in whole numbers, so that no rounding decides between two at the same
 * distance: the latter is taken.
 */
export function nearestPixels(
  builder: GraphBuilder,
  sampling: 'OFFSET_CORNERS' | 'ALIGN_CORNERS',
  size: ShapeElement,
  count: ShapeElement,
): Value {
  const [one, two] = [builder.scalar(1, 'int64'), builder.scalar(2, 'int64')]
  const last = builder.op('Sub', [asValue(builder, size), one])
  const points = asValue(builder, count)
  const twice = builder.op('Mul', [range(builder, count), two])
  // Twice the point, as a fraction: (2 i + 1) max(last, 1) / count, or 2 i last / (count - 1).
  let numerator: Value
  let denominator: Value
  if (sampling === 'OFFSET_CORNERS') {
    numerator = builder.op('Mul', [builder.op('Add', [twice, one]), builder.op('Max', [last, one])])
    denominator = points
  } else {
    const middle = builder.op('Where', [builder.op('Equal', [points, one]), last, builder.scalar(0, 'int64')])
    numerator = builder.op('Add', [builder.op('Mul', [twice, last]), middle])
    denominator = builder.op('Max', [builder.op('Sub', [points, one]), one])
  }
  const nearest = builder.op('Div', [builder.op('Add', [numerator, denominator]), builder.op('Mul', [denominator, two])])
  return builder.op('Min', [nearest, last])
}
