import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const release = vi.hoisted(() => ({ value: '' }))
vi.mock('node:os', async (original) => ({ ...(await original<typeof import('node:os')>()), release: () => release.value }))

const { platform } = process
beforeEach(() => {
  vi.resetModules()
  Object.defineProperty(process, 'platform', { value: 'darwin' })
})
afterEach(() => {
  Object.defineProperty(process, 'platform', { value: platform })
})

const fresh = () => import('../../../src/backends/apple/load-binding.ts')

test('macOS before 13 is too old', async () => {
  release.value = '21.6.0'
  const { bindingAvailable } = await fresh()
  expect(bindingAvailable()).toEqual({ unavailable: 'Core ML needs macOS 13 or newer here, and this is Darwin 21.6.0' })
})

test.skipIf(platform === 'darwin')('without the addon the error says how to get it, the same each time', async () => {
  release.value = '22.0.0'
  const { loadBinding } = await fresh()
  const failure = () => {
    try {
      return loadBinding()
    } catch (error) {
      return error
    }
  }
  const first = failure()
  expect(first).toMatchObject({ code: 'ERR_BACKEND_UNAVAILABLE', message: expect.stringMatching(/npm run build:native/) })
  expect(failure()).toBe(first)
})

test.skipIf(platform === 'darwin')('other systems have no Core ML', async () => {
  Object.defineProperty(process, 'platform', { value: platform })
  const { bindingAvailable } = await fresh()
  expect(bindingAvailable()).toEqual({ unavailable: `Core ML is part of macOS, and this is ${platform}` })
})
