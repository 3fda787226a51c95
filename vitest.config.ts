import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Some tests use onnxruntime itself.
    env: { ORT_DISABLE_TELEMETRY: '1' },
  },
})
