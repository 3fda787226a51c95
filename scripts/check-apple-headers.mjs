// Compiles the addon against Apple's own headers, without a Mac:
//
//   node scripts/check-apple-headers.mjs SDKS [--fast]
//
// SDKS holds macos/ and ios/, two sysroots with Apple's public headers (Core ML's of the iPhoneOS 16.5 SDK or newer). For arm64 macOS 13 and
// iOS 16 (without energy counters and thread-safe functions, as there): every source with warnings as errors, linked into a bundle that exports napi_register_module_v1; then, unless --fast, clang's static
// analyzer and clang-tidy. Needs clang-19, lld-19, llvm-19, libc++-19-dev and clang-tidy-19.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const native = join(root, 'native')
const [sdks, ...flags] = process.argv.slice(2)
if (!sdks) {
  console.error('usage: node scripts/check-apple-headers.mjs SDKS [--fast]   (SDKS holds macos/ and ios/)')
  process.exit(2)
}
for (const name of ['macos', 'ios']) {
  if (existsSync(join(sdks, name))) continue
  console.error(`${join(sdks, name)} does not exist: expected a sysroot with Apple's headers`)
  process.exit(2)
}

const sources = JSON.parse(readFileSync(join(native, 'sources.json'), 'utf8'))
const targets = [
  {
    name: 'macOS 13',
    sdk: 'macos',
    triple: 'arm64-apple-macos13.0',
    platform: ['macos', '13.0', '13.3'],
    power: true,
    threadsafeFunctions: true,
  },
  {
    name: 'iOS 16',
    sdk: 'ios',
    triple: 'arm64-apple-ios16.0',
    platform: ['ios', '16.0', '16.5'],
    power: false,
    threadsafeFunctions: false,
  },
]
const folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-apple-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

function run(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => done({ status: 127, output: `${command}: ${error.message}` }))
    child.on('close', (status) => done({ status, output }))
  })
}

/** Runs the jobs on every core; gives the output of those that failed. */
async function runAll(jobs) {
  const failures = []
  const queue = [...jobs]
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let job = queue.shift(); job; job = queue.shift()) {
        const { status, output } = await run(job.command, job.args)
        if (status !== 0 || (job.silent && output.trim() !== '')) failures.push(`${job.name}\n${output}`)
      }
    }),
  )
  return failures
}

function compileFlags({ sdk, triple, power, threadsafeFunctions }) {
  return [
    ...['-target', triple, '-isysroot', resolve(sdks, sdk), '-nostdinc++', '-isystem', '/usr/lib/llvm-19/include/c++/v1'],
    ...[
      '-std=c++20',
      '-fblocks',
      '-fvisibility=hidden',
      '-Wall',
      '-Wextra',
      '-Wno-unused-parameter',
      '-Wunguarded-availability-new',
      '-Werror',
    ],
    ...['coreml', 'power', 'napi'].flatMap((name) => ['-I', join(native, name)]),
    ...['node-addon-api', 'node-api-headers/include'].flatMap((name) => ['-isystem', join(root, 'node_modules', name)]),
    ...[
      '-DNAPI_VERSION=8',
      '-DNODE_ADDON_API_DISABLE_DEPRECATED',
      '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      ...(power ? ['-DCOREML_POWER'] : []),
    ],
    ...(threadsafeFunctions ? [] : ['-DCOREML_NO_THREADSAFE_FUNCTIONS']),
  ]
}

function sourcesOf({ power }) {
  return [...sources.coreml, ...sources.napi, ...(power ? sources.power : [])].map((file) => join(native, file))
}

const objectOf = (target, source) => join(folder, `${target.sdk}-${basename(dirname(source))}-${basename(source)}.o`)

async function checkTarget(target) {
  const files = sourcesOf(target)
  const compileFailures = await runAll(
    files.map((source) => ({
      name: `${target.name}: ${source}`,
      command: 'clang++-19',
      args: [...compileFlags(target), '-c', source, '-o', objectOf(target, source)],
    })),
  )
  if (compileFailures.length > 0) return compileFailures
  console.log(`${target.name}: ${files.length} sources compile without a warning`)

  const bundle = join(folder, `coreml-${target.sdk}.node`)
  const linked = await run('ld64.lld-19', [
    ...['-arch', 'arm64', '-platform_version', ...target.platform, '-dylib', '-undefined', 'dynamic_lookup', '-o', bundle],
    ...files.map((source) => objectOf(target, source)),
  ])
  if (linked.status !== 0) return [`${target.name}: link\n${linked.output}`]
  const symbols = await run('llvm-nm-19', ['--extern-only', '--defined-only', bundle])
  const imports = await run('llvm-nm-19', ['--undefined-only', bundle])
  const threadsafe = imports.output.match(/_napi_\w*threadsafe_function\w*/)?.[0]
  if (!target.threadsafeFunctions && threadsafe) return [`${target.name}: the bundle uses ${threadsafe}, which its host does not have`]
  if (!/ T _napi_register_module_v1$/m.test(symbols.output))
    return [`${target.name}: the bundle does not export napi_register_module_v1\n${symbols.output}`]
  console.log(`${target.name}: links, and exports napi_register_module_v1`)
  if (flags.includes('--fast')) return []

  const analysis = await runAll(
    files.flatMap((source) => [
      {
        name: `${target.name}: analyzer: ${source}`,
        command: 'clang++-19',
        args: ['--analyze', '--analyzer-output', 'text', ...compileFlags(target), source, '-o', '/dev/null'],
        silent: true,
      },
      {
        name: `${target.name}: clang-tidy: ${source}`,
        command: 'clang-tidy-19',
        args: [
          '--quiet',
          '--checks=-*,bugprone-*,-bugprone-easily-swappable-parameters,concurrency-*,performance-*',
          '--warnings-as-errors=*',
          source,
          '--',
          ...compileFlags(target),
        ],
      },
    ]),
  )
  if (analysis.length === 0) console.log(`${target.name}: the static analyzer and clang-tidy have nothing to say`)
  return analysis
}

let failed = false
for (const target of targets) {
  for (const failure of await checkTarget(target)) {
    console.error(failure)
    failed = true
  }
}
process.exitCode = failed ? 1 : 0
