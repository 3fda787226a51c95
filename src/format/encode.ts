import { type FieldDescriptor, type Message, type MessageDescriptor, type MessageShape, ScalarType } from './descriptor.ts'
import { type Payload, PayloadSchema } from './gen/common_pb.ts'
import { type BlobFileValue, BlobFileValueSchema } from './gen/program_pb.ts'
import { isPackable, WireType, wireTypeOf } from './wire-type.ts'
import { int64Size, varintSize, WireWriter } from './wire-writer.ts'

/** A piece of an encoded message: bytes, or the place of weights to copy. */
export type Segment = Uint8Array | Payload

type Fields = Record<string, unknown>

/** Puts another reference to a weight file in the place of one. */
export type ReplaceBlob = (value: BlobFileValue) => BlobFileValue

class Encoder {
  readonly #replaceBlob: ReplaceBlob | undefined
  /** Sizes of messages in the order in which they are met, so that writing meets them again in the same order. */
  readonly #sizes: number[] = []
  #next = 0
  readonly #writer = new WireWriter()
  readonly segments: Segment[] = []

  constructor(replaceBlob: ReplaceBlob | undefined) {
    this.#replaceBlob = replaceBlob
  }

  encode(desc: MessageDescriptor, message: Message): void {
    this.#measure(desc, message)
    this.#next = 1
    this.#write(desc, message)
    this.#flush()
  }

  #flush(): void {
    const bytes = this.#writer.take()
    if (bytes.length > 0) this.segments.push(bytes)
  }

  #replaced(desc: MessageDescriptor, message: Message): Message {
    if (this.#replaceBlob === undefined || desc.typeName !== BlobFileValueSchema.typeName) return message
    return this.#replaceBlob(message as BlobFileValue)
  }

  /** Measures a message without its own tag and length. */
  #measure(desc: MessageDescriptor, original: Message): number {
    const message = this.#replaced(desc, original)
    const slot = this.#sizes.push(0) - 1
    let size = 0
    for (const field of desc.fields) {
      const value = presentValue(field, message as unknown as Fields)
      if (value !== undefined) size += this.#measureField(field, value)
    }
    this.#sizes[slot] = size
    return size
  }

  #measureField(field: FieldDescriptor, value: unknown): number {
    const tag = varintSize(field.number * 8)
    if (field.fieldKind === 'map') {
      let size = 0
      for (const [key, item] of Object.entries(value as object)) size += tag + withLength(this.#measureEntry(field, key, item))
      return size
    }
    if (field.fieldKind === 'list') {
      const list = value as unknown[]
      if (field.listKind === 'message')
        return list.reduce<number>((size, item) => size + tag + this.#measureMessage(field.message, item), 0)
      if (isPackable(field.scalar as ScalarType)) return tag + withLength(packedSize(field.scalar as ScalarType, list))
      return list.reduce<number>((size, item) => size + tag + scalarSize(field.scalar as ScalarType, item), 0)
    }
    if (field.fieldKind === 'message') return tag + this.#measureMessage(field.message, value)
    return tag + scalarSize(field.scalar as ScalarType, value)
  }

  #measureMessage(desc: MessageDescriptor, message: unknown): number {
    if (desc.typeName === PayloadSchema.typeName) return withLength((message as Payload).length)
    return withLength(this.#measure(desc, message as Message))
  }

  #measureEntry(field: FieldDescriptor & { fieldKind: 'map' }, key: string, item: unknown): number {
    const slot = this.#sizes.push(0) - 1
    const keySize = 1 + scalarSize(field.mapKey, mapKey(field.mapKey, key))
    const size =
      keySize + 1 + (field.mapKind === 'message' ? this.#measureMessage(field.message, item) : scalarSize(field.scalar as ScalarType, item))
    this.#sizes[slot] = size
    return size
  }

  #write(desc: MessageDescriptor, original: Message): void {
    const message = this.#replaced(desc, original)
    for (const field of desc.fields) {
      const value = presentValue(field, message as unknown as Fields)
      if (value !== undefined) this.#writeField(field, value)
    }
  }

  #writeField(field: FieldDescriptor, value: unknown): void {
    const writer = this.#writer
    if (field.fieldKind === 'map') {
      for (const [key, item] of Object.entries(value as object)) this.#writeEntry(field, key, item)
      return
    }
    if (field.fieldKind === 'list') {
      const list = value as unknown[]
      const scalar = field.scalar as ScalarType
      if (field.listKind !== 'message' && isPackable(scalar)) {
        writer.varint(field.number * 8 + WireType.BYTES)
        writer.varint(packedSize(scalar, list))
        for (const item of list) writeScalar(writer, scalar, item)
        return
      }
      for (const item of list) {
        if (field.listKind === 'message') this.#writeMessage(field.number, field.message, item)
        else this.#writeScalarField(field.number, scalar, item)
      }
      return
    }
    if (field.fieldKind === 'message') this.#writeMessage(field.number, field.message, value)
    else this.#writeScalarField(field.number, field.scalar as ScalarType, value)
  }

  #writeScalarField(number: number, scalar: ScalarType, value: unknown): void {
    this.#writer.varint(number * 8 + wireTypeOf(scalar))
    writeScalar(this.#writer, scalar, value)
  }

  #writeMessage(number: number, desc: MessageDescriptor, message: unknown): void {
    this.#writer.varint(number * 8 + WireType.BYTES)
    if (desc.typeName === PayloadSchema.typeName) {
      const payload = message as Payload
      this.#writer.varint(payload.length)
      this.#flush()
      this.segments.push(payload)
      return
    }
    this.#writer.varint(this.#sizes[this.#next++] as number)
    this.#write(desc, message as Message)
  }

  #writeEntry(field: FieldDescriptor & { fieldKind: 'map' }, key: string, item: unknown): void {
    this.#writer.varint(field.number * 8 + WireType.BYTES)
    this.#writer.varint(this.#sizes[this.#next++] as number)
    this.#writeScalarField(1, field.mapKey, mapKey(field.mapKey, key))
    if (field.mapKind === 'message') this.#writeMessage(2, field.message, item)
    else this.#writeScalarField(2, field.scalar as ScalarType, item)
  }
}

