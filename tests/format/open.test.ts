import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ModelFile, openModel, type Value } from '../../src/format/index.ts'
import { inspect, Model } from '../../src/index.ts'
import { blockOf, copyOf, expectError, fixture, temporary } from './support.ts'

describe('what is no model', () => {
  test('a missing path', () => expectError(openModel('no/such.mlmodel'), 'ERR_FILE', 'no such file or folder: no/such.mlmodel'))

  test('an empty folder, an empty package, an empty file', async () => {
    const folder = temporary('empty')
    mkdirSync(folder)
    await expectError(openModel(folder), 'ERR_MODEL_INVALID', 'no Manifest.json')
    const model = temporary('empty.mlpackage')
    mkdirSync(model)
    await expectError(openModel(model), 'ERR_MODEL_INVALID', 'no Manifest.json')
    const file = temporary('empty.mlmodel')
    writeFileSync(file, '')
    await expectError(openModel(file), 'ERR_MODEL_INVALID', 'empty')
  })

  test('a compiled model', async () => {
    const byName = temporary('net.mlmodelc')
    mkdirSync(byName)
    await expectError(openModel(byName), 'ERR_MODEL_COMPILED', 'open the .mlpackage or .mlmodel')
    const byContent = temporary('net')
    mkdirSync(byContent)
    writeFileSync(join(byContent, 'coremldata.bin'), '')
    await expectError(openModel(byContent), 'ERR_MODEL_COMPILED')
  })

  test.each([
    ['PK\x03\x04 zip', 'ZIP'],
    ['version https://git-lfs.github.com/spec/v1\n', 'git lfs pull'],
    ['{"fileFormatVersion": "1.0.0"}', 'JSON'],
    ['../../blobs/model', 'it is a text, which begins with "../../blobs/model"'],
    ['\x89PNG\r\n\x1a\n and so on', 'PNG'],
    ['\xff\xd8\xff\xe0 and so on', 'JPEG'],
    ['\x1f\x8b\x08\0 and so on', 'gzip'],
    [`net.mlmodel${'\0'.repeat(246)}ustar`, 'tar archive'],
    ['\x89HDF\r\n\x1a\n and so on', 'HDF5'],
    ['\x1c\0\0\0TFL3 and so on', 'TensorFlow Lite'],
    ['\x40\0\0\0\0\0\0\0{"weight":', 'safetensors'],
    ['\x80\x04\x95 and so on', 'pickle'],
    ['\x08\x08\x12\x07pytorch\x1a\x052.4.0', 'ONNX'],
    ['\x08\x0a\x3a\x80\x01 and so on', 'ONNX'],
  ])('a file that starts with %j', async (content, word) => {
    const file = temporary('file.mlmodel')
    writeFileSync(file, content, 'latin1')
    await expectError(openModel(file), 'ERR_MODEL_INVALID', word)
  })

  test('a message that says nothing', async () => {
    const file = temporary('file.mlmodel')
    // Specification version 4 and nothing else.
    writeFileSync(file, Buffer.from([0x08, 4]))
    await expectError(openModel(file), 'ERR_MODEL_INVALID', 'no description')
    writeFileSync(file, Buffer.from([0x08, 4, 0x12, 0]))
    await expectError(openModel(file), 'ERR_MODEL_INVALID', 'known type (specification version 4)')
  })

  test.skipIf(process.platform === 'win32')('a pipe, which must not block', async () => {
    await expectError(openModel('/dev/null'), 'ERR_MODEL_INVALID', 'neither a file nor a folder')
  })
})

