import { enumName, type Kernel, type Model, type TreeEnsembleParameters, TreeEnsembleTransform, TreeNodeBehavior } from '../format/index.ts'

type Details = Record<string, number | string>

function trees(ensemble: TreeEnsembleParameters | undefined, transform: number): Details {
  const nodes = ensemble?.nodes ?? []
  return {
    trees: new Set(nodes.map(({ treeId }) => treeId)).size,
    nodes: nodes.length,
    leaves: nodes.filter(({ nodeBehavior }) => nodeBehavior === TreeNodeBehavior.LeafNode).length,
    outputs: ensemble?.numPredictionDimensions ?? 0,
    transform: enumName(TreeEnsembleTransform, transform) ?? transform,
  }
}

interface SupportVectors {
  kernel?: Kernel
  supportVectors: { case?: 'sparseSupportVectors' | 'denseSupportVectors' | undefined; value?: { vectors: unknown[] } }
}

function supportVectors({ kernel, supportVectors }: SupportVectors): Details {
  return {
    kernel: kernel?.kernel.case?.replace(/Kernel$/, '') ?? 'none',
    supportVectors: supportVectors.value?.vectors.length ?? 0,
    storage: supportVectors.case === 'sparseSupportVectors' ? 'sparse' : 'dense',
  }
}

/** Figures of a model that is neither network nor program. */
export function classicDetails({ type }: Model): Details {
  switch (type.case) {
    case 'treeEnsembleClassifier':
    case 'treeEnsembleRegressor':
      return trees(type.value.treeEnsemble, type.value.postEvaluationTransform)
    case 'supportVectorClassifier':
    case 'supportVectorRegressor':
      return supportVectors(type.value)
    case 'glmClassifier':
    case 'glmRegressor':
      return { rows: type.value.weights.length, coefficients: type.value.weights.reduce((sum, { vector }) => sum + vector.length, 0) }
    case 'kNearestNeighborsClassifier': {
      const index = type.value.nearestNeighborsIndex
      return {
        samples: index?.floatSamples.length ?? 0,
        dimensions: index?.numberOfDimensions ?? 0,
        neighbors: Number(type.value.numberOfNeighbors?.defaultValue ?? 0),
        index: index?.indexType.case?.replace(/Index$/, '') ?? 'none',
      }
    }
    case 'bayesianProbitRegressor':
      return { features: type.value.numberOfFeatures }
    case 'itemSimilarityRecommender':
      return { items: type.value.itemItemSimilarities.length }
    case 'featureVectorizer':
      return { inputs: type.value.inputList.length }
    case 'customModel':
      return { className: type.value.className }
    case 'linkedModel':
      return { file: type.value.linkType.value?.linkedModelFileName?.defaultValue ?? '' }
    case 'serializedModel':
      return { identifier: type.value.identifier, bytes: type.value.model?.length ?? 0 }
    case 'textClassifier':
    case 'gazetteer':
    case 'wordEmbedding':
    case 'wordTagger':
      return { language: type.value.language, revision: type.value.revision, bytes: type.value.modelParameterData?.length ?? 0 }
    case 'visionFeaturePrint':
    case 'audioFeaturePrint':
      return { kind: type.value.type.case ?? 'none', version: type.value.type.value?.version ?? 0 }
    default:
      return {}
  }
}
