"""A message as bytes and back: a checked header and raw buffers. Knows nothing of sockets, and never unpickles.

On the wire a message is a list of parts::

    [b"RF" + version + kind]  [header, msgpack]  [raw buffer] …

A `Frame` has one raw buffer (its image), a `Judgement` up to two (heatmap, picture), a `ClipPart` one unless it says
why there is no file, the others none. Every value is
checked on both sides by the same rules, so what `encode` takes, `decode` gives back, and whatever `decode` is given it
answers with a good message or with `WireError`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, TypeVar, assert_never

import msgspec
import numpy as np

from detectors.base import Floats, Image
from monitor.types import (
    CameraReport,
    ClipPart,
    ClipRequest,
    Frame,
    Heartbeat,
    Judgement,
    Message,
    ProcessReport,
    ScoringReport,
    Stamp,
)

Part = bytes | memoryview

VERSION = 1
MAX_PARTS = 4
_MIN_PARTS = 2
MAX_HEADER_BYTES = 256 * 1024
MAX_SIDE_PX = 8192
MAX_HEATMAP_CELLS = 1024  # a side
MAX_PICTURE_BYTES = 16 * 1024 * 1024
MAX_PART_BYTES = 1024 * 1024  # of a file that comes in parts
MAX_FILE_PARTS = 1024
MAX_IMAGE_BYTES = MAX_SIDE_PX * MAX_SIDE_PX * 3
MAX_TEXT = 4096  # characters of one string
MAX_ITEMS = 1024  # of one tuple
MAX_INTEGER = 2**63 - 1
# Names become folders and metric labels, so nothing that means something to a path, a shell or a terminal.
CAMERA_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")

_Report = CameraReport | ScoringReport | ProcessReport | Heartbeat | ClipRequest
_FRAME, _JUDGEMENT, _CLIP_PART = 1, 2, 8
_REPORTS: dict[int, type[_Report]] = {
    3: CameraReport,
    4: ScoringReport,
    5: ProcessReport,
    6: Heartbeat,
    7: ClipRequest,
}
_REPORT_KINDS = {report: kind for kind, report in _REPORTS.items()}
_PREAMBLE_BYTES = 4
_F4 = np.dtype("<f4")
_HEATMAP_AXES = 2


class WireError(ValueError):
    """These parts are not a message, or this message may not travel. Nothing was kept of it."""


class _FrameHeader(msgspec.Struct, forbid_unknown_fields=True):
    """A frame without its image."""

    stamp: Stamp
    height: Annotated[int, msgspec.Meta(ge=1, le=MAX_SIDE_PX)]
    width: Annotated[int, msgspec.Meta(ge=1, le=MAX_SIDE_PX)]
    scaled_s: float


_Cells = Annotated[int, msgspec.Meta(ge=1, le=MAX_HEATMAP_CELLS)]


class _JudgementHeader(msgspec.Struct, forbid_unknown_fields=True):
    """A judgement whose heatmap and picture follow as raw buffers, in this order, where they exist."""

    judgement: Judgement
    heatmap: tuple[_Cells, _Cells] | None
    picture_bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_PICTURE_BYTES)] | None


class _PartHeader(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a file whose data follows as a raw buffer, unless it says why there is no file."""

    part: ClipPart
    data_bytes: Annotated[int, msgspec.Meta(ge=0, le=MAX_PART_BYTES)]


def encode(message: Message) -> list[Part]:
    """The parts of `message`. Buffers are views: the message must not be written to until it was sent.

    Raises:
        WireError: A value is out of bounds or of another type than declared.
    """
    match message:
        case Frame(stamp, image):
            _check_image(image)
            height, width, _ = image.shape
            buffers = [np.ascontiguousarray(image).data.cast("B")]
            return [_preamble(_FRAME), _header(_FrameHeader(stamp, height, width, message.scaled_s)), *buffers]
        case Judgement():
            return _encode_judgement(message)
        case ClipPart(data=data):
            _check_part(message, len(data))
            header = _PartHeader(replace(message, data=b""), len(data))
            return [_preamble(_CLIP_PART), _header(header), *([data] if data else [])]
        case CameraReport() | ScoringReport() | ProcessReport() | Heartbeat() | ClipRequest():
            return [_preamble(_REPORT_KINDS[type(message)]), _header(message)]
        case _:
            assert_never(message)


