"""One denoising step of a text-conditioned diffusion model."""
import math

import numpy as np
import torch
from network import Case, Network, Outputs, half, network, settle
from torch import nn


class Sinusoids(nn.Module):
    """diffusers' `Timesteps` with its frequencies as a weight: a program in half precision rounds them, and times up to 1000 multiply what is lost."""

    def __init__(self, timesteps):
        super().__init__()
        count = timesteps.num_channels // 2
        places = torch.arange(count) / (count - timesteps.downscale_freq_shift)
        self.frequencies = nn.Parameter(torch.exp(-math.log(10000) * places))
        self.cosines_first = timesteps.flip_sin_to_cos

    def forward(self, times):
        angles = times[:, None] * self.frequencies
        sines, cosines = angles.sin(), angles.cos()
        return torch.cat([cosines, sines] if self.cosines_first else [sines, cosines], -1)


@network
def unet_step(size):
    from diffusers import UNet2DConditionModel
    widths, groups, text, side = {"real": ((128, 256, 512, 512), 32, 768, 64), "small": ((32, 64), 8, 64, 16), "tiny": ((8, 16), 4, 16, 8)}[size]
    levels = len(widths)
    model = UNet2DConditionModel(
        sample_size=side, block_out_channels=widths, cross_attention_dim=text, norm_num_groups=groups, attention_head_dim=2 if size == "tiny" else 8,
        layers_per_block=1 if size == "tiny" else 2, down_block_types=("CrossAttnDownBlock2D",) * (levels - 1) + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (levels - 1))
    module = settle(Outputs(model, lambda m, sample, time, text: m(sample, time, encoder_hidden_states=text, return_dict=False)[0]))
    model.time_proj = Sinusoids(model.time_proj)
    rng = np.random.default_rng(3)
    length = 8 if size == "tiny" else 77
    cases = [Case({"sample": half(rng.standard_normal((1, 4, side, side))), "time": np.array([time], np.float32), "text": half(rng.standard_normal((1, length, text)))})
             for time in (981, 500, 21)]
    return Network(module, ["noise"], cases)
