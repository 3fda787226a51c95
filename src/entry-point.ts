import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CoreMLError } from './errors.ts'

/**
 * The compiled file of a module that starts a thread or a process of its own, as a path: `entryPoint('measure/runner')`.
 * From TypeScript sources (tests), it is the one in dist, as Node 20 runs no TypeScript.
 */
export function entryPoint(module: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../dist/' : './'
  return fileURLToPath(new URL(`${folder}${module}.js`, import.meta.url))
}

/**
 * The same, for what does not work without it. A program's bundle has not got the file.
 * @throws CoreMLError ERR_FILE
 */
export function requireEntryPoint(module: string): string {
  const path = entryPoint(module)
  if (existsSync(path)) return path
  throw new CoreMLError(
    'ERR_FILE',
    `${path} is missing: coreml-bridge starts threads from files of its own and cannot be bundled (external)`,
  )
}
