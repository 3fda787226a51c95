// The addon as built against the stand-in for Core ML, for tests that load it.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { debianPackages } from '../../scripts/debian-packages.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))

function missing(): string | undefined {
  if (process.platform !== 'linux') return 'the stand-in is for Linux; on a Mac the tests use Core ML itself'
  const found = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
  const there =
    ['cmake', 'ninja', 'clang++-19', 'ld.lld-19'].every(found) && existsSync('/usr/include/GNUstep') && existsSync('/usr/include/Block.h')
  return there ? undefined : `apt-get install ${debianPackages.join(' ')}`
}

/** Why the stand-in cannot be built here; undefined where it can. */
export const lacking = missing()

// Where the proof is what the run is for, a test that is skipped must not look like one that passed.
if (lacking !== undefined && process.env.COREML_BRIDGE_REQUIRE_STANDIN === '1')
  throw new Error(`COREML_BRIDGE_REQUIRE_STANDIN=1, and the stand-in cannot be built here: ${lacking}`)

/** To append to the name of a suite that is skipped. */
export const skipNote = lacking === undefined ? '' : ` (skipped: ${lacking})`

/** Builds it unless it is there and current. @returns the path of the addon */
export function buildStandin(variant: 'none' | 'asan' | 'react-native'): string {
  const built = spawnSync(process.execPath, [`${root}scripts/build-standin.mjs`, variant], { encoding: 'utf8' })
  if (built.status !== 0) throw new Error(`the stand-in build failed:\n${built.stderr.slice(-4000)}`)
  return `${root}build-standin/${variant}/coreml.node`
}

/** Milliseconds for a build from nothing on a busy machine. */
export const buildTimeout = 1_200_000
