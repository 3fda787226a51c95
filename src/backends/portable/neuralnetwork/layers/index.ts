import { NeuralNetworkLayerSchema } from '../../../../format/index.ts'
import type { LayerKind, LayerTable } from '../layer.ts'
import { activationLayers } from './activation.ts'
import { convolutionLayers } from './convolution.ts'
import { cropResizeLayers } from './crop-resize.ts'
import { elementwiseLayers } from './elementwise.ts'
import { gatherScatterLayers } from './gather-scatter.ts'
import { generatorLayers } from './generator.ts'
import { imageLayers } from './image.ts'
import { matrixProductLayers } from './matrix-product.ts'
import { nonMaximumSuppressionLayers } from './non-maximum-suppression.ts'
import { normalizationLayers } from './normalization.ts'
import { poolingLayers } from './pooling.ts'
import { recurrentLayers } from './recurrent.ts'
import { reductionLayers } from './reduction.ts'
import { shapeLayers } from './shape.ts'
import { sliceLayers } from './slice.ts'

/** Every layer type that computes something from its inputs, by family. */
export const layerFamilies = {
  Convolution: convolutionLayers,
  'Matrix products and embeddings': matrixProductLayers,
  Pooling: poolingLayers,
  'Normalization, scaling, constants': normalizationLayers,
  Activation: activationLayers,
  'Element by element': elementwiseLayers,
  'Reduction and ordering': reductionLayers,
  'Boxes and images': { ...imageLayers, ...cropResizeLayers, ...nonMaximumSuppressionLayers },
  Shape: shapeLayers,
  'Slices and triangles': sliceLayers,
  'Gather and scatter': gatherScatterLayers,
  'Constants, ranges, random numbers': generatorLayers,
  Recurrent: recurrentLayers,
} satisfies Record<string, LayerTable>

/** The same, in one table. */
export const layers: LayerTable = Object.assign({}, ...Object.values(layerFamilies))

/** Layer types that steer the others; network.ts and control-flow.ts lower them. */
export const controlFlowKinds = ['copy', 'branch', 'loop', 'loopBreak', 'loopContinue'] as const satisfies readonly LayerKind[]

/** Every layer type of the format, with the number of its field. */
export const layerKinds: readonly { name: string; number: number }[] = NeuralNetworkLayerSchema.oneofs[0]!.fields.map(
  ({ name, number }) => ({
    name,
    number,
  }),
)
