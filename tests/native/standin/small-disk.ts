// Real file systems in memory, for full and read-only disks. Mounting takes root, and a system that allows it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { folder } from './models.ts'

const mounted: string[] = []
// Before the folder around them is removed: what was set up last is undone first.
afterAll(() => {
  for (const place of mounted.splice(0)) spawnSync('umount', [place], { env: plainEnvironment() })
})

/** Without the sanitizer that is preloaded into Node. */
const plainEnvironment = () => ({ PATH: process.env.PATH })

function mount(options: string, place: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', place], { env: plainEnvironment() }).status === 0
}

/** A disk of so many bytes. @returns where it is mounted; undefined where that is refused */
export function smallDisk(bytes: number): string | undefined {
  const place = mkdtempSync(join(folder, 'disk-'))
  if (!mount(`size=${bytes},mode=700`, place)) return undefined
  mounted.push(place)
  return place
}

/** Whether such disks can be had here. */
export const haveDisks = smallDisk(65536) !== undefined

/** Makes a disk read-only, for root too. */
export function makeReadOnly(place: string): void {
  if (!mount('remount,ro', place)) throw new Error(`${place} stays writable`)
}

/** Leaves so many bytes free on a disk. */
export function fillDisk(place: string, free = 0): void {
  const { bavail, bsize } = statfsSync(place)
  writeFileSync(join(place, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - free)))
}
