// The addon's specs on the stand-in, and everything at once, with ThreadSanitizer preloaded into Node. What it does not see: races inside Node, V8 and GNUstep,
// which are not instrumented, and those of Core ML itself, which is not there.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sanitizedEnvironment } from './sanitized.mjs'
import { root } from './setup.mjs'
import { vitestScript } from './vitest-script.mjs'

/** @returns whether one run ended well and without a report of any of its processes; `tell` gets what to show otherwise */
function isClean(args, addon, folder, tell) {
  mkdirSync(folder)
  // Reports go to files: a process that a spec starts, or ends by a signal, has no other place that is looked at.
  const reports = join(folder, 'report')
  // Node, V8, GNUstep and the runtime of Objective-C hand memory over by means that are not seen: what they do themselves is not judged. What our code does is,
  // without a single suppression.
  const options = ['ignore_noninstrumented_modules=1', 'report_signal_unsafe=0', 'exitcode=66', `log_path=${reports}`]
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...sanitizedEnvironment('tsan', addon, folder),
      TSAN_OPTIONS: options.join(' '),
      NO_COLOR: '1',
    },
  })
  const found = readdirSync(folder).filter((name) => name.startsWith('report'))
  for (const name of found.slice(0, 3)) tell(readFileSync(join(folder, name), 'utf8').slice(0, 6000))
  if (status !== 0) tell(`status ${status}, signal ${signal}\n${(stdout + stderr).slice(-6000)}`)
  return status === 0 && found.length === 0
}

/**
 * @param {{ addon: string, model: string, folder: string, tell: (text: string) => void }} what
 * @returns {Generator<[string, boolean]>} each run's name, and whether it was clean
 */
export function* threadSanitizerRuns({ addon, model, folder, tell }) {
  const specs = [vitestScript(), 'run', '--config', 'vitest.standin.config.ts']
  yield ['every spec, with worker threads that end and are ended in the middle', isClean(specs, addon, join(folder, 'specs'), tell)]
  const stress = [join(root, 'tests/native/standin/children/stress.mjs'), addon, model]
  yield ['everything at once', isClean(stress, addon, join(folder, 'stress'), tell)]
}
