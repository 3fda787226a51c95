// What it takes to run Node, which is built without sanitizers, with an addon that is built with one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Environment of a run with the runtime library of `sanitizer` preloaded, that `addon` and a cache in `folder`. */
export function sanitizedEnvironment(sanitizer, addon, folder) {
  const library = `libclang_rt.${sanitizer}-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so`
  return {
    ...process.env,
    COREML_STANDIN_ADDON: addon,
    COREML_BRIDGE_CACHE: join(folder, 'cache'),
    LD_PRELOAD: spawnSync('clang-19', [`-print-file-name=${library}`], { encoding: 'utf8' }).stdout.trim(),
  }
}
