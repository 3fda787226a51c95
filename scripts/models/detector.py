"""detector: a YOLOv3-style net that finds circles, squares and triangles; boxes are decoded in the graph, suppression is left to the caller."""

import coremltools as ct
import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import nn
from torch.nn import functional as F

import common

LABELS = ["circle", "square", "triangle"]
SIDE = 96
STRIDES = (16, 8)
ANCHORS = torch.tensor([[[28.0, 28.0], [36.0, 36.0], [46.0, 46.0]], [[15.0, 15.0], [19.0, 19.0], [23.0, 23.0]]])
CONFIDENCE, SUPPRESS = 0.05, 0.45


def overlap(a, b):
    """Intersection over union of boxes (left, top, right, bottom): [n, 4] and [m, 4] to [n, m]."""
    a, b = np.asarray(a, np.float64)[:, None], np.asarray(b, np.float64)[None]
    inside = np.clip(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0, None).prod(-1)
    area = (a[..., 2:] - a[..., :2]).prod(-1) + (b[..., 2:] - b[..., :2]).prod(-1)
    return inside / (area - inside)


def draw(rng, detail=3):
    """One image uint8 [96, 96, 3] and its truth [n, 5]: label, left, top, right, bottom in pixels."""
    picture = Image.new("RGB", (SIDE * detail, SIDE * detail), tuple(rng.integers(0, 256, 3).tolist()))
    background = np.array(picture.getpixel((0, 0)))
    pen, truth = ImageDraw.Draw(picture), []
    for _ in range(rng.integers(0, 5)):
        ends = rng.uniform(0, SIDE * detail, 4).tolist()
        pen.line(ends, fill=tuple(rng.integers(0, 256, 3).tolist()), width=int(rng.integers(2, 6)))
    for _ in range(40):
        if len(truth) == rng.integers(1, 6):
            break
        label, radius = int(rng.integers(3)), rng.uniform(8, 24)
        x, y = rng.uniform(radius + 1, SIDE - radius - 1, 2)
        if label == 0:
            corners = np.array([[x - radius, y - radius], [x + radius, y + radius]])
        else:
            count = 4 if label == 1 else 3
            angles = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(count) / count
            corners = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], 1)
        box = [*corners.min(0), *corners.max(0)]
        color = rng.integers(0, 256, 3)
        if np.abs(color - background).sum() < 150 or (truth and overlap([box], np.array(truth)[:, 1:]).max() > 0.1):
            continue
        points = [tuple(p) for p in (corners * detail).tolist()]
        hollow, width = rng.random() < 0.25, int(rng.integers(2, 4)) * detail
        if label == 0:
            pen.ellipse(points, fill=None if hollow else tuple(color.tolist()), outline=tuple(color.tolist()), width=width)
        elif hollow:
            pen.line([*points, points[0], points[1]], fill=tuple(color.tolist()), width=width, joint="curve")
        else:
            pen.polygon(points, fill=tuple(color.tolist()))
        truth.append([label, *box])
    return np.asarray(picture.resize((SIDE, SIDE), Image.BOX)), np.array(truth, np.float32).reshape(-1, 5)


