import { describe, expect, it } from 'vitest'
import { type FeatureValue, isImage, isTensor } from '../../src/model/values.ts'
import { modelPath, numbersOf as numbersOfTensor, readFixture } from '../backends/portable/mil/corpus.ts'
import { caseArrays, inputsOf, modelFile, outputNumbers, psnr, readArrays, samples } from '../models/sample.ts'
import { type ApiHost, withModel } from './host.ts'

/** The four channels of each pixel in the order red, green, blue, alpha. */
function rgba(value: FeatureValue): number[] {
  if (!isImage(value)) throw new Error('no image')
  const { data, format } = value
  return Array.from(data as Uint8Array, (_, i) => Number(data[format === 'bgra' ? i - (i % 4) + [2, 1, 0, 3][i % 4]! : i]))
}

/** Models of which numpy and torch say what they give: an undeclared shape, integer labels, an image. */
const fixtures = ['flexible', 'classifier-integers', 'image-out']

export function giving(host: ApiHost): void {
  const { leastPsnr } = host
  describe(`predict gives${leastPsnr ? '' : ' (values are not the models’ own here)'}`, () => {
    it.each(samples.filter(({ stateful }) => host.hasStates || !stateful))('$name: what is declared', async (sample) => {
      const inputs = await readArrays(sample.inputs)
      const expected = await readArrays(sample.expected)
      await withModel(host, modelFile(sample.path), async (model) => {
        const state = sample.stateful ? model.newState() : undefined
        for (let index = 0; index < sample.cases; index++) {
          const wanted = caseArrays(expected, index)
          const outputs = await model.predict(inputsOf(model.description, caseArrays(inputs, index)), { state })
          expect(Object.keys(outputs).sort()).toEqual(Object.keys(wanted).sort())
          for (const feature of model.outputs) {
            const value = outputs[feature.name]!
            const reference = outputNumbers(wanted[feature.name]!)
            if (feature.type === 'multiArray') {
              expect(value).toMatchObject({ type: feature.dataType, dims: reference.dims })
              expect(isTensor(value) && value.data.length).toBe(reference.values.length)
            } else if (feature.type === 'dictionary')
              expect([...(value as Map<string, number>).keys()].sort()).toEqual(sample.classLabels!.toSorted())
            else expect(sample.classLabels).toContain(value)
            if (!leastPsnr) continue
            const { values } = outputNumbers(value, sample.classLabels)
            if (feature.name === model.predictedFeatureName) expect(values, `label of case ${index}`).toEqual(reference.values)
            else expect(psnr(reference.values, values), `${feature.name}, case ${index}`).toBeGreaterThanOrEqual(leastPsnr(sample.psnrDb))
          }
        }
        state?.dispose()
      })
    })

    if (!leastPsnr) return
    it.each(fixtures)('fixture %s: what numpy and torch do', async (name) => {
      const { cases } = readFixture(name)
      await withModel(host, modelPath(name), async (model) => {
        for (const { inputs, outputs } of cases) {
          const found = await model.predict(inputs)
          for (const [output, wanted] of Object.entries(outputs)) {
            const value = found[output]!
            if (isTensor(wanted)) {
              expect(value, output).toMatchObject({ type: wanted.type, dims: wanted.dims })
              expect(psnr(numbersOfTensor(wanted), numbersOfTensor(value as typeof wanted)), output).toBeGreaterThanOrEqual(leastPsnr(70))
            } else if (isImage(wanted)) {
              expect(value).toMatchObject({ width: wanted.width, height: wanted.height })
              const found = rgba(value)
              expect(Math.max(...rgba(wanted).map((level, i) => Math.abs(level - found[i]!)))).toBeLessThanOrEqual(1)
            } else if (wanted instanceof Map) {
              const map = value as Map<string | number, number>
              expect([...map.keys()].sort()).toEqual([...wanted.keys()].sort())
              for (const [label, probability] of wanted) expect(map.get(label as number)).toBeCloseTo(probability, 2)
            } else expect(value, output).toEqual(wanted)
          }
        }
      })
    })
  })
}
