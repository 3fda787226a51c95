import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { project } from '../cli/run.ts'

interface PackedFile {
  path: string
  size: number
  mode: number
}

const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
let files: PackedFile[]
beforeAll(() => {
  const out = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell: process.platform === 'win32',
  })
  // A list up to npm 11, an object by package names from npm 12 on.
  files = Object.values<{ files: PackedFile[] }>(JSON.parse(out))[0]!.files
})

describe('the packed package', () => {
  it('holds what it exports and the command', () => {
    const paths = files.map(({ path }) => path)
    for (const path of [
      'package.json',
      'README.md',
      'LICENSE',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'models/index.json',
    ])
      expect(paths).toContain(path)
    expect(manifest.bin['coreml-bridge']).toBe('dist/cli/main.js')
    expect(files.find(({ path }) => path === 'dist/cli/main.js')!.mode & 0o111).toBe(0o111)
  })

  it('holds nothing that npm would build or that is of no use to others', () => {
    const odd = files
      .map(({ path }) => path)
      .filter((path) => !/^(dist|prebuilds|models|schema)\//.test(path) && !['package.json', 'README.md', 'LICENSE'].includes(path))
    expect(odd).toEqual([])
  })

  it('stays small', () => {
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(20e6)
  })
})

describe('the manifest', () => {
  it('has no script that runs on install, and no system that it refuses', () => {
    expect(Object.keys(manifest.scripts).filter((name) => ['preinstall', 'install', 'postinstall', 'prepare'].includes(name))).toEqual([])
    expect(manifest.gypfile).toBe(false)
    expect(manifest.os).toBeUndefined()
    expect(manifest.peerDependenciesMeta['onnxruntime-node']).toEqual({ optional: true })
  })

  it('ends its exports with "default", so that require works', () => {
    expect(Object.keys(manifest.exports['.']).at(-1)).toBe('default')
  })
})

it('says that it cannot be bundled where the files are missing that its threads start from', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-bundle-'))
  try {
    cpSync(join(project, 'dist'), join(folder, 'dist'), { recursive: true, filter: (path) => !path.includes('worker-thread') })
    cpSync(join(project, 'package.json'), join(folder, 'package.json'))
    symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
    const script = `import { Model } from './dist/index.js'
      await Model.load(process.argv[1], { backend: 'portable' }).catch(({ code, message }) => console.log(code, message))`
    const args = ['--input-type=module', '-e', script, join(project, 'models/rnn/rnn.mlpackage')]
    const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    expect(stdout).toMatch(/^ERR_FILE .*worker-thread\.js is missing: .*cannot be bundled/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('the declarations', () => {
  it.each(['index', 'react-native/index'])(
    '%s compiles with the library of Node 20, which has no Float16Array',
    (entry) => {
      const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', 'false', '--module', 'nodenext', '--types', 'node']
      const compiler = join(project, 'node_modules/typescript/bin/tsc')
      const args = [compiler, ...options, '--target', 'es2022', '--lib', 'es2023', `dist/${entry}.d.ts`]
      const { status, stdout } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
      expect(stdout).toBe('')
      expect(status).toBe(0)
    },
    60_000,
  )
})

// What the registry holds the provenance of a published package against; without it, it refuses the package.
describe.skipIf(process.platform === 'win32')('a release', () => {
  /** Runs those lines of the release workflow that match, on a copy of the manifest. */
  function runSteps(matching: RegExp, ref: string): { status: number | null; manifest: { repository?: { url?: string } } } {
    const workflow = readFileSync(join(project, '.github/workflows/release.yml'), 'utf8')
    const steps = [...workflow.matchAll(/^\s+(?:- )?run: (.+)$/gm)].map(([, step]) => step!).filter((step) => matching.test(step))
    expect(steps).not.toEqual([])
    const folder = mkdtempSync(join(tmpdir(), 'coreml-release-'))
    try {
      const copy = join(folder, 'package.json')
      copyFileSync(join(project, 'package.json'), copy)
      const env = {
        ...process.env,
        GITHUB_SERVER_URL: 'https://github.com',
        GITHUB_REPOSITORY: 'someone/coreml-bridge',
        GITHUB_REF_NAME: ref,
      }
      const { status } = spawnSync('bash', ['-ec', steps.join('\n')], { cwd: folder, env, encoding: 'utf8' })
      return { status, manifest: JSON.parse(readFileSync(copy, 'utf8')) }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  it('names the repository that it was built in', () => {
    const { status, manifest: published } = runSteps(/repository\.url/, 'v0.0.0')
    expect(status).toBe(0)
    expect(published.repository?.url).toBe('git+https://github.com/someone/coreml-bridge.git')
  })

  it('is of the version that its tag tells', () => {
    expect(runSteps(/GITHUB_REF_NAME/, `v${manifest.version}`).status).toBe(0)
    expect(runSteps(/GITHUB_REF_NAME/, 'v99.0.0').status).not.toBe(0)
  })
})

describe('importing', () => {
  const report =
    'const { sharedObjects } = process.report.getReport(); console.log(JSON.stringify(sharedObjects.filter((name) => name.endsWith(".node"))))'

  it.each([
    ['import', ['--input-type=module', '-e', `import { Model } from 'coreml-bridge'; if (!Model.load) throw 1; ${report}`]],
    ['require', ['--input-type=commonjs', '-e', `const { Model } = require('coreml-bridge'); if (!Model.load) throw 1; ${report}`]],
  ])('%s works and loads no native code', (_how, args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
    expect(stderr).not.toMatch(/Error/)
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toEqual([])
  })
})
