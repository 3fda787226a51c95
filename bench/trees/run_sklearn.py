"""One measuring process: the ensemble with scikit-learn; prints one JSON line, as run-one.mjs does.

  python run_sklearn.py FOLDER SECONDS
"""
import json
import pickle
import statistics
import sys
import time
from pathlib import Path

import numpy as np

folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
model = pickle.loads((folder / "model.pickle").read_bytes())
rows = np.fromfile(folder / "rows.f32", dtype=np.float32).reshape(-1, 32)


def median(work, divisor):
    samples, end, i = [], time.perf_counter() + seconds, 0
    while time.perf_counter() < end or len(samples) < 5:
        start = time.perf_counter()
        work(i % len(rows))
        samples.append(time.perf_counter() - start)
        i += 1
    return statistics.median(samples) * 1e6 / divisor


first = [float(model.predict(rows[i:i + 1])[0]) for i in range(20)]
print(json.dumps({"single": median(lambda i: model.predict(rows[i:i + 1])[0], 1), "batch": median(lambda i: model.predict(rows)[i], len(rows)), "first": first}))
