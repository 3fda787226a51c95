/** Messages of the format have the name of their type. */
export type Message<Name extends string = string> = { $typeName: Name }

/** Scalar types as descriptors number them, of which the format has some. */
export const ScalarType = { DOUBLE: 1, FLOAT: 2, INT64: 3, UINT64: 4, INT32: 5, BOOL: 8, STRING: 9, BYTES: 12, UINT32: 13 } as const
export type ScalarType = (typeof ScalarType)[keyof typeof ScalarType]

const messageType = 11
const repeatedLabel = 3

/** What a field holds: scalars, or messages. */
type Content = { scalar: ScalarType; message: undefined } | { scalar: undefined; message: MessageDescriptor }

/** A field of a message. */
export type FieldDescriptor = {
  number: number
  /** As the format has it, and as a property. */
  name: string
  localName: string
  oneof: OneofDescriptor | undefined
  /** True for a scalar that is written where it is there, zero or not. */
  optional: boolean
} & (
  | ({ fieldKind: 'scalar' } & Extract<Content, { message: undefined }>)
  | ({ fieldKind: 'message' } & Extract<Content, { scalar: undefined }>)
  | ({ fieldKind: 'list'; listKind: 'scalar' } & Extract<Content, { message: undefined }>)
  | ({ fieldKind: 'list'; listKind: 'message' } & Extract<Content, { scalar: undefined }>)
  | ({ fieldKind: 'map'; mapKind: 'scalar'; mapKey: ScalarType } & Extract<Content, { message: undefined }>)
  | ({ fieldKind: 'map'; mapKind: 'message'; mapKey: ScalarType } & Extract<Content, { scalar: undefined }>)
)

/** Fields of which a message has at most one. */
export interface OneofDescriptor {
  localName: string
  fields: FieldDescriptor[]
}

/** The type of a message. `T` is the TypeScript type of its messages. */
export interface MessageDescriptor<T extends Message = Message> {
  readonly typeName: string
  /** In the order of their definition. */
  readonly fields: readonly FieldDescriptor[]
  readonly oneofs: readonly OneofDescriptor[]
  /** Never there: it ties `T` to the descriptor. */
  readonly shape?: T
}

/** The messages of a type. */
export type MessageShape<D extends MessageDescriptor> = D extends MessageDescriptor<infer T> ? T : never

// Generated code hands over what protoc says about each file in protobuf's own encoding (FileDescriptorProto of descriptor.proto; its field numbers are the
// ones below). Most of the format's messages are in no one model: a file is read when a message of it is first met, and a message's fields are when they are.

/** The fields of an encoded message: number → values, in order; numbers for varints, bytes for the rest. */
type Encoded = Map<number, (number | Uint8Array)[]>

function readEncoded(bytes: Uint8Array): Encoded {
  const fields: Encoded = new Map()
  let position = 0
  const varint = () => {
    let value = 0
    let shift = 0
    let byte: number
    do {
      byte = bytes[position++]!
      value |= (byte & 0x7f) << shift
      shift += 7
    } while (byte > 0x7f)
    return value
  }
  while (position < bytes.length) {
    const tag = varint()
    const number = varint()
    const isNumber = (tag & 7) === 0
    const values = fields.get(tag >>> 3) ?? []
    fields.set(tag >>> 3, values)
    values.push(isNumber ? number : bytes.subarray(position, position + number))
    if (!isNumber) position += number
  }
  return fields
}

const all = (fields: Encoded, number: number) => (fields.get(number) ?? []) as Uint8Array[]
const integer = (fields: Encoded, number: number) => fields.get(number)?.at(-1) as number | undefined
const text = (fields: Encoded, number: number) => Buffer.from((fields.get(number)?.at(-1) as Uint8Array | undefined) ?? []).toString()

