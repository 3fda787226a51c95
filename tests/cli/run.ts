import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The project's folder. */
export const project = fileURLToPath(new URL('../../', import.meta.url))

/** The compiled command. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** What a run of the command gave. */
export interface CliResult {
  status: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** Runs the compiled command in a process of its own, by default in the project's folder. */
export function cli(
  args: readonly string[],
  { cwd = project, script = main, env = {} as Record<string, string> } = {},
): Promise<CliResult> {
  if (!existsSync(script)) throw new Error('the project is not built: npm run build')
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const read = (stream: NodeJS.ReadableStream) => {
    let text = ''
    stream.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    return () => text
  }
  const [stdout, stderr] = [read(child.stdout), read(child.stderr)]
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal, stdout: stdout(), stderr: stderr() }))
  })
}
