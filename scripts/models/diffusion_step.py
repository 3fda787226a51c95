"""diffusion-step: a U-Net that takes one denoising step; repeated, it turns noise into a digit of one's choice."""

import coremltools as ct
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

import common
from digits_cnn import dataset

SIDE, WIDTH, STEPS = 16, 32, 20


class Block(nn.Module):
    """Two convolutions; the condition scales and shifts between them."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.first = nn.GroupNorm(4, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.condition = nn.Linear(64, 2 * outputs)
        self.norm2, self.second = nn.GroupNorm(4, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, condition):
        h = self.first(F.silu(self.norm1(x)))
        scale, shift = self.condition(condition)[:, :, None, None].chunk(2, 1)
        h = self.second(F.silu(self.norm2(h) * (1 + scale) + shift))
        return self.skip(x) + h


class UNet(nn.Module):
    """Noisy image, time (0…1) and digit to velocity: alpha·noise − sigma·image."""

    def __init__(self):
        super().__init__()
        self.register_buffer("frequencies", torch.pi * 2.0 ** torch.arange(6)[None] / 2)
        self.time, self.digit = nn.Linear(12, 64), nn.Embedding(10, 64)
        self.mix = nn.Linear(64, 64)
        self.enter = nn.Conv2d(1, WIDTH, 3, padding=1)
        self.down1, self.down2 = Block(WIDTH, WIDTH), Block(WIDTH, 2 * WIDTH)
        self.middle = Block(2 * WIDTH, 2 * WIDTH)
        self.up2, self.up1 = Block(4 * WIDTH, WIDTH), Block(2 * WIDTH, WIDTH)
        self.norm, self.leave = nn.GroupNorm(4, WIDTH), nn.Conv2d(WIDTH, 1, 3, padding=1)

    def forward(self, x, time, digit):
        waves = time[:, None] * self.frequencies
        condition = F.silu(self.time(torch.cat([waves.sin(), waves.cos()], 1)) + self.digit(digit))
        condition = F.silu(self.mix(condition))
        whole = self.down1(self.enter(x), condition)
        half = self.down2(F.avg_pool2d(whole, 2), condition)
        quarter = self.middle(F.avg_pool2d(half, 2), condition)
        half = self.up2(torch.cat([F.interpolate(quarter, scale_factor=2.0, mode="nearest"), half], 1), condition)
        whole = self.up1(torch.cat([F.interpolate(half, scale_factor=2.0, mode="nearest"), whole], 1), condition)
        return self.leave(F.silu(self.norm(whole)))


class Step(nn.Module):
    """A step of DDIM from `time` to `next_time`; at time t an image is cos(πt/2)·image + sin(πt/2)·noise."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, image, time, next_time, digit):
        velocity = self.unet(image, time, digit)
        angle, next_angle = time[:, None, None, None] * (torch.pi / 2), next_time[:, None, None, None] * (torch.pi / 2)
        clean = angle.cos() * image - angle.sin() * velocity
        noise = angle.sin() * image + angle.cos() * velocity
        return next_angle.cos() * clean + next_angle.sin() * noise


@torch.no_grad()
def sample(step, noise, digits, steps=STEPS):
    """The loop that makes digits."""
    x = noise
    for i in range(steps):
        now, then = (torch.full((len(x),), 1 - k / steps) for k in (i, i + 1))
        x = step(x, now, then, digits)
    return x


