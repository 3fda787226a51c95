import { release } from 'node:os'
import { describe } from 'vitest'
import { Model } from '../../src/index.ts'
import { testModelApi } from './model-api.ts'
import { useScratchCache } from './scratch-cache.ts'

const isMac = process.platform === 'darwin'

// On a Mac it must run: without the addon each of its tests fails.
describe.skipIf(!isMac)(`the API over Core ML itself${isMac ? '' : ' (skipped: it needs a Mac)'}`, () => {
  useScratchCache()

  testModelApi({
    backend: 'apple',
    load: (source, options) => Model.load(source, options),
    // The Neural Engine computes in half precision, whatever the model declares.
    leastPsnr: (declared) => Math.min(declared, 40),
    // macOS 15 is Darwin 24.
    hasStates: Number.parseInt(release(), 10) >= 24,
    plans: 'maybe',
  })
})
