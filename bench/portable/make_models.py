"""Makes the networks of `npm run bench -- portable`, twice each: by Apple's converter as ML Program, and by torch's own ONNX export.

    make_models.py FOLDER NAME [NAME…]

Weights are random (speed does not depend on them); inputs are the same for both and are written beside them as .npy.
"""
import json
import sys
from pathlib import Path

import coremltools as ct
import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "networks"))
from network import Outputs  # noqa: E402


def torchvision_model(name, size=224):
    import torchvision
    model = getattr(torchvision.models, name)(weights=None)
    return model, {"image": torch.rand(1, 3, size, size)}


def bert():
    from transformers import BertConfig, BertModel
    model = BertModel(BertConfig(attn_implementation="eager"))
    return Outputs(model, lambda m, ids, mask: m(input_ids=ids, attention_mask=mask, return_dict=False)[0]), {
        "input_ids": torch.randint(0, 30000, (1, 128), dtype=torch.int32), "attention_mask": torch.ones(1, 128, dtype=torch.int32)}


def gpt2_cached():
    """One step of GPT-2 with a cache of 128 tokens, in and out."""
    from transformers import GPT2Config, GPT2LMHeadModel
    config = GPT2Config(attn_implementation="eager")
    model = GPT2LMHeadModel(config)
    shape = (config.n_layer, 1, config.n_head, 128, config.n_embd // config.n_head)

    def step(m, ids, position, keys, values):
        from transformers.cache_utils import DynamicCache
        past = DynamicCache.from_legacy_cache(tuple((keys[i], values[i]) for i in range(config.n_layer)))
        out = m(input_ids=ids, position_ids=position, past_key_values=past, use_cache=True, return_dict=True)
        new = out.past_key_values
        layers = new.to_legacy_cache() if hasattr(new, "to_legacy_cache") else new  # a tuple while tracing
        return out.logits, torch.stack([k[:, :, -1:] for k, _ in layers]), torch.stack([v[:, :, -1:] for _, v in layers])

    return Outputs(model, step), {
        "input_ids": torch.randint(0, 50000, (1, 1), dtype=torch.int32), "position_ids": torch.full((1, 1), 128, dtype=torch.int32),
        "keys": torch.randn(shape), "values": torch.randn(shape)}


def whisper_encoder():
    from transformers import WhisperConfig, WhisperModel
    config = WhisperConfig(d_model=384, encoder_layers=4, encoder_attention_heads=6, encoder_ffn_dim=1536, decoder_layers=1,
                           decoder_attention_heads=6, decoder_ffn_dim=1536, attn_implementation="eager")
    model = WhisperModel(config).encoder
    return Outputs(model, lambda m, x: m(x, return_dict=False)[0]), {"features": torch.randn(1, 80, 3000)}


class Block(nn.Module):
    def __init__(self, inside, outside, time):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, inside), nn.Conv2d(inside, outside, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(8, outside), nn.Conv2d(outside, outside, 3, padding=1)
        self.time = nn.Linear(time, outside)
        self.skip = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()

    def forward(self, x, t):
        h = self.conv1(nn.functional.silu(self.norm1(x))) + self.time(t)[:, :, None, None]
        return self.conv2(nn.functional.silu(self.norm2(h))) + self.skip(x)


class UNet(nn.Module):
    """One denoising step: a U-Net with time embedding, 64 to 256 channels at 64×64."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 256))
        self.enter, self.leave = nn.Conv2d(4, 64, 3, padding=1), nn.Conv2d(64, 4, 3, padding=1)
        self.down1, self.down2, self.middle = Block(64, 64, 256), Block(64, 128, 256), Block(128, 256, 256)
        self.up2, self.up1 = Block(256 + 128, 128, 256), Block(128 + 64, 64, 256)

    def forward(self, x, t):
        angles = t[:, None] * torch.exp(torch.arange(32) * -0.3)
        t = self.embed(torch.cat([angles.sin(), angles.cos()], 1))
        a = self.down1(self.enter(x), t)
        b = self.down2(nn.functional.avg_pool2d(a, 2), t)
        c = self.middle(nn.functional.avg_pool2d(b, 2), t)
        b = self.up2(torch.cat([nn.functional.interpolate(c, scale_factor=2.0), b], 1), t)
        return self.leave(self.up1(torch.cat([nn.functional.interpolate(b, scale_factor=2.0), a], 1), t))


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.out = nn.LSTM(128, 256, batch_first=True, bidirectional=True), nn.Linear(512, 32)

    def forward(self, x):
        return self.out(self.lstm(x)[0])


NETWORKS = {
    "mobilenet_v2": lambda: torchvision_model("mobilenet_v2"),
    "resnet50": lambda: torchvision_model("resnet50"),
    "vit_b_16": lambda: torchvision_model("vit_b_16"),
    "bert_base": bert,
    "gpt2_cached": gpt2_cached,
    "whisper_tiny_encoder": whisper_encoder,
    "unet_step": lambda: (UNet(), {"x": torch.randn(1, 4, 64, 64), "t": torch.tensor([17.0])}),
    "lstm_tagger": lambda: (Tagger(), {"x": torch.randn(1, 100, 128)}),
}
# The older form of the format, for networks of its time.
NEURAL_NETWORKS = ["mobilenet_v2", "resnet50", "lstm_tagger"]


def make(folder, name):
    torch.manual_seed(1)
    torch.backends.mha.set_fastpath_enabled(False)  # its fused op has no ONNX form
    model, inputs = NETWORKS[name]()
    model.eval()
    example = tuple(inputs.values())
    target = folder / name
    target.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        traced = torch.jit.trace(model, example, strict=False, check_trace=False)
        torch.onnx.export(model, example, str(target / "model.onnx"), input_names=list(inputs), opset_version=17, dynamo=False)
    types = [ct.TensorType(name=key, shape=value.shape, dtype=np.int32 if value.dtype == torch.int32 else np.float32) for key, value in inputs.items()]
    ct.convert(traced, inputs=types, compute_precision=ct.precision.FLOAT32, minimum_deployment_target=ct.target.iOS16,
               skip_model_load=True).save(str(target / "model.mlpackage"))
    if name in NEURAL_NETWORKS:
        ct.convert(traced, inputs=types, convert_to="neuralnetwork", skip_model_load=True).save(str(target / "model.mlmodel"))
    for key, value in inputs.items():
        np.save(target / f"{key}.npy", value.numpy())
    (target / "inputs.json").write_text(json.dumps(list(inputs)))


def make_tiny(folder):
    """A network of no size, with which each runtime starts before anything is measured."""
    model, example = nn.ReLU(), torch.zeros(1)
    torch.onnx.export(model, (example,), str(folder / "tiny.onnx"), input_names=["x"], opset_version=17, dynamo=False)
    ct.convert(torch.jit.trace(model, example), inputs=[ct.TensorType(name="x", shape=(1,))], minimum_deployment_target=ct.target.iOS16,
               skip_model_load=True).save(str(folder / "tiny.mlpackage"))


if __name__ == "__main__":
    for each in sys.argv[2:]:
        print(f"making {each}…", file=sys.stderr, flush=True)
        Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
        if each == "tiny":
            make_tiny(Path(sys.argv[1]))
        else:
            make(Path(sys.argv[1]), each)