/** snake_case in camelCase. */
function camelCase(name: string): string {
  return name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** A file of the format's definition. */
export class GenFile {
  readonly encoded: string
  readonly imports: readonly GenFile[]
  /** Messages that generated code names, by index. */
  readonly named: LazyMessage[] = []
  #messages: Map<string, LazyMessage> | undefined

  constructor(encoded: string, imports: readonly GenFile[]) {
    this.encoded = encoded
    this.imports = imports
  }

  /** The message of a full name, in this file or in one that it imports. */
  find(typeName: string): LazyMessage | undefined {
    return (
      this.messages.get(typeName) ?? this.imports.reduce<LazyMessage | undefined>((found, file) => found ?? file.find(typeName), undefined)
    )
  }

  /** By full name; read when first asked for. */
  get messages(): ReadonlyMap<string, LazyMessage> {
    if (!this.#messages) {
      const file = readEncoded(Buffer.from(this.encoded, 'base64'))
      this.#messages = new Map()
      for (const [index, bytes] of all(file, 4).entries()) this.#add(this.#messages, this.named[index], bytes, text(file, 2))
    }
    return this.#messages
  }

  #add(messages: Map<string, LazyMessage>, named: LazyMessage | undefined, bytes: Uint8Array, scope: string): void {
    const encoded = readEncoded(bytes)
    const typeName = `${scope}.${text(encoded, 1)}`
    const message = named ?? new LazyMessage(this)
    message.define(typeName, encoded)
    messages.set(typeName, message)
    // Entries of maps.
    for (const inner of all(encoded, 3)) this.#add(messages, undefined, inner, typeName)
  }
}

class LazyMessage implements MessageDescriptor {
  readonly #file: GenFile
  #defined: { typeName: string; encoded: Encoded } | undefined
  #members: { fields: FieldDescriptor[]; oneofs: OneofDescriptor[] } | undefined

  constructor(file: GenFile) {
    this.#file = file
  }

  define(typeName: string, encoded: Encoded): void {
    this.#defined = { typeName, encoded }
  }

  get #definition() {
    if (!this.#defined) void this.#file.messages
    return this.#defined!
  }

  get typeName(): string {
    return this.#definition.typeName
  }

  get fields(): readonly FieldDescriptor[] {
    return this.#read().fields
  }

  get oneofs(): readonly OneofDescriptor[] {
    return this.#read().oneofs
  }

  #read() {
    if (!this.#members) {
      const { encoded } = this.#definition
      const oneofs = all(encoded, 8).map((bytes): OneofDescriptor => ({ localName: camelCase(text(readEncoded(bytes), 1)), fields: [] }))
      const fields = all(encoded, 2).map((bytes) => this.#field(readEncoded(bytes), oneofs))
      // An optional scalar is alone in a oneof of protoc's making.
      this.#members = { fields, oneofs: oneofs.filter((oneof) => oneof.fields.length > 0) }
    }
    return this.#members
  }

  #field(encoded: Encoded, oneofs: readonly OneofDescriptor[]): FieldDescriptor {
    const name = text(encoded, 1)
    const optional = integer(encoded, 17) === 1
    const oneof = optional ? undefined : oneofs[integer(encoded, 9) ?? -1]
    const field = {
      number: integer(encoded, 3)!,
      name,
      localName: camelCase(name),
      oneof,
      optional,
      ...this.#kind(encoded),
    } as FieldDescriptor
    oneof?.fields.push(field)
    return field
  }

  #kind(encoded: Encoded): object {
    const message = integer(encoded, 5) === messageType ? this.#file.find(text(encoded, 6).slice(1)) : undefined
    const scalar = message ? undefined : integer(encoded, 5)
    const content = message ? 'message' : 'scalar'
    if (integer(encoded, 4) !== repeatedLabel) return { fieldKind: content, scalar, message }
    if (!message?.isEntry) return { fieldKind: 'list', listKind: content, scalar, message }
    const [key, value] = message.fields as [FieldDescriptor, FieldDescriptor]
    return { fieldKind: 'map', mapKind: value.fieldKind, mapKey: key.scalar, scalar: value.scalar, message: value.message }
  }

  /** True for the entries of a map. */
  get isEntry(): boolean {
    const [options] = all(this.#definition.encoded, 7)
    return options !== undefined && integer(readEncoded(options), 7) === 1
  }
}

/** Names of what generated code calls. */
export type GenMessage<T extends Message> = MessageDescriptor<T>

export function fileDesc(encoded: string, imports: readonly GenFile[] = []): GenFile {
  return new GenFile(encoded, imports)
}

export function messageDesc<T extends Message>(file: GenFile, index: number): GenMessage<T> {
  const message = new LazyMessage(file)
  file.named[index] = message
  return message as GenMessage<T>
}
