/** The kinds of image files that are recognised, by what errors call them. */
export type ImageFileKind = 'PNG' | 'JPEG' | 'GIF' | 'WebP' | 'HEIC or AVIF' | 'BMP' | 'TIFF'

/** The kind of image file that the bytes begin like; undefined for other bytes. */
export function imageFileKind(bytes: Uint8Array): ImageFileKind | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length)).toString('latin1')
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG'
  if (head.startsWith('\xff\xd8\xff')) return 'JPEG'
  if (head.startsWith('GIF8')) return 'GIF'
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'WebP'
  if (head.slice(4, 8) === 'ftyp') return 'HEIC or AVIF'
  if (head.startsWith('BM')) return 'BMP'
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'TIFF'
  return undefined
}

/** True for files that macOS alone reads: {@link decodeImage} knows PNG and JPEG, which give the same pixels on every machine. */
export function needsSystemDecoder(bytes: Uint8Array): boolean {
  const kind = imageFileKind(bytes)
  return kind !== undefined && kind !== 'PNG' && kind !== 'JPEG'
}
