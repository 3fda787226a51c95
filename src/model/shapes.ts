import type { DimensionRange, MultiArrayFeature } from './description.ts'
import { elementCount } from './tensor.ts'

/** True if a feature with this range takes a dimension of this size. */
export function isWithin(dim: number, { min, max }: DimensionRange): boolean {
  return dim >= min && (max === null || dim <= max)
}

/** True if the feature takes exactly this shape. */
export function acceptsShape(feature: MultiArrayFeature, dims: readonly number[]): boolean {
  const { flexibility, shape } = feature
  const same = (other: readonly number[]) => other.length === dims.length && other.every((dim, axis) => dim === dims[axis])
  switch (flexibility.kind) {
    case 'fixed':
      return shape.length === 0 || same(shape)
    case 'enumerated':
      return same(shape) || flexibility.shapes.some(same)
    case 'range':
      return flexibility.ranges.length === dims.length && flexibility.ranges.every((range, axis) => isWithin(dims[axis]!, range))
  }
}

/** True for a shape with sequence and batch in front, of a feature that takes such; a declared vector may have a height and width of 1 behind. */
function acceptsSequence(feature: MultiArrayFeature, dims: readonly number[]): boolean {
  if (!feature.takesSequences || dims.length > 5) return false
  const rank = feature.flexibility.kind === 'range' ? feature.flexibility.ranges.length : feature.shape.length
  const vectors = rank === 1 && dims.length > 3 && dims.slice(-2).every((dim) => dim === 1) ? dims.slice(0, -2) : dims
  return vectors.length > rank && acceptsShape(feature, vectors.slice(-rank))
}

/**
 * The shape in which the feature takes a tensor of these dimensions: the same one, or one that differs in leading ones only.
 * Undefined where it takes none.
 */
export function fitShape(feature: MultiArrayFeature, dims: readonly number[]): number[] | undefined {
  if (acceptsShape(feature, dims)) return [...dims]
  let squeezed = [...dims]
  while (squeezed[0] === 1) {
    squeezed = squeezed.slice(1)
    if (acceptsShape(feature, squeezed)) return squeezed
  }
  if (acceptsSequence(feature, dims)) return [...dims]
  let padded = [...dims]
  const ranks =
    feature.flexibility.kind === 'enumerated'
      ? feature.flexibility.shapes.map((shape) => shape.length)
      : [feature.flexibility.kind === 'range' ? feature.flexibility.ranges.length : feature.shape.length]
  const deepest = Math.max(feature.shape.length, ...ranks)
  while (padded.length < deepest) {
    padded = [1, ...padded]
    if (acceptsShape(feature, padded)) return padded
  }
  return undefined
}

/** The shape of a flat array of `count` elements, where the model leaves only one possibility; else undefined. */
export function shapeOfCount(feature: MultiArrayFeature, count: number): number[] | undefined {
  const { flexibility, shape } = feature
  if (shape.length === 0 && flexibility.kind === 'fixed') return [count]
  if (shape.length > 0 && elementCount(shape) === count) return [...shape]
  if (flexibility.kind === 'enumerated') {
    const fitting = flexibility.shapes.filter((candidate) => elementCount(candidate) === count)
    return fitting.length === 1 ? [...fitting[0]!] : undefined
  }
  if (flexibility.kind === 'range') {
    const free = flexibility.ranges.findIndex(({ min, max }) => min !== max)
    const others = flexibility.ranges.filter((_, axis) => axis !== free)
    if (free < 0 || others.some(({ min, max }) => min !== max)) return undefined
    const rest = elementCount(others.map(({ min }) => min))
    if (rest === 0 || count % rest !== 0) return undefined
    const dims = flexibility.ranges.map(({ min }, axis) => (axis === free ? count / rest : min))
    return acceptsShape(feature, dims) ? dims : undefined
  }
  return undefined
}
