"""The programs that can run the network, and which of them does."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import numpy as np
import pytest

from detectors.base import Floats
from detectors.features.lite0 import runtimes
from detectors.features.lite0.runtimes import Runtime, chosen_runtime, network
from detectors.features.lite0.weights import MissingError

pytestmark = pytest.mark.usefixtures("one_torch_thread")

RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)
# Of outputs up to 40: other orders of adding up. 5e-5 was the most seen at 360×240; bfloat16 would be off by 0.9.
TOLERANCE = 2e-4


def blob(seed: int = 0, size: tuple[int, int] = (96, 128)) -> Floats:
    """A picture as the network is given it, from darkest to brightest."""
    return np.random.default_rng(seed).uniform(-1, 1, (1, 3, *size)).astype(np.float32)


@pytest.fixture(params=RUNTIMES, name="runtime")
def _runtime(request: pytest.FixtureRequest) -> Runtime:
    """Each one that is installed."""
    try:
        return chosen_runtime(request.param, "cpu")
    except MissingError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("size", [(96, 128), (8, 8), (240, 360)], ids=str)
def test_all_runtimes_agree(runtime: Runtime, size: tuple[int, int]) -> None:
    """What was learned with one holds with another: a camera may move to a machine that has others."""
    found = network(runtime, "cpu", 1, *size)(blob(size=size))
    assert found.shape == (40, size[0] // 8, size[1] // 8)
    assert found.dtype == np.float32
    assert found == pytest.approx(network("opencv", "cpu", 1, *size)(blob(size=size)), abs=TOLERANCE)


def test_a_result_stays_when_the_next_is_computed(runtime: Runtime) -> None:
    """It is no view into memory that the runtime uses again, and the input is not written to."""
    run, given = network(runtime, "cpu", 1, 96, 128), blob()
    first = run(given)
    kept = first.copy()
    run(blob(seed=1))
    assert np.array_equal(first, kept)
    assert np.array_equal(given, blob())
    assert np.array_equal(run(given), kept)


def test_cameras_of_one_size_share_a_network(runtime: Runtime) -> None:
    """Twenty cameras do not need twenty times the memory."""
    assert network(runtime, "cpu", 1, 96, 128) is network(runtime, "cpu", 1, 96, 128)


def test_onnxruntime_leaves_no_thread_behind() -> None:
    """What watches a home has nothing in it that works on its own."""
    pytest.importorskip("onnxruntime", exc_type=ImportError)
    code = (
        "import threading\n"
        "from detectors.features.lite0.runtimes import network\n"
        "network('onnxruntime', 'cpu', 1, 64, 64)\n"
        "print(threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_a_signal_after_networks_were_let_go_harms_nothing() -> None:
    """A process that had networks of several sizes and dropped them still ends in order when it is told to."""
    pytest.importorskip("onnxruntime", exc_type=ImportError)
    code = (
        "import gc, signal\n"
        "from detectors.features.lite0.runtimes import network\n"
        "for side in (64, 72, 80): network('onnxruntime', 'cpu', 1, side, 64)\n"
        "network.cache_clear(); gc.collect()\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('told'))\n"
        "signal.raise_signal(signal.SIGTERM)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "told\n"), done.stderr


@pytest.mark.parametrize(
    ("installed", "device", "chosen"),
    [
        ({"onnxruntime"}, "cpu", "onnxruntime"),
        (set(), "cpu", "opencv"),
        ({"onnxruntime"}, "cuda:0", "torch"),
    ],
)
def test_auto_is_the_best_there_is(
    monkeypatch: pytest.MonkeyPatch, installed: set[str], device: str, chosen: str
) -> None:
    """A GPU is used by torch; on a CPU what is installed decides, and OpenCV always is."""
    monkeypatch.setattr(runtimes, "find_spec", lambda name: name if name in installed else None)
    assert chosen_runtime("auto", device) == chosen


def test_a_runtime_that_is_not_installed_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for it by name is no wish: another one is not taken in silence."""
    monkeypatch.setattr(runtimes, "find_spec", lambda _: None)
    with pytest.raises(MissingError, match=r"expected onnxruntime .*pip install onnxruntime, or use auto"):
        chosen_runtime("onnxruntime", "cpu")
