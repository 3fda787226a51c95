import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

/** For a suite: compiled models go into a folder that is removed at its end, not into the user's. */
export function useScratchCache(): void {
  let folder = ''
  const given = process.env.COREML_BRIDGE_CACHE
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'coreml-api-cache-'))
    process.env.COREML_BRIDGE_CACHE = folder
  })
  afterAll(() => {
    if (given === undefined) delete process.env.COREML_BRIDGE_CACHE
    else process.env.COREML_BRIDGE_CACHE = given
    rmSync(folder, { recursive: true, force: true })
  })
}
