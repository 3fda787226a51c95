"""Makes networks: `make.py FOLDER SIZE NAME PRECISION…` writes FOLDER/NAME/PRECISION.mlpackage, NAME/inputs.npz and NAME/PRECISION.npz, what torch
computes for them."""
import hashlib
import json
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

warnings.simplefilter("ignore")
sys.path.insert(0, str(Path(__file__).parent))

import network as corpus  # noqa: E402
import precisions  # noqa: E402


def save_cases(path, cases):
    """Arrays by name, `case<i>/name`, as `coreml-bridge predict --inputs` reads and `--out` writes them."""
    np.savez(path, **{f"case{index}/{name}": np.asarray(value) for index, case in enumerate(cases) for name, value in case.items()})


def stamp(name):
    """Changes with whatever a network is made from."""
    here = Path(__file__).parent
    family = here / f"{corpus.networks[name].__module__}.py"
    return hashlib.sha256(b"".join(path.read_bytes() for path in (here / "network.py", here / "precisions.py", Path(__file__), family))).hexdigest()


def make(folder, size, name, wanted):
    """Makes what is missing; returns what there is to say about it."""
    corpus.load_families()
    target = folder / name
    card_path = target / "card.json"
    card = json.loads(card_path.read_text()) if card_path.exists() else {}
    if card.get("stamp") != stamp(name):
        shutil.rmtree(target, ignore_errors=True)
        card = {"stamp": stamp(name), "precisions": {}}
    missing = [precision for precision in wanted if precision not in card["precisions"]]
    if not missing:
        return card
    target.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    network = corpus.networks[name](size)
    reference = network.reference(network.module)
    corpus.assert_varied(reference)
    save_cases(target / "inputs.npz", [case.inputs for case in network.cases])
    programs = {}
    for each in missing:
        precision = precisions.PRECISIONS[each]
        base = (max(precision.target, network.minimum), precision.half)
        if base not in programs:
            programs.clear()
            programs[base] = precisions.convert(network, *base)
        model, expected, note = programs[base], reference, ""
        if precision.compress:
            model, module, note = precisions.compressed(network, model, precision.compress, 2048 if size != "tiny" else 256)
            expected = network.reference(module)
        package = target / f"{each}.mlpackage"
        shutil.rmtree(package, ignore_errors=True)
        model.save(str(package))
        save_cases(target / f"{each}.npz", expected)
        card["precisions"][each] = {"weights": note, "bytes": sum(file.stat().st_size for file in package.rglob("*") if file.is_file())}
        card_path.write_text(json.dumps(card, indent=1) + "\n")
    return card


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])
    print(json.dumps(made["precisions"]))
