import { describe, expect, it } from 'vitest'
import { caseArrays, inputsOf, loadSample, outputNumbers, psnr, readArrays, samples } from './sample.ts'

describe.each(samples)('$name', (sample) => {
  it(`gives what the trained net gave, within ${sample.psnrDb} dB, for each of ${sample.cases} cases`, async () => {
    const inputs = await readArrays(sample.inputs)
    const expected = await readArrays(sample.expected)
    expect(sample.cases).toBeGreaterThanOrEqual(8)
    const model = await loadSample(sample)
    try {
      expect(model.states.length > 0).toBe(sample.stateful)
      const state = sample.stateful ? model.newState() : undefined
      for (let index = 0; index < sample.cases; index++) {
        const wanted = caseArrays(expected, index)
        expect(Object.keys(wanted).sort()).toEqual(model.outputs.map((output) => output.name).sort())
        const outputs = await model.predict(inputsOf(model.description, caseArrays(inputs, index)), { state })
        for (const [name, tensor] of Object.entries(wanted)) {
          const { values, dims } = outputNumbers(outputs[name]!, sample.classLabels)
          const reference = outputNumbers(tensor)
          expect(dims, `shape of ${name}, case ${index}`).toEqual(reference.dims)
          if (name === model.predictedFeatureName) expect(values, `label of case ${index}`).toEqual(reference.values)
          else expect(psnr(reference.values, values), `PSNR of ${name}, case ${index}`).toBeGreaterThanOrEqual(sample.psnrDb)
        }
      }
    } finally {
      await model.dispose()
    }
  })
})
