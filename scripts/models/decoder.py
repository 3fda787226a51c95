"""decoder: a Transformer decoder with a key-value cache held in Core ML states; it writes rhyme-like lines character by character."""

import json
import random
from collections import Counter

import coremltools as ct
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common

VOCABULARY, CONTEXT, WIDTH, HEADS, LAYERS, GENERATED = 128, 128, 96, 4, 3, 64
HEAD = WIDTH // HEADS

# A line is a rule in which each name stands for one of its words; earlier words are likelier.
LINES = [
    "the ADJECTIVE ANIMAL VERB PLACE and SOUND to the LIGHT.",
    "a ADJECTIVE ANIMAL and a ADJECTIVE ANIMAL VERB PLACE.",
    "NUMBER ADJECTIVE ANIMALs VERB PLACE when the LIGHT was high.",
    "oh little ANIMAL, where is the ADJECTIVE THING?",
    "here is the THING that the ADJECTIVE ANIMAL found PLACE.",
    "sleep, ADJECTIVE ANIMAL, the LIGHT is in the sky.",
]
WORDS = {
    "ADJECTIVE": "little old brown silver hungry merry sleepy quiet".split(),
    "ANIMAL": "cat mouse owl goat fox duck bear frog".split(),
    "VERB": "danced sat jumped sailed waited ran".split(),
    "PLACE": ["by the door", "over the hill", "in the garden", "under the bridge", "near the old mill", "on the wall"],
    "SOUND": "sang whispered called hummed".split(),
    "LIGHT": "moon sun star lamp".split(),
    "NUMBER": "three two seven ten".split(),
    "THING": "spoon bell kite hat drum".split(),
}


def pick(words, rng):
    return rng.choices(words, [2.0**-i for i in range(len(words))])[0]


def line(rng):
    text = pick(LINES, rng)
    for name, words in sorted(WORDS.items(), key=lambda entry: -len(entry[0])):
        while name in text:
            text = text.replace(name, pick(words, rng), 1)
    return text + "\n"


def page(rng, avoid=frozenset()):
    """Lines until the context is full, each character an ASCII code."""
    text = ""
    while len(text) <= CONTEXT:
        candidate = line(rng)
        if candidate not in avoid:
            text += candidate
    return [ord(c) for c in text[: CONTEXT + 1]]


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.before_mlp = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.query, self.key, self.value, self.join = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 3 * WIDTH), nn.GELU(), nn.Linear(3 * WIDTH, WIDTH))

    def heads(self, x):
        """Query, key and value of each head: [n, heads, length, width of a head]."""
        x = self.before_attention(x)
        return [part(x).reshape(x.shape[0], -1, HEADS, HEAD).transpose(1, 2) for part in (self.query, self.key, self.value)]

    def finish(self, x, q, k, v, mask):
        weights = F.softmax(q @ k.transpose(-1, -2) * HEAD**-0.5 + mask, dim=-1)
        x = x + self.join((weights @ v).transpose(1, 2).reshape(x.shape[0], -1, WIDTH))
        return x + self.mlp(self.before_mlp(x))


class Writer(nn.Module):
    """Whole texts [n, T] at once, as in training: logits [n, T, 128]."""

    def __init__(self):
        super().__init__()
        self.token, self.place = nn.Embedding(VOCABULARY, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.logits = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, VOCABULARY)

    def forward(self, tokens):
        length = tokens.shape[1]
        mask = torch.full((length, length), -1e4).triu(1)
        x = self.token(tokens) + self.place(torch.arange(length))
        for layer in self.layers:
            x = layer.finish(x, *layer.heads(x), mask)
        return self.logits(self.norm(x))


