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
import decompress
import numpy as np
import torch
from coremltools.converters.mil.frontend.milproto import load as program_of
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

logging.getLogger("coremltools").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Precision:
    target: ct.target
    #: Whether the program computes in half precision.
    half: bool
    #: Least PSNR in dB.
    least: float
    compress: Callable | None = None
    #: The option `precision` of Model.load, where it is not the default.
    run: str | None = None


def linear(**options):
    op = lambda threshold: cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=threshold, **options)
    return lambda model, left_out, threshold: cto.linear_quantize_weights(model, config(left_out, op(threshold)))


def palettes(**options):
    op = lambda threshold: cto.OpPalettizerConfig(mode="uniform", weight_threshold=threshold, **options)
    return lambda model, left_out, threshold: cto.palettize_weights(model, config(left_out, op(threshold)))


def config(left_out, op):
    return cto.OptimizationConfig(global_config=op, op_name_configs={name: None for name in left_out})


PRECISIONS = {
    "fp32": Precision(ct.target.iOS15, False, 70),
    "fp16": Precision(ct.target.iOS16, True, 40),
    "fp16-declared": Precision(ct.target.iOS16, True, 40, run="asDeclared"),
    "int8": Precision(ct.target.iOS16, True, 60, linear()),
    "palette8": Precision(ct.target.iOS16, True, 60, palettes(nbits=8)),
    "int4": Precision(ct.target.iOS18, True, 60, linear(dtype="int4", granularity="per_block", block_size=32)),
    "palette4": Precision(ct.target.iOS18, True, 60, palettes(nbits=4, granularity="per_grouped_channel", group_size=16)),
}


def convert(network, target, half):
    """The network as coremltools converts it."""
    # torch's fused attention for inference is no op that can be traced.
    torch.backends.mha.set_fastpath_enabled(False)
    example = network.example()
    with torch.no_grad():
        traced = torch.jit.trace(network.traced or network.module, example, strict=False, check_trace=False)
    types = network.inputs or [ct.TensorType(name, value.shape, np.int32 if value.dtype == torch.int32 else None)
                               for name, value in zip(network.cases[0].inputs, example)]
    return quiet(ct.convert, traced, inputs=types, outputs=[ct.TensorType(name) for name in network.outputs], states=network.states or None,
                 minimum_deployment_target=target, compute_precision=ct.precision.FLOAT16 if half else ct.precision.FLOAT32, skip_model_load=True)


def weights(model):
    """Constant arrays of a program by name, compressed ones decompressed."""
    program = program_of.load(model.get_spec(), model.get_spec().specificationVersion, model.weights_dir)
    found = {}
    for operation in program.functions["main"].operations:
        if operation.op_type.startswith("constexpr_"):
            found[operation.name] = decompress.decompress(operation)
        elif operation.op_type == "const" and isinstance(operation.val.val, np.ndarray) and operation.val.val.dtype.kind == "f":
            found[operation.name] = operation.val.val
    return found


@torch.no_grad()
def folded(module, arguments):
    """A copy whose batch norms are part of the convolutions, as they are in the program."""
    module = copy.deepcopy(module)
    made_by, pairs = {}, []

    def convolved(layer, _, result):
        made_by[id(result)] = layer, result

    def normalized(layer, inputs, _):
        if id(inputs[0]) in made_by:
            pairs.append((made_by[id(inputs[0])][0], layer))

    hooks = [layer.register_forward_hook(convolved if isinstance(layer, nn.Conv2d) else normalized)
             for layer in module.modules() if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d))]
    module(*arguments)
    for hook in hooks:
        hook.remove()
    for convolution, norm in pairs:
        whole = fuse_conv_bn_eval(convolution, norm)
        convolution.weight, convolution.bias = whole.weight, whole.bias
        norm.forward = lambda x: x
    return module


class Owners:
    """Finds the parameter of a torch module that a constant of the program was made from: equal values up to half precision, axes in any order."""

    def __init__(self, module):
        self.parameters = {}
        for parameter in module.parameters():
            self.parameters.setdefault(parameter.numel(), []).append(parameter)

    def find(self, value):
        """The parameter, and how to lay out a value like `value` for it; or nothing."""
        value = np.asarray(value, np.float32)
        alike = lambda a, b: np.allclose(a, b, rtol=2e-3, atol=1e-4)
        for parameter in self.parameters.get(value.size, []):
            wanted = parameter.numpy()
            for order in itertools.permutations(range(value.ndim)):
                lay = lambda x, order=order, shape=wanted.shape: np.transpose(x, order).reshape(shape)
                # Most candidates differ in their first elements already; `flat` copies no more than those.
                if alike(value.transpose(order).flat[:16], wanted.flat[:16]) and alike(lay(value), wanted):
                    return parameter, lay
        return None


@torch.no_grad()
def compressed(network, model, compress, threshold):
    """The compressed model, torch's module with the weights that it stands for, and how many were compressed."""
    module = folded(network.module, network.arguments(network.cases[0]))
    owners = Owners(module)
    before = weights(model)
    large = {name for name, value in before.items() if value.size > threshold}
    found = {name: owner for name, value in before.items() if (owner := owners.find(value))}
    # What the converter computed from weights (a slice of an embedding, say) is no parameter of torch, which could not be given its new values.
    small = quiet(compress, model, [name for name in large if name not in found], threshold)
    after = {name.removesuffix("_quantized").removesuffix("_palettized"): value for name, value in weights(small).items()}
    changed = 0
    for name, (parameter, lay) in found.items():
        new = after[name]
        parameter.copy_(torch.from_numpy(lay(np.asarray(new, np.float32)).copy()))
        changed += name in large and not np.array_equal(new, before[name])
    assert changed, "no weight was compressed"
    return small, module, f"{changed} of {len(large)}"


def quiet(call, *arguments, **options):
    """Calls without the progress bars that coremltools writes."""
    with contextlib.redirect_stderr(io.StringIO()):
        return call(*arguments, **options)
