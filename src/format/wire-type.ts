import { ScalarType } from './descriptor.ts'

/** The protobuf wire types. */
export const WireType = { VARINT: 0, FIXED64: 1, BYTES: 2, GROUP_START: 3, GROUP_END: 4, FIXED32: 5 } as const

/** How a scalar is on the wire, one by one. */
export function wireTypeOf(scalar: ScalarType): number {
  switch (scalar) {
    case ScalarType.DOUBLE:
      return WireType.FIXED64
    case ScalarType.FLOAT:
      return WireType.FIXED32
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.BYTES
    default:
      return WireType.VARINT
  }
}

/** True for scalars of which lists are written as one run of bytes. */
export function isPackable(scalar: ScalarType): boolean {
  return wireTypeOf(scalar) !== WireType.BYTES
}
