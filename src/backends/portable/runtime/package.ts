import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { CoreMLError } from '../../../errors.ts'

/** Folder of the optional package onnxruntime-node; undefined where it is not installed. */
function packageFolder(): string | undefined {
  try {
    // The entry is dist/index.js; package.json is not among the package's exports in every version.
    return dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')))
  } catch {
    return undefined
  }
}

let version: string | undefined

/** Version of onnxruntime-node; undefined where it is not installed. Loads no native code. */
export function onnxRuntimeVersion(): string | undefined {
  const folder = packageFolder()
  if (folder) version ??= (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
  return version
}

/** Before it averages that count padding (up to 1.24) and reversed sequences (up to 1.27) were wrong numbers. */
const oldest = { major: 1, minor: 29 }

/** Why onnxruntime-node cannot be used: it is not there or too old. */
export function onnxRuntimeProblem(): string | undefined {
  const found = onnxRuntimeVersion()
  if (found === undefined) return 'onnxruntime-node is not installed (npm install onnxruntime-node)'
  const [major, minor] = found.split('.').map(Number) as [number, number]
  if (major > oldest.major || (major === oldest.major && minor >= oldest.minor)) return undefined
  return `onnxruntime-node ${found} is too old: ${oldest.major}.${oldest.minor} or later is needed (npm install onnxruntime-node@latest)`
}

/** @throws CoreMLError ERR_ONNXRUNTIME_MISSING */
export function requireOnnxRuntime(): void {
  const problem = onnxRuntimeProblem()
  if (problem) throw new CoreMLError('ERR_ONNXRUNTIME_MISSING', `the portable backend cannot run this model: ${problem}`)
}
