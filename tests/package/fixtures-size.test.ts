import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../fixtures/read.ts'

test('the fixtures stay small enough to live in the repository', () => {
  const folder = fixture('.')
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => statSync(join(folder, name)))
  expect(sizes.reduce((sum, info) => sum + (info.isFile() ? info.size : 0), 0)).toBeLessThan(20e6)
})
