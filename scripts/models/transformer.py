"""transformer: an encoder that tells whether an arithmetic expression is well formed."""

import random

import coremltools as ct
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common

LABELS = ["valid", "unbalanced", "malformed"]
LENGTH, WIDTH, HEADS, LAYERS = 32, 64, 4, 3


def expression(rng, depth=0):
    """A random valid expression."""
    kind = rng.random()
    if depth > 3 or kind < 0.35:
        return str(rng.randint(0, 99))
    if kind < 0.6:
        return "(" + expression(rng, depth + 1) + ")"
    return expression(rng, depth + 1) + rng.choice("+-*/") + expression(rng, depth + 1)


def balanced(text):
    depth = 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if depth < 0:
            return False
    return depth == 0


def well_formed(text):
    """A number or a bracketed expression, then an operator and the next one, and so on; brackets are already balanced."""
    operand = True
    for i, c in enumerate(text):
        if c.isdigit():
            if not operand and not text[i - 1].isdigit():
                return False
            operand = False
        elif c == "(":
            if not operand:
                return False
        elif operand:
            return False
        elif c != ")":
            operand = True
    return not operand


def label_of(text):
    return 1 if not balanced(text) else 0 if well_formed(text) else 2


def corrupt(text, rng):
    """One or two characters dropped, added, changed or swapped."""
    chars = list(text)
    for _ in range(rng.choice((1, 1, 2))):
        i, kind = rng.randrange(len(chars)), rng.random()
        if kind < 0.3 and len(chars) > 1:
            del chars[i]
        elif kind < 0.6:
            chars.insert(i, rng.choice("+-*/()"))
        elif kind < 0.85 or len(chars) < 2:
            chars[i] = rng.choice("+-*/()0")
        else:
            j = rng.randrange(len(chars))
            chars[i], chars[j] = chars[j], chars[i]
    return "".join(chars)


def examples(count, rng, avoid=frozenset()):
    """Texts, as many of each label; none of `avoid`."""
    texts = [set(), set(), set()]
    while min(map(len, texts)) < count // 3:
        text = expression(rng)
        if not 5 <= len(text) <= LENGTH:
            continue
        if rng.random() < 0.7:
            text = corrupt(text, rng)
        bucket = texts[label_of(text)]
        if len(bucket) < count // 3 and len(text) <= LENGTH and text not in avoid:
            bucket.add(text)
    chosen = [text for bucket in texts for text in sorted(bucket)]
    rng.shuffle(chosen)
    return chosen


def encode(texts):
    """ASCII codes [n, 32], zero after the end."""
    return np.array([[ord(c) for c in t] + [0] * (LENGTH - len(t)) for t in texts], np.int32)


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.before_mlp = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query_key_value, self.join = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x, mask):
        q, k, v = self.query_key_value(self.before_attention(x)).reshape(-1, LENGTH, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4).unbind(0)
        weights = F.softmax(q @ k.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5 + mask, dim=-1)
        x = x + self.join((weights @ v).transpose(1, 2).reshape(-1, LENGTH, WIDTH))
        return x + self.mlp(self.before_mlp(x))


class Encoder(nn.Module):
    """ASCII codes [1, 32] to probabilities [1, 3]."""

    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(128, WIDTH), nn.Parameter(torch.randn(LENGTH, WIDTH) * 0.1)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.classify = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(LABELS))

    def logits(self, codes):
        present = (codes != 0).to(self.place.dtype)
        mask = ((1 - present) * -1e4)[:, None, None]
        x = self.token(codes) + self.place
        for layer in self.layers:
            x = layer(x, mask)
        x = self.norm(x) * present[:, :, None]
        return self.classify(x.sum(1) / 8)

    def forward(self, codes):
        return F.softmax(self.logits(codes), dim=-1)


def make():
    folder = common.start("transformer")
    rng, net = random.Random(13), Encoder()
    held = examples(600, random.Random(99))
    texts = examples(30000, rng, frozenset(held))
    x = torch.from_numpy(encode(texts))
    y = torch.tensor([label_of(t) for t in texts])

    def batch(_):
        pick = torch.randint(len(x), (64,))
        return F.cross_entropy(net.logits(x[pick]), y[pick])

    seconds = common.train(net, batch, 4000, 2e-3, report=500)
    held_x, held_y = encode(held), np.array([label_of(t) for t in held], np.int32)
    with torch.no_grad():
        right = (net.logits(torch.from_numpy(held_x)).argmax(1).numpy() == held_y).mean()
    np.savez_compressed(folder / "heldout.npz", codes=held_x, label=held_y)

    shown = ["1+2", "(3+4)*5", "((1+2)*(3-4))/56", "(3+4*5", "3+4)*5", "3+*4", "()", "12-(7/3)-", ")1+2(", *held[:3]]
    cases = encode(shown)[:, None]
    with torch.no_grad():
        probabilities = torch.stack([net(torch.from_numpy(c)) for c in cases])
    common.save_cases(folder, {"codes": cases}, {"verdict": probabilities.argmax(2)[:, 0].numpy().astype(np.int32), "probabilities": probabilities[:, 0].numpy()})
    half = common.half_psnr(net, [(torch.from_numpy(c),) for c in cases], list(probabilities))

    model = ct.convert(
        torch.jit.trace(net, torch.from_numpy(cases[0])),
        inputs=[ct.TensorType(name="codes", shape=(1, LENGTH), dtype=np.int32)],
        classifier_config=ct.ClassifierConfig(LABELS, predicted_feature_name="verdict"),
        minimum_deployment_target=ct.target.macOS13,
        skip_model_load=True,
    )
    model = common.rename(model, {model.get_spec().description.predictedProbabilitiesName: "probabilities"})
    does = "Tells whether an arithmetic expression is valid, has unbalanced brackets, or is malformed in another way."
    inputs = {"codes": "the expression's ASCII codes [1, 32], zero after its end; digits, + - * / and brackets"}
    outputs = {"verdict": "valid, unbalanced or malformed", "probabilities": "probability of each verdict"}
    common.save_model(model, folder / "transformer.mlpackage", does, inputs, outputs)
    common.write_card(folder, {
        "title": "Expressions: a Transformer encoder that checks arithmetic",
        "family": "transformer",
        "task": "text classification",
        "does": does,
        "files": [{"name": "transformer", "path": "transformer.mlpackage", "format": "ML Program", "precision": "float16", "psnrDb": 40}],
        "inputs": inputs,
        "outputs": outputs,
        "classLabels": LABELS,
        "trained": f"4000 steps of 64 expressions, AdamW; {seconds:.0f} s on one core",
        "data": "30 000 expressions made by the script from a grammar, most with one or two characters changed, labelled by a parser; the held-out ones occur in no training text",
        "parameters": f"{common.parameters(net)} parameters: {LAYERS} layers, width {WIDTH}, {HEADS} heads",
        "measured": {"accuracy": {"what": "Accuracy", "value": round(float(right), 4), "heldOut": len(held), "of": "expressions", "set": "heldout.npz"}},
        "halfPrecisionPsnrDb": round(half, 1),
        "cases": len(cases),
        "expectedFrom": "torch (fp32)",
        "notes": ["The cases are: " + ", ".join(f"`{t}`" for t in shown) + ".", "", "`heldout.npz` holds the held-out set: `codes` int32 [600, 32] and `label` int32 [600]."],
        "script": "scripts/models/transformer.py",
    })
