import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { readResult } from '../../src/measure/read-result.ts'
import { compareResult } from '../../src/measure/result.ts'
import { macResult } from '../report/fixture.ts'

const file = new URL('../../schema/compare.schema.json', import.meta.url)

describe('JSON Schema', () => {
  test('schema/compare.schema.json is what the code defines (npx vitest run tests/measure/result.test.ts -u writes it)', async () => {
    const schema = {
      $id: 'compare.schema.json',
      title: 'Result of coreml-bridge compare --json',
      ...z.toJSONSchema(compareResult, { reused: 'ref' }),
    }
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(file.pathname)
  })

  test('accepts a result and refuses one without a unit’s status, with another version, or with a figure of two kinds', () => {
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(file, 'utf8')))
    const result = JSON.parse(JSON.stringify(macResult()))
    expect(validate(result), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true)
    const change = (edit: (copy: typeof result) => void) => {
      const copy = structuredClone(result)
      edit(copy)
      return validate(copy)
    }
    expect(change((copy) => delete copy.models[0].units[0].status)).toBe(false)
    expect(
      change((copy) => {
        copy.schemaVersion = 2
      }),
    ).toBe(false)
    expect(
      change((copy) => {
        copy.models[0].units[0].phases.compile = { value: 1, unit: 'ms', interval: null, unavailable: 'both' }
      }),
    ).toBe(false)
    expect(
      change((copy) => {
        copy.models[0].units[0].energy = { unavailable: '' }
      }),
    ).toBe(false)
  })
})

describe('reading a result', () => {
  const read = async (content: string) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-result-'))
    try {
      writeFileSync(path.join(folder, 'r.json'), content)
      return await readResult(path.join(folder, 'r.json'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  test('gives back what was written', async () => {
    expect(await read(JSON.stringify(macResult()))).toEqual(macResult())
  })
  test.each([
    ['{', 'cannot read the result'],
    ['{}', 'is no result of compare --json'],
    ['[1]', 'is no result of compare --json'],
    ['{"schemaVersion":99}', '(its schemaVersion is 99)'],
    ['{"schemaVersion":1,"kind":"compare"}', 'is a damaged result: version'],
  ])('%s is refused', async (content, message) => {
    await expect(read(content)).rejects.toMatchObject({ code: 'ERR_FILE', message: expect.stringContaining(message) })
  })
})