def decode(parts: Sequence[Part]) -> Message:
    """The message in `parts`. Its arrays are read-only views into them, without a copy.

    Raises:
        WireError: These parts are no message of this version.
    """
    if not _MIN_PARTS <= len(parts) <= MAX_PARTS:
        raise WireError(f"expected {_MIN_PARTS} to {MAX_PARTS} parts, got {len(parts)}")
    kind = _read_preamble(parts[0])
    header, buffers = parts[1], parts[2:]
    if len(header) > MAX_HEADER_BYTES:
        raise WireError(f"expected a header of at most {MAX_HEADER_BYTES} bytes, got {len(header)}")
    if kind == _FRAME:
        return _decode_frame(_read(header, _FrameHeader), buffers)
    if kind == _JUDGEMENT:
        return _decode_judgement(_read(header, _JudgementHeader), buffers)
    if kind == _CLIP_PART:
        return _decode_part(_read(header, _PartHeader), buffers)
    if kind not in _REPORTS:
        raise WireError(f"expected a kind of message from 1 to {_CLIP_PART}, got {kind}")
    if buffers:
        raise WireError(f"expected no buffers after a report, got {len(buffers)}")
    return _read(header, _REPORTS[kind])


def _encode_judgement(judgement: Judgement) -> list[Part]:
    buffers: list[Part] = []
    heatmap, picture = judgement.heatmap, judgement.picture
    shape = size = None
    if heatmap is not None:
        _check_heatmap(heatmap)
        shape = (heatmap.shape[0], heatmap.shape[1])
        buffers.append(np.ascontiguousarray(heatmap, dtype=_F4).data.cast("B"))
    if picture is not None:
        size = len(picture)
        if not 0 < size <= MAX_PICTURE_BYTES:
            raise WireError(f"expected a picture of 1 to {MAX_PICTURE_BYTES} bytes, got {size}")
        buffers.append(picture)
    bare = replace(judgement, heatmap=None, picture=None)
    return [_preamble(_JUDGEMENT), _header(_JudgementHeader(bare, shape, size)), *buffers]


def _decode_frame(header: _FrameHeader, buffers: Sequence[Part]) -> Frame:
    shape = (header.height, header.width, 3)
    if len(buffers) != 1:
        raise WireError(f"expected one buffer after a frame's header, got {len(buffers)}")
    if len(buffers[0]) != math.prod(shape):
        raise WireError(f"expected {math.prod(shape)} bytes for an image of shape {shape}, got {len(buffers[0])}")
    image = np.frombuffer(_read_only(buffers[0]), dtype=np.uint8).reshape(shape)
    return Frame(header.stamp, image, header.scaled_s)


def _decode_judgement(header: _JudgementHeader, buffers: Sequence[Part]) -> Judgement:
    expected = (header.heatmap is not None) + (header.picture_bytes is not None)
    if len(buffers) != expected:
        raise WireError(f"expected {expected} buffers after a judgement's header, got {len(buffers)}")
    if header.judgement.picture is not None:
        raise WireError("expected a judgement's picture after its header, got it inside")
    heatmap = picture = None
    if header.heatmap is not None:
        wanted = math.prod(header.heatmap) * _F4.itemsize
        if len(buffers[0]) != wanted:
            raise WireError(f"expected {wanted} bytes for a heatmap of {header.heatmap}, got {len(buffers[0])}")
        heatmap = np.frombuffer(_read_only(buffers[0]), dtype=_F4).reshape(header.heatmap)
        _check_heatmap(heatmap)
    if header.picture_bytes is not None:
        picture = bytes(buffers[-1])
        if len(picture) != header.picture_bytes:
            raise WireError(f"expected {header.picture_bytes} bytes for a picture, got {len(picture)}")
    return replace(header.judgement, heatmap=heatmap, picture=picture)


def _decode_part(header: _PartHeader, buffers: Sequence[Part]) -> ClipPart:
    expected = int(header.data_bytes > 0)
    if len(buffers) != expected:
        raise WireError(f"expected {expected} buffers after a part's header, got {len(buffers)}")
    if header.part.data:
        raise WireError("expected a part of a file after its header, got it inside")
    size = len(buffers[0]) if buffers else 0
    if size != header.data_bytes:
        raise WireError(f"expected {header.data_bytes} bytes for a part of a file, got {size}")
    _check_part(header.part, size)
    return replace(header.part, data=bytes(buffers[0]) if buffers else b"")