describe('a package whose manifest', () => {
  const cases: [string, (manifest: Record<string, unknown>) => unknown, string][] = [
    ['has no root', () => ({ itemInfoEntries: {} }), 'rootModelIdentifier'],
    ['names a root that is not listed', (manifest) => ({ ...manifest, rootModelIdentifier: 'toString' }), 'no entry for the root model'],
    ['leads to a file that is not there', () => rooted('com.apple.CoreML/none.mlmodel'), 'does not exist'],
    ['leads to a folder', () => rooted('com.apple.CoreML'), 'is not a file'],
    ['leads outside', () => rooted('../../../../etc/passwd'), 'points outside the package'],
    ['leads outside by an absolute path', () => rooted('/etc/passwd'), 'points outside the package'],
    ['is a list', () => [], 'Manifest.json'],
  ]
  const rooted = (path: string) => ({ rootModelIdentifier: 'a', itemInfoEntries: { a: { path } } })
  test.each(cases)('%s', async (_, change, words) => {
    const path = copyOf('state.mlpackage')
    const manifest = join(path, 'Manifest.json')
    writeFileSync(manifest, JSON.stringify(change(JSON.parse(readFileSync(manifest, 'utf8')))))
    await expectError(openModel(path), 'ERR_MODEL_INVALID', words)
  })

  test('is no JSON', async () => {
    const path = copyOf('state.mlpackage')
    writeFileSync(join(path, 'Manifest.json'), '{"rootModelIdentifier":')
    await expectError(openModel(path), 'ERR_MODEL_INVALID', 'no JSON')
  })
})

describe('a package whose files lie elsewhere, behind symbolic links, as in the caches of model hubs', () => {
  /** The name that a file has in such a cache: no extension. */
  const stored = (folder: string, name: string) => join(folder, name.replaceAll(/\W/g, ''))

  function linked(name: string): string {
    const path = copyOf(name)
    const elsewhere = temporary('blobs')
    mkdirSync(elsewhere)
    for (const file of ['Manifest.json', 'Data/com.apple.CoreML/model.mlmodel', 'Data/com.apple.CoreML/weights/weight.bin']) {
      renameSync(join(path, file), stored(elsewhere, file))
      symlinkSync(stored(elsewhere, file), join(path, file))
    }
    return path
  }

  test.skipIf(process.platform === 'win32')('is read, run and summed up like any other', async () => {
    const path = linked('classifier.mlpackage')
    const size = (await inspect(fixture('classifier.mlpackage'))).sizeOnDisk
    expect(await inspect(path)).toMatchObject({ sizeOnDisk: size })
    const results = []
    for (const each of [fixture('classifier.mlpackage'), path]) {
      const model = await Model.load(each, { backend: 'portable' })
      results.push(await model.predict({ x: [0.1, -0.2, 0.3, 0.4] }))
      await model.dispose()
    }
    expect(results[1]).toEqual(results[0])
  })
})

