"""lstm: a two-layer LSTM that continues a signal: 64 samples in, the next 16 out."""

import coremltools as ct
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import common

PAST, FUTURE = 64, 16


def signals(count, rng):
    """Damped, beating oscillations with a slope and noise: noisy past [n, 64, 1] and noiseless future [n, 16]."""
    t = np.arange(PAST + FUTURE)[None] / PAST
    total = np.zeros((count, PAST + FUTURE))
    for _ in range(2):
        frequency, phase, height, damping = (rng.uniform(low, high, (count, 1)) for low, high in ((1, 6), (0, 2 * np.pi), (0.2, 0.7), (0, 1.5)))
        total += height * np.exp(-damping * t) * np.sin(2 * np.pi * frequency * t + phase)
    total += rng.uniform(-0.5, 0.5, (count, 1)) * t + rng.uniform(-0.5, 0.5, (count, 1))
    past = total[:, :PAST] + rng.normal(0, 0.02, (count, PAST))
    return past[..., None].astype(np.float32), total[:, PAST:].astype(np.float32)


class Forecaster(nn.Module):
    """Past [1, 64, 1] to future [1, 16]."""

    def __init__(self, width=64):
        super().__init__()
        self.lstm = nn.LSTM(1, width, num_layers=2, batch_first=True)
        self.forecast = nn.Linear(width, FUTURE)

    def forward(self, past):
        steps, _ = self.lstm(past)
        return past[:, -1] + self.forecast(steps[:, -1])


def make():
    folder = common.start("lstm")
    rng, net = np.random.default_rng(12), Forecaster()
    past, future = signals(20000, rng)

    def batch(_):
        pick = rng.integers(0, len(past), 64)
        return F.mse_loss(net(torch.from_numpy(past[pick])), torch.from_numpy(future[pick]))

    seconds = common.train(net, batch, 3000, 5e-3, weight_decay=1e-5, report=500)
    held_past, held_future = signals(500, np.random.default_rng(99))
    with torch.no_grad():
        rmse = np.sqrt(F.mse_loss(net(torch.from_numpy(held_past)), torch.from_numpy(held_future)).item())
    flat = np.c_[past[:, :, 0], np.ones(len(past))]
    linear = np.c_[held_past[:, :, 0], np.ones(len(held_past))] @ np.linalg.lstsq(flat, future, rcond=None)[0]
    last = np.repeat(held_past[:, -1], FUTURE, 1)
    linear_rmse, last_rmse = (np.sqrt(((guess - held_future) ** 2).mean()) for guess in (linear, last))
    np.savez_compressed(folder / "heldout.npz", past=held_past[:200], future=held_future[:200])
    with torch.no_grad():
        rmse200 = np.sqrt(F.mse_loss(net(torch.from_numpy(held_past[:200])), torch.from_numpy(held_future[:200])).item())

    cases = np.concatenate([held_past[:9], np.zeros((1, PAST, 1), np.float32), np.linspace(-1, 1, PAST, dtype=np.float32)[None, :, None]])[:, None]
    with torch.no_grad():
        forecasts = torch.stack([net(torch.from_numpy(c)) for c in cases])
    common.save_cases(folder, {"past": cases}, {"future": forecasts.numpy()})
    half = common.half_psnr(net, [(torch.from_numpy(c),) for c in cases], list(forecasts))

    model = ct.convert(
        torch.jit.trace(net, torch.zeros(1, PAST, 1)),
        inputs=[ct.TensorType(name="past", shape=(1, PAST, 1))],
        outputs=[ct.TensorType(name="future")],
        minimum_deployment_target=ct.target.macOS13,
        skip_model_load=True,
    )
    does = "Continues a signal of one or two damped oscillations: 64 samples in, the next 16 out."
    inputs = {"past": "the last 64 samples [1, 64, 1], about −1.5 to 1.5"}
    outputs = {"future": "the next 16 samples [1, 16]"}
    common.save_model(model, folder / "lstm.mlpackage", does, inputs, outputs)
    common.write_card(folder, {
        "title": "Forecast: an LSTM that continues a signal",
        "family": "lstm",
        "task": "time series forecast",
        "does": does,
        "files": [{"name": "lstm", "path": "lstm.mlpackage", "format": "ML Program", "precision": "float16", "psnrDb": 40}],
        "inputs": inputs,
        "outputs": outputs,
        "trained": f"3000 steps of 64 signals, AdamW, mean squared error; {seconds:.0f} s on one core",
        "data": "made by the script: two damped sine waves with random frequency, phase, height and slope; noise of 0.02 on the past, none on the future",
        "parameters": f"{common.parameters(net)} parameters, two layers of 64",
        "measured": {
            "rmse": {"what": "Root mean square error", "value": round(float(rmse200), 4), "heldOut": 200, "of": "signals", "set": "heldout.npz"},
            "rmse500": {"what": "Root mean square error", "value": round(float(rmse), 4), "heldOut": 500, "of": "signals"},
            "linearRmse": {"what": "The same of the best linear forecast", "value": round(float(linear_rmse), 4), "heldOut": 500, "of": "signals"},
            "lastRmse": {"what": "The same of repeating the last sample", "value": round(float(last_rmse), 4), "heldOut": 500, "of": "signals"},
        },
        "halfPrecisionPsnrDb": round(half, 1),
        "cases": len(cases),
        "expectedFrom": "torch (fp32)",
        "notes": ["`heldout.npz` holds 200 held-out signals: `past` float32 [200, 64, 1] and `future` float32 [200, 16]."],
        "script": "scripts/models/lstm.py",
    })
