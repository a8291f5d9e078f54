"""The programs that can run the network, all with the same result up to rounding. Prepares no pictures.

All compute in float32, so that what was learned with one holds with another: outputs, of magnitude up to 40, are within
2e-4 of one another (`tests/detectors/features/lite0/test_runtimes.py`). On a CPU ONNX Runtime is the quickest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Literal, assert_never

import cv2
import numpy as np

from detectors.base import Floats
from detectors.features.lite0.graph import INPUT, onnx
from detectors.features.lite0.weights import MissingError, layers

Runtime = Literal["onnxruntime", "opencv", "torch"]
# (1, 3, H, W) float32 in, (40, H / 8, W / 8) float32 out. Not for several threads at once.
Run = Callable[[Floats], Floats]
# On a CPU; OpenCV is always there.
_PREFERRED: tuple[Runtime, ...] = ("onnxruntime", "opencv")


def chosen_runtime(wanted: Literal["auto"] | Runtime, device: str) -> Runtime:
    """What `wanted` comes to here: on a GPU torch, else the preferred one that is installed. Imports none of them.

    Args:
        wanted: By name, or "auto".
        device: "cpu" or "cuda:N".

    Raises:
        MissingError: It is not installed.
    """
    if wanted == "auto":
        return "torch" if device != "cpu" else next(name for name in _PREFERRED if _installed(name))
    if not _installed(wanted):
        msg = f"cnn: expected {wanted} as the runtime asks, got none; install it: pip install {wanted}, or use auto"
        raise MissingError(msg)
    return wanted


@lru_cache(maxsize=32)
def network(runtime: Runtime, device: str, threads: int, height: int, width: int) -> Run:
    """Ready to run. One for all cameras of a process, since it remembers nothing of what it was given.

    Args:
        runtime: As `chosen_runtime` gives it; only torch uses a `device` other than the CPU.
        device: "cpu" or "cuda:N".
        threads: How many it computes with; OpenCV has one number for the process, and torch's is set for the process.
        height: Of the picture, a multiple of 8.
        width: The same.

    Raises:
        MissingError: The weights are not installed.
    """
    match runtime:
        case "onnxruntime":
            return _onnxruntime(onnx(layers(), height, width), threads)
        case "opencv":
            return _opencv(onnx(layers(), height, width))
        case "torch":
            return _torch(device, threads)
        case _:
            assert_never(runtime)


def _installed(runtime: Runtime) -> bool:
    return runtime == "opencv" or find_spec(runtime) is not None


def _onnxruntime(model: bytes, threads: int) -> Run:
    import onnxruntime  # noqa: PLC0415 - a process without this feature does not need it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # or idle threads burn their cores
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda picture: np.asarray(session.run(None, {INPUT: picture})[0], np.float32)[0]


def _opencv(model: bytes) -> Run:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))

    def run(picture: Floats) -> Floats:
        net.setInput(picture, INPUT)
        found: Floats = np.array(net.forward(), np.float32)  # a copy: the next call writes into the same memory
        return np.asarray(found[0])

    return run


def _torch(device: str, threads: int) -> Run:
    import torch  # noqa: PLC0415 - a second and 200 MB

    torch.set_num_threads(threads)
    place, order = torch.device(device), torch.channels_last
    known = [
        (torch.from_numpy(each.kernel).to(place, memory_format=order), torch.from_numpy(each.bias).to(place), each)
        for each in layers()
    ]

    def run(picture: Floats) -> Floats:
        # TensorFloat32, the default of GPUs, would be off by a thousandth.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            at = [torch.from_numpy(picture).to(place, memory_format=order)]  # the input of each layer
            for kernel, bias, layer in known:
                before, after = layer.pad
                x = torch.nn.functional.pad(at[-1], (before, after, before, after))
                x = torch.nn.functional.conv2d(x, kernel, bias, layer.stride, groups=layer.groups)
                x = x.clamp_(0, 6) if layer.clipped else x
                at.append(x if layer.added is None else x + at[layer.added])
            return np.asarray(at[-1][0].cpu().contiguous().numpy(), np.float32)

    return run