class Reader(nn.Sequential):
    """A small net, trained on its own, that judges whether a made digit is the wanted one."""

    def __init__(self):
        super().__init__(nn.Conv2d(1, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(24, 48, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(768, 10))


def make():
    folder = common.start("diffusion-step")
    (train_x, train_y), (held_x, held_y) = dataset(SIDE)

    def prepare(images):
        return torch.from_numpy(images.astype(np.float32) / 127.5 - 1)[:, None]

    x, y, held, held_digits = prepare(train_x), torch.from_numpy(train_y).long(), prepare(held_x), torch.from_numpy(held_y).long()
    reader = Reader()

    def read_batch(_):
        pick = torch.randint(len(x), (64,))
        return F.cross_entropy(reader(x[pick] + 0.2 * torch.randn(64, 1, SIDE, SIDE)), y[pick])

    common.train(reader, read_batch, 600, 3e-3, report=300)
    with torch.no_grad():
        reads = (reader(held).argmax(1) == held_digits).float().mean().item()

    net = UNet()
    average = common.Average(net, 0.99)

    def noisy(clean, time):
        noise, angle = torch.randn_like(clean), time[:, None, None, None] * (torch.pi / 2)
        return angle.cos() * clean + angle.sin() * noise, angle.cos() * noise - angle.sin() * clean

    def batch(_):
        average.update(net)
        pick, time = torch.randint(len(x), (32,)), torch.rand(32)
        image, velocity = noisy(x[pick], time)
        return F.mse_loss(net(image, time, y[pick]), velocity)

    seconds = common.train(net, batch, 1800, 2e-3, report=200)
    net = average.model.eval()
    step = Step(net).eval()
    with torch.no_grad():
        torch.manual_seed(3)
        time = torch.rand(len(held))
        image, velocity = noisy(held, time)
        loss = F.mse_loss(net(image, time, held_digits), velocity).item()
    wanted = torch.arange(200) % 10
    torch.manual_seed(4)
    right = (reader(sample(step, torch.randn(200, 1, SIDE, SIDE), wanted)).argmax(1) == wanted).float().mean().item()

    torch.manual_seed(5)
    noise, digits = torch.randn(10, 1, SIDE, SIDE), torch.arange(10)
    made = sample(step, noise, digits)
    np.savez_compressed(folder / "samples.npz", noise=noise[:, None].numpy(), digit=digits[:, None].int().numpy(), made=made[:, None].numpy())
    sheet = ((made[:, 0].numpy().transpose(1, 0, 2).reshape(SIDE, -1) + 1) * 127.5).clip(0, 255).astype(np.uint8)
    (folder / "examples").mkdir()
    Image.fromarray(sheet).resize((SIDE * 40, SIDE * 4), Image.NEAREST).save(folder / "examples" / "made-by-torch.png", optimize=True)

    times = torch.tensor([1.0, 1.0, 0.9, 0.75, 0.6, 0.5, 0.35, 0.2, 0.1, 0.05])
    nexts = torch.tensor([0.95, 0.0, 0.85, 0.7, 0.5, 0.45, 0.3, 0.1, 0.05, 0.0])
    cases = [[noisy(held[i : i + 1], times[i : i + 1])[0], times[i : i + 1], nexts[i : i + 1], held_digits[i : i + 1].int()] for i in range(len(times))]
    with torch.no_grad():
        outputs = [step(*case) for case in cases]
    names = ["image", "time", "nextTime", "digit"]
    common.save_cases(folder, {name: np.stack([case[i].numpy() for case in cases]) for i, name in enumerate(names)}, {"denoised": np.stack([o.numpy() for o in outputs])})
    half = common.half_psnr(step, cases, outputs)

    model = ct.convert(
        torch.jit.trace(step, cases[0]),
        inputs=[
            ct.TensorType(name="image", shape=(1, 1, SIDE, SIDE)),
            ct.TensorType(name="time", shape=(1,)),
            ct.TensorType(name="nextTime", shape=(1,)),
            ct.TensorType(name="digit", shape=(1,), dtype=np.int32),
        ],
        outputs=[ct.TensorType(name="denoised")],
        minimum_deployment_target=ct.target.macOS13,
        skip_model_load=True,
    )
    does = f"Takes one denoising step; {STEPS} of them turn noise into a handwritten digit of one's choice."
    inputs = {
        "image": "noisy image [1, 1, 16, 16]; −1 is black, 1 is white; standard normal noise at the start",
        "time": "how far along the noise it is [1]: 1 is noise, 0 is the finished image",
        "nextTime": "the time to step to [1], less than `time`",
        "digit": "which digit [1], 0 to 9",
    }
    outputs_said = {"denoised": "the image at `nextTime` [1, 1, 16, 16]"}
    common.save_model(model, folder / "diffusion-step.mlpackage", does, inputs, outputs_said)
    common.write_card(folder, {
        "title": "Diffusion: one step of making a digit from noise",
        "family": "diffusion",
        "task": "image generation",
        "does": does,
        "files": [{"name": "diffusion-step", "path": "diffusion-step.mlpackage", "format": "ML Program", "precision": "float16", "psnrDb": 40}],
        "inputs": inputs,
        "outputs": outputs_said,
        "steps": STEPS,
        "trained": f"1800 steps of 32 images, AdamW, velocity loss, moving average of the weights; {seconds:.0f} s on one core",
        "data": "scikit-learn's load_digits, enlarged to 16×16; 1 337 to train, 460 held out",
        "parameters": f"{common.parameters(net)} parameters: a U-Net of three resolutions, told the time and the digit",
        "measured": {
            "loss": {"what": "Mean squared error of the velocity", "value": round(loss, 4), "heldOut": len(held), "of": "digits at random times"},
            "right": {"what": "Made digits that a separate net reads as the wanted one", "value": round(right, 4), "heldOut": 200, "of": "noises"},
            "reader": {"what": "Accuracy of that separate net on real digits", "value": round(reads, 4), "heldOut": len(held), "of": "digits"},
        },
        "halfPrecisionPsnrDb": round(half, 1),
        "cases": len(cases),
        "expectedFrom": "torch (fp32)",
        "notes": [
            f"The loop: start with noise; for i of 0…{STEPS - 1} give `time` 1 − i/{STEPS} and `nextTime` 1 − (i+1)/{STEPS}, and take `denoised` as the next `image`. The step is DDIM's: deterministic.",
            "",
            "`samples.npz` holds ten starts and what torch made of them: `noise` and `made` float32 [10, 1, 1, 16, 16], `digit` int32 [10, 1]; `examples/made-by-torch.png` shows them.",
        ],
        "script": "scripts/models/diffusion_step.py",
    })
