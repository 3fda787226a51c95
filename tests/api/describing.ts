import { describe, expect, it } from 'vitest'
import type { FeatureDescription } from '../../src/model/description.ts'
import type { Model } from '../../src/model/model.ts'
import { type ApiHost, file, models, withModel } from './host.ts'

const plain = { optional: false, description: '' }
const fixed = { kind: 'fixed' }

/** What the scripts that trained and converted the models (scripts/models) say of them; the texts are those of each card. */
const facts = {
  digits: {
    inputs: [
      {
        ...plain,
        type: 'image',
        name: 'image',
        description: '28×28 grayscale image of one digit, white on black',
        width: 28,
        height: 28,
        colorSpace: 'gray',
        flexibility: fixed,
      },
    ],
    outputs: [
      { ...plain, type: 'string', name: 'digit', description: 'the digit, as a string' },
      { ...plain, type: 'dictionary', name: 'probabilities', description: 'probability of each digit', keyType: 'string' },
    ],
    states: [],
    predictedFeatureName: 'digit',
    predictedProbabilitiesName: 'probabilities',
    classLabels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    text: 'Reads a handwritten digit, white on black.',
  },
  rnn: {
    inputs: [
      {
        ...plain,
        type: 'multiArray',
        name: 'strokes',
        description: "pen movement [1, T, 2]: dx and dy of each step, 8 units being half the figure's width; T from 16 to 96, usually 48",
        dataType: 'float32',
        shape: [1, 48, 2],
        flexibility: {
          kind: 'range',
          ranges: [
            { min: 1, max: 1 },
            { min: 16, max: 96 },
            { min: 2, max: 2 },
          ],
        },
      },
    ],
    outputs: [
      { ...plain, type: 'string', name: 'figure', description: "the figure's name" },
      { ...plain, type: 'dictionary', name: 'probabilities', description: 'probability of each figure', keyType: 'string' },
    ],
    states: [],
    predictedFeatureName: 'figure',
    predictedProbabilitiesName: 'probabilities',
    classLabels: ['circle', 'square', 'triangle', 'zigzag', 'spiral', 'line', 'wave', 'star'],
    text: 'Names the figure that a pen draws: circle, square, triangle, zigzag, spiral, line, wave, star.',
  },
  diffusion: {
    inputs: [
      ...[
        {
          name: 'image',
          description: 'noisy image [1, 1, 16, 16]; −1 is black, 1 is white; standard normal noise at the start',
          shape: [1, 1, 16, 16],
        },
        { name: 'time', description: 'how far along the noise it is [1]: 1 is noise, 0 is the finished image', shape: [1] },
        { name: 'nextTime', description: 'the time to step to [1], less than `time`', shape: [1] },
      ].map((input) => ({ ...plain, type: 'multiArray', ...input, dataType: 'float16', flexibility: fixed })),
      {
        ...plain,
        type: 'multiArray',
        name: 'digit',
        description: 'which digit [1], 0 to 9',
        dataType: 'int32',
        shape: [1],
        flexibility: fixed,
      },
    ],
    outputs: [
      {
        ...plain,
        type: 'multiArray',
        name: 'denoised',
        description: 'the image at `nextTime` [1, 1, 16, 16]',
        dataType: 'float16',
        shape: [1, 1, 16, 16],
        flexibility: fixed,
      },
    ],
    states: [],
    text: "Takes one denoising step; 20 of them turn noise into a handwritten digit of one's choice.",
  },
  trees: {
    inputs: [
      {
        ...plain,
        type: 'multiArray',
        name: 'analysis',
        description: expect.stringMatching(/^the 13 values of the analysis \[13\]: alcohol, .*, proline$/),
        dataType: 'float64',
        shape: [13],
        flexibility: fixed,
      },
    ],
    outputs: [
      { ...plain, type: 'string', name: 'vine', description: 'vine A, vine B or vine C' },
      { ...plain, type: 'dictionary', name: 'probabilities', description: 'probability of each vine', keyType: 'string' },
    ],
    states: [],
    predictedFeatureName: 'vine',
    predictedProbabilitiesName: 'probabilities',
    classLabels: ['vine A', 'vine B', 'vine C'],
    text: 'Tells from a chemical analysis of a wine which of three vines it is from.',
  },
  decoder: {
    inputs: [
      { name: 'token', description: 'ASCII code of the next character [1, 1]', shape: [1, 1] },
      { name: 'position', description: 'its place in the text [1], 0 to 127', shape: [1] },
    ].map((input) => ({ ...plain, type: 'multiArray', ...input, dataType: 'int32', flexibility: fixed })),
    outputs: [
      {
        ...plain,
        type: 'multiArray',
        name: 'logits',
        description: 'score of each ASCII code to come after it [1, 128]',
        dataType: 'float16',
        shape: [1, 128],
        flexibility: fixed,
      },
    ],
    states: ['keyCache', 'valueCache'].map((name) => ({ ...plain, type: 'state', name, dataType: 'float16', shape: [3, 4, 128, 24] })),
    text: 'Writes rhyme-like lines, one character at a time, with keys and values of what it has read in a state.',
  },
} as const

