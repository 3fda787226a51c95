import { fileURLToPath } from 'node:url'

/**
 * The compiled file of a module that starts a thread or a process of its own, as a path: `entryPoint('measure/runner')`.
 * From TypeScript sources (tests), it is the one in dist, as Node 20 runs no TypeScript.
 */
export function entryPoint(module: string): string {
  const folder = import.meta.url.endsWith('.ts') ? '../dist/' : './'
  return fileURLToPath(new URL(`${folder}${module}.js`, import.meta.url))
}
