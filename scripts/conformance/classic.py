"""What coremltools' tests of classic models ask for and no longer get: the Boston housing data, which they download, and libsvm under its old names.

`python classic.py FOLDER` fetches both into FOLDER, once; `provide(FOLDER)` puts them where the tests look."""
import csv
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

DATA = "boston_house_prices.csv"
FEATURES = ["CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT"]
# Constants that libsvm's Python modules had at top level before its release 3.3.
CONSTANTS = [["C_SVC", "NU_SVC", "ONE_CLASS", "EPSILON_SVR", "NU_SVR"], ["LINEAR", "POLY", "RBF", "SIGMOID", "PRECOMPUTED"]]


def pip(*arguments):
    return subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True)


def fetch(folder):
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / DATA).exists():
        # The last release of scikit-learn that holds the data; whatever Python it was for, it is only unpacked.
        wheel = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.8", "--platform", "manylinux2014_x86_64", "scikit-learn==1.1.3"]
        with tempfile.TemporaryDirectory() as scratch:
            done = pip("download", "-q", "-d", scratch, *wheel)
            if done.returncode:
                sys.exit(f"the Boston housing data cannot be had: {done.stderr.strip()}")
            with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as archive:
                (folder / DATA).write_bytes(archive.read(f"sklearn/datasets/data/{DATA}"))
    if not (folder / "libsvm").exists():
        done = pip("install", "-q", "--no-deps", "--target", str(folder), "libsvm-official==3.37.0")
        if done.returncode:
            print("libsvm cannot be built (it needs a C++ compiler); its tests are skipped", file=sys.stderr)


def provide(folder):
    sys.path.append(str(folder))
    try:
        from libsvm import svm, svmutil
    except ImportError:
        pass
    else:
        for module, name in ((svm, "svm"), (svmutil, "svmutil")):
            for names in CONSTANTS:
                for value, constant in enumerate(names):
                    setattr(module, constant, value)
            sys.modules[name] = module
        sys.modules["libsvm"].__version__ = "3.37.0"

    import coremltools.test.utils as utils

    utils.load_boston = lambda: boston(folder / DATA)


def boston(path):
    import numpy

    with open(path) as file:
        table = numpy.array(list(csv.reader(file))[2:], dtype=float)
    return {"data": numpy.ascontiguousarray(table[:, :-1]), "target": table[:, -1], "feature_names": numpy.array(FEATURES)}


if __name__ == "__main__":
    fetch(Path(sys.argv[1]))
