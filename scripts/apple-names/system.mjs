// Reads what Apple's C library declares from the crate libc: functions, and the members of enumerations.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { signatureAt } from './bindings.mjs'

/** @returns {import('./bindings.mjs').Bindings} without types */
export function readSystem(folder) {
  const bindings = { types: new Map(), functions: new Map(), constants: new Map() }
  for (const part of ['unix/bsd/apple', 'new/apple']) {
    const source = join(folder, 'libc/src', part)
    for (const entry of readdirSync(source, { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !entry.name.endsWith('.rs')) continue
      const text = readFileSync(join(entry.parentPath ?? entry.path, entry.name), 'utf8').replace(/\/\/.*$/gm, '')
      for (const match of text.matchAll(/\bpub fn (\w+)\s*\(/g)) bindings.functions.set(match[1], signatureAt(text, match.index))
      for (const [, members] of text.matchAll(/pub enum \w+ \{([^}]*)\}/g))
        for (const [, name, value] of members.matchAll(/(\w+) = (\w+),/g)) bindings.constants.set(name, value)
    }
  }
  return bindings
}
