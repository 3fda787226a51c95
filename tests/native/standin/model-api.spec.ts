// The tests of the API that run over every backend, over the addon and its stand-in for Core ML: chosen as on a Mac, by the platform alone.
import { afterAll, beforeAll, describe } from 'vitest'
import { Model } from '../../../src/index.ts'
import { testModelApi } from '../../api/model-api.ts'
import { useScratchCache } from '../../api/scratch-cache.ts'
import { standin, useStandin } from './addon.ts'

useStandin()
useScratchCache()

describe('the API over the stand-in', () => {
  const { platform } = process
  beforeAll(() => void Object.defineProperty(process, 'platform', { value: 'darwin' }))
  afterAll(() => void Object.defineProperty(process, 'platform', { value: platform }))

  testModelApi({
    backend: 'apple',
    load: (source, options) => Model.load(source, options),
    units: ['cpuOnly', 'cpuAndGPU', 'cpuAndNeuralEngine', 'all'],
    hasStates: true,
    plans: 'operations',
    slowDown: () => standin.configure({ predictMicroseconds: 5_000 }),
  })
})
