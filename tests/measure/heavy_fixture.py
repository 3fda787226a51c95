"""Writes heavy.npz: what torch computes for the tiny forms of the heavy models. Run: python heavy_fixture.py FOLDER_OF_TINY_PACKAGES > heavy.json

Reads each package with coremltools and evaluates its program op by op in torch, in float32. The inputs are those that come with it.
"""

import glob
import json
import os
import sys

import coremltools as ct
import numpy as np
import torch
import torch.nn.functional as F
from coremltools.converters.mil.frontend.milproto.load import load

rng = np.random.default_rng(5)


def array(value):
    return torch.from_numpy(np.asarray(value).astype(np.float32)) if np.asarray(value).dtype.kind == "f" else value


def recurrent(op, get, module):
    x, hidden = get(op.x), op.weight_hh.shape[1]
    net = module(x.shape[-1], hidden)
    with torch.no_grad():
        net.weight_ih_l0.copy_(reorder(get(op.weight_ih), hidden, module))
        net.weight_hh_l0.copy_(reorder(get(op.weight_hh), hidden, module))
        net.bias_ih_l0.copy_(reorder(get(op.bias), hidden, module))
        net.bias_hh_l0.zero_()
        return net(x)[0]


def reorder(weight, hidden, module):
    """Core ML has the gates as input, forget, output, cell; torch as input, forget, cell, output."""
    if module is not torch.nn.LSTM:
        return weight
    i, f, o, g = weight.split(hidden)
    return torch.cat([i, f, g, o])


def evaluate(function, inputs, states):
    values = {name: torch.from_numpy(v.astype(np.float32)) if v.dtype.kind == "f" else torch.from_numpy(v) for name, v in inputs.items()}

    def get(var):
        if isinstance(var, (list, tuple)):
            return [get(v) for v in var]
        if var.name in values:
            return values[var.name]
        return array(var.val)

    def ints(var):
        return [int(v) for v in np.asarray(get(var)).ravel()]

    for op in function.operations:
        kind = op.op_type
        if kind == "const":
            continue
        if kind == "read_state":
            values[op.outputs[0].name] = states[op.input.name]
            continue
        if kind == "coreml_update_state":
            states[op.state.name] = get(op.value)
            values[op.outputs[0].name] = states[op.state.name]
            continue
        x = get(op.x) if "x" in op.inputs else None
        if kind == "conv":
            y = F.conv2d(x, get(op.weight), get(op.bias), stride=ints(op.strides), padding=ints(op.pad)[::2])
        elif kind == "relu":
            y = F.relu(x)
        elif kind == "silu":
            y = F.silu(x)
        elif kind == "gelu":
            y = F.gelu(x)
        elif kind == "add":
            y = x + torch.as_tensor(get(op.y))
        elif kind == "mul":
            y = x * torch.as_tensor(get(op.y))
        elif kind == "linear":
            y = F.linear(x, get(op.weight), get(op.bias))
        elif kind == "layer_norm":
            y = F.layer_norm(x, x.shape[-1:], get(op.gamma), get(op.beta), float(op.epsilon.val))
        elif kind == "matmul":
            y = x @ (get(op.y).transpose(-1, -2) if bool(op.transpose_y.val) else get(op.y))
        elif kind == "softmax":
            y = x.softmax(-1)
        elif kind == "reshape":
            y = x.reshape(ints(op.shape))
        elif kind == "transpose":
            y = x.permute(ints(op.perm))
        elif kind == "reduce_mean":
            y = x.mean(ints(op.axes))
        elif kind == "concat":
            y = torch.cat([torch.as_tensor(np.asarray(get(v))) for v in op.values], int(op.axis.val))
        elif kind == "upsample_nearest_neighbor":
            y = F.interpolate(x, scale_factor=2, mode="nearest")
        elif kind == "slice_update":
            y = x.clone()
            y[tuple(slice(b, e) for b, e in zip(ints(op.begin), ints(op.end)))] = get(op.update)
        elif kind in ("cast", "identity"):
            y = x
        elif kind == "lstm":
            y = recurrent(op, get, torch.nn.LSTM)
        elif kind == "rnn":
            y = recurrent(op, get, torch.nn.RNN)
        else:
            raise SystemExit(f"no rule for {kind}")
        values[op.outputs[0].name] = y
    return {out.name: values[out.name] for out in function.outputs}


result = {}
for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.mlpackage"))):
    model = ct.models.MLModel(path, skip_model_load=True)
    spec = model.get_spec()
    function = load(spec, spec.specificationVersion, model.weights_dir).functions["main"]
    states = {s.name: torch.zeros(list(s.type.stateType.arrayType.shape)) for s in spec.description.state}
    cases = []
    for step in range(3):
        inputs = {}
        for feature in spec.description.input:
            shape = list(feature.type.multiArrayType.shape)
            inputs[feature.name] = np.array([step], np.int32) if feature.name == "position" else rng.normal(size=shape).astype(np.float16)
        with torch.no_grad():
            outputs = evaluate(function, inputs, states)
        cases.append(
            {
                "inputs": {k: [float(x) for x in v.ravel()] for k, v in inputs.items()},
                "outputs": {k: [float(f"{x:.6g}") for x in v.numpy().ravel()] for k, v in outputs.items()},
            }
        )
    result[os.path.basename(path).removesuffix(".mlpackage")] = cases
json.dump(result, sys.stdout, separators=(",", ":"))
