import { getHeapStatistics } from 'node:v8'
import { BareObject } from '../bare-object.ts'
import { type MessageDescriptor, type MessageShape, ScalarType } from './descriptor.ts'
import { type FieldPlan, type Fields, fieldPlanOf, type MessagePlan, planOf, zeroOf } from './message-plan.ts'
import type { Source } from './source.ts'
import { WireReader } from './wire-reader.ts'
import { WireType, wireTypeOf } from './wire-type.ts'

/** Messages inside messages: the limit that protobuf's own readers have. */
const maxDepth = 100

/** Elements of one list: V8 aborts the process where an array grows beyond 2^27. */
const maxList = 100e6

/** Entries of all maps together: a map object of more would be at V8's limit. */
const maxMapEntries = 10e6

/** Bytes of heap that any process has. */
const smallMessage = 1 << 20

const plainProperty = { configurable: true, enumerable: true, writable: true }

class Decoder {
  readonly #reader: WireReader
  readonly #sourceNumber: number
  /** Field plans (and list indices or map keys) from the root to where the decoder is. */
  #path: (FieldPlan | string | number)[] = []
  #depth = 0
  #mapEntries = 0
  /** Offsets and lengths of the elements of deferred lists, by the message that has the list. */
  readonly #deferred = new WeakMap<Fields, number[]>()
  /** What takes each deferred list that was decoded out of memory. */
  #forget: (() => void)[] = []
  /** Bytes of heap that the message may still take; a small one does not ask for the size of the heap. */
  #budget = smallMessage
  #budgetIsOfHeap = false

  constructor(reader: WireReader, sourceNumber: number) {
    this.#reader = reader
    this.#sourceNumber = sourceNumber
    reader.describePlace = () => this.#place()
  }

