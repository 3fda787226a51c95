"""Makes the sample models: `python scripts/models/make.py [NAME…]`, then writes models/index.json from their cards."""

import importlib
import json
import sys
import time

import common

ORDER = ["digits-cnn", "detector", "rnn", "lstm", "transformer", "decoder", "diffusion-step", "trees"]


def write_index():
    entries = []
    for name in ORDER:
        card_path = common.MODELS / name / "card.json"
        if not card_path.exists():
            continue
        card = json.loads(card_path.read_text())
        for file in card["files"]:
            entry = {
                "name": file["name"],
                "family": card["family"],
                "title": card["title"] + (" (NeuralNetwork)" if file["format"] == "NeuralNetwork" else ""),
                "path": f"{name}/{file['path']}",
                "card": f"{name}/card.json",
                "inputs": f"{name}/expected/inputs.npz",
                "expected": f"{name}/expected/outputs.npz",
                "cases": card["cases"],
                "precision": file["precision"],
                "psnrDb": file["psnrDb"],
                "stateful": "states" in card,
            }
            if "classLabels" in card:
                entry["classLabels"] = card["classLabels"]
            entries.append(entry)
    (common.MODELS / "index.json").write_text(json.dumps({"schemaVersion": 1, "models": entries}, indent=2, ensure_ascii=False) + "\n")


def main():
    names = sys.argv[1:] or ORDER
    unknown = [n for n in names if n not in ORDER]
    if unknown:
        sys.exit(f"no such model: {', '.join(unknown)}; there are {', '.join(ORDER)}")
    for number, name in enumerate(names, 1):
        print(f"[{number}/{len(names)}] {name}", flush=True)
        begin = time.time()
        importlib.import_module(name.replace("-", "_")).make()
        print(f"  {name}: {time.time() - begin:.0f} s", flush=True)
        write_index()


if __name__ == "__main__":
    main()
