import { checkSize, imageError, maxDecodedBytes } from '../limits.ts'
import { damagedJpeg, type HuffmanTable } from './entropy.ts'

/** One component of a picture: luminance, say, or a chrominance of half its width. */
export interface Component {
  id: number
  /** Number of its quantization table. */
  quantization: number
  /** The table itself, as it is when the first scan of the component comes. */
  scale?: Uint16Array
  /** Blocks of 8×8 samples that one unit of an interleaved scan has of it, across and down: its samples relate to those of other components so. */
  h: number
  v: number
  /** Its own samples, without what fills the last blocks. */
  width: number
  height: number
  /** Blocks in memory, in whole units. */
  blocksAcross: number
  blocksDown: number
  /** Samples, in rows of whole blocks. */
  samples: Uint8Array
  /** Coefficients of all blocks, where several scans make them up. */
  coefficients?: Int16Array
  dc?: HuffmanTable
  ac?: HuffmanTable
  /** The DC coefficient of the block before. */
  before: number
}

/** What the header of a frame says. */
export interface Frame {
  progressive: boolean
  width: number
  height: number
  /** The largest `h` and `v` of its components. */
  h: number
  v: number
  /** Units of an interleaved scan, across and down. */
  unitsAcross: number
  unitsDown: number
  components: Component[]
}

/** What Huffman-coded frames of 8×8 blocks are not, by marker. */
function kindOfFrame(marker: number): string {
  if (marker >= 0xc9) return 'arithmetic coding'
  return marker === 0xc3 ? 'lossless coding' : 'hierarchical coding'
}

/** Reads a frame header. */
export function readFrame(marker: number, body: Uint8Array): Frame {
  if (marker > 0xc2) throw imageError(`the JPEG file has ${kindOfFrame(marker)}; baseline and progressive files are read`)
  const count = body[5] ?? 0
  if (body.length < 6 + 3 * count) throw damagedJpeg('its header is too short')
  if (body[0] !== 8) throw imageError(`the JPEG file has samples of ${body[0]} bits; those of 8 are read`)
  if (count !== 1 && count !== 3 && count !== 4) throw imageError(`the JPEG file has ${count} components; 1, 3 and 4 are read`)
  const [height, width] = [(body[1]! << 8) | body[2]!, (body[3]! << 8) | body[4]!]
  checkSize(width, height)
  const factors = Array.from({ length: count }, (_, i) => {
    const at = 6 + 3 * i
    const [h, v] = [body[at + 1]! >> 4, body[at + 1]! & 15]
    if (h < 1 || v < 1 || h > 4 || v > 4) throw damagedJpeg(`component ${i} has the sampling factors ${h}×${v}`)
    return { id: body[at]!, quantization: body[at + 2]!, h, v }
  })
  const [h, v] = [Math.max(...factors.map((factor) => factor.h)), Math.max(...factors.map((factor) => factor.v))]
  const [unitsAcross, unitsDown] = [Math.ceil(width / (8 * h)), Math.ceil(height / (8 * v))]
  const progressive = marker === 0xc2
  const units = factors.reduce((sum, factor) => sum + factor.h * factor.v, 0) * unitsAcross * unitsDown
  const bytes = units * 64 * (progressive ? 3 : 1)
  if (bytes > maxDecodedBytes) throw imageError(`the JPEG file is too large: it would take ${Math.round(bytes / 2 ** 20)} MB to decode`)
  const components = factors.map((factor): Component => {
    const [blocksAcross, blocksDown] = [unitsAcross * factor.h, unitsDown * factor.v]
    return {
      ...factor,
      width: Math.ceil((width * factor.h) / h),
      height: Math.ceil((height * factor.v) / v),
      blocksAcross,
      blocksDown,
      samples: new Uint8Array(blocksAcross * blocksDown * 64),
      ...(progressive && { coefficients: new Int16Array(blocksAcross * blocksDown * 64) }),
      before: 0,
    }
  })
  return { progressive, width, height, h, v, unitsAcross, unitsDown, components }
}
