"""Passwords as hashes: made once by a person, compared at each login. Keeps no password and opens no file.

scrypt (RFC 7914) of the standard library, with the cost that OWASP's Password Storage Cheat Sheet names for it:
N = 2^15, r = 8, p = 3, which takes 32 MiB for some tenths of a second.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace

COST, BLOCK, LANES = 2**15, 8, 3
_SALT_BYTES, _HASH_BYTES = 16, 32
# What a hash made elsewhere may ask of this machine: 128 * N * r bytes are taken.
_MOST_MEMORY = 256 * 2**20
_FIELDS = 6
# A longer password is none of a person's, and costs time before it is even looked up.
MOST_CHARACTERS = 1024
LEAST_CHARACTERS = 10


class HashError(Exception):
    """A text is no hash of a password; the message does not repeat it."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """One password's hash: scrypt's `cost` N, `block` size r and `lanes` p, the salt and what came out."""

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    def fits(self, password: str) -> bool:
        """Whether it is this password's. Takes as long for a wrong one; blocks for some tenths of a second."""
        return hmac.compare_digest(_scrypt(password, self), self.digest)

    def text(self) -> str:
        """As it stands in the configuration: `scrypt$N$r$p$SALT$HASH`."""
        parts = (base64.b64encode(part).decode() for part in (self.salt, self.digest))
        return "$".join(["scrypt", str(self.cost), str(self.block), str(self.lanes), *parts])


def hashed(password: str) -> PasswordHash:
    """The hash of a new password, with a salt of its own."""
    like = blank(COST, BLOCK, LANES, secrets.token_bytes(_SALT_BYTES))
    return replace(like, digest=_scrypt(password, like))


def blank(cost: int = COST, block: int = BLOCK, lanes: int = LANES, salt: bytes = b"") -> PasswordHash:
    """A hash that no password has."""
    return PasswordHash(cost, block, lanes, salt, bytes(_HASH_BYTES))


def parsed(text: str) -> PasswordHash:
    """The hash in `text`, as `PasswordHash.text` wrote it.

    Raises:
        HashError: It is none, or one that would cost too much.
    """
    parts = text.strip().split("$")
    wrong = HashError("expected a hash as `rareframe web hash-password` prints it, got another text; make one")
    if (
        len(parts) != _FIELDS
        or parts[0] != "scrypt"
        or not all(part.isascii() and part.isdigit() for part in parts[1:4])
    ):
        raise wrong
    cost, block, lanes = (int(part[:9]) for part in parts[1:4])
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[4:])
    except (binascii.Error, ValueError) as error:
        raise wrong from error
    if cost < 2 or cost & (cost - 1) or not 1 <= block <= 32 or not 1 <= lanes <= 16 or len(digest) < 16:  # noqa: PLR2004
        raise wrong
    if 128 * cost * block > _MOST_MEMORY:
        raise HashError("expected a hash that takes at most 256 MiB to compare, got a costlier one; make another")
    return PasswordHash(cost, block, lanes, salt, digest)


def _scrypt(password: str, like: PasswordHash) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=like.salt,
        n=like.cost,
        r=like.block,
        p=like.lanes,
        maxmem=2 * _MOST_MEMORY,
        dklen=len(like.digest),
    )
