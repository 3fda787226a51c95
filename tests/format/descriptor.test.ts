import { type DescField, type DescMessage, create as libraryCreate, toBinary } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import * as onnx from '../../src/backends/portable/onnx/gen/onnx_pb.ts'
import type { FieldDescriptor, MessageDescriptor } from '../../src/format/descriptor.ts'
import * as format from '../../src/format/index.ts'
import { filesOf, libraryFile, librarySchema, ModelSchema } from '../protobuf-schemas.ts'

const files = [...filesOf(format), ...filesOf(onnx)]

function kindOf(field: FieldDescriptor | DescField): unknown[] {
  const list = field.fieldKind === 'list' ? field.listKind : undefined
  const map = field.fieldKind === 'map' ? [field.mapKind, field.mapKey] : [undefined, undefined]
  return [field.fieldKind, list, ...map, field.scalar, field.message?.typeName]
}

/** Explicit presence, in protobuf's numbering. */
const explicit = 1

/** A message in words that both have. */
function described({ fields, oneofs }: MessageDescriptor | DescMessage) {
  return {
    fields: fields.map((field) => ({
      number: field.number,
      name: field.name,
      localName: field.localName,
      kind: kindOf(field),
      oneof: field.oneof?.localName,
      optional: 'optional' in field ? field.optional : field.fieldKind === 'scalar' && !field.oneof && field.presence === explicit,
    })),
    oneofs: oneofs.map(({ localName, fields: each }) => [localName, each.map(({ name }) => name)]),
  }
}

describe('descriptors', () => {
  test("are what protobuf's own library makes of every file", () => {
    expect(files.length).toBe(9)
    let count = 0
    for (const file of files) {
      for (const message of libraryFile(file).messages) {
        expect(described(file.messages.get(message.typeName)!), message.typeName).toEqual(described(message))
        count++
      }
    }
    expect(count).toBeGreaterThan(200)
  })

  test('of generated constants are those that fields lead to', () => {
    const field = format.ModelSchema.fields.find(({ name }) => name === 'description')!
    expect(field.message).toBe(format.ModelDescriptionSchema)
  })
})

describe('messages that are made', () => {
  const init = {
    specificationVersion: 7,
    description: { input: [{ name: 'x', type: { type: { case: 'int64Type' as const, value: {} } } }], predictedFeatureName: 'y' },
    type: {
      case: 'mlProgram' as const,
      value: { version: 1n, functions: { main: { opset: 'CoreML7', blockSpecializations: { CoreML7: { outputs: ['y'] } } } } },
    },
  }

  test("are written as protobuf's own library writes its own", () => {
    const bytes = Buffer.concat(format.encode(format.ModelSchema, format.create(format.ModelSchema, init)) as Uint8Array[])
    expect(bytes).toEqual(Buffer.from(toBinary(ModelSchema, libraryCreate(ModelSchema, init))))
  })

  test('have everything that the type has', () => {
    const value = format.create(format.ValueSchema)
    expect(value).toEqual(libraryCreate(librarySchema(format.ValueSchema)))
    expect(Object.keys(format.create(format.OperationSchema)).sort()).toEqual(
      ['$typeName', 'attributes', 'blocks', 'inputs', 'outputs', 'type'].sort(),
    )
  })

  test('stay the same object where they are messages already', () => {
    const description = format.create(format.ModelDescriptionSchema, { predictedFeatureName: 'y' })
    expect(format.create(format.ModelSchema, { description }).description).toBe(description)
  })
})
