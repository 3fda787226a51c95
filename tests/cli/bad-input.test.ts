import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cli, project } from './run.ts'

const digits = 'models/digits-cnn/digits-cnn.mlpackage'
const network = 'models/digits-cnn/digits-cnn.mlmodel'
const rnn = 'models/rnn/rnn.mlpackage'
const seven = 'models/digits-cnn/examples/7.png'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coreml-bridge-bad-input-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Slow machines see what is being done, too. */
function withoutProgress(stderr: string): string {
  return stderr.replaceAll(/^(loading|compiling|predicting)[^\n]* …\n/gm, '')
}

/** One clear line on stderr that ends in the code, nothing on stdout, no stack. */
async function refused(args: readonly string[], status: number, code: string, message: RegExp, options = {}): Promise<void> {
  const result = await cli(args, options)
  result.stderr = withoutProgress(result.stderr)
  expect(result.stderr).toMatch(/^coreml-bridge: [^\n]+\n$/)
  expect(result.stderr).toMatch(message)
  expect(result.stderr).toContain(`(${code})`)
  expect(result.stdout).toBe('')
  expect(result.status).toBe(status)
  // The same as JSON.
  const json = await cli([...args, '--json'], options)
  const { schemaVersion, error } = JSON.parse(json.stdout)
  expect(schemaVersion).toBe(1)
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  expect(withoutProgress(json.stderr)).toBe('')
  expect(json.status).toBe(status)
}

