import { functionNames, type Model, type ModelFile, openModel, pipelineOf, systemRequirements } from '../format/index.ts'
import { describeFeature, describeModel } from './describe.ts'
import { classicDetails } from './inspect-classic.ts'
import { networkLayers, networkUpdate, networkWeights, updateParameter } from './inspect-network.ts'
import { programBlocks, programOperations, programWeights } from './inspect-program.ts'
import { givenModelPath } from './model-source.ts'
import { sizeOnDisk } from './size-on-disk.ts'
import type { FunctionSummary, ModelPart, ModelSummary } from './summary.ts'
import { WeightTally } from './tally.ts'

function pipelineParts(file: ModelFile, spec: Model): ModelPart[] {
  const pipeline = pipelineOf(spec)
  return (pipeline?.models ?? []).map((model, index) => ({ name: pipeline?.names[index] || `model${index}`, ...inspectPart(file, model) }))
}

function inspectPart(file: ModelFile, spec: Model): ModelPart {
  const { type } = spec
  const part: ModelPart = {
    type: type.case ?? 'unknown',
    specificationVersion: spec.specificationVersion,
    operations: {},
    details: classicDetails(spec),
    weights: new WeightTally().summary(),
  }
  switch (type.case) {
    case 'mlProgram': {
      const blocks = programBlocks(spec, type.value)
      return { ...part, operations: programOperations(blocks.values()), weights: programWeights(file, blocks) }
    }
    case 'neuralNetwork':
    case 'neuralNetworkClassifier':
    case 'neuralNetworkRegressor':
      return {
        ...part,
        operations: networkLayers(type.value),
        weights: networkWeights(type.value),
        ...(spec.isUpdatable && { updatable: networkUpdate(type.value) }),
      }
    case 'kNearestNeighborsClassifier':
      if (!spec.isUpdatable) return part
      return {
        ...part,
        updatable: { layers: [], losses: [], parameters: updateParameter('numberOfNeighbors', type.value.numberOfNeighbors) },
      }
    case 'pipeline':
    case 'pipelineClassifier':
    case 'pipelineRegressor':
      return { ...part, models: pipelineParts(file, spec) }
    default:
      return part
  }
}

function inspectFunction(file: ModelFile, name: string): FunctionSummary {
  const { metadata: _, functions: __, classLabels, ...features } = describeModel(file, name)
  const { spec } = file
  return {
    name,
    ...features,
    ...(classLabels && { classLabels: classLabels.map((label) => (typeof label === 'bigint' ? String(label) : label)) }),
    ...(spec.type.case === 'mlProgram' && {
      operations: programOperations(
        [...programBlocks(spec, spec.type.value)].filter(([other]) => other === name).map(([, block]) => block),
      ),
    }),
  }
}

/** What {@link inspect} tells, of a model that is open already. */
export function inspectFile(file: ModelFile): ModelSummary {
  const { spec } = file
  return {
    path: file.path,
    kind: file.kind,
    sizeOnDisk: sizeOnDisk(file.path),
    specificationVersion: spec.specificationVersion,
    requires: systemRequirements(spec.specificationVersion),
    metadata: describeModel(file).metadata,
    functions: functionNames(spec).map((name) => inspectFunction(file, name)),
    trainingInputs: (spec.description?.trainingInput ?? []).map(describeFeature),
    model: inspectPart(file, spec),
  }
}

/**
 * Tells what a model is, without loading it: features, functions, states, metadata, the systems that run it, its layers or
 * operations, its weights by type and what is updatable. Reads no weights, so it takes milliseconds for models of any size.
 *
 * @param path - a `.mlmodel` file or a `.mlpackage` folder, as a path or a `file:` URL.
 * @returns plain data. `JSON.stringify` takes it, but for default values that are NaN or infinite.
 * Throws ERR_ARGUMENT for what is no path, ERR_FILE if there is nothing at `path`, ERR_MODEL_COMPILED for a `.mlmodelc` folder, ERR_MODEL_INVALID for all that is
 * no sound model.
 *
 * @example
 * const { model, requires } = await inspect('MobileNetV2.mlpackage')
 * console.log(model.type, requires?.macOS, model.weights.bytes)
 */
export async function inspect(path: string | URL): Promise<ModelSummary> {
  const file = await openModel(await givenModelPath(path, 'inspect: the argument'))
  try {
    return inspectFile(file)
  } finally {
    file.close()
  }
}
