"""The alert process's parts started and stopped together."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from monitor.alerting.store import StoreError
from monitor.build.alerting import alerting, open_store, store_path
from monitor.config import Config, load_text
from monitor.web.server import WebError


def config(sinks: str, folder: Path) -> Config:
    """One with these sinks and a free port."""
    text = f"""
data_dir: {folder}
cameras: {{a: {{source: x.mp4}}}}
alerting:
  web: {{listen: "127.0.0.1:0"}}
  sinks: {sinks}
"""
    return load_text(text, "site.yaml")


def test_the_store_is_made_where_it_belongs(tmp_path: Path) -> None:
    """Folders are made; where none can be, the message says so."""
    store = open_store(tmp_path / "new" / "data", ["jsonl"])
    store.close()
    assert store_path(tmp_path / "new" / "data").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(tmp_path / "file" / "data", [])


def test_the_alert_process_answers_while_its_block_lasts_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Pages and metrics are served with the configured camera in them; afterwards all can be started again."""
    told = config("[{kind: jsonl}]", tmp_path)
    for _ in range(2):
        with alerting(told, {}, print) as running:
            running.desk.tick()
            url = f"http://127.0.0.1:{running.web.port}/metrics"
            with urllib.request.urlopen(url, timeout=10) as page:
                assert b'camera="a"' in page.read()
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(url, timeout=10)


def test_a_taken_address_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Whoever starts a second daemon hears that the port is taken, and can start it when it is free."""
    with alerting(config("[{kind: jsonl}]", tmp_path), {}, print) as running:
        taken = config("[{kind: jsonl}]", tmp_path / "other").alerting.web
        second = config("[{kind: jsonl}]", tmp_path / "other")
        web = taken.model_copy(update={"listen": f"127.0.0.1:{running.web.port}"})
        second = second.model_copy(update={"alerting": second.alerting.model_copy(update={"web": web})})
        with pytest.raises(WebError, match=str(running.web.port)), alerting(second, {}, print):
            pass
    with alerting(second, {}, print) as later:
        later.desk.tick()
