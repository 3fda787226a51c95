import type { DimensionRange, FeatureDescription, MultiArrayFeature } from './description.ts'
import { isWithin } from './shapes.ts'
import { isImage, isTensor } from './values.ts'

/** A shape as people write it: `1×3×224×224`, or `scalar`. */
export function shapeText(dims: readonly number[]): string {
  return dims.length === 0 ? 'scalar' : dims.join('×')
}

function rangeText({ min, max }: DimensionRange): string {
  return min === max ? String(min) : `${min}…${max ?? ''}`
}

/** Every shape that a multiarray feature takes. */
export function shapesText(feature: MultiArrayFeature): string {
  const { flexibility, shape } = feature
  if (flexibility.kind === 'range') return flexibility.ranges.map(rangeText).join('×')
  if (flexibility.kind === 'enumerated') {
    const shown = flexibility.shapes.slice(0, 8).map(shapeText)
    return shown.join(' or ') + (flexibility.shapes.length > shown.length ? ` or ${flexibility.shapes.length - shown.length} more` : '')
  }
  return shape.length === 0 ? 'any shape' : shapeText(shape)
}

/** Why a flexible feature does not take a shape, in Core ML's words, which programs look for; undefined where it has none. */
export function misfitText({ flexibility }: MultiArrayFeature, dims: readonly number[]): string | undefined {
  if (flexibility.kind === 'enumerated') return `MultiArray Shape (${dims.join(' x ')}) was not in enumerated set of allowed shapes`
  if (flexibility.kind !== 'range' || flexibility.ranges.length !== dims.length) return undefined
  const axis = flexibility.ranges.findIndex((range, index) => !isWithin(dims[index]!, range))
  const { min, max } = flexibility.ranges[axis]!
  return `Size (${dims[axis]}) of dimension (${axis}) is not in allowed range (${min}..${max ?? ''})`
}

/** What a feature takes or gives, in a few words: `float32 1×3×224×224`, `rgb image 224×224`. */
export function featureText(feature: FeatureDescription): string {
  switch (feature.type) {
    case 'multiArray':
      return `${feature.dataType} ${shapesText(feature)}`
    case 'state':
      return `${feature.dataType} state ${shapeText(feature.shape)}`
    case 'image': {
      const { flexibility } = feature
      const kind = feature.colorSpace === 'gray16f' ? 'gray float16' : feature.colorSpace
      if (flexibility.kind === 'range') return `${kind} image ${rangeText(flexibility.width)}×${rangeText(flexibility.height)}`
      if (flexibility.kind === 'enumerated')
        return `${kind} image ${flexibility.sizes.map((size) => `${size.width}×${size.height}`).join(' or ')}`
      return `${kind} image ${feature.width}×${feature.height}`
    }
    case 'dictionary':
      return `dictionary with ${feature.keyType} keys`
    case 'sequence':
      return `sequence of ${feature.elementType === 'string' ? 'strings' : 'integers'}`
    case 'int64':
      return 'integer'
    case 'double':
      return 'number'
    case 'string':
      return 'string'
  }
}

/** What a caller's value is, in a few words, for error messages. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return `the ${typeof value} ${value}`
  if (typeof value !== 'object') return `a ${typeof value}`
  if (isTensor(value)) return `a tensor ${String(value.type)} ${Array.isArray(value.dims) ? shapeText(value.dims) : ''}`.trim()
  if (isImage(value)) return `an image ${value.width}×${value.height}`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Map) return `a Map of ${value.size}`
  const name = value.constructor?.name ?? 'Object'
  if (ArrayBuffer.isView(value) && 'length' in value) return `a ${name} of ${String(value.length)}`
  return name === 'Object' ? 'a plain object' : `a ${name}`
}
