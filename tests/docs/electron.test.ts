import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { project } from '../cli/run.ts'

// Electron is not there to be tested, but what is run in it is not to rot: Node runs the same script.
test('the script for Electron predicts, with allocated buffers and without', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(project, 'docs/examples/electron.mjs')], { encoding: 'utf8' })
  expect(status, stderr).toBe(0)
  expect(stdout).toMatch(/the outputs are the same/)
})
