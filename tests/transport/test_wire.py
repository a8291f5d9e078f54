"""What `monitor.transport.wire` promises: whole messages, or one kind of error."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from detectors.base import Reason
from monitor.transport.wire import MAX_HEADER_BYTES, MAX_PART_BYTES, MAX_TEXT, WireError, decode, encode
from monitor.types import (
    CameraReport,
    ChannelScore,
    ClipPart,
    ClipRequest,
    Count,
    DetectorScore,
    Frame,
    Heartbeat,
    Judgement,
    Link,
    Message,
    Piece,
    ProcessReport,
    ScoringReport,
    Stamp,
    State,
    Verdict,
)

INTEGERS = st.integers(-(2**63) + 1, 2**63 - 1)
COUNTS = st.integers(0, 2**63 - 1)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=40)
CAMERAS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", fullmatch=True)
STAMPS = st.builds(Stamp, CAMERAS, TEXTS, COUNTS, wall_ns=INTEGERS, mono_ns=INTEGERS, pts=st.none() | NUMBERS)
SIDES = st.integers(1, 9)
IMAGES = hnp.arrays(np.uint8, st.tuples(SIDES, SIDES, st.just(3)))
HEATMAPS = hnp.arrays(np.float32, st.tuples(SIDES, SIDES), elements=st.floats(0, 1, width=32))
BOXES = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
TOTALS = st.lists(st.builds(Count, TEXTS, COUNTS), max_size=4).map(tuple)
FRAMES = st.builds(Frame, STAMPS, IMAGES)
REASONS = st.builds(
    Reason, TEXTS, TEXTS, st.none() | NUMBERS, st.none() | BOXES, TEXTS, st.lists(BOXES, max_size=3).map(tuple)
)
CHANNELS = st.builds(
    ChannelScore, TEXTS, st.sampled_from(State), TEXTS, st.sampled_from(Verdict), st.none() | NUMBERS,
    st.none() | NUMBERS, st.none() | NUMBERS,
)  # fmt: skip
JUDGEMENTS = st.builds(
    Judgement,
    stamp=STAMPS,
    state=st.sampled_from(State),
    state_reason=TEXTS,
    verdict=st.sampled_from(Verdict),
    score=st.none() | NUMBERS,
    p_value=st.none() | NUMBERS,
    limit=st.none() | NUMBERS,
    scores=st.lists(st.builds(DetectorScore, TEXTS, st.none() | NUMBERS, st.none() | NUMBERS), max_size=3).map(tuple),
    reasons=st.lists(REASONS, max_size=3).map(tuple),
    heatmap=st.none() | HEATMAPS,
    picture=st.none() | st.binary(min_size=1, max_size=50),
    scored_s=NUMBERS,
    channels=st.lists(CHANNELS, max_size=2).map(tuple),
    examples=st.lists(st.binary(min_size=1, max_size=50), max_size=3).map(tuple),
    shadow=st.booleans(),
    promoted=st.booleans(),
)
CAMERA_REPORTS = st.builds(
    CameraReport, CAMERAS, TEXTS, INTEGERS, st.sampled_from(Link), TEXTS, TEXTS, st.booleans(), COUNTS, TOTALS, TOTALS,
    last_frame_ns=st.none() | INTEGERS, retry_s=st.none() | NUMBERS, ring_bytes=st.none() | COUNTS,
)  # fmt: skip
SCORING_REPORTS = st.builds(
    ScoringReport, CAMERAS, TEXTS, INTEGERS, COUNTS, COUNTS, COUNTS, checkpoint_ns=st.none() | INTEGERS,
    checkpoint_failures=COUNTS,
)  # fmt: skip
PROCESS_REPORTS = st.builds(
    ProcessReport, TEXTS, TEXTS, INTEGERS, COUNTS, st.booleans(), restarts=st.none() | COUNTS,
    rss_bytes=st.none() | COUNTS, wire_errors=COUNTS, dropped=COUNTS,
)  # fmt: skip
HEARTBEATS = st.builds(Heartbeat, TEXTS, TEXTS, COUNTS, INTEGERS)
CLIP_REQUESTS = st.builds(ClipRequest, CAMERAS, TEXTS, INTEGERS, st.none() | INTEGERS, INTEGERS, st.booleans())
CLIP_PARTS = st.builds(
    ClipPart, CAMERAS, TEXTS, st.sampled_from(Piece), st.integers(0, 8), st.integers(9, 1024), INTEGERS, INTEGERS,
    st.booleans(), st.just(""), st.binary(min_size=1, max_size=50),
)  # fmt: skip
REFUSALS = st.builds(
    ClipPart, CAMERAS, TEXTS, st.sampled_from(Piece), st.just(0), st.just(1), INTEGERS, INTEGERS, st.booleans(),
    st.text(min_size=1, max_size=40), st.just(b""),
)  # fmt: skip
MESSAGES = (
    FRAMES | JUDGEMENTS | CAMERA_REPORTS | SCORING_REPORTS | PROCESS_REPORTS | HEARTBEATS | CLIP_REQUESTS | CLIP_PARTS
    | REFUSALS
)  # fmt: skip

STAMP = Stamp("gate", "run-1", 7, 1_700_000_000_000_000_000, 5_000_000_000, 0.28)
FRAME = Frame(STAMP, np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3), 0.002)
JUDGEMENT = Judgement(
    STAMP,
    State.ACTIVE,
    "",
    Verdict.ANOMALOUS,
    3.5,
    0.001,
    3.0,
    (DetectorScore("motion", 3.5, 1.0),),
    (Reason("motion", "moves oddly", 0.001, (0.0, 0.1, 0.5, 0.6), "moving", ((0.0, 0.1, 0.1, 0.2),)),),
    np.full((3, 5), 0.25, np.float32),
    b"\xff\xd8 jpeg",
    0.004,
    (ChannelScore("moving", State.ACTIVE, "", Verdict.ANOMALOUS, 3.5, 0.001, 3.0),),
    (b"\xff\xd8 ordinary",),
)
PART = ClipPart("gate", "e1", Piece.CLIP, 1, 3, 5, 9, False, "", b"moov")
EXAMPLES: tuple[Message, ...] = (
    FRAME,
    JUDGEMENT,
    CameraReport("gate", "b", 1, Link.ONLINE, "", "", True, 9, (Count("newer_frame", 2),), (), 1, None),
    ScoringReport("gate", "b", 1, 9, 2, 7, None, 0),
    ProcessReport("worker", "b", 1, 4242, True, None, 10**8, 0, 0),
    Heartbeat("worker", "scoring", 4242, 17),
    ClipRequest("gate", "e1", 5, None, 7, True),
    PART,
    replace(PART, number=0, count=1, fault="missing", data=b""),
)


def plain(value: object) -> object:
    """`value` with arrays and dataclasses turned into tuples that can be compared."""
    if isinstance(value, np.ndarray):
        return (value.shape, value.dtype.str, value.tobytes())
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    if is_dataclass(value):
        return (type(value), *(plain(getattr(value, field.name)) for field in fields(value)))
    return value


def as_bytes(message: Message) -> list[bytes]:
    """The parts of `message` as plain bytes."""
    return [bytes(part) for part in encode(message)]


@given(MESSAGES)
@settings(max_examples=300, deadline=None)
def test_what_is_encoded_decodes_to_itself(message: Message) -> None:
    """Every message of every kind arrives as it was sent."""
    assert plain(decode(as_bytes(message))) == plain(message)


@given(st.lists(st.binary(max_size=200), max_size=6))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_a_wire_error(parts: list[bytes]) -> None:
    """Bytes that nobody encoded raise `WireError` and nothing else."""
    with pytest.raises(WireError):
        decode(parts)


@given(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, 9, 255]), st.lists(st.binary(max_size=200), max_size=4))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_behind_a_good_beginning_are_a_wire_error(kind: int, parts: list[bytes]) -> None:
    """A right magic number does not open a way round the checks."""
    with pytest.raises(WireError):
        decode([b"RF\x01" + bytes([kind]), *parts])


@given(st.sampled_from(EXAMPLES), st.data())
@settings(max_examples=600, deadline=None)
def test_a_damaged_message_decodes_or_is_a_wire_error(message: Message, data: st.DataObject) -> None:
    """Any single change to any part gives another good message, which encodes again, or `WireError`."""
    parts = [bytearray(part) for part in as_bytes(message)]
    part = data.draw(st.sampled_from(parts))
    at = data.draw(st.integers(0, len(part) - 1))
    match data.draw(st.sampled_from(["set", "cut", "insert", "lose"])):
        case "set":
            part[at] = data.draw(st.integers(0, 255))
        case "cut":
            del part[at]
        case "insert":
            part.insert(at, data.draw(st.integers(0, 255)))
        case _:
            parts.remove(part)
    try:
        read = decode([bytes(part) for part in parts])
    except WireError:
        return
    assert plain(decode(as_bytes(read))) == plain(read)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_every_prefix_of_a_message_is_a_wire_error(message: Message) -> None:
    """A message cut short anywhere, within a part or between parts, is refused."""
    parts = as_bytes(message)
    for index, part in enumerate(parts):
        for size in range(len(part)):
            with pytest.raises(WireError):
                decode([*parts[:index], part[:size], *parts[index + 1 :]])
            with pytest.raises(WireError):
                decode([*parts[:index], part[:size]])


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_with_an_extra_part_is_a_wire_error(message: Message) -> None:
    """Nothing may ride along behind a good message."""
    with pytest.raises(WireError):
        decode([*as_bytes(message), b"x"])


def test_decoded_arrays_are_read_only_views() -> None:
    """An image is used where it was received: not copied, and not writable even from a writable buffer."""
    parts = [bytearray(part) for part in encode(FRAME)]
    frame = decode([memoryview(part) for part in parts])
    assert isinstance(frame, Frame)
    assert not frame.image.flags.writeable
    assert np.shares_memory(frame.image, np.frombuffer(parts[2], np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        frame.image.flags.writeable = True


def test_a_strided_image_travels_as_it_looks() -> None:
    """A picture that is a view on a larger one arrives without the rest."""
    wide = np.arange(4 * 12 * 3, dtype=np.uint8).reshape(4, 12, 3)
    read = decode(as_bytes(Frame(STAMP, wide[:, ::2])))
    assert isinstance(read, Frame)
    assert np.array_equal(read.image, wide[:, ::2])


IMPOSSIBLE: dict[str, Message] = {
    "path in a camera name": replace(FRAME, stamp=replace(STAMP, camera="../gate")),
    "empty camera name": replace(EXAMPLES[2], camera=""),
    "line break in a camera name": replace(FRAME, stamp=replace(STAMP, camera="gate\n")),
    "negative seq": replace(FRAME, stamp=replace(STAMP, seq=-1)),
    "NaN time": replace(FRAME, stamp=replace(STAMP, pts=float("nan"))),
    "infinite score": replace(JUDGEMENT, score=float("inf")),
    "NaN in a heatmap": replace(JUDGEMENT, heatmap=np.full((2, 2), np.nan, np.float32)),
    "heatmap of another type": replace(JUDGEMENT, heatmap=np.zeros((2, 2), np.float64)),
    "heatmap too wide": replace(JUDGEMENT, heatmap=np.zeros((1, 1025), np.float32)),
    "empty picture": replace(JUDGEMENT, picture=b""),
    "endless text": replace(JUDGEMENT, state_reason="x" * (MAX_TEXT + 1)),
    "text that is none": replace(JUDGEMENT, state_reason="\ud800"),
    "huge integer": replace(FRAME, stamp=replace(STAMP, wall_ns=2**64)),
    "too many reasons": replace(JUDGEMENT, reasons=JUDGEMENT.reasons * 1025),
    "too much in all": replace(JUDGEMENT, reasons=(replace(JUDGEMENT.reasons[0], text="x" * MAX_TEXT),) * 80),
    "numpy number": replace(JUDGEMENT, score=np.float64(1.0)),
    "grey image": Frame(STAMP, np.zeros((4, 6), np.uint8)),
    "image with alpha": Frame(STAMP, np.zeros((4, 6, 4), np.uint8)),
    "empty image": Frame(STAMP, np.zeros((0, 6, 3), np.uint8)),
    "image too wide": Frame(STAMP, np.zeros((1, 8193, 3), np.uint8)),
    "float image": Frame(STAMP, np.zeros((4, 6, 3), np.float32)),
    "part beyond the last": replace(PART, number=3),
    "part of an endless file": replace(PART, count=1025),
    "part too large": replace(PART, data=bytes(MAX_PART_BYTES + 1)),
    "part without data": replace(PART, data=b""),
    "data where there is no file": replace(PART, number=0, count=1, fault="missing"),
    "path in a request's camera": ClipRequest("../gate", "e1", 5, None, 7, True),
}


@pytest.mark.parametrize("message", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_a_message_out_of_bounds_may_not_travel(message: Message) -> None:
    """What the receiver would refuse the sender does not send."""
    with pytest.raises(WireError):
        encode(message)


@pytest.mark.parametrize(
    ("field", "value"),
    [("camera", "a/b"), ("seq", -1), ("seq", "7"), ("seq", True), ("pts", float("inf")), ("run", "x" * 5000)],
)
def test_the_receiver_checks_for_itself(field: str, value: object) -> None:
    """A header that no honest sender makes is refused, whatever its sender checked."""
    preamble, header, image = as_bytes(FRAME)
    values = msgspec.msgpack.decode(header)
    values["stamp"][field] = value
    with pytest.raises(WireError):
        decode([preamble, msgspec.msgpack.encode(values), image])


def test_another_version_is_refused_and_said() -> None:
    """Two releases that do not understand each other say so."""
    preamble, *rest = as_bytes(FRAME)
    with pytest.raises(WireError, match="expected wire version 1, got 2; run the same release at both ends"):
        decode([preamble[:2] + b"\x02" + preamble[3:], *rest])


def test_a_wall_of_nesting_and_a_huge_header_are_wire_errors() -> None:
    """What is meant to exhaust the stack or the memory is refused like anything else."""
    for bomb in (b"\x81\xa1z" + b"\x91" * 100_000, b"\xdd\xff\xff\xff\xff", bytes(MAX_HEADER_BYTES + 1)):
        with pytest.raises(WireError):
            decode([b"RF\x01\x06", bomb])


def test_a_judgement_of_before_there_were_shadows_is_a_live_one() -> None:
    """What an older sender does not say is not so: nobody was promoted, and people are to be told."""
    kind, header, *buffers = as_bytes(replace(JUDGEMENT, shadow=True, promoted=True))
    told = msgspec.msgpack.decode(header)
    for name in ("shadow", "promoted"):
        del told["judgement"][name]
    assert plain(decode([kind, msgspec.msgpack.encode(told), *buffers])) == plain(JUDGEMENT)
