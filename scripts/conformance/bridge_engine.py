"""Stands in for coremltools' native module: its model proxy, on top of this project's Node library.

One Node process at a time answers; one that dies or is silent for too long is replaced, and the test that asked fails.
"""
import json
import os
import select
import subprocess
import time
from pathlib import Path

import numpy as np

PATIENCE = 120
counts = {"asked": 0, "refused": []}


class Bridge:
    def __init__(self):
        self.process, self.generation, self.forgotten = None, 0, []

    def start(self):
        self.generation += 1
        self.forgotten = []
        script = Path(__file__).with_name("bridge.mjs")
        self.process = subprocess.Popen([os.environ["BRIDGE_NODE"], str(script), os.environ["BRIDGE_ENTRY"]], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, bufsize=0)
        self.rest = bytearray()

    def receive(self, enough):
        """Reads until `enough` finds what it wants in the bytes so far, and returns what it returns."""
        deadline = time.monotonic() + PATIENCE
        while (found := enough(self.rest)) is None:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            if not chunk:
                self.process.kill()
                status, self.process = self.process.wait(), None
                raise RuntimeError(f"the Node process ended (status {status}), or was silent for {PATIENCE} s")
            self.rest += chunk
        return found

    def exchange(self, message, body):
        self.process.stdin.write(json.dumps({**message, "size": len(body)}).encode() + b"\n" + body)
        end = self.receive(lambda data: data.index(b"\n") if b"\n" in data else None)
        reply = json.loads(self.rest[:end])
        self.rest = self.rest[end + 1:]
        self.receive(lambda data: True if len(data) >= reply["size"] else None)
        payload, self.rest = bytes(self.rest[:reply["size"]]), self.rest[reply["size"]:]
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply, payload

    def ask(self, message, body=b""):
        if self.process is None:
            self.start()
        while self.forgotten:
            self.exchange({"command": "unload", "id": self.forgotten.pop()}, b"")
        try:
            return self.exchange(message, body)
        except (RuntimeError, OSError) as error:
            counts["refused"].append(f'{message["command"]}: {error}')
            raise RuntimeError(str(error)) from error


bridge = Bridge()


class Payload:
    def __init__(self):
        self.parts, self.size = [], 0

    def add(self, array):
        data = np.ascontiguousarray(array).tobytes()
        place = {"offset": self.size, "length": len(data), "type": np.asarray(array).dtype.name}
        self.parts.append(data)
        self.size += len(data)
        return place

    def encode(self, value):
        if isinstance(value, dict):
            item = lambda x: x.item() if isinstance(x, np.generic) else x
            return {"kind": "map", "entries": [[item(k), item(v)] for k, v in value.items()]}
        if isinstance(value, np.ndarray):
            array = value.astype(np.int32) if value.dtype == bool else value
            return {"kind": "tensor", "dims": list(array.shape), **self.add(array)}
        if hasattr(value, "mode") and hasattr(value, "convert"):
            form, pixels = {"L": ("gray8", lambda: np.asarray(value)), "F": ("gray16f", lambda: np.asarray(value).astype(np.float16))}.get(
                value.mode, ("rgba", lambda: np.asarray(value.convert("RGBA"))))
            return {"kind": "image", "width": value.width, "height": value.height, "format": form, **self.add(pixels())}
        if isinstance(value, bytes):
            value = value.decode()
        if isinstance(value, np.generic):
            value = value.item()
        if not isinstance(value, (bool, int, float, str)):
            raise RuntimeError(f"cannot convert a {type(value)}")
        return {"kind": "plain", "value": int(value) if isinstance(value, bool) else value}

    def encode_all(self, values):
        return {name: self.encode(value) for name, value in values.items()}


def plain(value):
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return int(value["integer"]) if "integer" in value else float(value["number"])
    return value


def decode(value, body):
    if value["kind"] == "map":
        return {plain(k): float(plain(v)) for k, v in value["entries"]}
    if value["kind"] == "plain":
        return plain(value["value"])
    data = body[value["offset"]:value["offset"] + value["length"]]
    if value["kind"] == "image":
        from PIL import Image
        size = value["height"], value["width"]
        if value["format"] == "gray16f":
            return Image.fromarray(np.frombuffer(data, np.float16).astype(np.float32).reshape(size), mode="F")
        if value["format"] == "gray8":
            return Image.fromarray(np.frombuffer(data, np.uint8).reshape(size), mode="L")
        return Image.fromarray(np.frombuffer(data, np.uint8).reshape(*size, 4), mode="RGBA")
    array = np.frombuffer(data, np.dtype(value["type"])).reshape(value["dims"])
    # The native module gives half-precision results as float32.
    return array.astype(np.float32) if array.dtype == np.float16 else array.copy()


def decode_all(values, body):
    return {name: decode(value, body) for name, value in values.items()}


class _MLStateProxy:
    def __init__(self, identifier):
        self.identifier = identifier

    def read_state(self, name):
        reply, body = bridge.ask({"command": "readState", "id": self.identifier, "name": name})
        return decode(reply["value"], body)

    def write_state(self, name, value):
        payload = Payload()
        encoded = payload.encode(np.asarray(value))
        bridge.ask({"command": "writeState", "id": self.identifier, "name": name, "value": encoded}, b"".join(payload.parts))


class _MLModelProxy:
    def __init__(self, path, compute_units, function_name, optimization_hints, asset):
        if asset is not None:
            raise RuntimeError("model assets are Core ML's own")
        self.identifier = bridge.ask({"command": "load", "path": str(path), "functionName": function_name})[0]["id"]
        self.generation = bridge.generation

    def __del__(self):
        if getattr(self, "generation", None) == bridge.generation:
            bridge.forgotten.append(self.identifier)

    @staticmethod
    def maximum_supported_specification_version():
        return 100

    @staticmethod
    def auto_set_specification_version(spec):
        return spec

    def predict(self, inputs, state=None):
        counts["asked"] += 1
        payload = Payload()
        message = {"command": "predict", "id": self.identifier, "state": state and state.identifier, "inputs": payload.encode_all(inputs)}
        reply, body = bridge.ask(message, b"".join(payload.parts))
        return decode_all(reply["outputs"], body)

    def batchPredict(self, batch):
        counts["asked"] += 1
        payload = Payload()
        message = {"command": "predictBatch", "id": self.identifier, "batch": [payload.encode_all(inputs) for inputs in batch]}
        reply, body = bridge.ask(message, b"".join(payload.parts))
        return [decode_all(outputs, body) for outputs in reply["batch"]]

    def newState(self):
        return _MLStateProxy(bridge.ask({"command": "newState", "id": self.identifier})[0]["id"])

    def get_compiled_model_path(self):
        raise RuntimeError("compiled models are Core ML's own")


def _absent(name):
    def refuse(self, *_):
        raise RuntimeError(f"{name} is Core ML's own")
    return type(name, (), {"__init__": refuse})


for _name in ("Asset", "ComputePlan", "CPUComputeDevice", "GPUComputeDevice", "NeuralEngineComputeDevice"):
    _full = f"_MLModel{_name}Proxy" if _name == "Asset" else f"_ML{_name}Proxy"
    globals()[_full] = _absent(_full)
