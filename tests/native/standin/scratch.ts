// What the specs of compiling and loading share: models that nobody has compiled yet, an empty cache and an empty temporary folder for each test.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { Model } from '../../../src/model/model.ts'
import { folder, modelFile, vector } from './models.ts'

let number = 0
/** A model that no other test has compiled. */
export const fresh = () => modelFile({ ...vector, metadata: { author: `nobody ${process.pid} ${number++}` } })

export const load = (path: string, options: object = {}) => Model.load(path, { backend: 'apple', ...options })

/** For a spec file: a cache and a temporary folder of its own for each test. @returns the temporary folder of the running test */
export function useScratch(): () => string {
  let temporary = ''
  beforeEach(() => {
    process.env.COREML_BRIDGE_CACHE = mkdtempSync(join(folder, 'cache-'))
    temporary = mkdtempSync(join(folder, 'tmp-'))
    process.env.TMPDIR = temporary
  })
  afterEach(() => {
    delete process.env.COREML_BRIDGE_CACHE
    delete process.env.COREML_BRIDGE_CACHE_LIMIT
  })
  return () => temporary
}
