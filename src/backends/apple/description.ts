import type { FeatureDescription, ModelDescription } from '../../model/description.ts'

/** What Core ML tells of a feature, completed from the model's file: texts, default values and BGR, of which Core ML says nothing. */
function complete<T extends FeatureDescription>(told: T, read: FeatureDescription | undefined): T {
  if (!read || read.type !== told.type) return told
  const completed = { ...told, description: read.description }
  if (completed.type === 'multiArray' && read.type === 'multiArray' && read.defaultValue !== undefined) {
    return { ...completed, defaultValue: read.defaultValue, shape: completed.shape.length > 0 ? completed.shape : read.shape }
  }
  if (completed.type === 'image' && read.type === 'image') return { ...completed, colorSpace: read.colorSpace }
  return completed
}

/** In the order of the file, what it does not name last. */
function completeAll<T extends FeatureDescription>(told: T[], read: readonly FeatureDescription[]): T[] {
  const place = (name: string) => {
    const index = read.findIndex((feature) => feature.name === name)
    return index < 0 ? read.length : index
  }
  return told
    .map((feature) =>
      complete(
        feature,
        read.find(({ name }) => name === feature.name),
      ),
    )
    .sort((a, b) => place(a.name) - place(b.name))
}

/** Core ML's description of a model, completed by that of its source file. Where the two differ, Core ML is right. */
export function completeDescription(told: ModelDescription, read: ModelDescription): ModelDescription {
  return {
    ...told,
    functions: read.functions,
    inputs: completeAll(told.inputs, read.inputs),
    outputs: completeAll(told.outputs, read.outputs),
    states: completeAll(told.states, read.states),
  }
}
