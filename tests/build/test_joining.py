"""Where the processes of one daemon meet."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from monitor.build.joining import endpoints
from monitor.config import Config, ConfigError, load_text
from monitor.transport import EndpointError, KeyFileError, make_key_file


def config(transport: str) -> Config:
    """One with that transport."""
    return load_text(f"cameras: {{a: {{source: x.mp4}}}}\ntransport: {transport}\n", "site.yaml")


def test_processes_of_one_host_meet_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """Three sockets in a folder that only its owner can enter, the same for whoever is told of it."""
    told = config(f"{{kind: ipc, dir: {tmp_path}/run}}")
    places = endpoints(told)
    assert {places.frames, places.judgements, places.heartbeats} == {
        f"ipc://{tmp_path}/run/{name}.sock" for name in ("frames", "judgements", "heartbeats")
    }
    assert places.key is None
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert endpoints(told) == places


def test_without_a_folder_a_process_alone_cannot_know_where(tmp_path: Path) -> None:
    """The message names the key and why."""
    with pytest.raises(ConfigError, match=r"transport\.dir: expected a folder where the processes meet, got null"):
        endpoints(config("{kind: ipc}"))


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    """Whoever can put a socket there could listen to the cameras."""
    (tmp_path / "open").mkdir(mode=0o777)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(EndpointError, match="for its owner only"):
        endpoints(config(f"{{kind: ipc, dir: {tmp_path}/open}}"))


def test_hosts_meet_at_addresses_with_a_key_that_is_never_shown(tmp_path: Path) -> None:
    """The endpoints are those of the configuration, and printing them tells no secret."""
    make_key_file(tmp_path / "key")
    places = endpoints(config(f'{{kind: tcp, frames: "tcp://10.0.0.1:5601", key_file: {tmp_path}/key}}'))
    assert places.frames == "tcp://10.0.0.1:5601"
    assert places.judgements == "tcp://127.0.0.1:5602"
    assert places.key is not None
    assert places.key.secret.decode() not in repr(places)


def test_a_key_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """It is not gone on without."""
    with pytest.raises(KeyFileError):
        endpoints(config(f"{{kind: tcp, key_file: {tmp_path}/none}}"))
    assert endpoints(config("{kind: tcp}")).key is None
