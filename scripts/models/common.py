"""What every sample model's script needs: seeds, training, saving, expected values, cards."""

import copy
import json
import logging
import os
import random
import shutil
import time
import uuid
import warnings
from pathlib import Path

import numpy as np
import torch

os.environ["TQDM_DISABLE"] = "1"
warnings.filterwarnings("ignore", message=".*has been renamed to.*")
logging.getLogger("coremltools").setLevel(logging.ERROR)

MODELS = Path(__file__).resolve().parents[2] / "models"
PSNR_DB = {"float32": 70, "float16": 40}


def start(name, seed=7):
    """An empty folder for the model, which `write_card` puts in the place of the old one; and the same random numbers each time."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    folder = MODELS / ".making" / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "expected").mkdir(parents=True)
    return folder


def train(model, batch, steps, lr, weight_decay=1e-4, report=100):
    """AdamW with warm-up and cosine decay; `batch(step)` gives the loss of one step. Returns the seconds that it took."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)
    begin, total = time.time(), 0.0
    model.train()
    for step in range(steps):
        loss = batch(step)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if (step + 1) % report == 0:
            print(f"  step {step + 1}/{steps}  loss {total / report:.4f}  {time.time() - begin:.0f} s", flush=True)
            total = 0.0
    model.eval()
    return time.time() - begin


class Average:
    """Moving average of a model's weights, which generalizes better than the last ones."""

    def __init__(self, model, decay=0.995):
        self.model, self.decay = copy.deepcopy(model), decay

    @torch.no_grad()
    def update(self, model):
        for ours, theirs in zip(self.model.state_dict().values(), model.state_dict().values()):
            if ours.dtype.is_floating_point:
                ours.lerp_(theirs, 1 - self.decay)
            else:
                ours.copy_(theirs)


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def psnr(reference, value):
    """20·log10(max|reference| / rmse), in dB."""
    reference, value = np.asarray(reference, np.float64), np.asarray(value, np.float64)
    rmse = np.sqrt(np.mean((reference - value) ** 2))
    return float("inf") if rmse == 0 else float(20 * np.log10(np.abs(reference).max() / rmse))


@torch.no_grad()
def half_psnr(model, cases, reference):
    """Lowest PSNR over the cases of torch's own half-precision run: tells that the fp16 threshold is fair for this net."""
    half = copy.deepcopy(model).half()
    worst = float("inf")
    for inputs, expected in zip(cases, reference):
        outputs = half(*[x.half() if x.dtype == torch.float32 else x for x in inputs])
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        expected = expected if isinstance(expected, tuple) else (expected,)
        worst = min([worst] + [psnr(e, o.float()) for e, o in zip(expected, outputs)])
    return worst


def save_cases(folder, inputs, outputs):
    """Writes expected/inputs.npz and expected/outputs.npz; `inputs` and `outputs` map names to arrays with a leading case axis, or to lists of arrays."""
    for file, features in (("inputs", inputs), ("outputs", outputs)):
        arrays = {}
        for name, value in features.items():
            if isinstance(value, list):
                arrays.update({f"case{i}/{name}": np.asarray(v, order="C") for i, v in enumerate(value)})
            else:
                arrays[name] = np.asarray(value, order="C")
        np.savez_compressed(folder / "expected" / f"{file}.npz", **arrays)


def rename(model, names):
    """Renames features of a converted model and keeps its weights."""
    import coremltools as ct

    spec = model.get_spec()
    for old, new in names.items():
        ct.utils.rename_feature(spec, old, new)
    return ct.models.MLModel(spec, weights_dir=model.weights_dir, skip_model_load=True)


def save_model(model, path, description, inputs, outputs):
    """Saves with metadata and descriptions; a package's manifest gets identifiers that depend on the name alone."""
    import coremltools as ct

    model.short_description = description
    model.author = "coreml-bridge"
    model.license = "MIT"
    model.version = "1"
    for name, text in inputs.items():
        model.input_description[name] = text
    for name, text in outputs.items():
        model.output_description[name] = text
    model.save(str(path))
    for part in [path, *path.rglob("*")]:
        part.chmod(0o755 if part.is_dir() else 0o644)
    manifest = path / "Manifest.json"
    if manifest.exists():
        content = json.loads(manifest.read_text())
        for old in list(content["itemInfoEntries"]):
            item = content["itemInfoEntries"].pop(old)
            new = str(uuid.uuid5(uuid.NAMESPACE_URL, f"coreml-bridge/{path.name}/{item['path']}")).upper()
            content["itemInfoEntries"][new] = item
            if content["rootModelIdentifier"] == old:
                content["rootModelIdentifier"] = new
        manifest.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    spec = ct.models.MLModel(str(path), skip_model_load=True).get_spec()
    declared = {f.name for f in [*spec.description.input, *spec.description.output]}
    assert declared == {*inputs, *outputs}, f"{path.name} declares {sorted(declared)}"


def write_card(folder, card):
    """Writes card.json and, from it, README.md; the model is complete then and replaces the old one."""
    card = {"name": folder.name, "licence": "MIT", **card}
    (folder / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    lines = [f"# {card['title']}", "", card["does"], "", "| | |", "|---|---|"]
    lines += [f"| Family | {card['family']} |", f"| Task | {card['task']} |"]
    for file in card["files"]:
        lines.append(f"| `{file['path']}` | {file['format']}, {file['precision']}, expected PSNR ≥ {file['psnrDb']} dB |")
    for kind in ("inputs", "outputs", "states"):
        for name, text in card.get(kind, {}).items():
            lines.append(f"| {kind[:-1].capitalize()} `{name}` | {text} |")
    lines += [f"| Trained | {card['trained']} |", f"| Data | {card['data']} |", f"| Size | {card['parameters']} |"]
    for key, value in card["measured"].items():
        lines.append(f"| {value['what']} | {value['value']} {value.get('unit', '')} on {value['heldOut']} held-out {value['of']} |".replace("  ", " "))
    lines += [f"| Expected values | {card['cases']} cases, written by {card['expectedFrom']} |"]
    lines += [f"| Made by | `{card['script']}` |", f"| Licence | {card['licence']} |", ""]
    lines += [*card.get("notes", []), ""] if card.get("notes") else []
    if card.get("try"):
        lines += ["```sh", *card["try"], "```", ""]
    (folder / "README.md").write_text("\n".join(lines))
    shutil.rmtree(MODELS / folder.name, ignore_errors=True)
    folder.rename(MODELS / folder.name)
    if not any(folder.parent.iterdir()):
        folder.parent.rmdir()
