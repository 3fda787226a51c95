"""What a network of the corpus is, and what makes one with random weights worth comparing."""
import importlib
from dataclasses import dataclass, field
from typing import Callable

import coremltools as ct
import numpy as np
import torch
from torch import nn

#: Sizes of the networks: as published, a few layers of it (quick), and a few kB (fixtures).
SIZES = ("real", "small", "tiny")
FAMILIES = ("vision", "detection", "diffusion", "text", "speech")


@dataclass
class Case:
    """Inputs of one prediction, by name."""

    inputs: dict
    #: What torch is given, where it differs from `inputs`; a tuple.
    arguments: tuple | None = None


@dataclass
class Network:
    #: What torch computes, without graph; its outputs are those of the model, in their order.
    module: nn.Module
    outputs: list[str]
    cases: list[Case]
    #: Types of the inputs, by default those of the first case.
    inputs: list | None = None
    #: What is traced and converted, where it is another module with the same weights (a cache, for example).
    traced: nn.Module | None = None
    states: list = field(default_factory=list)
    minimum: ct.target = ct.target.iOS15
    #: Expected values by output, from a case and what the module gives.
    expected: Callable | None = None

    def example(self):
        """The arguments to trace with."""
        return tuple(torch.from_numpy(value) for value in self.cases[0].inputs.values())

    def arguments(self, case):
        """What torch is given for a case."""
        return case.arguments or tuple(torch.from_numpy(value) for value in case.inputs.values())

    def reference(self, module):
        """What `module` gives for every case: lists of arrays by output name."""
        results = []
        for case in self.cases:
            with torch.no_grad():
                values = module(*self.arguments(case))
            values = values if isinstance(values, tuple) else (values,)
            results.append(self.expected(case, *values) if self.expected else {name: value.numpy() for name, value in zip(self.outputs, values, strict=True)})
        return results


class Outputs(nn.Module):
    """A model as a function of tensors to a tuple of tensors."""

    def __init__(self, model, pick):
        super().__init__()
        self.model, self.pick = model, pick

    def forward(self, *inputs):
        return self.pick(self.model, *inputs)


networks: dict[str, Callable[[str], Network]] = {}


def network(make):
    """Registers a function from a size to a network, under its name with dashes."""
    networks[make.__name__.replace("_", "-")] = make
    return make


def load_families():
    for name in FAMILIES:
        importlib.import_module(name)
    return networks


def half(array):
    """The nearest values that half precision has, in single: the same input for every precision of the program."""
    return np.asarray(array, np.float16).astype(np.float32)


def photographs(count, size, seed=0, channels=3):
    """Normalized images that differ in everything: smooth shapes of several scales, colour, and three contrasts in turn."""
    rng = np.random.default_rng([seed, size])
    images = []
    for index in range(count):
        image = torch.zeros(1, channels, size, size)
        for cells in (2, 5, 11, 37):
            noise = torch.from_numpy(rng.standard_normal((1, channels, cells, cells)).astype(np.float32))
            image += nn.functional.interpolate(noise, size=(size, size), mode="bicubic") * (0.4 + 0.3 * (index % 3))
        images.append(half(image.numpy()))
    return images


def tokens(count, length, vocabulary, seed=0):
    rng = np.random.default_rng([seed, length])
    return [rng.integers(1, vocabulary, (1, length), dtype=np.int32) for _ in range(count)]


@torch.no_grad()
def settle(module, *calibration, seed=1):
    """Random weights as training might leave them: no bias is zero, no scale one, no layer scale nil; batch statistics are those of the data.

    Networks fresh from their constructors are degenerate: biases and whole residual branches do nothing, and activations grow or vanish."""
    generator = torch.Generator().manual_seed(seed)
    draw = lambda like: torch.randn(like.shape, generator=generator)
    for name, parameter in module.named_parameters():
        kind = name.rsplit(".", 1)[-1]
        if "layer_scale" in kind:
            parameter.copy_(0.5 + 0.1 * draw(parameter))
        elif parameter.dim() == 1 and "bias" not in kind:
            parameter.copy_(parameter + 0.1 * draw(parameter))
        elif parameter.dim() == 1:
            parameter.copy_(0.05 * draw(parameter))
    norms = [layer for layer in module.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    module.eval()
    for layer in norms:
        layer.momentum = None
        layer.reset_running_stats()
        layer.train()
    if norms:
        module(torch.cat(calibration))
    return module.eval()


def assert_varied(results):
    """Refuses outputs that say nothing: not finite, constant within a case, or alike for different inputs."""
    for name in results[0]:
        values = [np.asarray(result[name], np.float64) for result in results]
        assert all(np.isfinite(value).all() for value in values), f"{name} is not finite"
        assert all(value.size == 1 or value.std() > 1e-6 for value in values), f"{name} is constant"
        alike = [value for value in values if value.shape == values[0].shape]
        if len(alike) > 1:
            change = np.mean(np.std(alike, axis=0)) / max(np.std(alike), 1e-12)
            assert change > 0.02, f"{name} hardly depends on the inputs ({change:.4f} of its deviation)"
