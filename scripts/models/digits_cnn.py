"""digits-cnn: a convolutional net that reads handwritten digits, as an ML Program and as a NeuralNetwork."""

import coremltools as ct
import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F

import common

SIDE = 28
LABELS = [str(d) for d in range(10)]


def dataset(side=SIDE):
    """scikit-learn's 1 797 digits (8×8), enlarged; white on black, uint8. Returns the training part and the held-out part."""
    digits = load_digits()
    images = [Image.fromarray((d * 255 / 16).round().astype(np.uint8)).resize((side, side), Image.BICUBIC) for d in digits.images]
    x = np.stack([np.asarray(i) for i in images])
    y = digits.target.astype(np.int32)
    train_x, held_x, train_y, held_y = train_test_split(x, y, test_size=460, random_state=1, stratify=y)
    return (train_x, train_y), (held_x, held_y)


class DigitsNet(nn.Module):
    """Image [n, 1, 28, 28] of 0…1 to probabilities [n, 10]."""

    def __init__(self):
        super().__init__()

        def block(inputs, outputs):
            return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2))

        self.features = nn.Sequential(block(1, 16), block(16, 32), block(32, 64))
        self.classify = nn.Linear(64 * 9, 10)

    def logits(self, x):
        return self.classify(self.features(x).flatten(1))

    def forward(self, x):
        return F.softmax(self.logits(x), dim=1)


def augment(x):
    """Turns, stretches and moves each image a little."""
    n = len(x)
    angle = (torch.rand(n) - 0.5) * 0.5
    scale_x, scale_y = 0.85 + torch.rand(n) * 0.35, 0.85 + torch.rand(n) * 0.35
    shift = (torch.rand(n, 2) - 0.5) * 0.3
    rows = [torch.stack([angle.cos() * scale_x, -angle.sin() * scale_y, shift[:, 0]], 1), torch.stack([angle.sin() * scale_x, angle.cos() * scale_y, shift[:, 1]], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False) * (0.7 + 0.3 * torch.rand(n, 1, 1, 1))


def as_input(images):
    return torch.from_numpy(images.astype(np.float32) / 255)[:, None]


def make():
    folder = common.start("digits-cnn")
    (train_x, train_y), (held_x, held_y) = dataset()
    net, x, y = DigitsNet(), as_input(train_x), torch.from_numpy(train_y).long()

    def batch(_):
        pick = torch.randint(len(x), (64,))
        return F.cross_entropy(net.logits(augment(x[pick])), y[pick], label_smoothing=0.02)

    seconds = common.train(net, batch, 1200, 3e-3, report=300)
    with torch.no_grad():
        right = (net(as_input(held_x)).argmax(1).numpy() == held_y).mean()
    np.savez_compressed(folder / "heldout.npz", image=held_x, label=held_y)

    firsts = [int(np.flatnonzero(held_y == d)[1]) for d in range(10)]
    (folder / "examples").mkdir()
    for digit, index in enumerate(firsts):
        Image.fromarray(held_x[index]).save(folder / "examples" / f"{digit}.png", optimize=True)
    blank = np.zeros((1, SIDE, SIDE), np.uint8)
    noise = np.random.default_rng(5).integers(0, 256, (1, SIDE, SIDE), np.uint8)
    images = np.concatenate([held_x[firsts], blank, noise])
    with torch.no_grad():
        probabilities = net(as_input(images))
    common.save_cases(folder, {"image": images}, {"digit": probabilities.argmax(1).numpy().astype(np.int32), "probabilities": probabilities.numpy()})
    half = common.half_psnr(net, [(as_input(images[i : i + 1]),) for i in range(len(images))], list(probabilities[:, None]))

    traced = torch.jit.trace(net, torch.zeros(1, 1, SIDE, SIDE))
    image = ct.ImageType(name="image", shape=(1, 1, SIDE, SIDE), color_layout=ct.colorlayout.GRAYSCALE, scale=1 / 255)
    classes = ct.ClassifierConfig(LABELS, predicted_feature_name="digit")
    does = "Reads a handwritten digit, white on black."
    inputs = {"image": "28×28 grayscale image of one digit, white on black"}
    outputs = {"digit": "the digit, as a string", "probabilities": "probability of each digit"}
    program = ct.convert(traced, inputs=[image], classifier_config=classes, minimum_deployment_target=ct.target.macOS13, skip_model_load=True)
    network = ct.convert(traced, inputs=[image], classifier_config=classes, convert_to="neuralnetwork", skip_model_load=True)
    for model, suffix in ((program, "mlpackage"), (network, "mlmodel")):
        probabilities_name = model.get_spec().description.predictedProbabilitiesName
        model = common.rename(model, {probabilities_name: "probabilities"})
        common.save_model(model, folder / f"digits-cnn.{suffix}", does, inputs, outputs)

    common.write_card(folder, {
        "title": "Digits: a CNN that reads handwritten digits",
        "family": "cnn",
        "task": "image classification",
        "does": does,
        "files": [
            {"name": "digits-cnn", "path": "digits-cnn.mlpackage", "format": "ML Program", "precision": "float16", "psnrDb": 40},
            {"name": "digits-cnn-neuralnetwork", "path": "digits-cnn.mlmodel", "format": "NeuralNetwork", "precision": "float32", "psnrDb": 70},
        ],
        "inputs": inputs,
        "outputs": outputs,
        "classLabels": LABELS,
        "trained": f"1200 steps of 64 images, AdamW, turned, stretched and moved at random; {seconds:.0f} s on one core",
        "data": "scikit-learn's load_digits (1 797 digits of 8×8), enlarged to 28×28; 1 337 to train, 460 held out, split at random within each class",
        "parameters": f"{common.parameters(net)} parameters",
        "measured": {"accuracy": {"what": "Accuracy", "value": round(float(right), 4), "heldOut": len(held_y), "of": "digits", "set": "heldout.npz"}},
        "halfPrecisionPsnrDb": round(half, 1),
        "cases": len(images),
        "expectedFrom": "torch (fp32)",
        "notes": ["`heldout.npz` holds the held-out set: `image` uint8 [460, 28, 28] and `label` int32 [460].", "", "The two files hold the same network and share the expected values."],
        "try": ["coreml-bridge predict models/digits-cnn/digits-cnn.mlpackage --input image=models/digits-cnn/examples/7.png"],
        "script": "scripts/models/digits_cnn.py",
    })
