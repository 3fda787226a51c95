import type { Source } from './source.ts'

const pickle = 'it is a Python pickle: convert the model with coremltools'

const marks: [offset: number, mark: string, hint: string][] = [
  [0, 'PK\x03\x04', 'it is a ZIP archive: unpack it and open what is inside'],
  [0, 'version https://git-lfs', 'it is a Git LFS pointer: fetch the file itself with "git lfs pull"'],
  [0, '{', 'it is a JSON file: open the folder that it describes'],
  [0, '\x89PNG', 'it is a PNG image'],
  [0, '\xff\xd8\xff', 'it is a JPEG image'],
  [0, '\x1f\x8b', 'it is compressed with gzip: unpack it and open what is inside'],
  [257, 'ustar', 'it is a tar archive: unpack it and open what is inside'],
  [0, '\x89HDF\r\n', 'it is an HDF5 file, as Keras writes them: convert it with coremltools'],
  [4, 'TFL3', 'it is a TensorFlow Lite model: convert the model that it was made from with coremltools'],
  [5, '\0\0\0{"', 'it is a safetensors file, which holds weights alone: convert the model with coremltools'],
  [0, 'GGUF', 'it is a GGUF file, which Core ML does not read'],
  [0, '\x80\x02', pickle],
  [0, '\x80\x04', pickle],
  [0, '\x80\x05', pickle],
]

/**
 * Both formats begin with a version. Core ML's goes on with the description, a message in field 2; ONNX has the producer's name in that field, or
 * one of the fields from 3 to 8, which Core ML has not.
 */
function isOnnx(start: Uint8Array): boolean {
  const [version, number = 0, tag = 0, length = 0] = start
  if (version !== 0x08 || number > 0x7f) return false
  const field = tag >> 3
  const producer = Buffer.from(start.subarray(4, 4 + length)).toString('latin1')
  return (field >= 3 && field <= 8) || (tag === 0x12 && /^[A-Za-z][\w .:/-]+$/.test(producer))
}

/** What a file that could not be read may be instead, if its first bytes tell. */
export function mistakenFor(source: Source): string | undefined {
  const start = Buffer.alloc(Math.min(source.size, 262))
  source.read(start, 0)
  const text = start.toString('latin1')
  const mistake = marks.find(([offset, mark]) => text.startsWith(mark, offset))
  if (mistake) return mistake[2]
  if (isOnnx(start)) return 'it is an ONNX model: run it with onnxruntime-node'
  // A link of a repository that was checked out as a file holds the path that it leads to.
  const first = text.slice(0, 32)
  return /^[\t\n\r -~]+$/.test(first) ? `it is a text, which begins with ${JSON.stringify(first)}` : undefined
}