describe('a weight file', () => {
  /** The value of the first tensor in the weight file of the fixture. */
  async function open(path: string) {
    const file = await openModel(path)
    for (const { inputs, attributes } of blockOf(file).operations) {
      const literals = Object.values(inputs).flatMap(({ arguments: bindings }) =>
        bindings.flatMap(({ binding }) => (binding.case === 'value' ? [binding.value] : [])),
      )
      for (const value of [...literals, ...Object.values(attributes)] as Value[]) {
        if (value.value.case === 'blobFileValue') return { file, value: value.value.value }
      }
    }
    throw new Error('no weight file')
  }
  const weights = (path: string) => join(path, 'Data/com.apple.CoreML/weights/weight.bin')

  async function damaged(change: (bytes: Buffer) => Buffer): Promise<unknown> {
    const path = copyOf('classifier.mlpackage')
    const bytes = readFileSync(weights(path))
    writeFileSync(weights(path), change(bytes))
    const { file, value } = await open(path)
    return file.blob(value)
  }
  function set(position: number, value: bigint) {
    return (bytes: Buffer) => {
      bytes.writeBigUInt64LE(value, position)
      return bytes
    }
  }

  function set32(position: number, value: number) {
    return (bytes: Buffer) => {
      bytes.writeUInt32LE(value, position)
      return bytes
    }
  }

  test('that is missing', async () => {
    const path = copyOf('classifier.mlpackage')
    rmSync(weights(path))
    const { file, value } = await open(path)
    await expectError((async () => file.blob(value))(), 'ERR_MODEL_INVALID', 'weights/weight.bin', 'does not exist')
  })

  test('that is missing because the model was taken out of its package', async () => {
    const path = temporary('model.mlmodel')
    copyFileSync(join(fixture('classifier.mlpackage'), 'Data/com.apple.CoreML/model.mlmodel'), path)
    const { file, value } = await open(path)
    await expectError((async () => file.blob(value))(), 'ERR_MODEL_INVALID', 'does not exist beside it', 'open the whole .mlpackage folder')
  })

  test('named outside the package', async () => {
    const { file, value } = await open(fixture('classifier.mlpackage'))
    const outside = { ...value, fileName: '@model_path/../../../../expected.json' }
    await expectError((async () => file.blob(outside))(), 'ERR_MODEL_INVALID', 'points outside the package')
    await expectError((async () => file.blob({ ...value, fileName: '/etc/passwd' }))(), 'ERR_MODEL_INVALID', '@model_path/')
    file.close()
  })

  test.each([
    ['has another version', set32(4, 9), 'version 9'],
    [
      'was left to Git LFS',
      () => Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 1\n`),
      'git lfs pull',
    ],
    ['is cut in the header', (bytes: Buffer) => bytes.subarray(0, 20), '20 bytes'],
    ['is cut in the metadata', (bytes: Buffer) => bytes.subarray(0, 100), 'no entry at byte 64'],
    ['is cut in the data', (bytes: Buffer) => bytes.subarray(0, 130), 'data of 12 bytes at 128'],
    ['has no mark', set(64, 0n), '0xdeadbeef'],
    ['has an unknown type', set32(68, 99), 'unknown type 99'],
    ['claims more than there is', set(72, 1n << 60n), 'in a file of'],
    ['places data beyond the end', set(80, (1n << 64n) - 1n), 'in a file of'],
    ['pads values of four bits by a whole byte', (bytes: Buffer) => set32(68, 8)(set(88, 8n)(bytes)), 'less 8 bits are no whole int4'],
  ])('that %s', async (_, change, words) => {
    await expectError(damaged(change as (bytes: Buffer) => Buffer), 'ERR_MODEL_INVALID', words)
  })
})

describe('large models', () => {
  /** Tag, length and content of a field. */
  function field(number: number, content: Uint8Array): Buffer {
    return Buffer.concat([header(number, content.length), content])
  }
  function header(number: number, length: number): Buffer {
    return Buffer.concat([varint(number * 8 + 2), varint(length)])
  }
  function varint(value: number): Buffer {
    const bytes: number[] = []
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
    return Buffer.from([...bytes, rest])
  }

  test('of 5 GiB open at once, and weights beyond 4 GiB are read', async () => {
    // A network of two constants; the second starts behind the first one's 5 GiB, which are a hole in the file.
    const length = 5 * 2 ** 30
    const nested = (numbers: number[], inner: number) => {
      let headers = Buffer.alloc(0)
      for (const number of numbers) headers = Buffer.concat([header(number, inner + headers.length), headers])
      return headers
    }
    const first = nested([1, 2, 290, 1], length)
    const last = Buffer.from(new Float32Array([1.5, -2]).buffer)
    const second = Buffer.concat([nested([1, 2, 290, 1], last.length), last])
    const network = first.length + length + second.length
    const start = Buffer.concat([Buffer.from([0x08, 1]), field(2, Buffer.alloc(0)), header(500, network), first])
    const path = temporary('large.mlmodel')
    const descriptor = openSync(path, 'w')
    writeSync(descriptor, start, 0, start.length, 0)
    ftruncateSync(descriptor, start.length + length)
    writeSync(descriptor, second, 0, second.length, start.length + length)
    closeSync(descriptor)

    const begin = performance.now()
    const file = await openModel(path)
    expect(performance.now() - begin).toBeLessThan(200)
    if (file.spec.type.case !== 'neuralNetwork') throw new Error('no network')
    const payloads = file.spec.type.value.layers.map(({ layer }) =>
      layer.case === 'loadConstant' ? layer.value.data?.floatValue : undefined,
    )
    expect(payloads[0]).toMatchObject({ offset: start.length, length })
    expect(Array.from(new Float32Array(file.readPayload(payloads[1]!).buffer))).toEqual([1.5, -2])
    expect(file.location(payloads[1]!)).toEqual({
      path: realpathSync.native(path),
      offset: start.length + length + second.length - 8,
      length: 8,
    })
    expect(Array.from(file.readPayload(payloads[0]!, { start: length - 2 }))).toEqual([0, 0])
    file.close()
    expect(() => file.readPayload(payloads[1]!)).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }))

    const unread = await openModel(path)
    const { type } = unread.spec
    unread.close()
    expect(() => type.case === 'neuralNetwork' && type.value.layers).toThrow(expect.objectContaining({ code: 'ERR_DISPOSED' }))
  })
})

describe('operations and layers', () => {
  const firstBlockOf = (file: ModelFile) =>
    blockOf(file, file.spec.type.case === 'mlProgram' ? Object.keys(file.spec.type.value.functions)[0] : '')

  test('come into memory when asked for, and stay when the file is closed', async () => {
    const file = await openModel(fixture('functions.mlpackage'))
    const block = firstBlockOf(file)
    const { operations } = block
    file.close()
    expect(operations.map(({ type }) => type)).toContain('const')
    expect(block.operations).toBe(operations)
  })

  test('leave memory when told to, and are read anew as they were', async () => {
    const file = await openModel(fixture('functions.mlpackage'))
    const block = firstBlockOf(file)
    const before = block.operations
    for (let time = 0; time < 2; time++) {
      file.forgetStructure()
      expect(block.operations).not.toBe(before)
      expect(block.operations).toEqual(before)
      expect(block.operations).toBe(block.operations)
    }
    file.close()
  })

  test('can be replaced', async () => {
    const file = await openModel(fixture('functions.mlpackage'))
    const block = firstBlockOf(file)
    block.operations = []
    expect(block.operations).toEqual([])
    file.close()
  })

  test('that are damaged are told each time they are asked for, with the place', async () => {
    const path = temporary('damaged.mlmodel')
    // Three layers: { name: "a" }, a wire type that there is not, { name: "b" }.
    const layers = [0x0a, 3, 0x0a, 1, 97, 0x0a, 2, 0x0f, 0, 0x0a, 3, 0x0a, 1, 98]
    writeFileSync(path, Buffer.from([0x08, 1, 0x12, 0, 0xa2, 0x1f, layers.length, ...layers]))
    const file = await openModel(path)
    const { type } = file.spec
    if (type.case !== 'neuralNetwork') throw new Error('no network')
    for (let time = 0; time < 2; time++) {
      expect(() => type.value.layers).toThrow(
        expect.objectContaining({ code: 'ERR_MODEL_INVALID', message: expect.stringContaining('neuralNetwork.layers[1]') }),
      )
    }
    file.close()
  })

  test('of a message in two pieces are one list', async () => {
    const path = temporary('pieces.mlmodel')
    const piece = (letter: string) => [0xa2, 0x1f, 5, 0x0a, 3, 0x0a, 1, letter.charCodeAt(0)]
    writeFileSync(path, Buffer.from([0x08, 1, 0x12, 0, ...piece('a'), ...piece('b')]))
    const file = await openModel(path)
    const { type } = file.spec
    expect(type.case === 'neuralNetwork' && type.value.layers.map(({ name }) => name)).toEqual(['a', 'b'])
    file.close()
  })
})
