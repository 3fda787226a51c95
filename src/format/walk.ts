import type { Message, MessageDescriptor } from './descriptor.ts'

/** The messages directly inside `message`, of a spec that the reader made, with the names of their fields. */
export function* children(
  desc: MessageDescriptor,
  message: Message,
): Generator<[desc: MessageDescriptor, message: Message, field: string]> {
  const fields = message as unknown as Record<string, unknown>
  for (const field of desc.fields) {
    if (field.message === undefined) continue
    if (field.oneof !== undefined) {
      const holder = fields[field.oneof.localName] as { case?: string; value?: Message }
      if (holder.case === field.localName && holder.value) yield [field.message, holder.value, field.localName]
      continue
    }
    const value = fields[field.localName]
    if (value === undefined) continue
    if (field.fieldKind === 'list') for (const item of value as Message[]) yield [field.message, item, field.localName]
    else if (field.fieldKind === 'map')
      for (const item of Object.values(value as object)) yield [field.message, item as Message, field.localName]
    else yield [field.message, value as Message, field.localName]
  }
}

/** Calls `visit` with `message` and every message inside it, outermost first. Where it returns false, the inside is left out. */
export function walk(
  desc: MessageDescriptor,
  message: Message,
  visit: (message: Message, field: string) => boolean | undefined,
  field = '',
): void {
  if (visit(message, field) === false) return
  for (const [innerDesc, inner, innerField] of children(desc, message)) walk(innerDesc, inner, visit, innerField)
}
