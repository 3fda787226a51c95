import { type FieldDescriptor, type MessageDescriptor, ScalarType } from './descriptor.ts'
import { PayloadSchema } from './gen/common_pb.ts'
import {
  ArrayFeatureTypeSchema,
  FeatureDescriptionSchema,
  FeatureTypeSchema,
  MetadataSchema,
  ModelDescriptionSchema,
} from './gen/features_pb.ts'
import { ModelSchema } from './gen/model_pb.ts'
import { NeuralNetworkLayerSchema, NeuralNetworkSchema } from './gen/neural_network_pb.ts'
import {
  BlockSchema,
  ConstantDimensionSchema,
  DimensionSchema,
  FunctionSchema,
  NamedValueTypeSchema,
  OperationSchema,
  ProgramSchema,
  TensorTypeSchema,
  ValueTypeSchema,
} from './gen/program_pb.ts'
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
  message: MessageDescriptor | undefined
  /** Of a map: types of its keys and its values. */
  keyType: ScalarType | undefined
  value: FieldPlan | undefined
}

/** How to decode a message, worked out when the first of its kind is met. */
export interface MessagePlan {
  /** By number. Most messages have a few of their fields: those get a plan when first met. */
  fields: Map<number, FieldDescriptor>
  fieldPlans: Map<number, FieldPlan>
  /** A fresh message but for its lists and maps. */
  template: Fields
  lists: string[]
  maps: string[]
  /** Estimated bytes of a fresh message on the heap. */
  cost: number
}

/** What a large model has many of, and not every caller looks at. */
const deferredTypes = new Set<string>([OperationSchema.typeName, NeuralNetworkLayerSchema.typeName])

const plans = new Map<MessageDescriptor, MessagePlan>()

export function planOf(desc: MessageDescriptor): MessagePlan {
  const known = plans.get(desc)
  if (known !== undefined) return known
  const plan: MessagePlan = {
    fields: new Map(),
    fieldPlans: new Map(),
    template: { $typeName: desc.typeName },
    lists: [],
    maps: [],
    cost: 0,
  }
  for (const field of desc.fields) {
    plan.fields.set(field.number, field)
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

/** How to decode field `number` of a message, or undefined if it has none. */
export function fieldPlanOf(plan: MessagePlan, number: number): FieldPlan | undefined {
  const known = plan.fieldPlans.get(number)
  if (known !== undefined) return known
  const field = plan.fields.get(number)
  if (field === undefined) return undefined
  const made = fieldPlan(field)
  plan.fieldPlans.set(number, made)
  return made
}

/** What every empty oneof holds. */
const noCase = Object.freeze({ case: undefined })

function fieldPlan(field: FieldDescriptor): FieldPlan {
  if (field.fieldKind === 'map') return planAs(field, 'map', planAs(field, field.mapKind === 'message' ? 'message' : 'scalar'))
  const kind = field.fieldKind === 'list' ? field.listKind : field.fieldKind
  if (kind !== 'message') return planAs(field, 'scalar')
  return planAs(field, field.message?.typeName === PayloadSchema.typeName ? 'payload' : 'message')
}

function planAs(field: FieldDescriptor, kind: FieldPlan['kind'], value?: FieldPlan): FieldPlan {
  const repeated = field.fieldKind === 'list'
  const scalar = field.scalar ?? ScalarType.INT32
  return {
    name: field.localName,
    repeated,
    oneof: field.oneof?.localName,
    kind,
    scalar,
    wireType: kind === 'scalar' ? wireTypeOf(scalar) : WireType.BYTES,
    deferred: repeated && field.message !== undefined && deferredTypes.has(field.message.typeName),
    message: field.message,
    keyType: field.fieldKind === 'map' ? field.mapKey : undefined,
    value,
  }
}

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

// What nearly every model has: worked out with this module, so that to open a model takes no longer for it.
for (const desc of [
  ModelSchema,
  ModelDescriptionSchema,
  MetadataSchema,
  FeatureDescriptionSchema,
  FeatureTypeSchema,
  ArrayFeatureTypeSchema,
  ProgramSchema,
  FunctionSchema,
  BlockSchema,
  NamedValueTypeSchema,
  ValueTypeSchema,
  TensorTypeSchema,
  DimensionSchema,
  ConstantDimensionSchema,
  NeuralNetworkSchema,
])
  planOf(desc)