describe('the model', () => {
  it.each(['predict', 'inspect'])('%s: a missing file', (command) =>
    refused([command, 'no-such.mlmodel'], 2, 'ERR_FILE', /no-such\.mlmodel/),
  )

  it('compare: a missing model, a file that is no model, missing expected outputs', async () => {
    await refused(['compare', 'no.mlmodel'], 2, 'ERR_FILE', /no such file or folder: no\.mlmodel/)
    // Progress may come before this one, but not with --json.
    const { stdout, stderr, status } = await cli(['compare', 'package.json', '--backend', 'portable', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ERR_MODEL_INVALID' } })
    expect([stderr, status]).toEqual(['', 2])
    await refused(['compare', digits, '--expected', 'no.npz', '--backend', 'portable'], 2, 'ERR_FILE', /no such file or folder: no\.npz/)
  })

  it.each(['predict', 'inspect'])('%s: a folder that is no model', async (command) => {
    const path = join(folder, `empty-${command}.mlpackage`)
    await mkdir(path)
    await refused([command, path], 2, 'ERR_MODEL_INVALID', /Manifest\.json/)
  })

  it.each(['predict', 'inspect'])('%s: a file that is no model', async (command) => {
    const path = join(folder, `text-${command}.mlmodel`)
    await writeFile(path, 'hello, I am text and no model at all')
    await refused([command, path], 2, 'ERR_MODEL_INVALID', /text-/)
  })

  it('a file that is cut off', async () => {
    const path = join(folder, 'cut.mlmodel')
    await cp(join(project, network), path)
    await truncate(path, 60_000)
    await refused(['predict', path, '--input', `image=${seven}`], 2, 'ERR_MODEL_INVALID', /cut\.mlmodel/)
  })

  it('a package whose weights are cut off', async () => {
    const path = join(folder, 'cut.mlpackage')
    await cp(join(project, digits), path, { recursive: true })
    await truncate(join(path, 'Data/com.apple.CoreML/weights/weight.bin'), 20_000)
    await refused(['predict', path, '--input', `image=${seven}`], 2, 'ERR_MODEL_INVALID', /weight/)
  })

  it('a package without weights', async () => {
    const path = join(folder, 'weightless.mlpackage')
    await cp(join(project, digits), path, { recursive: true })
    await rm(join(path, 'Data/com.apple.CoreML/weights/weight.bin'))
    await refused(['predict', path, '--input', `image=${seven}`], 2, 'ERR_MODEL_INVALID', /weight/)
  })

  it('ops that cannot be run, all of them named', async () => {
    const path = join(folder, 'ops.mlpackage')
    await cp(join(project, digits), path, { recursive: true })
    const spec = join(path, 'Data/com.apple.CoreML/model.mlmodel')
    // Names of the same length keep the protobuf whole.
    const text = (await readFile(spec)).toString('latin1').replaceAll('max_pool', 'wax_pool').replaceAll('softmax', 'hardmax')
    await writeFile(spec, Buffer.from(text, 'latin1'))
    await refused(
      ['predict', path, '--input', `image=${seven}`, '--backend', 'portable'],
      2,
      'ERR_OP_UNSUPPORTED',
      /(wax_pool.*hardmax|hardmax.*wax_pool)/,
    )
  })

  it('an unknown function', () =>
    refused(['inspect', digits, '--function', 'mian'], 2, 'ERR_ARGUMENT', /no function "mian"; did you mean "main"\?/))
})

describe('inputs', () => {
  it('none at all', () =>
    refused(['predict', digits], 2, 'ERR_INPUT', /no inputs are given; this model takes --input image=… \(gray image 28×28\)/))
  it('a misspelt name', () =>
    refused(['predict', digits, '--input', `imgae=${seven}`], 2, 'ERR_INPUT', /no input named "imgae"; did you mean "image"\?/))
  it('the same one twice', () =>
    refused(['predict', digits, '-i', `image=${seven}`, '-i', `image=${seven}`], 2, 'ERR_ARGUMENT', /"image" is given twice/))
  it('a missing image', () =>
    refused(['predict', digits, '-i', 'image=no.png'], 2, 'ERR_FILE', /input "image": no such file or folder: no\.png/))
  it('an image that is none', () => refused(['predict', digits, '-i', 'image=package.json.png'], 2, 'ERR_FILE', /no such file/))

  it('a text file for an image', async () => {
    await writeFile(join(folder, 'text.png'), 'I am text')
    await refused(['predict', digits, '-i', `image=${join(folder, 'text.png')}`], 2, 'ERR_INPUT', /text\.png: the bytes are no image file/)
  })

  it('an image of another kind', async () => {
    await writeFile(join(folder, 'moving.gif'), 'GIF89a............')
    await refused(
      ['predict', digits, '-i', `image=${join(folder, 'moving.gif')}`],
      2,
      'ERR_INPUT',
      /GIF, which is read on macOS alone; convert it to PNG or JPEG/,
    )
  })

  it('an image that is cut off', async () => {
    const path = join(folder, 'cut.png')
    await cp(join(project, seven), path)
    await truncate(path, 100)
    await refused(['predict', digits, '-i', `image=${path}`], 2, 'ERR_INPUT', /cut\.png: the PNG file is cut off/)
  })

  it('an image of another size when resizing is off', () =>
    refused(
      ['predict', digits, '-i', 'image=tests/fixtures/images/rgb8.png', '--resize', 'none'],
      2,
      'ERR_INPUT',
      /expected gray image 28×28, got an image 13×11/,
    ))

  it('another shape', () =>
    refused(
      ['predict', rnn, '-i', 'strokes=[[1,2,3]]'],
      2,
      'ERR_INPUT',
      /input "strokes": expected float32 .*got nested arrays of shape 1×3/,
    ))
  it('another type', () =>
    refused(['predict', rnn, '-i', 'strokes={"a":1}'], 2, 'ERR_INPUT', /input "strokes": expected float32 .*got a plain object/))
  it('text', () => refused(['predict', rnn, '-i', 'strokes=hello'], 2, 'ERR_INPUT', /"hello" is neither a number, a list/))
  it('broken JSON', () => refused(['predict', rnn, '-i', 'strokes=[1,'], 2, 'ERR_INPUT', /input "strokes" is no JSON/))
  it('a missing array file', () => refused(['predict', rnn, '-i', 'strokes=no.npy'], 2, 'ERR_FILE', /no such file or folder: no\.npy/))

  it('a damaged array file', async () => {
    await writeFile(join(folder, 'bad.npy'), 'hello')
    await refused(['predict', rnn, '-i', `strokes=${join(folder, 'bad.npy')}`], 2, 'ERR_INPUT', /not a sound \.npy file/)
  })

  it('a .npz without such an array', () =>
    refused(['predict', rnn, '--inputs', 'tests/fixtures/npy/stored.npz'], 2, 'ERR_INPUT', /holds no array named like an input/))
})

describe('options', () => {
  it('an unknown command', () => refused(['pradict', digits], 2, 'ERR_ARGUMENT', /no command "pradict"; did you mean "predict"\?/))

  it('an unknown command of the cache', () =>
    refused(
      ['cache', 'claer'],
      2,
      'ERR_ARGUMENT',
      /cache: there is no command "claer"; did you mean "clear"\? \(commands: list, clear, path\)/,
    ))

  it('help on an unknown command', () => refused(['help', 'nothing'], 2, 'ERR_ARGUMENT', /no command "nothing"/))
  it('an unknown option', () => refused(['predict', digits, '--inptu', 'x=1'], 2, 'ERR_ARGUMENT', /unknown option '--inptu'.*--input/))
  it('a missing argument', () => refused(['predict'], 2, 'ERR_ARGUMENT', /missing required argument 'model'/))
  it('an unknown unit', () =>
    refused(
      ['predict', digits, '--units', 'cpuAndNeuralEngin'],
      2,
      'ERR_ARGUMENT',
      /no compute unit "cpuAndNeuralEngin"; did you mean "cpuAndNeuralEngine"\?/,
    ))
  it('an unknown backend', () => refused(['predict', digits, '--backend', 'metal'], 2, 'ERR_ARGUMENT', /metal.*apple, portable/))
  it('a wrong number', () => refused(['predict', digits, '--threads', '0'], 2, 'ERR_ARGUMENT', /threads.*from 1 to 999999999/))
  it.each(['compare', 'profile'])('a seed of %s that is none', (command) =>
    refused([command, rnn, '--seed', '-1'], 2, 'ERR_ARGUMENT', /seed.*'-1' is invalid.*whole number/),
  )

  it.skipIf(process.platform === 'darwin')('a unit that is not there', () =>
    refused(
      ['predict', digits, '--units', 'cpuAndNeuralEngine'],
      3,
      'ERR_COMPUTE_UNIT_UNAVAILABLE',
      /"cpuAndNeuralEngine" is not available with the portable backend/,
    ),
  )

  it.skipIf(process.platform === 'darwin')('a backend that is not there', () =>
    refused(['predict', digits, '--backend', 'apple'], 3, 'ERR_BACKEND_UNAVAILABLE', /Core ML/),
  )

  it('outputs for a file that is no .npz', () =>
    refused(['predict', digits, '-i', `image=${seven}`, '--out', join(folder, 'out.txt')], 2, 'ERR_ARGUMENT', /--out writes a \.npz file/))

  it('a folder that cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    await refused(['predict', digits, '-i', `image=${seven}`, '--out', join(folder, 'file', 'out.npz')], 2, 'ERR_FILE', /cannot write/)
  })
})

it('a value that fails inside onnxruntime is told once', () =>
  refused(
    ['predict', 'models/decoder/decoder.mlpackage', '-i', 'token=65', '-i', 'position=200', '--backend', 'portable'],
    2,
    'ERR_PREDICT',
    /onnxruntime: /,
  ))

it('a missing onnxruntime-node', async ({ skip }) => {
  const copy = join(folder, 'installed')
  await mkdir(join(copy, 'node_modules'), { recursive: true })
  await cp(join(project, 'dist'), join(copy, 'dist'), { recursive: true })
  await cp(join(project, 'package.json'), join(copy, 'package.json'))
  for (const name of await readdir(join(project, 'node_modules'))) {
    if (!name.startsWith('onnxruntime') && !name.startsWith('.'))
      await symlink(join(project, 'node_modules', name), join(copy, 'node_modules', name))
  }
  try {
    createRequire(join(copy, 'package.json')).resolve('onnxruntime-node')
    skip(`a folder above ${copy} has onnxruntime-node in its node_modules`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
  }
  const args = ['predict', digits, '--input', `image=${seven}`, '--backend', 'portable']
  const script = join(copy, 'dist/cli/main.js')
  await refused(args, 3, 'ERR_ONNXRUNTIME_MISSING', /onnxruntime-node is not installed \(npm install onnxruntime-node\)/, { script })
  const old = join(copy, 'node_modules', 'onnxruntime-node')
  await mkdir(join(old, 'dist'), { recursive: true })
  await writeFile(join(old, 'package.json'), '{ "name": "onnxruntime-node", "version": "1.27.0", "main": "dist/index.js" }')
  await writeFile(join(old, 'dist', 'index.js'), '')
  await refused(args, 3, 'ERR_ONNXRUNTIME_MISSING', /onnxruntime-node 1\.27\.0 is too old: 1\.29 or later/, { script })
})

it('--verbose adds the stack', async () => {
  const { stderr, status } = await cli(['inspect', 'no-such.mlmodel', '--verbose'])
  expect(stderr).toMatch(/^coreml-bridge: [^\n]+\(ERR_FILE\)\n[\s\S]*\n {4}at /)
  expect(status).toBe(2)
})
