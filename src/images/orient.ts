/**
 * Turns pixels upright.
 * @param orientation EXIF orientation, 1…8
 * @param channels bytes a pixel
 */
export function orient(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
  orientation: number,
): { data: Uint8Array; width: number; height: number } {
  if (orientation <= 1 || orientation > 8) return { data, width, height }
  // Orientations 5…8 swap the axes; `mirrorX` and `mirrorY` say from which end of the stored image the upright axes run.
  const swap = orientation >= 5
  const mirrorX = [2, 3, 7, 8].includes(orientation)
  const mirrorY = [3, 4, 6, 7].includes(orientation)
  const [outWidth, outHeight] = swap ? [height, width] : [width, height]
  const out = new Uint8Array(data.length)
  let to = 0
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      const [alongX, alongY] = swap ? [y, x] : [x, y]
      const sourceX = mirrorX ? width - 1 - alongX : alongX
      const sourceY = mirrorY ? height - 1 - alongY : alongY
      let from = (sourceY * width + sourceX) * channels
      for (let c = 0; c < channels; c++) out[to++] = data[from++]!
    }
  }
  return { data: out, width: outWidth, height: outHeight }
}
