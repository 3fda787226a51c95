import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import { type FormattedImage, toFormat } from './formats.ts'

const deflateAsync = promisify(deflate)

function chunk(type: string, body: Uint8Array): Buffer {
  const out = Buffer.alloc(body.length + 12)
  out.writeUInt32BE(body.length, 0)
  out.write(type, 4, 'latin1')
  out.set(body, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length)
  return out
}

/** Encodes an image as PNG: grey for the grey formats (float values rounded to 0…255), RGBA otherwise. */
export async function encodePng(image: FormattedImage): Promise<Buffer> {
  const gray = image.format === 'gray8' || image.format === 'gray16f'
  const { width, height, data } = toFormat(image, gray ? 'gray8' : 'rgba')
  const stride = width * (gray ? 1 : 4)
  const rows = Buffer.alloc(height * (stride + 1)) // every row begins with its filter, 0 for none
  const pixels = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  for (let y = 0; y < height; y++) pixels.copy(rows, y * (stride + 1) + 1, y * stride, (y + 1) * stride)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, gray ? 0 : 6, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', await deflateAsync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
