import {
  type Constant,
  chooseFunction,
  constantArgument,
  functionBlock,
  type Model,
  type ModelFile,
  type Pipeline,
  programFunction,
  readConstant,
} from '../format/index.ts'

export type ClassLabel = string | number | bigint

interface LabelLists {
  case?: 'stringClassLabels' | 'int64ClassLabels' | undefined
  value?: { vector: (string | bigint)[] }
}

/** A label as the library gives it: integers beyond the safe range stay bigint. */
export function classLabel(value: string | number | bigint): ClassLabel {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function labelsOf(lists: LabelLists): ClassLabel[] | undefined {
  const labels = lists.value?.vector.map(classLabel)
  return labels?.length ? labels : undefined
}

/** Labels of the last classifier of a pipeline. */
function pipelineLabels(file: ModelFile, pipeline: Pipeline | undefined): ClassLabel[] | undefined {
  for (const model of (pipeline?.models ?? []).toReversed()) {
    const labels = classLabels(file, model)
    if (labels !== undefined) return labels
  }
  return undefined
}

/** Labels of the `classify` operation of an ML Program. */
function programLabels(file: ModelFile, spec: Model, functionName: string | undefined): ClassLabel[] | undefined {
  if (spec.type.case !== 'mlProgram') return undefined
  const name = chooseFunction(spec, functionName)
  const block = functionBlock(name, programFunction(spec.type.value, name))
  const classify = block.operations.find(({ type }) => type === 'classify')
  const value = classify && constantArgument(classify.inputs.classes, block)
  return value && flatten(readConstant(file, value)).map(classLabel)
}

function flatten(constant: Constant): ClassLabel[] {
  if (constant.kind === 'strings') return constant.data
  if (constant.kind === 'tensor') return Array.from<number | bigint>(constant.data)
  if (constant.kind === 'dictionary') return []
  return constant.values.flatMap(flatten)
}

/** The labels of a classifier in the model's order, as often as it lists them; undefined for what is no classifier. */
export function classLabels(file: ModelFile, spec: Model, functionName?: string): ClassLabel[] | undefined {
  const { type } = spec
  switch (type.case) {
    case 'glmClassifier':
    case 'supportVectorClassifier':
    case 'treeEnsembleClassifier':
    case 'neuralNetworkClassifier':
      return labelsOf(type.value.classLabels)
    case 'textClassifier':
      return labelsOf(type.value.classLabels)
    case 'kNearestNeighborsClassifier': {
      // One label for each sample.
      const labels = labelsOf(type.value.classLabels)
      return labels && [...new Set(labels)]
    }
    case 'pipeline':
      return pipelineLabels(file, type.value)
    case 'pipelineClassifier':
    case 'pipelineRegressor':
      return pipelineLabels(file, type.value.pipeline)
    case 'mlProgram':
      return programLabels(file, spec, functionName)
    default:
      return undefined
  }
}
