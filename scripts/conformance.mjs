// Runs coremltools' own tests with this project's portable backend in the place of Core ML, and real networks against torch.
//   npm run conformance                              every suite (builds first)
//   npm run conformance -- nn-layers -k lstm         one suite; what follows the suites goes to pytest
//   --failures N   failures to print (default 10)    --json FILE   every counted test
//   --sample SHARE only that share of each suite, always the same tests
//   --only NAME    of the suite `networks` (networks at full size against torch), only that network; can be given again
// A test counts when it asked for a prediction or was refused one. Exit status 1 when a counted test failed.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { networkNames, runNetworks } from './conformance/networks.mjs'
import { cacheFolder, python } from './python.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const here = fileURLToPath(new URL('./conformance', import.meta.url))
const mil = 'converters/mil/mil/ops/tests'
const network = 'test/neural_network'

/** Files and folders of coremltools, by suite; `networks` is none of coremltools' own. */
const suites = {
  'nn-layers': [`${network}/test_numpy_nn_layers.py`],
  'nn-models': ['simple_nn_inference', 'nn_builder', 'quantization', 'model', 'neural_networks'].map(
    (name) => `${network}/test_${name}.py`,
  ),
  ...Object.fromEntries(['iOS14', 'iOS15', 'iOS16', 'iOS17', 'iOS18'].map((opset) => [`mil-${opset.toLowerCase()}`, [`${mil}/${opset}`]])),
  io: ['converters/mil/test_inputs_outputs_shape.py', 'converters/mil/mil/tests/test_programs.py'],
  classic: ['test/sklearn_tests', 'test/xgboost_tests', 'test/pipeline'],
  torch: ['ops', 'stateful_model', 'quantization_ops', 'export_quantization'].map(
    (name) => `converters/mil/frontend/torch/test/test_torch_${name}.py`,
  ),
  compression: ['test/optimize/coreml', 'converters/mil/mil/passes/tests/test_quantization_passes.py'],
  networks: null,
}

const args = process.argv.slice(2)
if (args.includes('--help')) {
  const header = readFileSync(fileURLToPath(import.meta.url), 'utf8')
    .split('\n\n', 1)[0]
    .split('\n')
  console.log(
    header
      .filter((line) => line.startsWith('//'))
      .map((line) => line.slice(3))
      .join('\n'),
  )
  process.exit(0)
}

function option(name, fallback) {
  const at = args.indexOf(name)
  return at < 0 ? fallback : args.splice(at, 2)[1]
}

const shown = Number(option('--failures', 10))
const report = option('--json')
const sample = option('--sample', '1')
const only = []
while (args.includes('--only')) only.push(option('--only'))
const chosen = []
while (args.length > 0 && !args[0].startsWith('-')) chosen.push(args.shift())

/** Ends with status 2 if one of `names` is not among those `known`. */
function requireKnown(kind, names, known) {
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  console.error(`no such ${kind}: ${unknown.join(', ')}. There are: ${known.join(', ')}`)
  process.exit(2)
}

requireKnown('suite', chosen, Object.keys(suites))

const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
if (build.status !== 0) process.exit(1)
const interpreter = python()
if (only.length > 0) requireKnown('network', only, networkNames(interpreter))
const find = 'import importlib.util as u; print(u.find_spec("coremltools").submodule_search_locations[0])'
const package_ = spawnSync(interpreter, ['-c', find], { encoding: 'utf8' }).stdout.trim()

const classic = join(cacheFolder, 'classic')
const chosenSuites = chosen.length > 0 ? chosen : Object.keys(suites)
if (chosenSuites.includes('classic')) {
  const { status } = spawnSync(interpreter, [join(here, 'classic.py'), classic], { stdio: 'inherit' })
  if (status !== 0) process.exit(1)
}

function run(paths) {
  const scratch = mkdtempSync(join(tmpdir(), 'conformance-'))
  const results = join(scratch, 'results.jsonl')
  writeFileSync(results, '')
  const workers = String(Math.max(1, Math.min(4, availableParallelism())))
  const pytest = [
    '-m',
    'pytest',
    '-q',
    '-p',
    'bridge_plugin',
    '-p',
    'no:cacheprovider',
    '-n',
    workers,
    // The stress tests of convolutions hand over a gigabyte dozens of times.
    '--timeout',
    '900',
    '--disable-warnings',
  ]
  const { status, stdout, stderr } = spawnSync(
    interpreter,
    [...pytest, '--rootdir', package_, ...paths.map((path) => join(package_, path)), ...args],
    {
      cwd: scratch,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: {
        ...process.env,
        BRIDGE_CLASSIC: classic,
        BRIDGE_ENTRY: join(root, 'dist/index.js'),
        BRIDGE_NODE: process.execPath,
        BRIDGE_RESULTS: results,
        BRIDGE_SAMPLE: sample,
        PYTHONPATH: here,
        PYTHONDONTWRITEBYTECODE: '1',
        OMP_NUM_THREADS: '1',
        TMPDIR: scratch,
      },
    },
  )
  const tests = readFileSync(results, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  rmSync(scratch, { recursive: true, force: true })
  // pytest: 0 all passed, 1 some failed, 5 none selected. A file that is not there or cannot be imported is an ERROR of its own.
  if (![0, 1, 5].includes(status) || /^ERROR[: ]/m.test(stdout + stderr)) console.error(stdout.slice(-3000), stderr.slice(-2000))
  return tests
}

const outcomes = ['passed', 'failed', 'xfailed', 'skipped']
const row = (name, cells) => console.log(name.padEnd(14) + cells.map((cell) => String(cell).padStart(9)).join(''))
row('suite', [...outcomes, 'counted'])
const all = []
for (const name of chosenSuites) {
  const tests = suites[name] ? run(suites[name]) : await runNetworks(interpreter, only.length > 0 ? only : networkNames(interpreter))
  const counts = outcomes.map((outcome) => tests.filter((test) => test.outcome === outcome).length)
  row(name, [...counts, counts[0] + counts[1]])
  all.push(...tests.map((test) => ({ suite: name, ...test })))
}
const failed = all.filter(({ outcome }) => outcome === 'failed')
for (const { suite, test, reason } of failed.slice(0, shown))
  console.log(`\n${suite}: ${test}\n    ${reason.trim().slice(0, 600).replaceAll('\n', '\n    ')}`)
if (report) writeFileSync(report, JSON.stringify(all, null, 1))
process.exitCode = failed.length > 0 || all.length === 0 ? 1 : 0
