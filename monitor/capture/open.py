"""An address becomes an open source of the right kind. Does not try again: that is the camera's loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, assert_never

from monitor.capture.address import DRAWN_SCHEME, STREAM_SCHEMES, Kind, kind_of, with_login
from monitor.capture.images import ImageFolder
from monitor.capture.source import Cause, PacketListener, Source, SourceError
from monitor.redaction import redact

Backend = Literal["auto", "pyav", "opencv"]


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """One camera's source.

    Attributes:
        address: A stream (rtsp, http, …), a file, a folder of images, a V4L2 device (/dev/video0), `demo:` for the
            drawn street, or `lavfi:GRAPH` for whatever libav draws. May hold a login.
        user: Login for streams, in clear; goes before one in the address. Never shown.
        backend: "auto" takes PyAV where it is installed. It never changes over because opening failed.
        transport: Of RTSP; UDP loses packets on a busy network, TCP waits for them.
        live: Whether the end is a disconnect and pictures may be dropped; None: streams and devices are live.
        image_rate_hz: Images a second of a folder.
        open_timeout_s: For connecting.
        read_timeout_s: Longest wait for the next picture of a live source.
        libav: Options passed on to libav as they are, e.g. `video_size` of a device. PyAV only. Never shown.
    """

    address: str = field(repr=False)
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    backend: Backend = "auto"
    transport: Literal["tcp", "udp"] = "tcp"
    live: bool | None = None
    image_rate_hz: float = 10.0
    open_timeout_s: float = 10.0
    read_timeout_s: float = 10.0
    libav: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Probe:
    """What a source gave when it was tried once."""

    address: str
    live: bool
    size_px: tuple[int, int]
    rate_hz: float | None
    codec: str


def is_live(options: SourceOptions) -> bool:
    """Whether its end is a disconnect, pictures may be dropped, and pts cannot be relied on for pacing."""
    if options.live is not None:
        return options.live
    return kind_of(options.address) in {Kind.STREAM, Kind.DEVICE, Kind.DEMO}


def open_source(
    options: SourceOptions,
    clock_s: Callable[[], float] = time.monotonic,
    listener: PacketListener | None = None,
) -> Source:
    """Connect to a camera, or open a recording; `listener` hears its packets if it has any.

    Raises:
        SourceError: It cannot be opened, by any cause but HUNG and ENDED.
    """
    shown = redact(options.address)
    kind = kind_of(options.address)
    match kind:
        case None:
            known = ", ".join(sorted(STREAM_SCHEMES))
            detail = f"{shown}: expected a file, a folder, /dev/videoN, demo:, or a URL of {known}"
            raise SourceError(Cause.UNSUPPORTED, detail)
        case Kind.FOLDER:
            return ImageFolder(Path(options.address), options.image_rate_hz)
        case Kind.FILE | Kind.DEVICE:
            if not Path(options.address).exists():
                raise SourceError(Cause.MISSING, f"{shown}: no such file or device")
        case Kind.DEMO:
            return _open_demo(options.address)
        case Kind.STREAM | Kind.DRAWN:
            pass
        case _:
            assert_never(kind)
    if _backend(options.backend) == "pyav":
        return _open_pyav(options, kind, shown, clock_s, listener)
    return _open_opencv(options, kind, shown, clock_s)


def probe(options: SourceOptions, clock_s: Callable[[], float] = time.monotonic) -> Probe:
    """Open a source, read one picture, close it.

    Raises:
        SourceError: What a camera's loop would have met.
    """
    source = open_source(options, clock_s)
    try:
        for picture in source.pictures():
            picture.image(None)
            info = source.info
            return Probe(redact(options.address), is_live(options), picture.size_px, info.rate_hz, info.codec)
        raise SourceError(Cause.DECODE, f"{redact(options.address)}: it gave no picture")
    finally:
        source.close()


def _backend(wanted: Backend) -> Literal["pyav", "opencv"]:
    if wanted == "auto":
        return "pyav" if find_spec("av") else "opencv"
    return wanted


def _open_demo(address: str) -> Source:
    from monitor.capture.demo import DemoSource, parse_demo  # noqa: PLC0415  (the scene is loaded for the demo only)

    try:
        return DemoSource(parse_demo(address))
    except ValueError as error:
        raise SourceError(Cause.UNSUPPORTED, str(error)) from error


def _open_pyav(
    options: SourceOptions, kind: Kind, shown: str, clock_s: Callable[[], float], listener: PacketListener | None
) -> Source:
    from monitor.capture.pyav import AvInput, AvSource  # noqa: PLC0415  (only the chosen back end is loaded)

    url, av_format, own = options.address, None, {}
    match kind:
        case Kind.STREAM:
            url = with_login(options.address, options.user, options.password)
            if url.lower().startswith(("rtsp:", "rtsps:")):
                own = {"rtsp_transport": options.transport}
        case Kind.DEVICE:
            av_format = "v4l2"
        case Kind.DRAWN:
            url, av_format = options.address.removeprefix(f"{DRAWN_SCHEME}:"), "lavfi"
        case Kind.FILE | Kind.FOLDER | Kind.DEMO:
            url = str(Path(options.address).absolute())  # a name with a colon would be taken for a protocol
        case _:
            assert_never(kind)
    given = AvInput(
        url=url,
        shown=shown,
        format=av_format,
        live=is_live(options),
        network=kind is Kind.STREAM,
        options=own | dict(options.libav),
        open_timeout_s=options.open_timeout_s,
        read_timeout_s=options.read_timeout_s,
    )
    return AvSource(given, clock_s, listener)


def _open_opencv(options: SourceOptions, kind: Kind, shown: str, clock_s: Callable[[], float]) -> Source:
    from monitor.capture.opencv import CvInput, CvSource  # noqa: PLC0415  (only the chosen back end is loaded)

    beyond = {
        "pictures drawn by libav": kind is Kind.DRAWN,
        "libav's options": bool(options.libav),
        "RTSP over UDP": kind is Kind.STREAM and options.transport == "udp",
    }
    for what, wanted in beyond.items():
        if wanted:
            raise SourceError(Cause.UNSUPPORTED, f"{shown}: the opencv back end cannot do {what}; use backend: pyav")
    url = with_login(options.address, options.user, options.password) if kind is Kind.STREAM else options.address
    given = CvInput(
        url=url,
        shown=shown,
        device=kind is Kind.DEVICE,
        live=is_live(options),
        open_timeout_s=options.open_timeout_s,
        read_timeout_s=options.read_timeout_s,
    )
    return CvSource(given, clock_s)
