import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { DescField, DescMessage, Message } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import { afterAll, expect, test } from 'vitest'
import { encode } from '../../src/format/encode.ts'
import { type ModelFile, openModel, ModelSchema as ourSchema, type Payload, writeModel } from '../../src/format/index.ts'
import { ModelSchema } from '../protobuf-schemas.ts'

const folder = 'tests/fixtures/format'
const temporary = mkdtempSync(join(tmpdir(), 'format-'))
afterAll(() => rmSync(temporary, { recursive: true }))

function isZero(value: unknown): boolean {
  return value === 0 || value === 0n || value === '' || value === false
}

/** A message in the form of the expected values: keyed by field number, integers as text, weights as their bytes. */
function numbered(file: ModelFile, desc: DescMessage, message: Message): unknown {
  const fields = message as unknown as Record<string, unknown>
  const result: Record<string, unknown> = {}
  for (const field of desc.fields) {
    const holder = field.oneof && (fields[field.oneof.localName] as { case?: string; value?: unknown })
    const value = holder ? (holder.case === field.localName ? holder.value : undefined) : fields[field.localName]
    if (value === undefined || (!holder && isZero(value))) continue
    if (field.fieldKind === 'list') {
      const list = value as unknown[]
      if (list.length > 0) result[field.number] = list.map((item) => plain(file, field, item))
    } else if (field.fieldKind === 'map') {
      const entries = Object.entries(value as object)
      if (entries.length > 0) result[field.number] = Object.fromEntries(entries.map(([key, item]) => [key, plain(file, field, item)]))
    } else result[field.number] = plain(file, field, value)
  }
  return result
}

const integers = new Set([ScalarType.INT32, ScalarType.INT64, ScalarType.UINT32, ScalarType.UINT64])

function plain(file: ModelFile, field: DescField, value: unknown): unknown {
  if (field.message?.name === 'Payload') return { weights: Buffer.from(file.readPayload(value as Payload)).toString('hex') }
  if (field.message) return numbered(file, field.message, value as Message)
  if (field.scalar === ScalarType.BYTES) return Buffer.from(value as Uint8Array).toString('hex')
  return integers.has(field.scalar as ScalarType) ? String(value) : value
}

const expected = JSON.parse(gunzipSync(readFileSync(join(folder, 'every-field.json.gz'))).toString())

test('every field of every model type is read as an independent reader reads it', async () => {
  const file = await openModel(join(folder, 'every-field.mlmodel'))
  expect(file.spec.type.case).toBe('pipeline')
  expect(numbered(file, ModelSchema, file.spec)).toEqual(expected)
  file.close()
})

test('every field survives writing and reading', async () => {
  const file = await openModel(join(folder, 'every-field.mlmodel'))
  const path = join(temporary, 'copy.mlmodel')
  // References to weight files are no part of a single file; this one holds two that lead nowhere.
  await expect(writeModel(file, path)).rejects.toMatchObject({ code: 'ERR_ARGUMENT' })
  const pieces = encode(ourSchema, file.spec).map((segment) => (segment instanceof Uint8Array ? segment : file.readPayload(segment)))
  writeFileSync(path, Buffer.concat(pieces))
  const copy = await openModel(path)
  expect(numbered(copy, ModelSchema, copy.spec)).toEqual(expected)
  file.close()
  copy.close()
})
