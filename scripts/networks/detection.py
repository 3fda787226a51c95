"""A detector in the style of YOLOv8: CSP backbone, pyramid pooling, path aggregation, decoupled head, boxes as distributions of distances."""
import torch
from network import network
from torch import nn
from vision import on_photographs


def conv(inside, outside, kernel=1, stride=1):
    return nn.Sequential(nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outside), nn.SiLU())


class Bottleneck(nn.Module):
    def __init__(self, width, shortcut):
        super().__init__()
        self.first, self.second, self.shortcut = conv(width, width, 3), conv(width, width, 3), shortcut

    def forward(self, x):
        y = self.second(self.first(x))
        return x + y if self.shortcut else y


class CrossStage(nn.Module):
    """Half of the channels pass by; every bottleneck's result is kept."""

    def __init__(self, inside, outside, count, shortcut=True):
        super().__init__()
        half = outside // 2
        self.enter, self.leave = conv(inside, outside), conv(half * (2 + count), outside)
        self.blocks = nn.ModuleList(Bottleneck(half, shortcut) for _ in range(count))

    def forward(self, x):
        parts = list(self.enter(x).chunk(2, 1))
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.leave(torch.cat(parts, 1))


class PyramidPooling(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.enter, self.pool, self.leave = conv(width, width // 2), nn.MaxPool2d(5, 1, 2), conv(width * 2, width)

    def forward(self, x):
        x = self.enter(x)
        y = self.pool(x)
        z = self.pool(y)
        return self.leave(torch.cat([x, y, z, self.pool(z)], 1))


class Detector(nn.Module):
    """Boxes [1, 4, places] in pixels as (centre, size), scores [1, classes, places]."""

    BINS = 16

    def __init__(self, width, depth, classes, image):
        super().__init__()
        w = [width * 2**i for i in range(5)]
        self.stem = nn.Sequential(conv(3, w[0], 3, 2), conv(w[0], w[1], 3, 2), CrossStage(w[1], w[1], depth))
        self.stages = nn.ModuleList(nn.Sequential(conv(w[i], w[i + 1], 3, 2), CrossStage(w[i + 1], w[i + 1], depth)) for i in (1, 2, 3))
        self.pooling = PyramidPooling(w[4])
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.top4, self.top3 = CrossStage(w[4] + w[3], w[3], depth, False), CrossStage(w[3] + w[2], w[2], depth, False)
        self.down3, self.down4 = conv(w[2], w[2], 3, 2), conv(w[3], w[3], 3, 2)
        self.low4, self.low5 = CrossStage(w[3] + w[2], w[3], depth, False), CrossStage(w[4] + w[3], w[4], depth, False)
        head = lambda inside, outside: nn.Sequential(conv(inside, w[2], 3), conv(w[2], w[2], 3), nn.Conv2d(w[2], outside, 1))
        self.boxes = nn.ModuleList(head(each, 4 * self.BINS) for each in w[2:])
        self.scores = nn.ModuleList(head(each, classes) for each in w[2:])
        for last in [head[-1] for head in (*self.boxes, *self.scores)]:
            # Distances and scores that depend on the image: torch's own weights leave all of them near the middle.
            nn.init.normal_(last.weight, std=2 / last.in_channels**0.5)
        strides = [8, 16, 32]
        centres = [torch.stack(torch.meshgrid(torch.arange(image // s) + 0.5, torch.arange(image // s) + 0.5, indexing="xy")).flatten(1) for s in strides]
        self.register_buffer("centres", torch.cat(centres, 1)[None])
        self.register_buffer("strides", torch.cat([torch.full((1, 1, (image // s) ** 2), float(s)) for s in strides], 2))
        self.register_buffer("bins", torch.arange(self.BINS).float().view(1, self.BINS, 1, 1))

    def forward(self, x):
        maps = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        c3, c4, c5 = maps[0], maps[1], self.pooling(maps[2])
        p4 = self.top4(torch.cat([self.up(c5), c4], 1))
        p3 = self.top3(torch.cat([self.up(p4), c3], 1))
        p4 = self.low4(torch.cat([self.down3(p3), p4], 1))
        p5 = self.low5(torch.cat([self.down4(p4), c5], 1))
        features = [p3, p4, p5]
        boxes = torch.cat([head(p).flatten(2) for head, p in zip(self.boxes, features)], 2)
        scores = torch.cat([head(p).flatten(2) for head, p in zip(self.scores, features)], 2)
        bins = boxes.unflatten(1, (4, self.BINS)).transpose(1, 2).softmax(1)
        distances = (bins * self.bins).sum(1)
        near, far = self.centres - distances[:, :2], self.centres + distances[:, 2:]
        return torch.cat([(near + far) / 2, far - near], 1) * self.strides, scores.sigmoid()


@network
def yolo(size):
    width, depth, classes = {"real": (16, 1, 80), "small": (8, 1, 20), "tiny": (2, 1, 3)}[size]
    image = {"real": 640, "small": 128, "tiny": 64}[size]
    return on_photographs(Detector(width, depth, classes, image), image, outputs=["boxes", "scores"])
