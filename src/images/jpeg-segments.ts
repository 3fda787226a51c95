import { damagedJpeg } from './jpeg/entropy.ts'

/** A segment of a JPEG file. */
export interface JpegSegment {
  marker: number
  body: Uint8Array
  /** Where the next segment, or the data of a scan, begins. */
  end: number
}

/** Markers that stand by themselves: restarts of data, its beginning and end, and one without meaning. */
function isBare(marker: number): boolean {
  return (marker >= 0xd0 && marker <= 0xd9) || marker === 0x01
}

/** The first segment from an offset on; what some cameras leave between segments is passed over. */
export function nextMarker(jpeg: Uint8Array, from: number): JpegSegment {
  let at = from
  // A marker is what follows a 255; more of those fill, and 0 says that the 255 is data.
  while (at + 1 < jpeg.length && (jpeg[at] !== 0xff || jpeg[at + 1] === 0 || jpeg[at + 1] === 0xff)) at++
  if (at + 1 >= jpeg.length) throw damagedJpeg('it is cut off')
  const marker = jpeg[at + 1]!
  if (isBare(marker)) return { marker, body: new Uint8Array(0), end: at + 2 }
  const end = at + 2 + Math.max(2, (jpeg[at + 2]! << 8) | jpeg[at + 3]!)
  if (end > jpeg.length) throw damagedJpeg('it is cut off')
  return { marker, body: jpeg.subarray(at + 4, end), end }
}

/** The segments of a JPEG file in front of its first scan. */
export function* jpegSegments(jpeg: Uint8Array): Generator<JpegSegment> {
  for (let offset = 2; ; ) {
    const segment = nextMarker(jpeg, offset)
    if (segment.marker === 0xda || segment.marker === 0xd9) return
    yield segment
    offset = segment.end
  }
}

/** Whether a segment begins with a text of ASCII characters. */
export function beginsWith(body: Uint8Array, text: string): boolean {
  return String.fromCharCode(...body.subarray(0, text.length)) === text
}

/** Frame headers are the markers C0…CF but for tables (C4, CC) and a reserved one (C8). */
export function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}

/** What the components of a file are. */
export type JpegColors = 'gray' | 'RGB' | 'YCbCr' | 'CMYK' | 'YCCK'

/**
 * What the components of a file are. Nothing in the format says so, but decoders agree: JFIF files hold YCbCr; in others Adobe's segment tells, and
 * without it three components that are called R, G and B are just that.
 */
export function colorsOfJpeg(jpeg: Uint8Array): JpegColors {
  let jfif = false
  let transform: number | undefined
  let names = ''
  for (const { marker, body } of jpegSegments(jpeg)) {
    if (marker === 0xe0 && beginsWith(body, 'JFIF\0')) jfif = true
    if (marker === 0xee && body.length > 11 && beginsWith(body, 'Adobe')) transform = body[11]
    if (isFrame(marker)) names = Array.from({ length: body[5]! }, (_, i) => String.fromCharCode(body[6 + 3 * i]!)).join('')
  }
  if (names.length === 1) return 'gray'
  if (names.length === 4) return transform === undefined || transform === 0 ? 'CMYK' : 'YCCK'
  const rgb = transform === undefined ? names === 'RGB' : transform === 0
  return rgb && !jfif ? 'RGB' : 'YCbCr'
}
