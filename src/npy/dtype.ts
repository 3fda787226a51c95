import { CoreMLError } from '../errors.ts'
import type { TensorType } from '../model/tensor.ts'

/** How the elements of a .npy file are stored. */
export interface Dtype {
  /** Element type, or 'string' for text (`U`) and byte strings (`S`). */
  type: TensorType | 'string'
  /** Bytes of one element. */
  size: number
  bigEndian: boolean
  /** Of strings: UTF-32 code points, or bytes. */
  unicode: boolean
}

const numeric: Readonly<Record<string, TensorType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  b1: 'bool',
}

/**
 * Reads numpy's short type text, such as `<f4`.
 * @throws CoreMLError ERR_INPUT for types that have no tensor form (complex, dates, Python objects, records)
 */
export function parseDtype(text: string): Dtype {
  const match = /^([<>=|]?)([a-zA-Z])(\d{0,9})$/.exec(text)
  const [, order, kind, digits] = match ?? []
  const bigEndian = order === '>'
  if (kind === 'U' || kind === 'S' || kind === 'a') {
    const unicode = kind === 'U'
    return { type: 'string', size: Number(digits || 0) * (unicode ? 4 : 1), bigEndian, unicode }
  }
  const type = kind === undefined ? undefined : numeric[`${kind}${digits}`]
  if (type) return { type, size: Number(digits), bigEndian, unicode: false }
  const hint = kind === 'O' ? ' (Python objects are never read: they can run code)' : ''
  throw new CoreMLError('ERR_INPUT', `numpy arrays of the type ${JSON.stringify(text)} are not read${hint}`)
}

/** numpy's short type text for an element type, little-endian. */
export function dtypeText(type: TensorType): string {
  const [code] = Object.entries(numeric).find(([, name]) => name === type)!
  return `${code.endsWith('1') ? '|' : '<'}${code}`
}
