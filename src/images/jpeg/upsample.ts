import type { Component, Frame } from './frame.ts'

/** Writes one row of a component, in the width of the picture or a few samples more. */
export type RowReader = (row: number, out: Uint8Array) => void

/** Each sample stands for as many pixels. */
function repeated({ samples, blocksAcross, h, v }: Component, frame: Frame): RowReader {
  const stride = 8 * blocksAcross
  return (row, out) => {
    const line = Math.floor((row * v) / frame.v) * stride
    if (h === frame.h) out.set(samples.subarray(line, line + frame.width))
    else for (let x = 0; x < frame.width; x++) out[x] = samples[line + Math.floor((x * h) / frame.h)]!
  }
}

/** Twice the width: a pixel is a quarter of the way from its sample to the neighbour on its side. */
function doubledAcross({ samples, blocksAcross, width }: Component): RowReader {
  const stride = 8 * blocksAcross
  return (row, out) => {
    const line = row * stride
    for (let x = 0; x < width; x++) {
      const near = 3 * samples[line + x]!
      out[2 * x] = (near + samples[line + Math.max(0, x - 1)]! + 1) >> 2
      out[2 * x + 1] = (near + samples[line + Math.min(width - 1, x + 1)]! + 2) >> 2
    }
  }
}

/** The rows of samples that a row of twice their number lies between: the nearer one first. */
function rowsBeside(row: number, height: number): [near: number, far: number] {
  const near = row >> 1
  return [near, row % 2 === 0 ? Math.max(0, near - 1) : Math.min(height - 1, near + 1)]
}

/** Twice the height. */
function doubledDown({ samples, blocksAcross, width, height }: Component): RowReader {
  const stride = 8 * blocksAcross
  return (row, out) => {
    const [near, far] = rowsBeside(row, height).map((line) => line * stride) as [number, number]
    const rounding = row % 2 === 0 ? 1 : 2
    for (let x = 0; x < width; x++) out[x] = (3 * samples[near + x]! + samples[far + x]! + rounding) >> 2
  }
}

/** Twice the width and height. */
function doubled({ samples, blocksAcross, width, height }: Component): RowReader {
  const stride = 8 * blocksAcross
  const sums = new Uint16Array(width)
  return (row, out) => {
    const [near, far] = rowsBeside(row, height).map((line) => line * stride) as [number, number]
    for (let x = 0; x < width; x++) sums[x] = 3 * samples[near + x]! + samples[far + x]!
    for (let x = 0; x < width; x++) {
      const sum = 3 * sums[x]!
      out[2 * x] = (sum + sums[Math.max(0, x - 1)]! + 8) >> 4
      out[2 * x + 1] = (sum + sums[Math.min(width - 1, x + 1)]! + 7) >> 4
    }
  }
}

/**
 * Gives the rows of a component in the size of the picture. Halves are interpolated with a triangle filter and libjpeg's rounding, which alternates so that
 * levels do not drift; what is coarser, or too narrow for libjpeg's filter, is repeated as there.
 */
export function rowsOf(component: Component, frame: Frame): RowReader {
  const [across, down] = [frame.h / component.h, frame.v / component.v]
  const isWide = component.width > 2
  if (across === 2 && down === 1 && isWide) return doubledAcross(component)
  if (across === 2 && down === 2 && isWide) return doubled(component)
  if (across === 1 && down === 2) return doubledDown(component)
  return repeated(component, frame)
}
