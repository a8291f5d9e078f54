"""How often somebody may guess: after some failures each further guess has to wait, longer each time. Knows no secret.

An attempt counts as failed from its beginning until it is known to have succeeded, so that guesses made at the same
time do not pass each other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# So many may fail before there is any wait: people mistype.
FREE = 3
# The next wait, doubled with each failure. Unit: seconds.
FIRST_WAIT_S = 1.0
# An account waits shortly at most: nobody may lock its owner out for long. An address waits up to a quarter of an hour.
ACCOUNT_WAIT_S, ADDRESS_WAIT_S = 30.0, 900.0
# Nothing is remembered of who did not try for so long. Unit: seconds.
FORGET_S = 3600.0
# So many are remembered; the one that has been quiet for longest is forgotten first.
MOST_KEPT = 4096


@dataclass(slots=True)
class _Record:
    failures: int
    last_s: float


class Throttle:
    """The failures by key, an address or an account. For one thread."""

    def __init__(self, longest_s: float, now_s: Callable[[], float]) -> None:
        """Args: longest_s: no wait is longer; now_s: a monotonic clock."""
        self._longest_s = longest_s
        self._now_s = now_s
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Seconds until `key` may try again; 0 if it may now."""
        record = self._records.get(key)
        now_s = self._now_s()
        if record is None or now_s - record.last_s > FORGET_S:
            return 0.0
        if record.failures < FREE:
            return 0.0
        # The exponent is bounded so that a number of failures without end does not overflow.
        wait_s = min(self._longest_s, FIRST_WAIT_S * 2.0 ** min(record.failures - FREE, 32))
        return max(0.0, record.last_s + wait_s - now_s)

    def attempt(self, key: str) -> None:
        """`key` tries, and has failed until `undo` or `forget` says otherwise."""
        now_s = self._now_s()
        record = self._records.pop(key, None)
        if record is None or now_s - record.last_s > FORGET_S:
            record = _Record(0, now_s)
        record.failures, record.last_s = record.failures + 1, now_s
        self._records[key] = record
        while len(self._records) > MOST_KEPT:
            self._records.popitem(last=False)

    def undo(self, key: str) -> None:
        """The attempt was right: it does not count, but those before do."""
        record = self._records.get(key)
        if record is not None:
            record.failures = max(0, record.failures - 1)

    def forget(self, key: str) -> None:
        """Nothing is held against `key` any more."""
        self._records.pop(key, None)