/** A description whose enumerated shapes are in order: the system gives them in one of its own. */
function inOrder(feature: FeatureDescription): FeatureDescription {
  if (!('flexibility' in feature) || feature.flexibility.kind !== 'enumerated') return feature
  const sorted = <T>(items: readonly T[]) => items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  const { flexibility } = feature
  return {
    ...feature,
    flexibility:
      'shapes' in flexibility
        ? { ...flexibility, shapes: sorted(flexibility.shapes) }
        : { ...flexibility, sizes: sorted(flexibility.sizes) },
  } as FeatureDescription
}

export function describing(host: ApiHost): void {
  describe('a model tells of itself', () => {
    const names = (['digits', 'rnn', 'diffusion', 'trees', 'decoder'] as const).filter((name) => name !== 'decoder' || host.hasStates)

    it.each(names)('%s: inputs, outputs, states, labels, the author’s texts', async (name) => {
      const { text, ...expected } = facts[name]
      await withModel(host, models[name], async (model) => {
        const { metadata, ...description } = model.description
        expect(description).toEqual({ ...expected, functions: [] })
        expect(metadata).toMatchObject({ shortDescription: text, author: 'coreml-bridge', license: 'MIT', version: '1' })
        expect(metadata.userDefined['com.github.apple.coremltools.version']).toBe('9.0')
        const keys = [
          'inputs',
          'outputs',
          'states',
          'metadata',
          'predictedFeatureName',
          'predictedProbabilitiesName',
          'classLabels',
          'functions',
        ] as const
        for (const key of keys) expect(model[key]).toEqual(model.description[key])
      })
    })

    it.each<[string, string, object]>([
      [
        'an optional input with a default value',
        'nn/optional-default.mlmodel',
        { name: 'bias', optional: true, defaultValue: 0.5, dataType: 'float32', shape: [3] },
      ],
      [
        'several shapes',
        'nn/small-default.mlmodel',
        {
          name: 'x',
          shape: [1, 1, 2, 2],
          flexibility: {
            kind: 'enumerated',
            shapes: [
              [1, 1, 2, 2],
              [1, 1, 5, 6],
            ],
          },
        },
      ],
      [
        'an image of several sizes',
        'format/image-sizes.mlpackage',
        {
          name: 'image',
          colorSpace: 'bgr',
          width: 16,
          height: 16,
          flexibility: {
            kind: 'enumerated',
            sizes: [
              { width: 16, height: 16 },
              { width: 24, height: 32 },
            ],
          },
        },
      ],
    ])('%s', async (_, path, expected) => {
      await withModel(host, file(`tests/fixtures/${path}`), async ({ inputs }) => {
        expect(inputs.map(inOrder)).toContainEqual(expect.objectContaining(expected))
      })
    })

    it('the backend and the units that it was loaded for', async () => {
      const told = ({ backend, computeUnits }: Model) => ({ backend, computeUnits })
      await withModel(host, models.lstm, async (model) => {
        expect(told(model)).toEqual({ backend: host.backend, computeUnits: 'all' })
        expect(model.loadTimes.load).toBeGreaterThan(0)
        expect(model.disposed).toBe(false)
      })
      await withModel(host, models.lstm, async (model) => expect(told(model)).toEqual({ backend: host.backend, computeUnits: 'cpuOnly' }), {
        computeUnits: 'cpuOnly',
      })
    })
  })
}
