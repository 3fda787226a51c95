// The Python environment of the project's own tools (conformance, benchmarks, sample models): coremltools, torch and friends,
// in a cache folder, made once. Using coreml-bridge needs no Python.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const requirements = fileURLToPath(new URL('./python-requirements.txt', import.meta.url))

/** Where the environment and everything made with it lives. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'coreml-bridge')

/** Path of a Python interpreter that has everything in python-requirements.txt; COREML_BRIDGE_PYTHON names one that is there already. */
export function python() {
  if (process.env.COREML_BRIDGE_PYTHON) return process.env.COREML_BRIDGE_PYTHON
  const environment = join(cacheFolder, 'python')
  const interpreter = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python')
  const stamp = join(environment, 'requirements.txt')
  const wanted = readFileSync(requirements, 'utf8')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    mkdirSync(cacheFolder, { recursive: true })
    console.error(`making a Python environment in ${environment} (once; torch among it: several GB, some minutes)…`)
    if (!existsSync(interpreter)) execFileSync(basePython(), ['-m', 'venv', environment], { stdio: 'inherit' })
    execFileSync(interpreter, ['-m', 'pip', 'install', '-q', '-r', requirements], { stdio: 'inherit' })
    writeFileSync(stamp, wanted)
  }
  return interpreter
}

/** coremltools 9 has binaries for Python up to 3.13, torch 2.7 from 3.9 on. */
function basePython() {
  for (const name of ['python3.11', 'python3.12', 'python3.10', 'python3']) {
    const version = spawnSync(name, ['-c', 'import sys; print(sys.version_info[1])'], { encoding: 'utf8' })
    if (version.status === 0 && Number(version.stdout) >= 10 && Number(version.stdout) <= 12) return name
  }
  throw new Error('Python 3.10, 3.11 or 3.12 is needed to make models with coremltools')
}
