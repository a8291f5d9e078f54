"""Where a source is: which kind an address means, and with its login. Opens nothing and hides nothing."""

from __future__ import annotations

import re
from enum import Enum, auto
from pathlib import Path
from urllib.parse import quote

STREAM_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp"})
DRAWN_SCHEME = "lavfi"
DEMO_SCHEME = "demo"

_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<slashes>//)?")


class Kind(Enum):
    """What stands behind an address."""

    STREAM = auto()
    DEVICE = auto()
    FOLDER = auto()
    FILE = auto()
    DRAWN = auto()
    DEMO = auto()


def kind_of(address: str) -> Kind | None:
    """What `address` means; None for a scheme that no source reads. Whether it exists is not asked, but for folders."""
    scheme = _scheme(address)
    if scheme in STREAM_SCHEMES:
        return Kind.STREAM
    if scheme == DRAWN_SCHEME:
        return Kind.DRAWN
    if scheme == DEMO_SCHEME:
        return Kind.DEMO
    if "://" in address:
        return None
    if re.fullmatch(r"/dev/video\d+", address):
        return Kind.DEVICE
    return Kind.FOLDER if Path(address).is_dir() else Kind.FILE


def with_login(address: str, user: str | None, password: str | None) -> str:
    """`address` as the library needs it, the login percent-encoded. Never to be logged. A login in it is replaced."""
    match = _SCHEME.match(address)
    if user is None or match is None or match["slashes"] is None:
        return address
    authority, slash, rest = address[match.end() :].partition("/")
    login = quote(user, safe="") + ("" if password is None else f":{quote(password, safe='')}")
    return f"{match[0]}{login}@{authority.rpartition('@')[2]}{slash}{rest}"


def _scheme(address: str) -> str | None:
    match = _SCHEME.match(address)
    return None if match is None else match["scheme"].lower()