/** What is on the wire of a field, undefined for nothing: values unlike zero, optional ones, and whatever a oneof holds. */
function presentValue(field: FieldDescriptor, message: Fields): unknown {
  if (field.oneof !== undefined) {
    const holder = message[field.oneof.localName] as { case?: string; value?: unknown } | undefined
    return holder?.case === field.localName ? holder.value : undefined
  }
  const value = message[field.localName]
  if (!field.optional && isZero(value)) return undefined
  return field.fieldKind === 'list' && (value as unknown[] | undefined)?.length === 0 ? undefined : value
}

/** What is not written: minus zero is. */
function isZero(value: unknown): boolean {
  return Object.is(value, 0) || value === 0n || value === '' || value === false || (value instanceof Uint8Array && value.length === 0)
}

function withLength(size: number): number {
  return varintSize(size) + size
}

function packedSize(scalar: ScalarType, list: readonly unknown[]): number {
  if (scalar === ScalarType.DOUBLE) return list.length * 8
  if (scalar === ScalarType.FLOAT) return list.length * 4
  return list.reduce<number>((size, item) => size + scalarSize(scalar, item), 0)
}

/** Keys of map objects are strings always. */
function mapKey(scalar: ScalarType, key: string): unknown {
  return scalar === ScalarType.STRING ? key : BigInt(key)
}

function scalarSize(scalar: ScalarType, value: unknown): number {
  switch (scalar) {
    case ScalarType.DOUBLE:
      return 8
    case ScalarType.FLOAT:
      return 4
    case ScalarType.BOOL:
      return 1
    case ScalarType.STRING:
      return withLength(Buffer.byteLength(value as string, 'utf8'))
    case ScalarType.BYTES:
      return withLength((value as Uint8Array).length)
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return int64Size(value as bigint)
    default:
      return (value as number) < 0 ? 10 : varintSize(value as number)
  }
}

function writeScalar(writer: WireWriter, scalar: ScalarType, value: unknown): void {
  switch (scalar) {
    case ScalarType.DOUBLE:
      writer.double(value as number)
      break
    case ScalarType.FLOAT:
      writer.float(value as number)
      break
    case ScalarType.BOOL:
      writer.varint(value ? 1 : 0)
      break
    case ScalarType.STRING: {
      const length = Buffer.byteLength(value as string, 'utf8')
      writer.varint(length)
      writer.string(value as string, length)
      break
    }
    case ScalarType.BYTES:
      writer.varint((value as Uint8Array).length)
      writer.bytes(value as Uint8Array)
      break
    case ScalarType.INT64:
    case ScalarType.UINT64:
      writer.int64(value as bigint)
      break
    default:
      if ((value as number) < 0) writer.int64(BigInt(value as number))
      else writer.varint(value as number)
  }
}

/** Encodes a message; payloads stay places, to be copied when the segments are written. */
export function encode<D extends MessageDescriptor>(desc: D, message: MessageShape<D>, replaceBlob?: ReplaceBlob): Segment[] {
  const encoder = new Encoder(replaceBlob)
  encoder.encode(desc, message)
  return encoder.segments
}
