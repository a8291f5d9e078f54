"""The programs that can run the network, all with the same result up to rounding. Prepares no pictures.

Seen on an x86-64 machine with AVX-512, 360×240, one thread: OpenVINO 4.7 ms, ONNX Runtime 5.2, OpenCV 11, torch 17 (and
24 as its publishers wrote it); outputs of magnitude up to 40 within 1e-4 of one another. All compute in float32:
OpenVINO left to itself takes bfloat16 where the processor has it, 3 ms and off by 0.9.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal, assert_never

import cv2
import numpy as np

from detectors.base import Floats
from detectors.features.lite0.graph import INPUT, onnx
from detectors.features.lite0.weights import MissingError, layers

Runtime = Literal["openvino", "onnxruntime", "opencv", "torch"]
# (1, 3, H, W) float32 in, (40, H / 8, W / 8) float32 out. Not for several threads at once.
Run = Callable[[Floats], Floats]
# OpenVINO is a tenth faster, but meddles with signals and reports its use (see `_core`): it comes after
# ONNX Runtime unless it is named. OpenCV is always there.
_PREFERRED: tuple[Runtime, ...] = ("onnxruntime", "openvino", "opencv")


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
        case "openvino":
            return _openvino(onnx(layers(), height, width), threads)
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


@lru_cache(maxsize=1)
def _core() -> Any:  # noqa: ANN401 - its types are there for some only
    """OpenVINO itself, one for the process and never let go.

    Each brings a stack for signal handlers. Where several end out of order the process is left with one that is gone,
    and the next signal kills it (seen with OpenVINO 2026.4).
    """
    # Importing openvino reports its use to its makers, over the network; without this module it does not.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: "may not be imported"
    import openvino  # noqa: PLC0415 - 0.1 s and 25 MB, which a process without this feature does not need

    return openvino.Core()


def _openvino(model: bytes, threads: int) -> Run:
    core = _core()
    hints = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # the other processes compute on these cores too
    }
    request = core.compile_model(core.read_model(model), "CPU", hints).create_infer_request()
    return lambda picture: np.asarray(request.infer({0: picture})[0], np.float32)[0]


def _onnxruntime(model: bytes, threads: int) -> Run:
    import onnxruntime  # noqa: PLC0415 - as above

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
