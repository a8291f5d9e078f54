"""The key that both ends of a TCP link share, and its file. Encrypts nothing itself: libzmq's CURVE does.

One CURVE key pair serves a whole installation. The receiving end proves itself with the secret half. The sending end
makes a pair of its own at each start and proves itself by knowing the *public* half: CURVE never sends the receiver's
public key over the wire and completes no handshake with a peer that lacks it. So here the public half is a secret as
well, and the file as a whole is the password of the link: who can read it may join, who cannot may not.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

import zmq

_TITLE = "rareframe key 1"
_LINES = 3


class KeyFileError(ValueError):
    """This key file cannot be used; the message says why and what to do, and holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class CurveKey:
    """A CURVE key pair, each half as 40 bytes of Z85 text. Neither half is ever shown."""

    public: bytes = field(repr=False)
    secret: bytes = field(repr=False)


def make_key_file(path: Path) -> None:
    """Write a new key to `path`, readable by its owner only.

    Raises:
        FileExistsError: Something is there already; it is left alone.
    """
    public, secret = zmq.curve_keypair()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(b"\n".join([_TITLE.encode(), public, secret, b""]))


def load_key_file(path: Path) -> CurveKey:
    """The key in `path`.

    Raises:
        KeyFileError: It cannot be read, others may read it too, or it holds no key.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            lines = file.read(1024).split(b"\n")
    except OSError as error:
        raise KeyFileError(f"{path}: cannot read the key file: {error.strerror}") from error
    if mode & 0o077:
        raise KeyFileError(f"{path}: expected a file for its owner only (0600), got {mode:04o}; run chmod 600 on it")
    if len(lines) < _LINES or lines[0] != _TITLE.encode():
        raise KeyFileError(f"{path}: expected a key file that begins with {_TITLE!r}; make a new one")
    key = CurveKey(public=lines[1].strip(), secret=lines[2].strip())
    if not _fits(key):
        raise KeyFileError(f"{path}: the two halves of the key do not belong together; copy the file again or make one")
    return key


def _fits(key: CurveKey) -> bool:
    try:
        return zmq.curve_public(key.secret) == key.public
    except (ValueError, KeyError, zmq.ZMQError):  # not Z85 text
        return False
