import { describe } from 'vitest'
import { Model } from '../../src/index.ts'
import { testModelApi } from './model-api.ts'

describe('the API over the portable backend', () => {
  testModelApi({
    backend: 'portable',
    load: (source, options) => Model.load(source, { backend: 'portable', ...options }),
    leastPsnr: (declared) => declared,
    units: ['cpuOnly', 'all'],
    hasStates: true,
    plans: 'unavailable',
  })
})
