// The tree ensemble of a Core ML model as an ONNX TreeEnsembleRegressor: the same trees for the peer.
import { ModelProtoSchema } from '../../dist/backends/portable/onnx/gen/onnx_pb.js'
import { create, encode, openModel, TreeNodeBehavior } from '../../dist/format/index.js'

const modes = {
  [TreeNodeBehavior.BranchOnValueLessThanEqual]: 'BRANCH_LEQ',
  [TreeNodeBehavior.BranchOnValueLessThan]: 'BRANCH_LT',
  [TreeNodeBehavior.BranchOnValueGreaterThanEqual]: 'BRANCH_GTE',
  [TreeNodeBehavior.BranchOnValueGreaterThan]: 'BRANCH_GT',
  [TreeNodeBehavior.BranchOnValueEqual]: 'BRANCH_EQ',
  [TreeNodeBehavior.BranchOnValueNotEqual]: 'BRANCH_NEQ',
  [TreeNodeBehavior.LeafNode]: 'LEAF',
}

/** Bytes of an ONNX model that takes x [rows, features] and gives y [rows, 1], both float. */
export async function treesAsOnnx(path) {
  const file = await openModel(path)
  const { description, type } = file.spec
  const { nodes, basePredictionValue } = type.value.treeEnsemble
  const features = description.input[0].type.type.value.shape[0]
  const leaves = nodes.filter((node) => node.nodeBehavior === TreeNodeBehavior.LeafNode)
  const text = new TextEncoder()
  const floats = (name, values) => ({ name, type: 6, floats: values })
  const ints = (name, values) => ({ name, type: 7, ints: values.map(BigInt) })
  const column = (name, of) => ints(name, nodes.map(of))
  const port = (name, width) => ({
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: 1,
          shape: { dim: [{ value: { case: 'dimParam', value: 'rows' } }, { value: { case: 'dimValue', value: BigInt(width) } }] },
        },
      },
    },
  })
  const model = create(ModelProtoSchema, {
    irVersion: 8,
    opsetImport: [
      { domain: '', version: 17 },
      { domain: 'ai.onnx.ml', version: 3 },
    ],
    graph: {
      name: 'trees',
      input: [port('x', features)],
      output: [port('y', 1)],
      node: [
        {
          opType: 'TreeEnsembleRegressor',
          domain: 'ai.onnx.ml',
          input: ['x'],
          output: ['y'],
          attribute: [
            { name: 'n_targets', type: 2, i: 1n },
            floats('base_values', basePredictionValue),
            column('nodes_treeids', (node) => node.treeId),
            column('nodes_nodeids', (node) => node.nodeId),
            column('nodes_featureids', (node) => node.branchFeatureIndex),
            column('nodes_truenodeids', (node) => node.trueChildNodeId),
            column('nodes_falsenodeids', (node) => node.falseChildNodeId),
            column('nodes_missing_value_tracks_true', (node) => Number(node.missingValueTracksTrueChild)),
            floats(
              'nodes_values',
              nodes.map((node) => node.branchFeatureValue),
            ),
            floats(
              'nodes_hitrates',
              nodes.map(() => 1),
            ),
            { name: 'nodes_modes', type: 8, strings: nodes.map((node) => text.encode(modes[node.nodeBehavior])) },
            ints(
              'target_treeids',
              leaves.map((leaf) => leaf.treeId),
            ),
            ints(
              'target_nodeids',
              leaves.map((leaf) => leaf.nodeId),
            ),
            ints(
              'target_ids',
              leaves.map(() => 0),
            ),
            floats(
              'target_weights',
              leaves.map((leaf) => leaf.evaluationInfo[0].evaluationValue),
            ),
          ],
        },
      ],
    },
  })
  await file.close()
  return Buffer.concat(encode(ModelProtoSchema, model))
}
