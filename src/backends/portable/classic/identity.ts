import { type Features, ownCopy } from '../../../model/values.ts'
import { type ClassicModel, type ClassicSpec, inputsOf, invalidModel, outputsOf } from './features.ts'

/** Gives inputs as outputs, by name; a single output of another name gives the single input. */
export function makeIdentity(spec: ClassicSpec): ClassicModel {
  const inputs = inputsOf(spec).map(({ name }) => name)
  const pairs = outputsOf(spec).map(({ name }, index, all): [string, string] => {
    const source = inputs.includes(name) ? name : all.length === inputs.length ? inputs[index] : undefined
    if (source === undefined) throw invalidModel(spec, `output '${name}' of the identity has no input`)
    return [name, source]
  })
  return {
    compute(values) {
      const result: Features = {}
      for (const [name, source] of pairs) if (values[source] !== undefined) result[name] = ownCopy(values[source])
      return result
    },
  }
}
