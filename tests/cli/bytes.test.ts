import { expect, test } from 'vitest'
import { bytesText } from '../../src/cli/bytes.ts'

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.00 kB'],
  [999_499, '999 kB'],
  [999_500, '1.00 MB'],
  [999_999_999, '1.00 GB'],
  [117_000, '117 kB'],
  [1.234e12, '1.23 TB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text)
})
