import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeOutput } from '../../src/cli/write-output.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-output-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function* endsEarly() {
  yield 'the first half'
  throw new Error('no space left')
}

describe('a file that a command writes', () => {
  it('is there with the folders that it is in', async () => {
    const path = join(folder, 'a', 'b', 'out.txt')
    await writeOutput(path, 'text')
    expect(readFileSync(path, 'utf8')).toBe('text')
  })

  it('leaves what was there, and nothing else, where writing fails', async () => {
    const path = join(folder, 'out.txt')
    writeFileSync(path, 'before')
    await expect(writeOutput(path, endsEarly())).rejects.toMatchObject({ code: 'ERR_FILE', message: `cannot write ${path}: no space left` })
    expect(readdirSync(folder)).toEqual(['out.txt'])
    expect(readFileSync(path, 'utf8')).toBe('before')

    await expect(writeOutput(join(folder, 'new.txt'), endsEarly())).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect(readdirSync(folder)).toEqual(['out.txt'])
  })

  it('is refused where there is a folder', async () => {
    await expect(writeOutput(folder, 'text')).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect(existsSync(folder)).toBe(true)
  })

  it.skipIf(process.platform === 'win32')('keeps the mode of the one before, and a link to it', async () => {
    const path = join(folder, 'out.txt')
    const link = join(folder, 'link')
    writeFileSync(path, 'before')
    chmodSync(path, 0o600)
    symlinkSync('out.txt', link)
    await writeOutput(path, 'after')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    await writeOutput(link, 'through the link')
    expect(readFileSync(path, 'utf8')).toBe('through the link')
  })
})
