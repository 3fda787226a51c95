import type { ImageFeature, MultiArrayFeature, ShapeFlexibility } from '../../src/model/description.ts'
import type { TensorType } from '../../src/model/tensor.ts'

/** A multiarray feature. */
export function multiArray(
  name: string,
  dataType: TensorType,
  shape: number[],
  flexibility: ShapeFlexibility = { kind: 'fixed' },
): MultiArrayFeature {
  return { type: 'multiArray', name, description: '', optional: false, dataType, shape, flexibility }
}

/** An image feature. */
export function image(name: string, width: number, height: number, parts: Partial<ImageFeature> = {}): ImageFeature {
  return {
    type: 'image',
    name,
    description: '',
    optional: false,
    width,
    height,
    colorSpace: 'rgb',
    flexibility: { kind: 'fixed' },
    ...parts,
  }
}

/** Name, description and need of a feature of any other type. */
export function base(name: string, optional = false) {
  return { name, description: '', optional }
}
