// Node in a process of its own, with the addon's path in its environment.
import { spawn } from 'node:child_process'
import { addonPath } from './addon.ts'

/** How a process ended, and what it wrote. */
export interface Ended {
  status: number | null
  signal: string | null
  output: string
  errors: string
  milliseconds: number
}

export function runNode(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const start = performance.now()
  const child = spawn(process.execPath, args, { env: { ...process.env, COREML_STANDIN_ADDON: addonPath, ...env } })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  return new Promise((resolve) =>
    child.on('close', (status, signal) => resolve({ status, signal, output, errors, milliseconds: performance.now() - start })),
  )
}

/** As before its arguments: the process is a Mac with the stand-in's Core ML, and so is what it starts. */
export const onStandin = ['--import', new URL('children/use-standin.mjs', import.meta.url).href]
