"""The layers as an ONNX file in memory, which several programs can run. Needs no ONNX package; runs nothing.

The few messages used of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, in the wire format of
https://protobuf.dev/programming-guides/encoding: a field is a varint of number · 8 + type, then a varint (type 0) or a
length and bytes (type 2). The numbers below are the fields' in onnx.proto.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from detectors.base import Floats
from detectors.features.lite0.weights import Layer

INPUT = "picture"
_IR_VERSION = 8
_OPSET = 13
_FLOAT, _INT, _INTS = 1, 2, 7  # TensorProto.FLOAT, AttributeProto.INT and INTS


def onnx(layers: Sequence[Layer], height: int, width: int) -> bytes:
    """The network for one picture: `INPUT` is (1, 3, height, width) float32, its one output is the last layer's.

    Height and width are multiples of what the layers' strides come to.
    """
    nodes: list[bytes] = []
    arrays = [_tensor("zero", np.zeros((), np.float32)), _tensor("six", np.full((), 6, np.float32))]
    at = [INPUT]  # the name of each layer's input
    for number, layer in enumerate(layers):
        arrays += [_tensor(f"kernel{number}", layer.kernel), _tensor(f"bias{number}", layer.bias)]
        nodes.append(_convolution(number, layer, at[-1]))
        name = f"conv{number}"
        if layer.clipped:
            nodes.append(_node("Clip", [name, "zero", "six"], f"clip{number}"))
            name = f"clip{number}"
        if layer.added is not None:
            nodes.append(_node("Add", [name, at[layer.added]], f"sum{number}"))
            name = f"sum{number}"
        at.append(name)
    graph = _all(1, nodes) + _bytes(2, b"lite0") + _all(5, arrays)
    shrunk = math.prod(layer.stride for layer in layers)
    found = (1, len(layers[-1].kernel), height // shrunk, width // shrunk)
    graph += _bytes(11, _value(INPUT, (1, 3, height, width))) + _bytes(12, _value(at[-1], found))
    return _number(1, _IR_VERSION) + _bytes(8, _number(2, _OPSET)) + _bytes(7, graph)


def _convolution(number: int, layer: Layer, source: str) -> bytes:
    before, after = layer.pad
    attributes = [
        _bytes(1, b"group") + _number(3, layer.groups) + _number(20, _INT),
        _ints(b"strides", [layer.stride] * 2),
        _ints(b"pads", [before, before, after, after]),
        _ints(b"kernel_shape", layer.kernel.shape[2:]),
    ]
    return _node("Conv", [source, f"kernel{number}", f"bias{number}"], f"conv{number}") + _all(5, attributes)


def _node(operator: str, inputs: Iterable[str], output: str) -> bytes:
    return _all(1, [name.encode() for name in inputs]) + _bytes(2, output.encode()) + _bytes(4, operator.encode())


def _ints(name: bytes, values: Iterable[int]) -> bytes:
    return _bytes(1, name) + b"".join(_number(8, value) for value in values) + _number(20, _INTS)


def _tensor(name: str, array: Floats) -> bytes:
    sizes = b"".join(_number(1, size) for size in array.shape)
    return sizes + _number(2, _FLOAT) + _bytes(8, name.encode()) + _bytes(9, array.astype("<f4").tobytes())


def _value(name: str, shape: Sequence[int]) -> bytes:
    """A float tensor's name and type."""
    sizes = _all(1, [_number(1, size) for size in shape])
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, _number(1, _FLOAT) + _bytes(2, sizes)))


def _all(field: int, parts: Iterable[bytes]) -> bytes:
    return b"".join(_bytes(field, part) for part in parts)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow. For values ≥ 0."""
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
