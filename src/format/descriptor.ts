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
// ones below). Most of the format's messages are in no one model, and to open one must be quick: a file's names are read when a message of it is first met,
// a message's fields when they are asked for, and what a field holds when such a field is.

/** Calls `visit` for each field of the message that is encoded in `data` from `start` on: with its number, and a number, or where its bytes begin and end. */
function visitEncoded(data: Buffer, start: number, end: number, visit: (number: number, value: number, end: number) => void): void {
  let position = start
  const varint = () => {
    let value = 0
    let shift = 0
    let byte: number
    do {
      byte = data[position++]!
      value |= (byte & 0x7f) << shift
      shift += 7
    } while (byte > 0x7f)
    return value
  }
  while (position < end) {
    const tag = varint()
    const value = varint()
    if ((tag & 7) === 0) {
      visit(tag >>> 3, value, 0)
    } else {
      visit(tag >>> 3, position, position + value)
      position += value
    }
  }
}

/** The name of the message that is encoded in `data` from `start` on: it is the first thing in each, and short. */
function leadingName(data: Buffer, start: number): string {
  return data.toString('latin1', start + 2, start + 2 + data[start + 1]!)
}

/** snake_case in camelCase. */
function camelCase(name: string): string {
  return name.includes('_') ? name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase()) : name
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
    const own = this.messages.get(typeName)
    if (own) return own
    for (const file of this.imports) {
      const found = file.find(typeName)
      if (found) return found
    }
    return undefined
  }

  /** By full name; those inside messages, which are the entries of maps, are not among them. */
  get messages(): ReadonlyMap<string, LazyMessage> {
    this.#messages ??= this.#read()
    return this.#messages
  }

  #read(): Map<string, LazyMessage> {
    const data = Buffer.from(this.encoded, 'base64')
    const messages = new Map<string, LazyMessage>()
    let scope = ''
    let index = 0
    visitEncoded(data, 0, data.length, (number, start, end) => {
      if (number === 2) scope = data.toString('latin1', start, end)
      if (number !== 4) return
      const message = this.named[index++] ?? new LazyMessage(this)
      message.define({ typeName: `${scope}.${leadingName(data, start)}`, data, start, end })
      messages.set(message.typeName, message)
    })
    return messages
  }
}

/** Where a message is defined. */
interface Definition {
  typeName: string
  data: Buffer
  start: number
  end: number
}

interface Members {
  fields: FieldDescriptor[]
  oneofs: OneofDescriptor[]
}

class LazyMessage implements MessageDescriptor {
  readonly #file: GenFile
  #definition: Definition | undefined
  #members: Members | undefined

  constructor(file: GenFile) {
    this.#file = file
  }

  define(definition: Definition): void {
    this.#definition = definition
  }

  get #defined(): Definition {
    if (!this.#definition) void this.#file.messages
    return this.#definition!
  }

  get typeName(): string {
    return this.#defined.typeName
  }

  get fields(): readonly FieldDescriptor[] {
    this.#members ??= this.#read()
    return this.#members.fields
  }

  get oneofs(): readonly OneofDescriptor[] {
    this.#members ??= this.#read()
    return this.#members.oneofs
  }

  #read(): Members {
    const { data, start, end, typeName } = this.#defined
    const places: [start: number, end: number][] = []
    const oneofs: OneofDescriptor[] = []
    const entries = new Map<string, LazyMessage>()
    visitEncoded(data, start, end, (number, from, to) => {
      if (number === 2) places.push([from, to])
      if (number === 3) {
        const entry = new LazyMessage(this.#file)
        entry.define({ typeName: `${typeName}.${leadingName(data, from)}`, data, start: from, end: to })
        entries.set(entry.typeName, entry)
      }
      if (number === 8) oneofs.push({ localName: camelCase(leadingName(data, from)), fields: [] })
    })
    const fields = places.map(([from, to]) => readField(data, from, to, this.#file, oneofs, entries))
    // An optional scalar is alone in a oneof of protoc's making.
    return { fields, oneofs: oneofs.filter((oneof) => oneof.fields.length > 0) }
  }
}

function readField(
  data: Buffer,
  start: number,
  end: number,
  file: GenFile,
  oneofs: readonly OneofDescriptor[],
  entries: ReadonlyMap<string, LazyMessage>,
): FieldDescriptor {
  let [name, typeName] = ['', '']
  let [number, label, type, oneofIndex, optional] = [0, 0, 0, -1, false]
  visitEncoded(data, start, end, (field, value, to) => {
    if (field === 1) name = data.toString('latin1', value, to)
    else if (field === 3) number = value
    else if (field === 4) label = value
    else if (field === 5) type = value
    else if (field === 6) typeName = data.toString('latin1', value + 1, to)
    else if (field === 9) oneofIndex = value
    else if (field === 17) optional = value === 1
  })
  const repeated = label === repeatedLabel
  const entry = entries.get(typeName)
  const [key, value] = entry?.fields ?? []
  const content = type === messageType ? 'message' : 'scalar'
  const oneof = optional ? undefined : oneofs[oneofIndex]
  const field = {
    number,
    name,
    localName: camelCase(name),
    oneof,
    optional,
    fieldKind: entry ? 'map' : repeated ? 'list' : content,
    listKind: repeated && !entry ? content : undefined,
    mapKind: value?.fieldKind,
    mapKey: key?.scalar,
    scalar: value ? value.scalar : type === messageType ? undefined : type,
    get message() {
      return value ? value.message : type === messageType ? file.find(typeName) : undefined
    },
  } as FieldDescriptor
  oneof?.fields.push(field)
  return field
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