class Step(nn.Module):
    """One token [1, 1] at a position [1]: logits [1, 128]. Keys and values of earlier tokens are in the states."""

    def __init__(self, writer):
        super().__init__()
        self.writer = writer
        self.register_buffer("keyCache", torch.zeros(LAYERS, HEADS, CONTEXT, HEAD))
        self.register_buffer("valueCache", torch.zeros(LAYERS, HEADS, CONTEXT, HEAD))

    def forward(self, token, position):
        x = self.writer.token(token) + self.writer.place(position)
        mask = torch.where(torch.arange(CONTEXT) <= position, 0.0, -1e4).to(x.dtype)
        place = position[0]
        for i, layer in enumerate(self.writer.layers):
            q, k, v = layer.heads(x)
            self.keyCache[i : i + 1, :, place : place + 1, :] = k
            self.valueCache[i : i + 1, :, place : place + 1, :] = v
            x = layer.finish(x, q, self.keyCache[i : i + 1], self.valueCache[i : i + 1], mask)
        return self.writer.logits(self.writer.norm(x))[:, 0]

    def forget(self):
        self.keyCache.zero_()
        self.valueCache.zero_()


@torch.no_grad()
def write(step, prompt):
    """Greedy continuation token by token: tokens, and the least distance between the best logit and the next."""
    step.forget()
    tokens, margin, logits = [], float("inf"), None
    for place in range(len(prompt) + GENERATED - 1):
        token = prompt[place] if place < len(prompt) else tokens[-1]
        logits = step(torch.tensor([[token]], dtype=torch.int32), torch.tensor([place], dtype=torch.int32))[0]
        if place >= len(prompt) - 1:
            best = logits.topk(2).values
            margin = min(margin, (best[0] - best[1]).item())
            tokens.append(int(logits.argmax()))
    return tokens, margin


@torch.no_grad()
def write_whole(writer, prompt):
    """The same, from the whole text each time and without a cache: a check of the step."""
    tokens = list(prompt)
    for _ in range(GENERATED):
        tokens.append(int(writer(torch.tensor([tokens]))[0, -1].argmax()))
    return tokens[len(prompt) :]


