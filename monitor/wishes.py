"""What people changed while the daemon runs: a small file in the data folder that its processes read again and again.

The configuration stays what it was; a wish replaces one number of it, or lets a camera's candidate take
its place, for as long as the configuration says there what it said then. So whoever edits it later has the last word.
A wish for a deed stays in the file; whoever obeys it remembers that it did. Holds no secret.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import structlog

from monitor.files import whole

FILE = "wishes.json"
VERSION = 1
# The file is looked at this often. Unit: seconds.
LOOK_S = 5.0
_MOST_BYTES = 1_000_000
_log = structlog.get_logger(__name__)


class WishError(Exception):
    """The file cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class BudgetWish:
    """One camera's budget.

    Attributes:
        alerts_per_day: Wanted, > 0.
        configured: What the configuration said when it was wished.
    """

    alerts_per_day: float
    configured: float


@dataclass(frozen=True, slots=True)
class PromotionWish:
    """One camera's candidate, which stands under `shadow`, is to be live.

    Attributes:
        configured: Fingerprint of what the configuration said of the camera and its candidate when it was wished.
    """

    configured: str


@dataclass(frozen=True, slots=True)
class RollBackWish:
    """One camera is to know again what it knew once. Obeyed once.

    Attributes:
        snapshot: File name of the dated snapshot.
        wished_ns: Wall time of the wish; tells it from the one before.
    """

    snapshot: str
    wished_ns: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """All of them, by camera."""

    version: int = VERSION
    budgets: Mapping[str, BudgetWish] = field(default_factory=dict)
    promotions: Mapping[str, PromotionWish] = field(default_factory=dict)
    roll_backs: Mapping[str, RollBackWish] = field(default_factory=dict)

    def alerts_per_day(self, camera: str, configured: float) -> float:
        """What holds for a camera whose configuration says `configured`."""
        wish = self.budgets.get(camera)
        if wish is None or wish.configured != configured or not 0 < wish.alerts_per_day < float("inf"):
            return configured
        return wish.alerts_per_day

    def promoted(self, camera: str, configured: str) -> bool:
        """Whether the candidate is to be live of a camera whose configuration has this fingerprint."""
        wish = self.promotions.get(camera)
        return wish is not None and wish.configured == configured


def read(data_dir: Path) -> Wishes:
    """The wishes there are; none without a file.

    Raises:
        WishError: The file cannot be read, or is none of ours.
    """
    path = data_dir / FILE
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(_MOST_BYTES), type=Wishes)
    except FileNotFoundError:
        return Wishes()
    except OSError as error:
        raise WishError(f"{path}: cannot be read ({error.strerror}); make it readable or remove it") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WishError(f"{path}: expected what rareframe itself writes, got {error}; remove it") from error
    if found.version != VERSION:
        raise WishError(f"{path}: expected version {VERSION}, got {found.version}; update rareframe or remove the file")
    return found


def write(data_dir: Path, wishes: Wishes) -> None:
    """Replace the file as a whole.

    Raises:
        WishError: It cannot be written.
    """
    path = data_dir / FILE
    try:
        with whole(path) as file:
            file.write(msgspec.json.format(msgspec.json.encode(wishes)))
    except OSError as error:
        raise WishError(f"{path}: cannot be written ({error.strerror}); make room or make it writable") from error


def with_budget(wishes: Wishes, configured: Mapping[str, float], alerts_per_day: float | None) -> Wishes:
    """`wishes` with another budget for the cameras of `configured`; None: as the configuration says there."""
    budgets = {name: wish for name, wish in wishes.budgets.items() if name not in configured}
    for name, said in configured.items():
        if alerts_per_day is not None and alerts_per_day != said:
            budgets[name] = BudgetWish(alerts_per_day, said)
    return replace(wishes, budgets=budgets)


class WishWatch:
    """Tells when the wishes changed. What cannot be read is logged once, and the last good ones go on."""

    def __init__(self, data_dir: Path, tell: Callable[[Wishes], None]) -> None:
        """Args: tell: called with the wishes at the first look, and whenever they changed since."""
        self._data_dir = data_dir
        self._tell = tell
        self._looked_s = float("-inf")
        self._last: Wishes | None = None
        self._fault: str | None = None

    def look_if_due(self, now_s: float) -> None:
        """Args: now_s: Monotonic seconds; the file is looked at every `LOOK_S`."""
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        try:
            wishes = read(self._data_dir)
        except WishError as error:
            if str(error) != self._fault:
                _log.warning("wishes_refused", error=str(error))
            self._fault = str(error)
            return
        self._fault = None
        if wishes != self._last:
            self._last = wishes
            self._tell(wishes)
