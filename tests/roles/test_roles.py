"""How a process of the daemon ends, and what it must not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from detectors.features.lite0 import runtimes, weights
from monitor import roles
from monitor.config import load_text
from monitor.roles import FAILED, MISCONFIGURED, OK, RoleName, run_role, worker
from monitor.roles.voice import CannotStartError, MisconfiguredError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, OK),
        (MisconfiguredError("device: expected one"), MISCONFIGURED),
        (CannotStartError("the address rtsp://u:secret@h is taken"), FAILED),
        (RuntimeError("a fault of ours"), FAILED),
    ],
)
def test_the_exit_code_says_whether_to_try_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception | None,
    code: int,
) -> None:
    """2 only if the configuration can never work; what a person can mend is said on standard error too."""

    def work(*_: object) -> int:
        if error is not None:
            raise error
        return OK

    text = f"data_dir: {tmp_path}\nlogging: {{dir: {tmp_path / 'logs'}}}\ncameras: {{a: {{source: a.mp4}}}}"
    monkeypatch.setattr(worker, "run", work)
    monkeypatch.setattr(roles, "stop_on_signals", lambda: lambda: False)
    assert run_role("worker", load_text(text, "test.yaml"), None, "life") == code
    told = capsys.readouterr().err
    assert bool(told) == isinstance(error, MisconfiguredError | CannotStartError)
    assert "secret" not in told
    if error is not None:
        assert "secret" not in (tmp_path / "logs" / "worker.log").read_text()


def test_a_worker_whose_network_is_not_installed_cannot_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trying again is no use: exit code 2, and one line that says what to install."""
    monkeypatch.setattr(weights, "PACKAGE", "no-such-model")
    weights.layers.cache_clear()
    runtimes.network.cache_clear()
    text = (
        f"data_dir: {tmp_path}\nlogging: {{dir: {tmp_path / 'logs'}}}\ncameras: {{a: {{source: a.mp4}}}}\n"
        f"transport: {{kind: ipc, dir: {tmp_path}}}\n"
        "detectors: [{name: looks, feature: {kind: cnn, runtime: opencv}, model: {kind: zscore}}]\n"
    )
    monkeypatch.setattr(roles, "stop_on_signals", lambda: lambda: False)
    assert run_role("worker", load_text(text, "test.yaml"), None, "life") == MISCONFIGURED
    told = capsys.readouterr().err
    assert "pip install no-such-model" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize("role", ["capture", "alert"])
def test_only_the_worker_loads_torch(role: RoleName) -> None:
    """The other processes stay small: their modules bring neither torch nor scikit-learn."""
    code = f"import sys, json, monitor.roles.{role}; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert not {"torch", "sklearn"} & set(loaded)
