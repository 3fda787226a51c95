import { beginsWith, jpegSegments } from './jpeg-segments.ts'

/** Tag of the orientation in the first directory of EXIF data. */
const orientationTag = 0x0112

/** The orientation (1…8) that EXIF data (a TIFF structure) states; 1, which is upright, where it states none or makes no sense. */
export function orientationOfExif(tiff: Uint8Array): number {
  if (tiff.length < 8) return 1
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  const mark = view.getUint16(0)
  if (mark !== 0x4949 && mark !== 0x4d4d) return 1
  const little = mark === 0x4949
  const directory = view.getUint32(4, little)
  if (directory + 2 > tiff.length) return 1
  const entries = view.getUint16(directory, little)
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i
    if (entry + 12 > tiff.length) return 1
    if (view.getUint16(entry, little) !== orientationTag) continue
    const orientation = view.getUint16(entry + 8, little)
    return orientation >= 1 && orientation <= 8 ? orientation : 1
  }
  return 1
}

/** The orientation that a JPEG file states in its EXIF segment. */
export function orientationOfJpeg(jpeg: Uint8Array): number {
  for (const { marker, body } of jpegSegments(jpeg))
    if (marker === 0xe1 && beginsWith(body, 'Exif\0\0')) return orientationOfExif(body.subarray(6))
  return 1
}
