import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type ProfiledNode, profileModel } from '../../src/backends/portable/profile/profile.ts'
import { create, ModelSchema, openModel, writeModel } from '../../src/format/index.ts'
import { generateInputs } from '../../src/measure/inputs.ts'
import { encodeNpz } from '../../src/npy/npz.ts'
import { cli } from './run.ts'

const rnn = 'models/rnn/rnn.mlpackage'
const folder = mkdtempSync(join(tmpdir(), 'coreml-bridge-profile-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('profile', () => {
  it('gives the mean time and the share of each node, slowest first', async () => {
    const { status, stdout } = await cli(['profile', rnn, '--iterations', '5', '--seed', '4294967295', '--json'])
    expect(status).toBe(0)
    const { nodes, ...profile } = JSON.parse(stdout)
    expect(profile).toEqual({
      schemaVersion: 1,
      model: rnn,
      backend: 'portable',
      computeUnits: 'cpuOnly',
      machine: expect.objectContaining({ platform: process.platform, neuralEngineCores: expect.any(Object) }),
      predictions: 5,
      milliseconds: expect.any(Number),
    })
    const times = nodes.map(({ milliseconds }: { milliseconds: number }) => milliseconds)
    expect(times).toEqual(times.toSorted((a: number, b: number) => b - a))
    expect(nodes.map(({ operator }: { operator: string }) => operator)).toContain('RNN')
    expect(nodes.reduce((sum: number, { share }: { share: number }) => sum + share, 0)).toBeCloseTo(1)
    // Nodes run inside the prediction.
    expect(times.reduce((sum: number, time: number) => sum + time, 0)).toBeLessThanOrEqual(profile.milliseconds)
  })

  it('shows the nodes of the network in a pipeline, and the stage behind it as one', async () => {
    const file = await openModel('tests/fixtures/nn/flat-channels.mlmodel')
    const { spec } = file
    const rows = spec.description!.output.filter(({ name }) => name === 'rows')
    const copy = create(ModelSchema, { description: { input: rows, output: rows }, type: { case: 'identity', value: {} } })
    const models = [{ ...spec }, copy]
    spec.description!.output = rows
    spec.type = create(ModelSchema, { type: { case: 'pipeline', value: { models, names: ['network', 'copy'] } } }).type
    const path = join(folder, 'pipeline.mlmodel')
    await writeModel(file, path)
    file.close()
    const { stdout, status } = await cli(['profile', path, '--iterations', '3', '--json'])
    expect(status).toBe(0)
    const { nodes, milliseconds } = JSON.parse(stdout) as { nodes: ProfiledNode[]; milliseconds: number }
    const copies = nodes.filter(({ operator }) => operator === 'identity')
    expect(copies).toEqual([
      { name: "model, stage 2 'copy' (identity)", operator: 'identity', milliseconds: expect.any(Number), share: expect.any(Number) },
    ])
    expect(nodes.map(({ operator }) => operator)).toContain('Softmax')
    expect(nodes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1)
    expect(nodes.reduce((sum, node) => sum + node.milliseconds, 0)).toBeLessThanOrEqual(milliseconds)
  })

  it('names nodes after the layers of a network', async () => {
    const { stdout } = await cli(['profile', 'models/digits-cnn/digits-cnn.mlmodel', '--iterations', '2', '--json'])
    const names = (JSON.parse(stdout).nodes as ProfiledNode[]).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['linear_0/Gemm', 'input.23/Reshape', '82/Softmax']))
  })

  it('tells the predictions that are done', async () => {
    const told: [number, number][] = []
    await profileModel(rnn, {
      predictions: 2,
      inputs: (description) => generateInputs(description, 1, 1),
      onPrediction: (done, of) => told.push([done, of]),
    })
    expect(told).toEqual([0, 1, 2, 3, 4].map((done) => [done, 5]))
  })

  it('shows as many rows as --top says, and the rest in one', async () => {
    const { stdout } = await cli(['profile', rnn, '--iterations', '1', '--top', '2'])
    expect(stdout.match(/^ {2}.* ms .*%/gm)).toHaveLength(6)
    expect(stdout.match(/^ {2}\d+ more /gm)).toHaveLength(2)
  })

  it('refuses what does not run as one graph, and inputs of two shapes where each has its own', async () => {
    const trees = await cli(['profile', 'models/trees/trees.mlmodel'])
    expect(trees.stderr).toMatch(/treeEnsembleClassifier.*\(ERR_MODEL_UNSUPPORTED\)\n$/)
    const x = (length: number) => ({ type: 'float32', dims: [length], data: new Float32Array(length) }) as const
    const inputs = join(folder, 'shapes.npz')
    writeFileSync(
      inputs,
      await encodeNpz(
        new Map([
          ['case0/x', x(3)],
          ['case1/x', x(9)],
        ]),
      ),
    )
    const shapes = await cli(['profile', 'tests/fixtures/mil/branches-by-shape.mlpackage', '--inputs', inputs, '--iterations', '9'])
    expect(shapes.stderr).toMatch(/onnxruntime traced 6 of 12 predictions.*\(ERR_ARGUMENT\)\n$/)
    expect(shapes.status).toBe(2)
  })

  it.each([rnn, 'models/trees/trees.mlmodel', 'no-such.mlmodel'])('of %s leaves no files', async (model) => {
    await cli(['profile', model, '--iterations', '1'], { env: { TMPDIR: folder } })
    expect(readdirSync(folder).filter((name) => name.startsWith('coreml-bridge'))).toEqual([])
  })
})
