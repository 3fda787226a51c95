import { defineConfig } from 'vitest/config'

// The specs of the addon on the stand-in for Core ML. tests/native/standin.test.ts runs them with a sanitizer preloaded into Node.
export default defineConfig({
  test: {
    include: ['tests/native/standin/**/*.spec.ts'],
    pool: 'forks',
    execArgv: ['--expose-gc'],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
