import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { PayloadSchema } from './gen/common_pb.ts'
import { NeuralNetworkLayerSchema } from './gen/neural_network_pb.ts'
import { OperationSchema } from './gen/program_pb.ts'
import { WireType, wireTypeOf } from './wire-type.ts'

/** A message while it is filled. */
export type Fields = Record<string, unknown>

/** How to decode one field, worked out once. */
export interface FieldPlan {
  name: string
  repeated: boolean
  oneof: string | undefined
  kind: 'scalar' | 'message' | 'payload' | 'map'
  scalar: ScalarType
  wireType: number
  /** True for a list whose messages are decoded when the list is first asked for. */
  deferred: boolean
  /** What the message is, of which most models use a few: worked out when one is met. */
  message: DescMessage | undefined
  /** Of a map: types of its keys and its values. */
  keyType: ScalarType | undefined
  value: FieldPlan | undefined
}

/** How to decode a message, worked out when the first of its kind is met. */
export interface MessagePlan {
  fields: Map<number, FieldPlan>
  /** A fresh message but for its lists and maps. */
  template: Fields
  lists: string[]
  maps: string[]
  /** Estimated bytes of a fresh message on the heap. */
  cost: number
}

/** What a large model has many of, and not every caller looks at. */
const deferredTypes = new Set<string>([OperationSchema.typeName, NeuralNetworkLayerSchema.typeName])

const plans = new Map<DescMessage, MessagePlan>()

export function planOf(desc: DescMessage): MessagePlan {
  const known = plans.get(desc)
  if (known !== undefined) return known
  const plan: MessagePlan = {
    fields: new Map(),
    template: { $typeName: desc.typeName },
    lists: [],
    maps: [],
    cost: 0,
  }
  for (const field of desc.fields) {
    plan.fields.set(field.number, fieldPlan(field))
    const { localName } = field
    if (field.oneof) continue
    if (field.fieldKind === 'list') plan.lists.push(localName)
    else if (field.fieldKind === 'map') plan.maps.push(localName)
    // Lists, maps and messages have their place from the start: an object that grows takes twice the memory.
    plan.template[localName] = field.fieldKind === 'scalar' ? zeroOf(field.scalar) : undefined
  }
  for (const oneof of desc.oneofs) plan.template[oneof.localName] = noCase
  plans.set(desc, plan)
  plan.cost = 32 + 8 * Object.keys(plan.template).length + 32 * plan.lists.length + 64 * plan.maps.length
  return plan
}

/** What every empty oneof holds. */
const noCase = Object.freeze({ case: undefined })

function fieldPlan(field: DescField): FieldPlan {
  const repeated = field.fieldKind === 'list'
  const kind = repeated ? field.listKind : field.fieldKind
  const scalar = field.scalar ?? ScalarType.INT32
  const deferred = repeated && field.message !== undefined && deferredTypes.has(field.message.typeName)
  const isPayload = field.message?.typeName === PayloadSchema.typeName
  const common = { name: field.localName, scalar, message: field.message }
  const base = { ...common, repeated, oneof: field.oneof?.localName, deferred, keyType: undefined, value: undefined }
  if (field.fieldKind === 'map') {
    const valueKind = field.mapKind === 'message' ? 'message' : 'scalar'
    const wireType = valueKind === 'message' ? WireType.BYTES : wireTypeOf(scalar)
    const value: FieldPlan = { ...base, oneof: undefined, kind: valueKind, wireType }
    return { ...base, kind: 'map', wireType: WireType.BYTES, keyType: field.mapKey, value }
  }
  if (kind === 'message') return { ...base, kind: isPayload ? 'payload' : 'message', wireType: WireType.BYTES }
  return { ...base, kind: 'scalar', wireType: wireTypeOf(scalar) }
}

/** A map object: without a prototype's names, so that any key is safe, and cheaper than one made by Object.create(null). */
export const MapObject = function MapObject() {} as unknown as new () => Fields
MapObject.prototype = Object.create(null)

export function zeroOf(type: ScalarType): unknown {
  switch (type) {
    case ScalarType.STRING:
      return ''
    case ScalarType.BYTES:
      return new Uint8Array(0)
    case ScalarType.BOOL:
      return false
    case ScalarType.INT64:
    case ScalarType.UINT64:
      return 0n
    default:
      return 0
  }
}
