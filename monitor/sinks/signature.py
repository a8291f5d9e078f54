"""The signature of a webhook: HMAC-SHA256 over a time stamp and the body, so that neither can be changed or replayed.

A receiver computes it anew with the shared secret, compares in constant time, and refuses a stamp that is minutes old.
docs/sinks.md has one in a few lines.
"""

from __future__ import annotations

import hashlib
import hmac

TIMESTAMP_HEADER = "X-Rareframe-Timestamp"
SIGNATURE_HEADER = "X-Rareframe-Signature"


def signed(secret: str, body: bytes, now_s: float) -> dict[str, str]:
    """The two headers that go with `body`.

    Args:
        secret: Shared with the receiver.
        now_s: Wall time, seconds since the Unix epoch.
    """
    stamp = str(int(now_s))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {TIMESTAMP_HEADER: stamp, SIGNATURE_HEADER: f"sha256={digest}"}