def _check_part(part: ClipPart, size: int) -> None:
    if not 0 <= part.number < part.count <= MAX_FILE_PARTS:
        raise WireError(f"expected a part from 0 on of at most {MAX_FILE_PARTS}, got {part.number} of {part.count}")
    if part.fault and (size or part.count != 1):
        raise WireError(f"expected no data where there is no file ({part.fault}), got {size} bytes")
    if not part.fault and not 0 < size <= MAX_PART_BYTES:
        raise WireError(f"expected a part of 1 to {MAX_PART_BYTES} bytes, got {size}")


def _preamble(kind: int) -> bytes:
    return b"RF" + bytes((VERSION, kind))


def _read_preamble(part: Part) -> int:
    if len(part) != _PREAMBLE_BYTES or bytes(part[:2]) != b"RF":
        raise WireError(f"expected a message of rareframe, got {bytes(part[:_PREAMBLE_BYTES])!r}")
    if part[2] != VERSION:
        raise WireError(f"expected wire version {VERSION}, got {part[2]}; run the same release at both ends")
    return part[3]


def _header(value: object) -> bytes:
    _check(value, type(value).__name__)
    try:
        header = msgspec.msgpack.encode(value)
    except (TypeError, OverflowError, UnicodeEncodeError, msgspec.MsgspecError) as error:
        raise WireError(f"{type(value).__name__} may not travel: {error}") from error
    if len(header) > MAX_HEADER_BYTES:
        raise WireError(f"{type(value).__name__}: expected at most {MAX_HEADER_BYTES} bytes, got {len(header)}")
    return header


_T = TypeVar("_T")


def _read(header: Part, of: type[_T]) -> _T:
    try:
        value = msgspec.msgpack.decode(header, type=of)
    # msgspec itself lets through that a text is no UTF-8, and that an unknown key holds ten thousand nested lists.
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"{of.__name__}: {error}") from error
    _check(value, of.__name__)
    return value


def _check(value: object, where: str) -> None:
    """Bounds that hold for every value of a header, whichever field it is in."""
    match value:
        case float():
            if not math.isfinite(value):
                raise WireError(f"{where}: expected a finite number, got {value}")
        case str():
            if len(value) > MAX_TEXT:
                raise WireError(f"{where}: expected at most {MAX_TEXT} characters, got {len(value)}")
        case int():
            if abs(value) > MAX_INTEGER:
                raise WireError(f"{where}: expected an integer of 64 bits, got {value}")
        case tuple():
            if len(value) > MAX_ITEMS:
                raise WireError(f"{where}: expected at most {MAX_ITEMS} items, got {len(value)}")
            for item in value:
                _check(item, where)
        case _:
            for name in getattr(type(value), "__slots__", ()) or getattr(type(value), "__struct_fields__", ()):
                _check_field(name, getattr(value, name), where)


def _check_field(name: str, value: object, where: str) -> None:
    if name == "camera" and not (isinstance(value, str) and CAMERA_NAME.fullmatch(value)):
        raise WireError(f"{where}.camera: expected 1 to 64 of A-Z a-z 0-9 _ . - (no dot or dash first), got {value!r}")
    if name == "seq" and isinstance(value, int) and value < 0:
        raise WireError(f"{where}.seq: expected 0 or more, got {value}")
    _check(value, f"{where}.{name}")


def _check_image(image: Image) -> None:
    fits = image.shape[2:] == (3,) and all(0 < side <= MAX_SIDE_PX for side in image.shape[:2])
    if image.dtype != np.uint8 or not fits:
        raise WireError(
            f"expected an image (H, W, 3) of uint8, sides 1 to {MAX_SIDE_PX}, got {image.shape} of {image.dtype}"
        )


def _check_heatmap(heatmap: Floats) -> None:
    fits = heatmap.ndim == _HEATMAP_AXES and all(0 < side <= MAX_HEATMAP_CELLS for side in heatmap.shape)
    if heatmap.dtype != np.float32 or not fits:
        raise WireError(
            f"expected a heatmap (h, w) of float32, sides 1 to {MAX_HEATMAP_CELLS}, "
            f"got {heatmap.shape} of {heatmap.dtype}"
        )
    if not np.isfinite(heatmap).all():
        raise WireError("expected a heatmap of finite numbers, got NaN or infinity in it")


def _read_only(part: Part) -> memoryview:
    return memoryview(part).toreadonly()
