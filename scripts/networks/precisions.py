"""The precisions that each network is compared in: how its program is made, and what torch is to compute for it."""
import contextlib
import copy
import io
import itertools
import logging
from dataclasses import dataclass
from typing import Callable

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import torch

logging.getLogger("coremltools").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Precision:
    target: ct.target
    half: bool
    #: Least PSNR in dB.
    least: float
    compress: Callable | None = None
    #: Other than the default of the command.
    run: str | None = None


def linear_int8(model, keep, threshold):
    return cto.linear_quantize_weights(model, config(keep, cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=threshold)))


def blockwise_int4(model, keep, threshold):
    op = cto.OpLinearQuantizerConfig(mode="linear_symmetric", dtype="int4", granularity="per_block", block_size=32, weight_threshold=threshold)
    return cto.linear_quantize_weights(model, config(keep, op))


def palette4(model, keep, threshold):
    op = cto.OpPalettizerConfig(mode="uniform", nbits=4, granularity="per_grouped_channel", group_size=16, weight_threshold=threshold)
    return cto.palettize_weights(model, config(keep, op))


def config(keep, op):
    return cto.OptimizationConfig(global_config=op, op_name_configs={name: None for name in keep})


PRECISIONS = {
    "fp32": Precision(ct.target.iOS15, False, 70),
    "fp16": Precision(ct.target.iOS18, True, 40),
    "fp16-declared": Precision(ct.target.iOS18, True, 40, run="asDeclared"),
    "int8": Precision(ct.target.iOS16, True, 60, linear_int8),
    "int4": Precision(ct.target.iOS18, True, 60, blockwise_int4),
    "palette4": Precision(ct.target.iOS18, True, 60, palette4),
}


def convert(network, target, half):
    """The network as coremltools converts it."""
    # torch's fused attention for inference is no op that can be traced.
    torch.backends.mha.set_fastpath_enabled(False)
    example = network.example()
    module = network.traced or network.module
    with torch.no_grad():
        traced = torch.jit.trace(module, example, strict=False, check_trace=False)
    types = network.inputs or [ct.TensorType(name, value.shape, np.int32 if value.dtype == torch.int32 else None)
                               for name, value in zip(network.cases[0].inputs, example)]
    outputs = None if "classifier_config" in network.options else [ct.TensorType(name) for name in network.outputs]
    with contextlib.redirect_stderr(io.StringIO()):
        return ct.convert(traced, inputs=types, outputs=outputs, states=network.states or None, minimum_deployment_target=max(target, network.minimum),
                          compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32, skip_model_load=True, **network.options)


def weights(model, threshold):
    """Constants of a program by name."""
    return {name: data.val for name, data in quiet(cto.get_weights_metadata, model, threshold).items()}


def folded(module):
    """A copy whose batch norms are part of the convolutions, as they are in the program."""
    if not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in module.modules()):
        return copy.deepcopy(module)
    from torch.fx.experimental.optimization import fuse
    return fuse(module)


class Owners:
    """Finds the parameter of a torch module that a constant of the program was made from: equal values up to half precision, axes in any order."""

    def __init__(self, module):
        self.parameters = {}
        for parameter in module.parameters():
            self.parameters.setdefault(parameter.numel(), []).append(parameter)

    def find(self, value):
        """The parameter, and how to lay out a value like `value` for it; or nothing."""
        value = torch.from_numpy(np.asarray(value, np.float32))
        for parameter in self.parameters.get(value.numel(), []):
            shape = parameter.shape
            for order in itertools.permutations(range(value.dim())):
                lay = lambda x, order=order: x.permute(order).reshape(shape)
                # Most candidates differ in their first elements already.
                if torch.allclose(lay(value).flatten()[:16], parameter.flatten()[:16], rtol=2e-3, atol=1e-4) and torch.allclose(lay(value), parameter, rtol=2e-3, atol=1e-4):
                    return parameter, lay
        return None


@torch.no_grad()
def compressed(network, model, compress, threshold):
    """The compressed model, torch's module with the weights that coremltools decompresses, and how many were compressed."""
    module = folded(network.module)
    owners = Owners(module)
    before = weights(model, 0)
    large = {name for name, value in before.items() if value.size > threshold and value.dtype != np.int32}
    found = {name: owner for name, value in before.items() if (owner := owners.find(value))}
    # What the converter computed from weights (a slice of an embedding, say) is no parameter of torch, which could not be given its new values.
    small = quiet(compress, model, [name for name in large if name not in found], threshold)
    after = {name.removesuffix("_quantized").removesuffix("_palettized"): value for name, value in weights(quiet(cto.decompress_weights, small), 0).items()}
    changed = 0
    for name, (parameter, lay) in found.items():
        new = after[name]
        parameter.copy_(lay(torch.from_numpy(np.asarray(new, np.float32))))
        changed += name in large and not np.array_equal(new, before[name])
    assert changed, "no weight was compressed"
    return small, module, f"{changed} of {len(large)} weights"


def quiet(call, *arguments):
    with contextlib.redirect_stderr(io.StringIO()):
        return call(*arguments)