  #place(): string {
    let place = ''
    for (const step of this.#path) {
      if (typeof step === 'object') place += place ? `.${step.name}` : step.name
      else place += `[${typeof step === 'number' ? step : JSON.stringify(step)}]`
    }
    return place
  }

  #spend(bytes: number): void {
    this.#budget -= bytes
    if (this.#budget >= 0) return
    if (!this.#budgetIsOfHeap) {
      this.#budgetIsOfHeap = true
      const heap = getHeapStatistics()
      this.#budget += Math.max(heap.heap_size_limit - heap.used_heap_size, 0) * 0.5 - smallMessage
    }
    if (this.#budget < 0)
      this.#reader.fail('its structure is too large for the memory of this process (node --max-old-space-size raises it)')
  }

  /** Accounts for one more element. */
  #element(list: unknown[]): void {
    if (list.length >= maxList) this.#reader.fail(`a list of more than ${maxList} values`)
    // More than its size: a growing list is copied.
    this.#spend(24)
  }

  fresh(plan: MessagePlan): Fields {
    this.#spend(plan.cost)
    const message = { ...plan.template }
    for (const name of plan.lists) message[name] = []
    for (const name of plan.maps) message[name] = new BareObject()
    return message
  }

  /** Reads fields into `message` up to `end`. */
  fill(message: Fields, plan: MessagePlan, end: number): void {
    if (++this.#depth > maxDepth) this.#reader.fail(`messages are nested more than ${maxDepth} deep`)
    const reader = this.#reader
    while (reader.position < end) {
      const tagPosition = reader.position
      const tag = reader.varint()
      const number = tag >>> 3
      if (number === 0 || reader.high !== 0) reader.fail('a field has no number', tagPosition)
      const field = fieldPlanOf(plan, number)
      if (field === undefined) {
        this.#skipUnknown(tag & 7, number, end)
        continue
      }
      this.#path.push(field)
      this.#field(message, field, tag, end)
      this.#path.pop()
    }
    if (reader.position !== end) reader.fail('a field reaches beyond the end of its message')
    this.#depth--
  }

  #field(message: Fields, field: FieldPlan, tag: number, end: number): void {
    const reader = this.#reader
    const wireType = tag & 7
    if (wireType !== field.wireType) {
      const packed = wireType === WireType.BYTES && field.repeated && field.kind === 'scalar'
      if (!packed) {
        if (field.kind === 'payload' && wireType === WireType.FIXED32) reader.fail('unpacked weights are not supported')
        reader.fail(`the field has wire type ${wireType}, expected ${field.wireType}`)
      }
      this.#packed(message[field.name] as unknown[], field.scalar, reader.length(end))
      return
    }
    if (field.kind === 'map') {
      this.#mapEntry(message[field.name] as Fields, field, reader.length(end))
      return
    }
    if (field.deferred) {
      this.#defer(message, field, tag, end)
      return
    }
    if (field.repeated) {
      const list = message[field.name] as unknown[]
      this.#path.push(list.length)
      this.#element(list)
      list.push(field.kind === 'scalar' ? this.#scalar(field.scalar, end) : this.#message(field, undefined, end))
      this.#path.pop()
      return
    }
    if (field.oneof !== undefined) {
      const holder = message[field.oneof] as { case: string | undefined; value?: unknown }
      const before = holder.case === field.name ? holder.value : undefined
      const value = field.kind === 'scalar' ? this.#scalar(field.scalar, end) : this.#message(field, before, end)
      message[field.oneof] = { case: field.name, value }
      return
    }
    message[field.name] = field.kind === 'scalar' ? this.#scalar(field.scalar, end) : this.#message(field, message[field.name], end)
  }

  #message(field: FieldPlan, before: unknown, end: number): unknown {
    const length = this.#reader.length(end)
    if (field.kind === 'payload') return this.#payload(field, before, length)
    const plan = planOf(field.message as MessageDescriptor)
    // A singular message that comes in pieces is one message.
    const message = (before as Fields | undefined) ?? this.fresh(plan)
    this.fill(message, plan, this.#reader.position + length)
    return message
  }

  /** Passes over elements of a deferred list up to the next other field; they are decoded once the list is asked for. */
  #defer(message: Fields, field: FieldPlan, tag: number, end: number): void {
    const reader = this.#reader
    let places = this.#deferred.get(message)
    if (places === undefined) {
      const found: number[] = []
      const path = [...this.#path]
      const depth = this.#depth
      places = found
      this.#deferred.set(message, places)
      const settle = (value: unknown) => Object.defineProperty(message, field.name, { ...plainProperty, value })
      const defer = () => Object.defineProperty(message, field.name, { configurable: true, enumerable: true, get, set: settle })
      const get = () => {
        const list = this.#decodeDeferred(field, found, path, depth)
        settle(list)
        this.#forget.push(defer)
        return list
      }
      defer()
    }
    do {
      const length = reader.length(end)
      this.#element(places)
      places.push(reader.position, length)
      reader.skip(length)
    } while (reader.position < end && reader.takes(tag))
  }

  #decodeDeferred(field: FieldPlan, places: number[], path: (FieldPlan | string | number)[], depth: number): Fields[] {
    const plan = planOf(field.message as MessageDescriptor)
    const list: Fields[] = []
    for (let index = 0; index < places.length; index += 2) {
      const [offset, length] = [places[index] as number, places[index + 1] as number]
      this.#path = [...path, list.length]
      this.#depth = depth
      this.#reader.seek(offset)
      const message = this.fresh(plan)
      this.fill(message, plan, offset + length)
      list.push(message)
    }
    return list
  }

  /** Takes the deferred lists that were decoded out of memory; they are decoded anew when they are asked for again. */
  forget(): void {
    for (const forget of this.#forget) forget()
    this.#forget = []
    this.#budget = smallMessage
    this.#budgetIsOfHeap = false
  }

  #payload(field: FieldPlan, before: unknown, length: number): unknown {
    // Of bytes the last one counts, pieces of packed floats would have to be joined; no writer makes either.
    if (before !== undefined) this.#reader.fail('weights in several pieces are not supported')
    this.#spend(56)
    const payload = {
      $typeName: (field.message as MessageDescriptor).typeName,
      source: this.#sourceNumber,
      offset: this.#reader.position,
      length,
    }
    this.#reader.skip(length)
    return payload
  }

  #scalar(type: ScalarType, end: number): unknown {
    const reader = this.#reader
    const value = this.#unchecked(type, end)
    if (reader.position > end) reader.fail('a value reaches beyond the end of its message')
    return value
  }

  #unchecked(type: ScalarType, end: number): unknown {
    const reader = this.#reader
    switch (type) {
      case ScalarType.STRING: {
        const length = reader.length(end)
        this.#spend(24 + length)
        return reader.string(length)
      }
      case ScalarType.BYTES: {
        const length = reader.length(end)
        this.#spend(96 + length)
        return reader.bytes(length)
      }
      case ScalarType.DOUBLE:
        return reader.double()
      case ScalarType.FLOAT:
        return reader.float()
      case ScalarType.INT64:
        this.#spend(24)
        return reader.int64()
      case ScalarType.UINT64:
        this.#spend(24)
        return reader.uint64()
      case ScalarType.UINT32:
        return reader.uint32()
      case ScalarType.BOOL:
        return reader.bool()
      default:
        return reader.int32()
    }
  }

  #packed(list: unknown[], type: ScalarType, length: number): void {
    const reader = this.#reader
    const end = reader.position + length
    const width = type === ScalarType.DOUBLE ? 8 : type === ScalarType.FLOAT ? 4 : 1
    if (length % width !== 0) reader.fail(`${length} bytes of values of ${width} bytes each`)
    while (reader.position < end) {
      this.#element(list)
      list.push(this.#scalar(type, end))
    }
  }

  #mapEntry(map: Fields, field: FieldPlan, length: number): void {
    const reader = this.#reader
    const end = reader.position + length
    const keyType = field.keyType as ScalarType
    const item = field.value as FieldPlan
    let key: unknown = zeroOf(keyType)
    let value: unknown
    this.#spend(48)
    if (++this.#mapEntries > maxMapEntries) reader.fail(`more than ${maxMapEntries} map entries`)
    if (++this.#depth > maxDepth) reader.fail(`messages are nested more than ${maxDepth} deep`)
    this.#path.push('')
    while (reader.position < end) {
      const tag = reader.varint()
      if (tag === ((1 << 3) | wireTypeOf(keyType))) {
        key = this.#scalar(keyType, end)
        this.#path[this.#path.length - 1] = String(key)
      } else if (tag >>> 3 === 2) {
        if ((tag & 7) !== item.wireType) reader.fail(`the value has wire type ${tag & 7}, expected ${item.wireType}`)
        value = item.kind === 'message' ? this.#message(item, value, end) : this.#scalar(item.scalar, end)
      } else if (tag >>> 3 === 0) reader.fail('a field has no number')
      else this.#skipUnknown(tag & 7, tag >>> 3, end)
    }
    this.#path.pop()
    this.#depth--
    map[String(key)] = value ?? (item.message ? this.fresh(planOf(item.message)) : zeroOf(item.scalar))
  }

  /** Passes over a field that this version does not know. */
  #skipUnknown(wireType: number, number: number, end: number): void {
    const reader = this.#reader
    switch (wireType) {
      case WireType.VARINT:
        reader.varint()
        break
      case WireType.FIXED64:
        reader.skip(8)
        break
      case WireType.BYTES:
        reader.skip(reader.length(end))
        break
      case WireType.FIXED32:
        reader.skip(4)
        break
      case WireType.GROUP_START: {
        if (++this.#depth > maxDepth) reader.fail(`messages are nested more than ${maxDepth} deep`)
        for (;;) {
          if (reader.position >= end) reader.fail(`group ${number} has no end`)
          const tag = reader.varint()
          if ((tag & 7) === WireType.GROUP_END) {
            if (tag >>> 3 !== number) reader.fail(`group ${number} ends as group ${tag >>> 3}`)
            break
          }
          this.#skipUnknown(tag & 7, tag >>> 3, end)
        }
        this.#depth--
        break
      }
      default:
        reader.fail(`field ${number} has the wire type ${wireType}, which there is not`)
    }
    if (reader.position > end) reader.fail(`field ${number} reaches beyond the end of its message`)
  }
}

const decoders = new WeakMap<object, Decoder>()

/**
 * Decodes the message of type `desc` that fills `source`. Payloads are not read: they become places in source number
 * `sourceNumber`. Operations of ML Programs and layers of NeuralNetworks are decoded when their list is first asked for: until
 * then `source` must stay open, and asking throws as this function does. Map objects inherit nothing, so that any key is safe; the
 * value of an empty oneof is shared and frozen. Numbers beyond 32-bit fields saturate.
 * Throws ERR_MODEL_INVALID with field path and byte offset.
 */
export function decode<D extends MessageDescriptor>(desc: D, source: Source, sourceNumber = 0): MessageShape<D> {
  const reader = new WireReader(source)
  const decoder = new Decoder(reader, sourceNumber)
  const plan = planOf(desc)
  const message = decoder.fresh(plan)
  decoder.fill(message, plan, source.size)
  decoders.set(message, decoder)
  return message as MessageShape<D>
}

/**
 * Takes the operations and layers of a message that {@link decode} gave out of memory, where they are many times the size of their file.
 * They are decoded anew, as they were, when they are next asked for.
 */
export function forgetDeferred(message: object): void {
  decoders.get(message)?.forget()
}