def make():
    folder = common.start("decoder")
    rng, writer = random.Random(15), Writer()
    held = [page(random.Random(5000 + i)) for i in range(64)]
    avoid = {text + "\n" for p in held for text in "".join(map(chr, p)).split("\n")[:-1]}
    # The likeliest lines stay in the training texts: without them the odds of the words would be others.
    counts = random.Random(6)
    avoid -= {text for text, count in Counter(line(counts) for _ in range(20000)).items() if count > 4}
    pages = torch.tensor([page(rng, avoid) for _ in range(6000)])

    def batch(_):
        rows = pages[torch.randint(len(pages), (16,))]
        return F.cross_entropy(writer(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())

    seconds = common.train(writer, batch, 1500, 3e-3, report=100)
    held_pages = torch.tensor(held)
    with torch.no_grad():
        logits = writer(held_pages[:, :-1])
        bits = F.cross_entropy(logits.flatten(0, 1), held_pages[:, 1:].flatten()).item() / np.log(2)
        right = (logits.argmax(-1) == held_pages[:, 1:]).float()
    kept = 8
    np.savez_compressed(folder / "heldout.npz", tokens=held_pages[:kept].int().numpy())

    step = Step(writer).eval()
    starts = ["the old ", "a little ", "three silver ", "oh little mouse", "here is the ", "sleep, ", "the hungry fox ", "two merry ", "a sleepy owl ", "the brown bear ", "seven quiet ", "oh little duck, "]
    written = []
    for text in starts:
        prompt = [ord(c) for c in text]
        tokens, margin = write(step, prompt)
        assert tokens == write_whole(writer, prompt), text
        written.append({"prompt": text, "promptTokens": prompt, "tokens": tokens, "text": "".join(map(chr, tokens)), "leastMargin": round(margin, 4)})
        print(f"  {margin:.3f} {text}|{written[-1]['text']!r}")
    greedy = sorted(written, key=lambda w: -w["leastMargin"])[:3]
    (folder / "expected" / "greedy.json").write_text(json.dumps(greedy, indent=1) + "\n")

    steps, forced = 32, greedy[0]["promptTokens"] + greedy[0]["tokens"]
    tokens, places = np.array(forced[:steps], np.int32).reshape(-1, 1, 1), np.arange(steps, dtype=np.int32)[:, None]
    step.forget()
    with torch.no_grad():
        logits = [step(torch.from_numpy(t), torch.from_numpy(p)) for t, p in zip(tokens, places)]
    common.save_cases(folder, {"token": tokens, "position": places}, {"logits": np.stack([o.numpy() for o in logits])})
    step.forget()
    half = common.half_psnr(step, [(torch.from_numpy(t), torch.from_numpy(p)) for t, p in zip(tokens, places)], logits)

    step.forget()
    shape = (LAYERS, HEADS, CONTEXT, HEAD)
    model = ct.convert(
        torch.jit.trace(step, (torch.tensor([[97]], dtype=torch.int32), torch.tensor([3], dtype=torch.int32)), check_trace=False),
        inputs=[ct.TensorType(name="token", shape=(1, 1), dtype=np.int32), ct.TensorType(name="position", shape=(1,), dtype=np.int32)],
        outputs=[ct.TensorType(name="logits")],
        states=[ct.StateType(wrapped_type=ct.TensorType(shape=shape, dtype=np.float16), name=name) for name in ("keyCache", "valueCache")],
        minimum_deployment_target=ct.target.macOS15,
        skip_model_load=True,
    )
    does = "Writes rhyme-like lines, one character at a time, with keys and values of what it has read in a state."
    inputs = {"token": "ASCII code of the next character [1, 1]", "position": f"its place in the text [1], 0 to {CONTEXT - 1}"}
    outputs = {"logits": "score of each ASCII code to come after it [1, 128]"}
    common.save_model(model, folder / "decoder.mlpackage", does, inputs, outputs)
    cache = f"{list(shape)}: layer, head, position, width; float16"
    common.write_card(folder, {
        "title": "Lines: a decoder with state that writes text",
        "family": "decoder",
        "task": "text generation",
        "does": does,
        "files": [{"name": "decoder", "path": "decoder.mlpackage", "format": "ML Program (macOS 15, iOS 18)", "precision": "float16", "psnrDb": 40}],
        "inputs": inputs,
        "outputs": outputs,
        "states": {"keyCache": f"keys {cache}", "valueCache": f"values {cache}"},
        "vocabulary": {"kind": "ASCII", "size": VOCABULARY},
        "context": CONTEXT,
        "trained": f"1500 steps of 16 texts of 128 characters, AdamW; {seconds:.0f} s on one core",
        "data": "lines made by the script from six rules and eight lists of words",
        "parameters": f"{common.parameters(writer)} parameters: {LAYERS} layers, width {WIDTH}, {HEADS} heads",
        "measured": {
            "accuracy": {"what": "Next character guessed right", "value": round(right[:kept].mean().item(), 4), "heldOut": kept, "of": "texts of 128 characters", "set": "heldout.npz"},
            "accuracy64": {"what": "Next character guessed right", "value": round(right.mean().item(), 4), "heldOut": len(held), "of": "texts of 128 characters"},
            "bits": {"what": "Bits a character", "value": round(bits, 4), "heldOut": len(held), "of": "texts of 128 characters"},
        },
        "halfPrecisionPsnrDb": round(half, 1),
        "cases": steps,
        "expectedFrom": "torch (fp32)",
        "notes": [
            f"`expected/greedy.json` holds three prompts and the {GENERATED} characters that torch wrote after each, always taking the best; torch wrote the same with the cache and without it.",
            f"Of {len(starts)} prompts they are those with the widest least distance between the best logit and the next (`leastMargin`), so that fp16 must write the same.",
            "",
            f"`heldout.npz` holds {kept} texts: `tokens` int32 [{kept}, {CONTEXT + 1}].",
        ],
        "script": "scripts/models/decoder.py",
    })
