import type { Dim } from './value.ts'

/**
 * How much has to be around `size` elements for windows over `extent` of them to give ceil(size / stride) results.
 * @returns null where only a run tells
 */
export function samePadding(size: Dim, extent: number, stride: number): Dim {
  // Any size is padded alike where the stride is 1, and none where the window is.
  if (stride === 1 || extent === 1) return Math.max(0, extent - 1)
  return size === null ? null : Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size)
}
