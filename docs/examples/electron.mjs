// Predicts inside Electron, which forbids memory of native code in JavaScript's buffers, where the package copies instead. In a clone of this repository, after
// `npm run build` (and on a Mac `npm run build:native`):
//   npx electron docs/examples/electron.mjs
import { fileURLToPath } from 'node:url'
import { Model } from 'coreml-bridge'

const file = (path) => fileURLToPath(new URL(`../../models/${path}`, import.meta.url))

/** Predicts with buffers of JavaScript's and with allocated ones: @returns whether the outputs are the same */
async function agrees() {
  const model = await Model.load(file('lstm/lstm.mlpackage'))
  try {
    const [input] = model.inputs
    const [output] = model.outputs
    const given = model.allocate(input.name)
    for (const index of given.data.keys()) given.data[index] = Math.sin(index)
    const copied = await model.predict({ [input.name]: { ...given, data: given.data.slice() } })
    const direct = await model.predict({ [input.name]: given }, { outputs: { [output.name]: model.allocate(output.name) } })
    return copied[output.name].data.every((value, index) => value === direct[output.name].data[index])
  } finally {
    await model.dispose()
  }
}

const { electron = 'none', node } = process.versions
try {
  const same = await agrees()
  console.log(`Electron ${electron}, Node ${node}: the outputs are ${same ? 'the same' : 'NOT the same'}`)
  process.exit(same ? 0 : 1)
} catch (error) {
  console.error(error)
  process.exit(1)
}
