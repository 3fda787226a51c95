import { CoreMLError } from '../errors.ts'
import { bytesOf, elementCount, elementSize, type Tensor, type TensorType, typedArray } from '../model/tensor.ts'
import { type Dtype, dtypeText, parseDtype } from './dtype.ts'

/** An array of strings, as numpy's `<U…` arrays are. */
export interface StringArray {
  readonly type: 'string'
  readonly data: string[]
  readonly dims: readonly number[]
}

/** What a .npy file holds. */
export type NpyArray = Tensor | StringArray

const magic = '\x93NUMPY'

function invalid(text: string): CoreMLError {
  return new CoreMLError('ERR_INPUT', `not a sound .npy file: ${text}`)
}

interface Header {
  dtype: Dtype
  fortran: boolean
  dims: number[]
  dataOffset: number
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 10 || Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== magic)
    throw invalid('it does not begin with \\x93NUMPY')
  const major = bytes[6]!
  if (major < 1 || major > 3) throw invalid(`version ${major} is unknown`)
  const start = major === 1 ? 10 : 12
  if (bytes.length < start) throw invalid('it is cut off in its header')
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (start + length > bytes.length) throw invalid('it is cut off in its header')
  const text = Buffer.from(bytes.subarray(start, start + length)).toString(major === 3 ? 'utf8' : 'latin1')
  const descr = /['"]descr['"]\s*:\s*(['"])(.*?)\1/.exec(text)?.[2]
  const fortran = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /['"]shape['"]\s*:\s*\(([^)]*)\)/.exec(text)?.[1]
  if (descr === undefined && /['"]descr['"]\s*:\s*\[/.test(text)) throw new CoreMLError('ERR_INPUT', 'numpy arrays of records are not read')
  if (descr === undefined || fortran === undefined || shape === undefined) throw invalid('its header lacks descr, fortran_order or shape')
  const parts = shape.split(',').map((part) => part.trim())
  if (parts.at(-1) === '') parts.pop()
  if (!parts.every((part) => /^\d{1,15}L?$/.test(part))) throw invalid(`its shape is (${shape})`)
  return {
    dtype: parseDtype(descr),
    fortran: fortran === 'True',
    dims: parts.map((part) => Number.parseInt(part, 10)),
    dataOffset: start + length,
  }
}

/** The bytes of the elements in row-major order and the byte order of this machine. */
function normalise(source: Uint8Array, { dtype, fortran, dims }: Header, unit: number): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(source)
  const swap = dtype.bigEndian
  if (swap && unit > 1) {
    for (let at = 0; at < bytes.length; at += unit) bytes.subarray(at, at + unit).reverse()
  }
  if (!fortran || dims.length < 2) return bytes
  const out = new Uint8Array(bytes.length)
  const { size } = dtype
  // Walks the result in row-major order; `index` counts the coordinates, `from` follows in the column-major source.
  const strides = dims.map((_, axis) => elementCount(dims.slice(0, axis)))
  const index = dims.map(() => 0)
  for (let to = 0, from = 0; to < out.length; to += size) {
    out.set(bytes.subarray(from * size, (from + 1) * size), to)
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      index[axis] = index[axis]! + 1
      from += strides[axis]!
      if (index[axis]! < dims[axis]!) break
      from -= strides[axis]! * dims[axis]!
      index[axis] = 0
    }
  }
  return out
}

/** Text of a fixed-length element: zero code points at the end are padding. */
function readString(bytes: Uint8Array<ArrayBuffer>, offset: number, { size, unicode }: Dtype): string {
  if (!unicode)
    return Buffer.from(bytes.subarray(offset, offset + size))
      .toString('latin1')
      .replace(/\0+$/, '')
  const points = new Uint32Array(bytes.buffer, offset, size / 4)
  let end = points.length
  while (end > 0 && points[end - 1] === 0) end--
  let text = ''
  for (const point of points.subarray(0, end)) {
    if (point > 0x10ffff) throw invalid('a string holds no Unicode')
    text += String.fromCodePoint(point)
  }
  return text
}

/**
 * Reads a .npy file: every number type, bool and strings, either byte order, row- and column-major.
 * @throws CoreMLError ERR_INPUT for damaged files and types that have no tensor form
 */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  const header = readHeader(bytes)
  const { dtype, dims, dataOffset } = header
  const count = elementCount(dims)
  const length = count * dtype.size
  const present = bytes.length - dataOffset
  if (!Number.isSafeInteger(length) || present < length) throw invalid(`${length} bytes of elements are announced, ${present} are there`)
  // Strings of no length take no bytes, so their count is not bound by the file's size.
  if (dtype.size === 0 && count > 1e6) throw invalid(`${count} empty strings`)
  const data = normalise(
    bytes.subarray(dataOffset, dataOffset + length),
    header,
    dtype.type === 'string' ? (dtype.unicode ? 4 : 1) : dtype.size,
  )
  if (dtype.type === 'string')
    return { type: 'string', data: Array.from({ length: count }, (_, i) => readString(data, i * dtype.size, dtype)), dims }
  return { type: dtype.type, data: typedArray(dtype.type, data.buffer, 0, count), dims }
}

function header(descr: string, dims: readonly number[]): Buffer {
  const shape = dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`
  const version2 = text.length + 65 > 65535
  const start = version2 ? 12 : 10
  // numpy aligns the elements to 64 bytes.
  const padded = `${text.padEnd(Math.ceil((start + text.length + 1) / 64) * 64 - start - 1)}\n`
  const head = Buffer.alloc(start)
  head.write(magic, 'latin1')
  head[6] = version2 ? 2 : 1
  if (version2) head.writeUInt32LE(padded.length, 8)
  else head.writeUInt16LE(padded.length, 8)
  return Buffer.concat([head, Buffer.from(padded, 'latin1')])
}

/** Writes a tensor or strings as a .npy file, version 1.0, little-endian, row-major. */
export function encodeNpy(array: NpyArray): Buffer {
  const { dims } = array
  if (array.type === 'string') {
    const points = array.data.map((text) => Array.from(text, (character) => character.codePointAt(0)!))
    const longest = points.reduce((most, list) => Math.max(most, list.length), 1)
    const out = new Uint32Array(points.length * longest)
    for (const [i, list] of points.entries()) out.set(list, i * longest)
    return Buffer.concat([header(`<U${longest}`, dims), bytesOf(out)])
  }
  const type: TensorType = array.type
  const bytes = bytesOf(array.data)
  if (bytes.length !== elementCount(dims) * elementSize[type]) {
    throw new CoreMLError('ERR_INPUT', `a ${type} tensor of dims (${dims.join(', ')}) cannot hold ${array.data.length} elements`)
  }
  return Buffer.concat([header(dtypeText(type), dims), bytes])
}
