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

/** Version of onnxruntime-node; undefined where it is not installed. Loads no native code. */
export function onnxRuntimeVersion(): string | undefined {
  const folder = packageFolder()
  return folder && (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}

/** @throws CoreMLError ERR_ONNXRUNTIME_MISSING */
export function requireOnnxRuntime(): void {
  if (packageFolder() !== undefined) return
  throw new CoreMLError(
    'ERR_ONNXRUNTIME_MISSING',
    'the portable backend runs this model with the package onnxruntime-node, which is not installed: npm install onnxruntime-node',
  )
}
