import { CoreMLError } from '../../../errors.ts'
import type { Model } from '../../../format/index.ts'

/** Model types whose computation is Apple's own code, not described by the file. */
export const appleOnly: Readonly<Record<string, string>> = {
  textClassifier: 'TextClassifier',
  wordTagger: 'WordTagger',
  visionFeaturePrint: 'VisionFeaturePrint',
  soundAnalysisPreprocessing: 'SoundAnalysisPreprocessing',
  gazetteer: 'Gazetteer',
  wordEmbedding: 'WordEmbedding',
  audioFeaturePrint: 'AudioFeaturePrint',
  serializedModel: 'SerializedModel',
}

/** The error for a model type that the portable backend cannot run, in words that say what to do instead; undefined where it can. */
export function refusalOf({ type }: Model, label: string): CoreMLError | undefined {
  if (type.case === undefined)
    return new CoreMLError(
      'ERR_MODEL_INVALID',
      `${label} has no model type that this version knows: it is damaged, or newer than the format's version 10`,
    )
  if (type.case === 'customModel') {
    const { className } = type.value
    return new CoreMLError(
      'ERR_CUSTOM_MODEL',
      `${label} is a custom model: its class ${className || '(unnamed)'} is compiled into an app. Run it inside that app, or export the computation as a Core ML model of its own`,
    )
  }
  if (type.case === 'linkedModel') {
    const file = type.value.linkType.case === 'linkedModelFile' ? type.value.linkType.value : undefined
    const name = file?.linkedModelFileName?.defaultValue
    return new CoreMLError(
      'ERR_LINKED_MODEL',
      `${label} is a link to another model${name ? `, '${name}'` : ''}, which is not inside this file. Load that model itself`,
    )
  }
  const name = appleOnly[type.case]
  if (!name) return undefined
  return new CoreMLError(
    'ERR_MODEL_UNSUPPORTED',
    `${label} is ${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}, which runs only on Apple systems: its computation is part of the operating system, not of the file. Use the apple backend on a Mac`,
  )
}
