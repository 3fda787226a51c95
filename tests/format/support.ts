import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { type Block, functionBlock, type ModelFile, programFunction } from '../../src/format/index.ts'

/** The path of a small model that scripts/fixtures/format made. */
export function fixture(name: string): string {
  return join('tests/fixtures/format', name)
}

/** Values that numpy, torch and scikit-learn gave for the fixtures. */
export const expectedValues = JSON.parse(readFileSync(fixture('expected.json'), 'utf8'))

const folder = mkdtempSync(join(tmpdir(), 'coreml-format-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

/** A path in a folder that goes when the tests of the file are over. */
export function temporary(name: string): string {
  return join(folder, `${count++}-${name}`)
}

/** A copy of a fixture that a test may damage. */
export function copyOf(name: string): string {
  const path = temporary(name)
  cpSync(fixture(name), path, { recursive: true })
  return path
}

/** The block of a function of an ML Program. */
export function blockOf(file: ModelFile, name = 'main'): Block {
  if (file.spec.type.case !== 'mlProgram') throw new Error('no ML Program')
  return functionBlock(name, programFunction(file.spec.type.value, name))
}

/** Expects a CoreMLError with this code and with these words in its message. */
export async function expectError(promise: Promise<unknown>, code: ErrorCode, ...words: string[]): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ name: 'CoreMLError', code })
  for (const word of words) expect((error as Error).message).toContain(word)
}
