"""Makes what bench/trees.mjs measures: a gradient-boosted ensemble of 1000 trees, trained by scikit-learn, converted by coremltools, and rows to predict.

  python make_model.py FOLDER
"""
import pickle
import sys
from pathlib import Path

import coremltools as ct
import numpy as np
from coremltools.models import datatypes
from sklearn.ensemble import GradientBoostingRegressor

FEATURES = 32
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(0)
X = rng.normal(size=(6000, FEATURES)).astype(np.float32)
y = X[:, 0] * X[:, 1] + np.sin(3 * X[:, 2]) + np.abs(X[:, 3:9]).sum(1) + rng.normal(size=len(X)) * 0.2
model = GradientBoostingRegressor(n_estimators=1000, max_depth=6, max_features=0.3, subsample=0.5, learning_rate=0.05, random_state=0).fit(X, y)
ct.converters.sklearn.convert(model, [("x", datatypes.Array(FEATURES))], "y").save(str(folder / "trees.mlmodel"))
rows = rng.normal(size=(1000, FEATURES)).astype(np.float32)
rows.tofile(folder / "rows.f32")
model.predict(rows).astype(np.float64).tofile(folder / "expected.f64")
(folder / "model.pickle").write_bytes(pickle.dumps(model))
