import { CoreMLError } from '../../../errors.ts'
import type { FeatureDescription, ImageFeature, MultiArrayFeature } from '../../../model/description.ts'
import { elementCount } from '../../../model/tensor.ts'
import type { GraphBuilder } from '../onnx/builder.ts'
import { levelsOf, pixelsOf } from '../onnx/pixels.ts'
import { isStatic, type Value } from '../onnx/value.ts'
import { atLeastRank1, scalarOf } from './shapes.ts'

/** What the layers computed, as output features. */

/** The last three dimensions of a value, the others being 1: [channels, height, width]. */
function planes(graph: GraphBuilder, value: Value): Value {
  const rank = value.dims.length
  if (rank < 3) return graph.unsqueeze(value, [...Array(3 - rank).keys()])
  return graph.squeeze(value, [...Array(rank - 3).keys()])
}

function imageOutput(graph: GraphBuilder, feature: ImageFeature, value: Value): Value {
  const image = planes(graph, value)
  if (feature.colorSpace === 'gray16f') return graph.cast(graph.squeeze(image, [0]), 'float16')
  if (feature.colorSpace === 'gray') return graph.squeeze(levelsOf(graph, image), [0])
  return pixelsOf(graph, image, feature.colorSpace)
}

/** A result of rank 5 in the declared shape, where it has as many elements: without leading dimensions of one. */
function legacyArray(graph: GraphBuilder, feature: MultiArrayFeature, value: Value): Value {
  const full = value.dims.length === 4 ? graph.unsqueeze(value, [0]) : value
  const { shape } = feature
  const single = full.dims[0] === 1 && full.dims[1] === 1
  if (shape.length === 1 && single && full.dims[3] === 1 && full.dims[4] === 1) return graph.squeeze(full, [0, 1, 3, 4])
  if (shape.length === 3 && single) return graph.squeeze(full, [0, 1])
  return declaredArray(graph, feature, full)
}

/** A result in the declared shape, where it has as many elements. */
function declaredArray(graph: GraphBuilder, { shape }: MultiArrayFeature, value: Value): Value {
  const fits = shape.length > 0 && isStatic(value.dims) && elementCount(value.dims) === elementCount(shape)
  return fits ? graph.reshape(value, shape) : value
}

/**
 * What shape array outputs have: `exact`, as computed; `declared`, the declared one where that holds as many elements (networks over
 * images do so); `legacy`, without the leading dimensions of the rank 5 mapping.
 */
export type OutputShapes = 'exact' | 'declared' | 'legacy'

const arrays: Record<OutputShapes, (graph: GraphBuilder, feature: MultiArrayFeature, value: Value) => Value> = {
  exact: (_graph, _feature, value) => value,
  declared: declaredArray,
  legacy: legacyArray,
}

/** Declares an output feature of the graph. */
export function networkOutput(graph: GraphBuilder, feature: FeatureDescription, value: Value, shapes: OutputShapes): void {
  switch (feature.type) {
    case 'image':
      graph.output(imageOutput(graph, feature, value), feature.name)
      break
    case 'multiArray':
      graph.output(atLeastRank1(graph, arrays[shapes](graph, feature, value)), feature.name)
      break
    case 'int64':
    case 'double':
      graph.output(scalarOf(graph, value), feature.name)
      break
    default:
      throw new CoreMLError(
        'ERR_MODEL_INVALID',
        `the network computes numbers: its output "${feature.name}" is declared as ${feature.type}`,
      )
  }
}
