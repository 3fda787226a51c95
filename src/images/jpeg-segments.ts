/** A segment of a JPEG file's header. */
export interface JpegSegment {
  marker: number
  body: Uint8Array
}

/** The segments of a JPEG file in front of its first scan; those of a damaged file as far as they make sense. */
export function* jpegSegments(jpeg: Uint8Array): Generator<JpegSegment> {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength)
  for (let offset = 2; offset + 4 <= jpeg.length; ) {
    if (jpeg[offset] !== 0xff) return
    const marker = jpeg[offset + 1]!
    if (marker === 0xff) {
      offset++ // fill byte
      continue
    }
    if (marker === 0xda || marker === 0xd9) return
    const end = offset + 2 + Math.max(2, view.getUint16(offset + 2))
    yield { marker, body: jpeg.subarray(offset + 4, end) }
    offset = end
  }
}

/** Whether a segment begins with a text of ASCII characters. */
export function beginsWith(body: Uint8Array, text: string): boolean {
  return String.fromCharCode(...body.subarray(0, text.length)) === text
}

/** Frame headers are the markers C0…CF but for tables (C4, CC) and a reserved one (C8). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** What three components of a file are. */
export type JpegColors = 'RGB' | 'YCbCr'

/**
 * What the components of a file are, if it has three. Nothing in the format says so, but decoders agree: JFIF files hold YCbCr; in others Adobe's segment
 * tells, and without it components that are called R, G and B are just that.
 */
export function jpegColors(jpeg: Uint8Array): JpegColors | undefined {
  let jfif = false
  let transform: number | undefined
  let names: string | undefined
  for (const { marker, body } of jpegSegments(jpeg)) {
    if (marker === 0xe0 && beginsWith(body, 'JFIF\0')) jfif = true
    if (isAdobe(marker, body)) transform = body[11]
    if (isFrame(marker) && body[5] === 3) names = String.fromCharCode(body[6]!, body[9]!, body[12]!)
  }
  if (names === undefined) return undefined
  const rgb = transform === undefined ? names === 'RGB' : transform === 0
  return rgb && !jfif ? 'RGB' : 'YCbCr'
}

/** The file, without an Adobe segment that would have a decoder change its colours. */
export function withoutTransform(jpeg: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(jpeg)
  for (const { marker, body } of jpegSegments(copy)) if (isAdobe(marker, body)) body[11] = 0
  return copy
}

function isAdobe(marker: number, body: Uint8Array): boolean {
  return marker === 0xee && body.length > 11 && beginsWith(body, 'Adobe')
}
