import { BareObject } from '../bare-object.ts'
import { copyOf, type HalfArray, type Tensor } from './tensor.ts'

/** Pixel layouts of an {@link Image}: 8 bits a channel, or half-precision grey. */
export type ImageFormat = 'rgba' | 'bgra' | 'gray8' | 'gray16f'

/** Raw pixels, rows packed. A browser's `ImageData` is one too (its `format` is 'rgba' by default). */
export interface Image {
  readonly width: number
  readonly height: number
  /** 'rgba' when absent. */
  readonly format?: ImageFormat
  /** 4 bytes a pixel for rgba and bgra, 1 for gray8, one half-precision float for gray16f. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array | HalfArray
}

/** A dictionary feature: string or integer keys to numbers. */
export type Dictionary = Map<string | number | bigint, number>

/** A sequence feature. */
export type Sequence = string[] | (number | bigint)[]

/**
 * What a backend takes and gives: the canonical form of a feature value. Integers beyond the safe range are `bigint`.
 * An image here always carries its `format`.
 */
export type FeatureValue = Tensor | Image | Dictionary | Sequence | string | number | bigint

/** Feature values by feature name. */
export type Features = Record<string, FeatureValue>

/** True for a {@link Tensor}. */
export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dims' in value && 'data' in value && 'type' in value
}

/** True for an {@link Image}. */
export function isImage(value: unknown): value is Image {
  return typeof value === 'object' && value !== null && 'width' in value && 'height' in value && 'data' in value
}

/** The value in memory that nobody else holds: it stays as it is when a caller changes, resizes or transfers its arrays. */
export function ownCopy(value: FeatureValue): FeatureValue {
  if (isTensor(value)) return { type: value.type, data: copyOf(value.data), dims: value.dims } satisfies Tensor
  if (isImage(value)) return { ...value, data: copyOf(value.data) }
  // Coercion makes dictionaries and sequences anew.
  return value
}

/** No values yet, in an object without a prototype: an optional feature that is left out may be called `constructor`. */
export function noFeatures(): Features {
  return new BareObject()
}

/** {@link ownCopy} of every value. */
export function ownCopies(features: Features): Features {
  const copies = noFeatures()
  for (const [name, value] of Object.entries(features)) copies[name] = ownCopy(value)
  return copies
}