class Unit(nn.Sequential):
    """Convolution, normalization, leaky ReLU: Darknet's unit."""

    def __init__(self, inputs, outputs, size=3, stride=1):
        super().__init__(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1))


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(Unit(width, width // 2, 1), Unit(width // 2, width))

    def forward(self, x):
        return x + self.body(x)


class Detector(nn.Module):
    """Image [1, 3, 96, 96] of 0…1 to confidence [540, 3] and coordinates [540, 4]: centre, width and height, 0…1."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(Unit(3, 16), Unit(16, 24, stride=2), Unit(24, 48, stride=2), Residual(48))
        self.fine = nn.Sequential(Unit(48, 64, stride=2), Residual(64), Residual(64))
        self.coarse = nn.Sequential(Unit(64, 96, stride=2), Residual(96), Residual(96))
        self.coarse_head = nn.Conv2d(96, 3 * 8, 1)
        self.lateral = Unit(96, 32, 1)
        self.fine_neck = nn.Sequential(Unit(96, 64, 1), Unit(64, 64))
        self.fine_head = nn.Conv2d(64, 3 * 8, 1)
        for scale, stride in enumerate(STRIDES):
            cells = SIDE // stride
            y, x = torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij")
            self.register_buffer(f"cell{scale}", torch.stack([x, y], -1).reshape(1, -1, 1, 2).float())
            self.register_buffer(f"anchor{scale}", ANCHORS[scale].reshape(1, 1, 3, 2) / SIDE)

    def raw(self, image):
        """Per scale [n, cells, 3 anchors, 8]: place, size, objectness, class scores, before decoding."""
        fine = self.fine(self.stem(image))
        coarse = self.coarse(fine)
        upper = F.interpolate(self.lateral(coarse), scale_factor=2.0, mode="nearest")
        maps = [self.coarse_head(coarse), self.fine_head(self.fine_neck(torch.cat([upper, fine], 1)))]
        return [m.flatten(2).transpose(1, 2).reshape(m.shape[0], -1, 3, 8) for m in maps]

    def forward(self, image):
        confidence, coordinates = [], []
        for scale, raw in enumerate(self.raw(image)):
            cells = SIDE // STRIDES[scale]
            place = (torch.sigmoid(raw[..., 0:2]) + getattr(self, f"cell{scale}")) / cells
            size = torch.exp(raw[..., 2:4]) * getattr(self, f"anchor{scale}")
            coordinates.append(torch.cat([place, size], -1).reshape(-1, 4))
            confidence.append((torch.sigmoid(raw[..., 4:5]) * torch.sigmoid(raw[..., 5:8])).reshape(-1, 3))
        return torch.cat(confidence), torch.cat(coordinates)


def targets(truth):
    """Per scale: wanted values [cells, 3, 8] and the weight of objectness [cells, 3] (2: holds a box, 1: empty, 0: near a box, not judged)."""
    wanted = [np.zeros(((SIDE // s) ** 2, 3, 8), np.float32) for s in STRIDES]
    weight = [np.ones(((SIDE // s) ** 2, 3), np.float32) for s in STRIDES]
    shapes = ANCHORS.numpy().reshape(-1, 2)
    for label, left, top, right, bottom in truth:
        size = np.array([right - left, bottom - top])
        common_part = np.minimum(shapes, size).prod(1)
        fit = common_part / (shapes.prod(1) + size.prod() - common_part)
        for anchor in np.argsort(fit):
            scale, k = divmod(int(anchor), 3)
            stride = STRIDES[scale]
            x, y = (left + right) / 2 / stride, (top + bottom) / 2 / stride
            cell = int(y) * (SIDE // stride) + int(x)
            if anchor == fit.argmax():
                row = wanted[scale][cell, k]
                row[:] = 0
                row[:5] = [x - int(x), y - int(y), *np.log(size / ANCHORS[scale, k].numpy()), 1]
                row[5 + int(label)] = 1
                weight[scale][cell, k] = 2
            elif fit[anchor] > 0.5 and weight[scale][cell, k] == 1:
                weight[scale][cell, k] = 0
    return wanted, weight


def loss_of(raw, wanted, weight):
    total = 0.0
    for r, t, w in zip(raw, wanted, weight):
        held = w == 2
        objectness = F.binary_cross_entropy_with_logits(r[..., 4], t[..., 4], reduction="none")
        total = total + (objectness * (w > 0) * torch.where(held, 2.0, 1.0)).sum() / len(r)
        if held.any():
            place = F.mse_loss(torch.sigmoid(r[held][:, :2]), t[held][:, :2], reduction="sum") * 8
            size = F.mse_loss(r[held][:, 2:4], t[held][:, 2:4], reduction="sum") * 4
            total = total + (place + size + F.binary_cross_entropy_with_logits(r[held][:, 5:], t[held][:, 5:], reduction="sum")) / len(r)
    return total


def suppress(confidence, coordinates):
    """Greedy suppression within each class: [label, score, left, top, right, bottom] in pixels, best first."""
    half = coordinates[:, 2:] / 2
    boxes = np.concatenate([coordinates[:, :2] - half, coordinates[:, :2] + half], 1) * SIDE
    found = []
    for label in range(len(LABELS)):
        rest = [i for i in np.argsort(-confidence[:, label], kind="stable") if confidence[i, label] >= CONFIDENCE]
        while rest:
            best = rest.pop(0)
            found.append([label, confidence[best, label], *boxes[best]])
            if rest:
                rest = [i for i, o in zip(rest, overlap(boxes[best : best + 1], boxes[rest])[0]) if o <= SUPPRESS]
    return sorted(found, key=lambda f: -f[1])


def mean_average_precision(found, truth, threshold=0.5):
    """Area under the interpolated precision-recall curve, averaged over the classes; `found` and `truth` are lists, one entry an image."""
    precisions = []
    for label in range(len(LABELS)):
        claims = sorted(((f[1], i, f[2:]) for i, image in enumerate(found) for f in image if f[0] == label), key=lambda c: -c[0])
        boxes = [t[t[:, 0] == label, 1:] for t in truth]
        taken, hits = [set() for _ in truth], []
        for _, image, box in claims:
            overlaps = overlap([box], boxes[image])[0] if len(boxes[image]) else np.zeros(1)
            best = int(overlaps.argmax())
            hits.append(overlaps[best] >= threshold and best not in taken[image])
            if hits[-1]:
                taken[image].add(best)
        hits = np.cumsum(hits)
        recall, precision = hits / sum(map(len, boxes)), hits / np.arange(1, len(hits) + 1)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        precisions.append(float(np.sum(np.diff(np.r_[0, recall]) * precision)))
    return float(np.mean(precisions))


def as_input(images):
    return torch.from_numpy(np.stack(images).astype(np.float32) / 255).permute(0, 3, 1, 2).contiguous()


def make():
    folder = common.start("detector")
    rng, net = np.random.default_rng(14), Detector()
    drawn = [draw(rng) for _ in range(5000)]
    images = np.stack([d[0] for d in drawn])
    prepared = [targets(d[1]) for d in drawn]
    print("  drawn", flush=True)

    def batch(_):
        pick = rng.integers(0, len(images), 16)
        x = as_input(images[pick])
        x = (x + torch.randn_like(x) * 0.02).clamp(0, 1)
        wanted = [torch.from_numpy(np.stack([prepared[i][0][s] for i in pick])) for s in (0, 1)]
        weight = [torch.from_numpy(np.stack([prepared[i][1][s] for i in pick])) for s in (0, 1)]
        return loss_of(net.raw(x), wanted, weight)

    seconds = common.train(net, batch, 2400, 3e-3, report=200)

    held = [draw(np.random.default_rng(1000 + i)) for i in range(200)]
    with torch.no_grad():
        outputs = [tuple(o.numpy() for o in net(as_input([image]))) for image, _ in held]
    found = [suppress(*o) for o in outputs]
    score200 = mean_average_precision(found, [t for _, t in held])
    kept = 64
    score64 = mean_average_precision(found[:kept], [t for _, t in held[:kept]])
    truth = np.concatenate([np.c_[np.full(len(t), i), t] for i, (_, t) in enumerate(held[:kept])]).astype(np.float32)
    np.savez_compressed(folder / "heldout.npz", image=np.stack([image for image, _ in held[:kept]]), truth=truth)
    (folder / "examples").mkdir()
    for i in range(4):
        Image.fromarray(held[i][0]).save(folder / "examples" / f"shapes-{i + 1}.png", optimize=True)

    count = 10
    common.save_cases(
        folder,
        {"image": np.stack([image for image, _ in held[:count]])},
        {"confidence": np.stack([o[0] for o in outputs[:count]]), "coordinates": np.stack([o[1] for o in outputs[:count]])},
    )
    tensors = [(as_input([image]),) for image, _ in held[:count]]
    half = common.half_psnr(net, tensors, [tuple(map(torch.from_numpy, o)) for o in outputs[:count]])

    model = ct.convert(
        torch.jit.trace(net, torch.zeros(1, 3, SIDE, SIDE)),
        inputs=[ct.ImageType(name="image", shape=(1, 3, SIDE, SIDE), color_layout=ct.colorlayout.RGB, scale=1 / 255)],
        outputs=[ct.TensorType(name="confidence"), ct.TensorType(name="coordinates")],
        minimum_deployment_target=ct.target.macOS13,
        skip_model_load=True,
    )
    does = "Finds circles, squares and triangles in a drawing, and says where they are."
    inputs = {"image": "96×96 RGB image"}
    outputs_said = {
        "confidence": "for each of 540 boxes the confidence of circle, square and triangle [540, 3]",
        "coordinates": "each box [540, 4]: x and y of its centre, width, height, as parts of the image's side",
    }
    common.save_model(model, folder / "detector.mlpackage", does, inputs, outputs_said)
    common.write_card(folder, {
        "title": "Shapes: a YOLOv3-style detector",
        "family": "detector",
        "task": "object detection",
        "does": does,
        "files": [{"name": "detector", "path": "detector.mlpackage", "format": "ML Program", "precision": "float16", "psnrDb": 40}],
        "inputs": inputs,
        "outputs": outputs_said,
        "labels": LABELS,
        "suppression": {"where": "caller", "confidence": CONFIDENCE, "overlap": SUPPRESS, "within": "class"},
        "trained": f"2400 steps of 16 drawings, AdamW, YOLOv3's loss on two scales with three anchors each; {seconds:.0f} s on one core",
        "data": "5 000 drawings made by the script: 1 to 5 shapes of 16 to 48 pixels, filled or hollow, turned, over lines and colours",
        "parameters": f"{common.parameters(net)} parameters",
        "measured": {
            "map50": {"what": "mAP@0.5", "value": round(score64, 4), "heldOut": kept, "of": "drawings", "set": "heldout.npz"},
            "map50of200": {"what": "mAP@0.5", "value": round(score200, 4), "heldOut": len(held), "of": "drawings"},
        },
        "halfPrecisionPsnrDb": round(half, 1),
        "cases": count,
        "expectedFrom": "torch (fp32)",
        "notes": [
            f"The graph decodes the boxes; non-maximum suppression is the caller's: within each class, drop boxes of confidence below {CONFIDENCE}, take the best one, drop those that overlap it by more than {SUPPRESS} (IoU), and so on.",
            "mAP@0.5 is the area under the interpolated precision-recall curve (precision made monotonic), averaged over the three classes; a box of the truth can be found once.",
            "",
            "`heldout.npz` holds 64 held-out drawings: `image` uint8 [64, 96, 96, 3] and `truth` float32 [n, 6]: image, label, left, top, right, bottom in pixels.",
        ],
        "try": ["coreml-bridge predict models/detector/detector.mlpackage --input image=models/detector/examples/shapes-1.png"],
        "script": "scripts/models/detector.py",
    })
