"""What a bundle says of itself: `manifest.json`. Values and their checks; reads no file."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from monitor.types import ChannelScore, DetectorScore, Judgement, Stamp, Verdict

FORMAT = "rareframe bundle"
VERSION = 1
MANIFEST, STATE, LESSONS = "manifest.json", "state.npz", "lessons.npz"
FRAME = re.compile(r"frames/\d{6}\.png")
MOST_FRAMES = 3000
MOST_SIDE_PX = 8192
MOST_LESSONS = 10_000


class BundleError(Exception):
    """A bundle cannot be written or read; the message says which, what was expected, what was got, what to do."""


_Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_LESSONS)]
_Side = Annotated[int, msgspec.Meta(ge=1, le=MOST_SIDE_PX)]
_Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Text = Annotated[str, msgspec.Meta(max_length=1000)]


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was thought of one frame, see `monitor.types.Judgement`; without its pictures and reasons.

    Attributes:
        heard: Whether feedback had a say in it: the verdict is with it, all else is without, as it is judged again.
    """

    verdict: Verdict
    score: float | None
    limit: float | None
    p_value: float | None
    scores: tuple[DetectorScore, ...]
    channels: tuple[ChannelScore, ...]
    heard: bool = False


class GridOfLesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One feature's grid: which arrays of `lessons.npz`, `NUMBER.values` and `NUMBER.mask`, and its light."""

    feature: _Text
    number: _Count
    infrared: bool


class LessonOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a channel learned after a frame."""

    channel: _Text
    grids: tuple[GridOfLesson, ...]


class Shot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One frame.

    Attributes:
        file: Its picture, lossless.
        told: What was thought of it.
        lessons: What the models learned right after it, in order.
    """

    file: Annotated[str, msgspec.Meta(pattern=r"^frames/\d{6}\.png$")]
    stamp: Stamp
    told: Told
    lessons: tuple[LessonOf, ...] = ()


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it was computed with: on the same, the same scores come to the last bit.

    Attributes:
        versions: Of rareframe and of the libraries that compute.
        processor: Kind of machine, as Python names it.
        device: "cpu" or "cuda:N".
    """

    versions: dict[str, _Text]
    processor: _Text
    device: Annotated[str, msgspec.Meta(pattern="^(cpu|cuda:[0-9]{1,3})$")]
    threads: Annotated[int, msgspec.Meta(ge=1, le=256)]
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of a bundle but its arrays and pictures.

    Attributes:
        camera: Its name.
        fingerprint: Of what in the configuration shapes the models, as checkpoints have it.
        sections: The camera's sections of the configuration as JSON: no source, no login.
        machine: What it was computed with.
        height, width: Of the frames.
        before: So many of the frames came before the first strange one: they are seen, and not judged again.
        shots: The frames, oldest first, of one run.
        ended: Why it holds no more: "quiet", "long enough", "cut" (the pictures after do not follow), "stopped".
        hashes: SHA-256 of each other file as it was written, that of the models' state among them.
    """

    camera: _Text
    fingerprint: _Text
    sections: msgspec.Raw
    machine: Machine
    height: _Side
    width: _Side
    before: _Count
    shots: Annotated[tuple[Shot, ...], msgspec.Meta(min_length=1, max_length=MOST_FRAMES)]
    ended: _Text
    hashes: dict[str, _Hash]
    format: str = FORMAT
    version: int = VERSION


def told(judgement: Judgement) -> Told:
    """Of a judgement what is compared when its frame is judged again."""
    return Told(
        judgement.verdict,
        judgement.score,
        judgement.limit,
        judgement.p_value,
        judgement.scores,
        judgement.channels,
    )


def encode(manifest: Manifest) -> bytes:
    """As JSON."""
    return msgspec.json.encode(manifest)


def decode(text: bytes, where: str) -> Manifest:
    """What `encode` wrote.

    Raises:
        BundleError: It is anything else; `where` says of what file.
    """
    try:
        found = msgspec.json.decode(text, type=_Head)
        _expect(where, "format", FORMAT, found.format)
        _expect(where, "version", VERSION, found.version)
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError(
            f"{where}: {MANIFEST}: expected what rareframe writes, got {error}; export it anew"
        ) from error
    seqs = [shot.stamp.seq for shot in manifest.shots]
    runs = {(shot.stamp.camera, shot.stamp.run) for shot in manifest.shots}
    if len(runs) > 1 or seqs != sorted(set(seqs)) or manifest.before >= len(manifest.shots):
        raise BundleError(
            f"{where}: {MANIFEST}: expected frames of one run in order, and some after the first {manifest.before}, "
            "got others; export it anew"
        )
    return manifest


class _Head(msgspec.Struct):
    format: str
    version: int


def _expect(where: str, what: str, expected: object, got: object) -> None:
    if expected != got:
        raise BundleError(f'{where}: {what}: expected "{expected}", got "{got}"; use the rareframe that wrote it')
