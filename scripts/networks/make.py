"""Makes networks with random weights: `make.py FOLDER SIZE NAME…` makes a folder FOLDER/NAME for each;
`make.py --list` prints the names. A SIZE is real, small or tiny.

In a folder stand `inputs.npz` (arrays `case<i>/<input>`), a package for each precision, what torch computes for it (arrays `case<i>/<output>`), and `card.json`:
`states`, whether the cases are one sequence, and by precision `model`, `expected`, `least` (PSNR in dB), `run` (precision of Model.load) and `compressed` weights."""
import json
import os
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parent))

import network as corpus  # noqa: E402
import precisions  # noqa: E402
import torch  # noqa: E402


def save_cases(path, cases):
    np.savez_compressed(path, **{f"case{index}/{name}": np.asarray(value) for index, case in enumerate(cases) for name, value in case.items()})


def make(folder, size, name):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    network = corpus.networks[name](size)
    reference = network.reference(network.module)
    corpus.assert_varied(reference)
    save_cases(folder / "inputs.npz", [case.inputs for case in network.cases])
    save_cases(folder / "torch.npz", reference)
    card = {"states": bool(network.states), "precisions": {}}
    base, program = None, None
    for each, precision in precisions.PRECISIONS.items():
        # Programs with states are of iOS 18 at least, and in half precision: Core ML's states are.
        if network.states and not precision.half:
            continue
        wanted = (max(precision.target, network.minimum), precision.half)
        if wanted != base:
            program = None
            base, program = wanted, precisions.convert(network, *wanted)
        entry = {"model": f"{each.removesuffix('-declared')}.mlpackage", "expected": "torch.npz", "least": precision.least}
        if precision.run:
            entry["run"] = precision.run
        elif precision.compress:
            model, module, entry["compressed"] = precisions.compressed(network, program, precision.compress, 256 if size == "tiny" else 2048)
            entry["expected"] = f"{each}.npz"
            save_cases(folder / entry["expected"], network.reference(module))
            model.save(str(folder / entry["model"]))
        else:
            program.save(str(folder / entry["model"]))
        card["precisions"][each] = entry
    (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    corpus.load_families()
    if sys.argv[1:] == ["--list"]:
        print("\n".join(corpus.networks))
    else:
        target, size, *names = sys.argv[1:]
        for name in names or corpus.networks:
            make(Path(target) / name, size, name)
