import { createRequire } from 'node:module'
import { release } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CoreMLError } from '../../errors.ts'
import { availableIf } from './available.ts'
import type { AppleBinding } from './binding.ts'

/** The package's root, from src/ and from dist/ alike. */
const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** macOS 13 runs Darwin 22. */
const oldestDarwin = 22

let loaded: AppleBinding | undefined
let failure: CoreMLError | undefined
let forTests: (() => AppleBinding) | undefined

/** @internal For this package's own tests alone, which run the addon against a stand-in for Core ML. */
export function setBindingForTests(load: (() => AppleBinding) | undefined): void {
  forTests = load
  loaded = undefined
  failure = undefined
}

function unavailable(message: string, cause?: unknown): CoreMLError {
  return new CoreMLError('ERR_BACKEND_UNAVAILABLE', message, { cause })
}

function load(): AppleBinding {
  if (forTests) return forTests()
  if (process.platform !== 'darwin') throw unavailable(`Core ML is part of macOS, and this is ${process.platform}`)
  if (Number.parseInt(release(), 10) < oldestDarwin)
    throw unavailable(`Core ML needs macOS 13 or newer here, and this is Darwin ${release()}`)
  try {
    return createRequire(import.meta.url)('node-gyp-build')(root) as AppleBinding
  } catch (error) {
    throw unavailable(
      `the native part for darwin-${process.arch} could not be loaded (${error instanceof Error ? error.message.split('\n')[0] : error}); ` +
        'reinstall the package on this machine, or in a clone of its repository run "npm run build:native" (Xcode\'s command line tools are needed)',
      error,
    )
  }
}

/**
 * The addon, loaded by the first call.
 * @throws CoreMLError ERR_BACKEND_UNAVAILABLE, each time for the same reason
 */
export function loadBinding(): AppleBinding {
  if (failure) throw failure
  try {
    loaded ??= load()
  } catch (error) {
    failure = error instanceof CoreMLError ? error : unavailable(String(error), error)
    throw failure
  }
  return loaded
}

/** Whether {@link loadBinding} works here. */
export const bindingAvailable = () => availableIf(loadBinding)
