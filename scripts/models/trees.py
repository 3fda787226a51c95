"""trees: gradient-boosted trees that tell from a chemical analysis which of three vines a wine is from."""

import json

import coremltools as ct
import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import train_test_split

import common

LABELS = ["vine A", "vine B", "vine C"]


def evaluate(spec, features):
    """What the model file itself says, read node by node: probabilities [3]."""
    ensemble = spec.treeEnsembleClassifier.treeEnsemble
    kinds = type(ensemble.nodes[0]).TreeNodeBehavior
    nodes = {(n.treeId, n.nodeId): n for n in ensemble.nodes}
    scores = np.array(ensemble.basePredictionValue, np.float64)
    for tree in sorted({n.treeId for n in ensemble.nodes}):
        node = nodes[tree, 0]
        while node.nodeBehavior != kinds.Value("LeafNode"):
            assert node.nodeBehavior == kinds.Value("BranchOnValueLessThanEqual")
            yes = features[node.branchFeatureIndex] <= node.branchFeatureValue
            node = nodes[tree, node.trueChildNodeId if yes else node.falseChildNodeId]
        for part in node.evaluationInfo:
            scores[part.evaluationIndex] += part.evaluationValue
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def make():
    folder = common.start("trees")
    wine = load_wine()
    # scikit-learn's trees compare in float32; values that float32 holds exactly mean the same in the model's doubles.
    x, y = wine.data.astype(np.float32).astype(np.float64), np.array(LABELS)[wine.target]
    train_x, held_x, train_y, held_y = train_test_split(x, y, test_size=78, random_state=2, stratify=y)
    forest = GradientBoostingClassifier(n_estimators=60, max_depth=3, learning_rate=0.1, subsample=0.7, random_state=0).fit(train_x, train_y)
    right = forest.score(held_x, held_y)
    names = [n.replace("od280/od315_of_diluted_wines", "od280_od315") for n in wine.feature_names]

    model = ct.converters.sklearn.convert(forest, "analysis", "vine")
    model = common.rename(model, {"classProbability": "probabilities"})
    does = "Tells from a chemical analysis of a wine which of three vines it is from."
    inputs = {"analysis": "the 13 values of the analysis [13]: " + ", ".join(names)}
    outputs = {"vine": "vine A, vine B or vine C", "probabilities": "probability of each vine"}
    common.save_model(model, folder / "trees.mlmodel", does, inputs, outputs)

    held_labels = np.array([LABELS.index(label) for label in held_y], np.int32)
    np.savez_compressed(folder / "heldout.npz", analysis=held_x, label=held_labels)
    cases = np.concatenate([held_x[:10], train_x.mean(0, keepdims=True).astype(np.float32), np.zeros((1, 13))])
    probabilities = forest.predict_proba(cases)
    spec = ct.models.MLModel(str(folder / "trees.mlmodel"), skip_model_load=True).get_spec()
    read = np.stack([evaluate(spec, case) for case in held_x])
    difference = np.abs(read - forest.predict_proba(held_x)).max()
    assert difference < 1e-9, f"the file and scikit-learn differ by {difference}"
    common.save_cases(folder, {"analysis": cases}, {"vine": probabilities.argmax(1).astype(np.int32), "probabilities": probabilities})
    (folder / "examples").mkdir()
    for label in range(3):
        row = held_x[np.flatnonzero(held_labels == label)[0]]
        (folder / "examples" / f"vine-{'abc'[label]}.json").write_text(json.dumps(row.astype(np.float32).astype(str).astype(float).tolist()) + "\n")
    common.write_card(folder, {
        "title": "Wine: gradient-boosted trees",
        "family": "tree ensemble",
        "task": "classification of tabular data",
        "does": does,
        "files": [{"name": "trees", "path": "trees.mlmodel", "format": "TreeEnsembleClassifier", "precision": "float64", "psnrDb": 70}],
        "inputs": inputs,
        "outputs": outputs,
        "classLabels": LABELS,
        "trained": "scikit-learn's GradientBoostingClassifier: 60 rounds of three trees of depth 3",
        "data": "scikit-learn's load_wine (178 wines); 100 to train, 78 held out, split at random within each class",
        "parameters": f"{len(spec.treeEnsembleClassifier.treeEnsemble.nodes)} nodes in 180 trees",
        "measured": {"accuracy": {"what": "Accuracy", "value": round(float(right), 4), "heldOut": len(held_y), "of": "wines", "set": "heldout.npz"}},
        "cases": len(cases),
        "expectedFrom": "scikit-learn; a reading of the file, node by node, gives the same",
        "notes": ["`heldout.npz` holds the held-out set: `analysis` float64 [78, 13] and `label` int32 [78]."],
        "try": ["coreml-bridge predict models/trees/trees.mlmodel --input analysis=models/trees/examples/vine-b.json"],
        "script": "scripts/models/trees.py",
    })
