import { orientationOfJpeg } from './exif.ts'
import { pixelsOf } from './jpeg/colors.ts'
import { damagedJpeg, EntropyReader, type HuffmanTable, huffmanTable } from './jpeg/entropy.ts'
import { type Frame, readFrame } from './jpeg/frame.ts'
import { readScan, type Scan, transformBlocks, zigzag } from './jpeg/scan.ts'
import { colorsOfJpeg, isFrame, nextMarker } from './jpeg-segments.ts'
import type { Decoded } from './png-decode.ts'

/** What the segments of a file have said so far. */
interface Tables {
  quantization: (Uint16Array | undefined)[]
  dc: (HuffmanTable | undefined)[]
  ac: (HuffmanTable | undefined)[]
  /** Units between restart markers; 0 for none. */
  restartInterval: number
}

function readQuantization(body: Uint8Array, tables: Tables): void {
  for (let at = 0; at < body.length; ) {
    const head = body[at++]!
    const wide = head >> 4 > 0
    if (at + (wide ? 128 : 64) > body.length) throw damagedJpeg('a quantization table is too short')
    const table = new Uint16Array(64)
    for (const place of zigzag) {
      table[place] = wide ? (body[at]! << 8) | body[at + 1]! : body[at]!
      at += wide ? 2 : 1
    }
    tables.quantization[head & 15] = table
  }
}

function readHuffman(body: Uint8Array, tables: Tables): void {
  for (let at = 0; at < body.length; ) {
    const head = body[at]!
    const counts = body.subarray(at + 1, at + 17)
    const end = at + 17 + counts.reduce((sum, count) => sum + count, 0)
    if (end > body.length) throw damagedJpeg('a Huffman table is too short')
    const kind = head >> 4 === 0 ? tables.dc : tables.ac
    kind[head & 15] = huffmanTable(counts, body.subarray(at + 17, end))
    at = end
  }
}

/** Reads a scan header; its components get the tables that hold now. */
function readScanHeader(body: Uint8Array, frame: Frame, tables: Tables): Scan {
  const count = body[0] ?? 0
  if (count < 1 || count > 4 || body.length < 4 + 2 * count) throw damagedJpeg('the header of a scan has a wrong length')
  const components = Array.from({ length: count }, (_, i) => {
    const [id, which] = [body[1 + 2 * i]!, body[2 + 2 * i]!]
    const component = frame.components.find((candidate) => candidate.id === id)
    if (!component) throw damagedJpeg(`a scan has the component ${id}, which the picture has not`)
    component.scale ??= tables.quantization[component.quantization]
    if (!component.scale) throw damagedJpeg('a quantization table is missing')
    component.dc = tables.dc[which >> 4]
    component.ac = tables.ac[which & 15]
    return component
  })
  const [first, last, bits] = [body[1 + 2 * count]!, body[2 + 2 * count]!, body[3 + 2 * count]!]
  return { components, first, last, refined: bits >> 4, left: bits & 15 }
}

/** Reads all scans of a file. */
function readJpeg(bytes: Uint8Array): Frame {
  const tables: Tables = { quantization: [], dc: [], ac: [], restartInterval: 0 }
  let frame: Frame | undefined
  for (let offset = 2; ; ) {
    const { marker, body, end } = nextMarker(bytes, offset)
    offset = end
    if (marker === 0xd9) break
    if (isFrame(marker)) {
      if (frame) throw damagedJpeg('it has more than one picture')
      frame = readFrame(marker, body)
    } else if (marker === 0xdb) readQuantization(body, tables)
    else if (marker === 0xc4) readHuffman(body, tables)
    else if (marker === 0xdd) tables.restartInterval = (body[0]! << 8) | body[1]!
    else if (marker === 0xda) {
      if (!frame) throw damagedJpeg('a scan comes before its header')
      const reader = new EntropyReader(bytes, end)
      readScan(frame, readScanHeader(body, frame, tables), reader, tables.restartInterval)
      offset = reader.end
    }
  }
  if (!frame) throw damagedJpeg('it has no picture')
  if (frame.components.some(({ scale }) => !scale)) throw damagedJpeg('a component of its picture is missing')
  return frame
}

/**
 * Decodes baseline and progressive JPEG to the pixels that libjpeg gives with its default settings, to the bit. Colour profiles are ignored: the samples are
 * taken as sRGB.
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Decoded> {
  const frame = readJpeg(bytes)
  const { width, height, components } = frame
  components.forEach(transformBlocks)
  const data = pixelsOf(frame, colorsOfJpeg(bytes))
  return { image: { width, height, format: components.length === 1 ? 'gray8' : 'rgba', data }, orientation: orientationOfJpeg(bytes) }
}
