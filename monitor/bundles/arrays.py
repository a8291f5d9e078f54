"""Named arrays as the bytes of a NumPy `.npz`, and back from bytes that a stranger wrote: bounded, without pickle."""

from __future__ import annotations

import io
import math
import zipfile
import zlib

import numpy as np
from numpy.lib import format as npy

from detectors.base import StateDict, StateView

MOST_ARRAYS = 25_000
MOST_BYTES = 1 << 30
_MOST_HEADER = 10_000
# What reading damaged bytes ends in, see `monitor.scoring.checkpoints`.
_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)


def packed(arrays: StateView) -> bytes:
    """Compressed, in the order given; the same arrays give the same bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            npy.write_array(one, np.asanyarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), one.getbuffer(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def unpacked(content: bytes) -> StateDict:
    """What `packed` made.

    Raises:
        ValueError: It is anything else, or larger than `MOST_BYTES`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if len(members) > MOST_ARRAYS or total > MOST_BYTES:
                raise ValueError(f"{len(members)} arrays of {total} bytes, at most {MOST_ARRAYS} of {MOST_BYTES}")
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except _BROKEN as error:
        raise ValueError(f"arrays that cannot be read ({error})") from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array; as large as its bytes and not as its header says."""
    with archive.open(member) as file:
        content = file.read(member.file_size + 1)
    stream = io.BytesIO(content)
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(stream, max_header_size=_MOST_HEADER)
    rest = len(content) - stream.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != rest:
        raise ValueError(f"{member.filename}: expected {rest} bytes of plain numbers, got {dtype} {shape}")
    array = np.frombuffer(content, dtype, offset=stream.tell())
    return array.reshape(shape[::-1]).T if fortran else array.reshape(shape)
