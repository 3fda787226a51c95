import type { FieldDescriptor, Message, MessageDescriptor } from './descriptor.ts'
import { zeroOf } from './message-plan.ts'

/** What a message is made from: any of its fields, messages among them as what they are made from. */
export type MessageInit<T> = T extends Uint8Array | bigint
  ? T
  : T extends readonly (infer Item)[]
    ? MessageInit<Item>[]
    : T extends { case: string | undefined }
      ? InitOfOneof<T>
      : T extends object
        ? { [Name in keyof T as Name extends '$typeName' ? never : Name]?: MessageInit<T[Name]> }
        : T

type InitOfOneof<T> = T extends { case: infer Case; value: infer Value }
  ? { case: Case; value: MessageInit<Value> }
  : { case: undefined; value?: undefined }

type Fields = Record<string, unknown>

/** A message of type `desc`: what `init` leaves out is zero, empty or absent. */
export function create<T extends Message>(desc: MessageDescriptor<T>, init: NoInfer<MessageInit<T>> = {} as MessageInit<T>): T {
  return made(desc, init as Fields) as unknown as T
}

function made(desc: MessageDescriptor, init: Fields): Fields {
  if (init.$typeName === desc.typeName) return init
  const message: Fields = { $typeName: desc.typeName }
  for (const field of desc.fields) {
    if (!field.oneof) message[field.localName] = fieldOf(field, init[field.localName])
  }
  for (const { localName, fields } of desc.oneofs) {
    const { case: name, value } = (init[localName] ?? {}) as { case?: string; value?: unknown }
    const field = fields.find((each) => each.localName === name)
    message[localName] = field ? { case: name, value: itemOf(field, value) } : { case: undefined }
  }
  return message
}

function fieldOf(field: FieldDescriptor, value: unknown): unknown {
  switch (field.fieldKind) {
    case 'list':
      return ((value ?? []) as unknown[]).map((item) => itemOf(field, item))
    case 'map':
      return Object.fromEntries(Object.entries((value ?? {}) as object).map(([key, item]) => [key, itemOf(field, item)]))
    case 'message':
      return value === undefined ? undefined : itemOf(field, value)
    default:
      return value ?? (field.optional ? undefined : zeroOf(field.scalar))
  }
}

function itemOf({ message }: FieldDescriptor, value: unknown): unknown {
  return message ? made(message, value as Fields) : value
}
