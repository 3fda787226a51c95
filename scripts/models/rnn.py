"""rnn: a plain (Elman) recurrent net that names the figure that a pen draws; it takes strokes of any length."""

import coremltools as ct
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common

LABELS = ["circle", "square", "triangle", "zigzag", "spiral", "line", "wave", "star"]
SHORTEST, USUAL, LONGEST = 16, 48, 96


def polygon(corners, t):
    """The point at `t` (0…1) of the way along a polyline."""
    lengths = np.r_[0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T))]
    return np.stack([np.interp(t * lengths[-1], lengths, corners[:, i]) for i in (0, 1)], 1)


def figure(label, t, rng):
    turn = 2 * np.pi * t
    if label == "circle":
        return np.stack([np.cos(turn), np.sin(turn) * rng.uniform(0.8, 1.2)], 1)
    if label == "spiral":
        radius, angle = 0.15 + 0.85 * t, turn * rng.uniform(2, 3)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1)
    if label == "line":
        return np.stack([2 * t - 1, rng.uniform(-0.1, 0.1) * np.sin(np.pi * t)], 1)
    if label == "wave":
        return np.stack([2 * t - 1, rng.uniform(0.25, 0.5) * np.sin(turn * rng.uniform(1.5, 3))], 1)
    if label == "zigzag":
        teeth = rng.integers(4, 8)
        return polygon(np.stack([np.linspace(-1, 1, teeth), np.where(np.arange(teeth) % 2, 0.5, -0.5)], 1), t)
    count, skip = {"square": (4, 1), "triangle": (3, 1), "star": (5, 2)}[label]
    angles = 2 * np.pi * np.arange(count + 1) * skip / count
    return polygon(np.stack([np.cos(angles), np.sin(angles)], 1), t)


def stroke(label, length, rng):
    """Steps [length, 2] of a pen that draws the figure, turned, unsteady and at an uneven speed."""
    speed = rng.uniform(0.7, 1.3, length + 1)
    t = np.r_[0, np.cumsum(speed[:-1])] / speed[:-1].sum()
    points = figure(label, t[: length + 1], rng) + rng.normal(0, 0.008, (length + 1, 2))
    angle = rng.uniform(-np.pi, np.pi)
    points = points @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    if rng.random() < 0.5:
        points[:, 0] *= -1
    return (np.diff(points * rng.uniform(0.8, 1.2), axis=0) * 8).astype(np.float32)


def sample(count, length, rng):
    labels = rng.integers(0, len(LABELS), count)
    return np.stack([stroke(LABELS[k], length, rng) for k in labels]), labels


class PenNet(nn.Module):
    """Pen steps [1, T, 2] to probabilities [1, 8]."""

    def __init__(self, width=64):
        super().__init__()
        self.rnn = nn.RNN(2, width, num_layers=2, batch_first=True)
        self.classify = nn.Linear(width, len(LABELS))
        self.register_buffer("initial", torch.zeros(2, 1, width))

    def logits(self, x):
        steps, _ = self.rnn(x, self.initial.expand(-1, x.shape[0], -1).contiguous())
        return self.classify(steps.mean(1) + steps[:, -1])

    def forward(self, x):
        steps, _ = self.rnn(x, self.initial)
        return F.softmax(self.classify(steps.mean(1) + steps[:, -1]), dim=1)


def make():
    folder = common.start("rnn")
    rng, net = np.random.default_rng(11), PenNet()
    lengths = [16, 24, 32, 40, 48, 64, 80, 96]
    pool = [sample(2500, length, rng) for length in lengths]

    def batch(step):
        x, y = pool[step % len(pool)]
        pick = rng.integers(0, len(x), 64)
        noisy = torch.from_numpy(x[pick]) * (0.9 + 0.2 * torch.rand(64, 1, 1))
        return F.cross_entropy(net.logits(noisy), torch.from_numpy(y[pick]))

    seconds = common.train(net, batch, 6000, 3e-3, report=500)
    held = [sample(100, length, np.random.default_rng(100 + length)) for length in (20, 36, 48, 60, 90)]
    with torch.no_grad():
        hits = np.stack([net.logits(torch.from_numpy(x)).argmax(1).numpy() == y for x, y in held])
    np.savez_compressed(folder / "heldout.npz", **{f"length{x.shape[1]}/{k}": v for x, y in held for k, v in (("strokes", x[:40]), ("label", y[:40].astype(np.int32)))})

    rng = np.random.default_rng(5)
    strokes = [stroke(LABELS[i % 8], length, rng)[None] for i, length in enumerate([48, 48, 48, 16, 31, 64, 77, 96, 48, 40])]
    with torch.no_grad():
        probabilities = [net(torch.from_numpy(s)).numpy() for s in strokes]
    common.save_cases(folder, {"strokes": strokes}, {"figure": [p.argmax(1).astype(np.int32)[0] for p in probabilities], "probabilities": [p[0] for p in probabilities]})

    traced = torch.jit.trace(net, torch.zeros(1, USUAL, 2))
    shape = ct.Shape((1, ct.RangeDim(SHORTEST, LONGEST, default=USUAL), 2))
    model = ct.convert(
        traced,
        inputs=[ct.TensorType(name="strokes", shape=shape)],
        classifier_config=ct.ClassifierConfig(LABELS, predicted_feature_name="figure"),
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.macOS13,
        skip_model_load=True,
    )
    model = common.rename(model, {model.get_spec().description.predictedProbabilitiesName: "probabilities"})
    does = "Names the figure that a pen draws: " + ", ".join(LABELS) + "."
    inputs = {"strokes": f"pen movement [1, T, 2]: dx and dy of each step, 8 units being half the figure's width; T from {SHORTEST} to {LONGEST}, usually {USUAL}"}
    outputs = {"figure": "the figure's name", "probabilities": "probability of each figure"}
    common.save_model(model, folder / "rnn.mlpackage", does, inputs, outputs)
    common.write_card(folder, {
        "title": "Pen strokes: an RNN that names a drawn figure",
        "family": "rnn",
        "task": "sequence classification",
        "does": does,
        "files": [{"name": "rnn", "path": "rnn.mlpackage", "format": "ML Program", "precision": "float32", "psnrDb": 70}],
        "inputs": inputs,
        "outputs": outputs,
        "classLabels": LABELS,
        "trained": f"6000 steps of 64 strokes of 16 to 96 steps, AdamW; {seconds:.0f} s on one core",
        "data": "drawn by the script: turned, mirrored, unsteady, at an uneven speed",
        "parameters": f"{common.parameters(net)} parameters, two tanh layers of 64",
        "measured": {
            "accuracy": {"what": "Accuracy", "value": round(float(hits[:, :40].mean()), 4), "heldOut": 200, "of": "strokes of 20 to 90 steps", "set": "heldout.npz"},
            "accuracy500": {"what": "Accuracy", "value": round(float(hits.mean()), 4), "heldOut": 500, "of": "strokes of 20 to 90 steps"},
        },
        "cases": len(strokes),
        "expectedFrom": "torch (fp32)",
        "notes": ["`heldout.npz` holds 200 of the held-out strokes: `length<T>/strokes` float32 [40, T, 2] and `length<T>/label` int32 [40], for five lengths T."],
        "script": "scripts/models/rnn.py",
    })
